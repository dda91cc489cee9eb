"""Pages behind a session, fetched from a real Odoo by Locust's client: in a process of its own, since Locust patches it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.targets.base import Database
from rehearsal.targets.native.target import NativeTarget

Fresh = Callable[[], Database]
FETCHED = """
import json, sys
from pathlib import Path
from locust.env import Environment
from rehearsal.locust import OdooUser
from rehearsal.locust.client import FastOdoo
from rehearsal.targets.base import Database

how, sessions, url, *login = json.loads(sys.argv[1])
database = Database(url, *login)
seen, told = [], []
environment = Environment()
environment.events.request.add_listener(lambda name, exception, **_: seen.append([name, str(exception or "")]))

class Clerk(OdooUser):
    host = url

user = Clerk(environment)
user.odoo = FastOdoo(user.client, database, json2=how == "key")
jar = user.client.cookiejar

def cookie():
    return next((one.value for one in jar if one.name == "session_id"), "")

def fetch():
    before = cookie()
    answer = user.fetch("/odoo", name="clerk: page", shows=b"</html>")
    told.append([answer.outcome.value, answer.message, before != cookie()])

if how != "key":
    fetch()
file = next(Path(sessions).rglob(cookie() or "-"), None)
if how == "deleted":
    file.unlink()
elif how == "old":
    kept = json.loads(file.read_text())
    file.write_text(json.dumps(kept | {"create_time": kept["create_time"] - 4 * 3600}))
fetch()
fetch()
print(json.dumps([told, seen]))
"""


def fetched(how: str, database: Database, target: NativeTarget) -> Any:
    """Return what each fetch was answered, and what Locust was told of it."""
    words = json.dumps([how, str(target.cache.run / "data" / "sessions"), *astuple(database)[:5]])
    environment = {
        "REHEARSE_ODOO_DATABASE": database.name,
        "REHEARSE_ODOO_LOGIN": database.login,
        "REHEARSE_ODOO_PASSWORD": database.password or "",
        "REHEARSE_ODOO_API_KEY": database.api_key or "",
    }
    done = subprocess.run(
        [sys.executable, "-c", FETCHED, words],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def database(fresh: Fresh) -> Database:
    """One fresh database for all of them; only sessions are touched."""
    return fresh()


def test_the_login_page_in_place_of_a_page_is_a_failure_with_a_name(database: Database, target: NativeTarget) -> None:
    """Odoo sends it with status 200 once the session is gone; the next fetch has a session again."""
    told, seen = fetched("deleted", database, target)

    why = "the session is over: Odoo answered with its login page"
    assert [one[:2] for one in told] == [["ok", ""], ["refused", why], ["ok", ""]]
    assert seen == [["clerk: page", ""], ["clerk: page", why], ["clerk: page", ""]]


def test_a_session_that_odoo_renews_is_followed(database: Database, target: NativeTarget) -> None:
    """Every three hours of Odoo's clock the cookie changes: it is taken, and every page is the one that was asked for."""
    told, _ = fetched("old", database, target)

    assert [one[0] for one in told] == ["ok", "ok", "ok"]
    assert told[1][2], "the cookie was not renewed"


def test_with_json2_a_page_has_a_session_of_its_own_or_says_why_not(database: Database, target: NativeTarget) -> None:
    """A key opens no web session; who has a password too gets one for the pages."""
    told, _ = fetched("key", database, target)
    assert [one[0] for one in told] == ["ok", "ok"]

    told, seen = fetched("key", replace(database, password=None), target)
    assert [one[0] for one in told] == ["refused", "refused"]
    assert "opens no web session" in seen[0][1]
