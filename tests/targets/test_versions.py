"""An Odoo version that the tests have never run is refused by its number, on every target; Docker's is in tests/docker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets.dialect import ALLOW, DIALECTS, TESTED, dialect, require_tested, series
from tests.cli.command import rehearse

REFUSED = "Odoo 17.0 is not supported: the tests have run 19.0"


class Old(BaseHTTPRequestHandler):
    """An Odoo 17 that tells its version, and nothing else."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"result": {"server_version": "17.0-20240601"}}).encode()
        self.send_response(200 if self.path == "/web/webclient/version_info" else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tell nobody."""


@pytest.fixture
def old_odoo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Old)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_a_version_is_known_however_it_is_written() -> None:
    written = ["19.0", "19.0-20251120", "19.0.0+dfsg-1", "19.0+e", "Odoo Server 19.0", "saas~18.2", "saas-18.2a1"]
    assert [series(version) for version in written] == ["19.0"] * 5 + ["18.2"] * 2
    with pytest.raises(EnvironmentNotReady, match="'master'"):
        series("master")


def test_what_was_tested_passes_and_what_was_not_is_refused_unless_allowed() -> None:
    assert [require_tested(version) for version in TESTED] == list(TESTED)
    with pytest.raises(EnvironmentNotReady, match=f"{REFUSED}.*{ALLOW}"):
        require_tested("17.0")
    assert require_tested("17.0", allow_untested=True) == "17.0"
    assert set(DIALECTS) == set(TESTED)
    assert dialect("17.0") == DIALECTS[TESTED[-1]]


def test_an_old_odoo_behind_a_url_is_refused_before_the_login(old_odoo: str, tmp_path: Path) -> None:
    env = {"REHEARSE_ODOO_DATABASE": "staging", "REHEARSE_ODOO_API_KEY": "key"}
    refused = rehearse("run", "promo_day", "--target", old_odoo, cwd=tmp_path, env=env)
    allowed = rehearse("run", "promo_day", "--target", old_odoo, ALLOW, cwd=tmp_path, env=env)

    assert (refused.code, REFUSED in refused.err, ALLOW in refused.err) == (3, True, True)
    assert (allowed.code, "not supported" in allowed.err) == (3, False)
    assert "has no JSON-2 interface" in allowed.err, "it went on, to what an Odoo 17 cannot do"
    assert not (tmp_path / "runs").exists()


def test_an_old_source_tree_is_refused_before_anything_is_made_of_it(tmp_path: Path) -> None:
    release = tmp_path / "source" / "odoo" / "release.py"
    release.parent.mkdir(parents=True)
    release.write_text("version_info = (17, 0, 0, 'final', 0, '')\n", encoding="utf-8")
    env = {"REHEARSE_ODOO_SOURCE": str(tmp_path / "source"), "REHEARSE_CACHE": str(tmp_path / "cache")}
    said = rehearse("up", "--target", "native", cwd=tmp_path, env=env)

    assert (said.code, REFUSED in said.err) == (3, True), said.err
    assert not (tmp_path / "cache" / "venv").exists()
