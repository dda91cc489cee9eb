"""Whole runs by the real command against a real Odoo: on a staging, killed, interrupted, cut off, kept and replayed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.history import lines
from rehearsal.pipeline.leftovers import sweep
from rehearsal.targets.base import Database
from rehearsal.targets.native.target import NativeTarget
from tests.cli.command import TINY, Said, ended, rehearse, started, wait_for_lines
from tests.odoo.cutter import Cutter

pytestmark = pytest.mark.xdist_group("cli")

MIDDLE = 100
"""Lines of a tiny run's history after which it is well under way, and far from its end."""
WRONG = "hush-7f3a"

Staging = Callable[[], Database]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a project folder with one tiny scenario of its own."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "tiny.yaml").write_text(TINY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def staging(target: NativeTarget, request: pytest.FixtureRequest) -> Iterator[Staging]:
    """Makes databases that stand for a customer's staging, and drops them when the test is through."""
    made: list[Database] = []

    def make() -> Database:
        made.append(target.clone(f"staging_{os.getpid()}_{abs(hash(request.node.name)) % 10**8}_{len(made)}"))
        return made[-1]

    yield make
    for database in made:
        target.drop(database)


def login(database: Database, **instead: str) -> dict[str, str]:
    """Return what the environment of a user of *database* holds; a password, no key."""
    settings = {"DATABASE": database.name, "LOGIN": database.login, "PASSWORD": database.password or ""} | instead
    return {f"REHEARSE_ODOO_{name}": value for name, value in settings.items()}


def unmark(target: NativeTarget, database: Database) -> None:
    """Take the mark away that a database has from its template."""
    target.sql(database, "DELETE FROM ir_config_parameter WHERE key = 'rehearsal.marked'")


def count(target: NativeTarget, database: Database, table: str, where: str = "true") -> int:
    """Return the number of rows of *table*."""
    return int(target.sql(database, f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


def summary_of(run: Path) -> dict[str, Any]:
    """Return the summary of *run*."""
    found: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return found


def database_of(run: Path) -> str:
    """Return the name of the database that *run* used."""
    return str(json.loads((run / "manifest.json").read_text(encoding="utf-8"))["target"]["database"])


def phases(run: Path) -> list[str]:
    """Return the phases that *run* entered, in order; reads the whole history on the way."""
    return [line["name"] for line in lines(run / "history") if line["kind"] == "phase"]


def refused(said: Said, database: Database) -> str:
    """Check that *said* is a refusal without data or secrets; return its sentence."""
    assert (said.code, said.out) == (3, ""), said
    for secret in (WRONG, database.password, database.api_key):
        assert secret is None or secret not in said.err
    return said.err


# -- a customer's staging ------------------------------------------------------------------------------


def test_a_login_that_is_not_accepted_ends_with_3_and_shows_no_password(shop: Path, staging: Staging) -> None:
    """The sentence says whose login, where, and what to correct."""
    database = staging()
    words = ("run", "tiny", "--target", database.url, "--out", "run")

    told = refused(rehearse(*words, cwd=shop, env=login(database, PASSWORD=WRONG)), database)
    assert "correct REHEARSE_ODOO_LOGIN and REHEARSE_ODOO_PASSWORD" in told
    told = refused(rehearse(*words, cwd=shop, env=login(database, API_KEY=WRONG)), database)
    assert "refuses the login" in told
    told = refused(rehearse(*words, cwd=shop, env=login(database, DATABASE="no_such_staging")), database)
    assert "no_such_staging" in told
    told = refused(rehearse(*words, "--client", "json2", cwd=shop, env=login(database)), database)
    assert "JSON-2 needs an API key; set REHEARSE_ODOO_API_KEY" in told


def test_an_odoo_without_a_needed_module_ends_with_3_and_names_it(shop: Path, staging: Staging, target: NativeTarget) -> None:
    """Installing it is the customer's decision."""
    database = staging()
    target.sql(database, "UPDATE ir_module_module SET state = 'uninstalled' WHERE name = 'pos_sale'")

    told = refused(rehearse("run", "tiny", "--target", database.url, cwd=shop, env=login(database)), database)
    assert "lacks 1 of the" in told
    assert "pos_sale" in told
    assert not (shop / "runs").exists()


def test_a_database_that_nobody_marked_is_refused_before_the_first_write(
    shop: Path, staging: Staging, target: NativeTarget
) -> None:
    """It may be production. Only its full name, typed by a person, marks it."""
    database = staging()
    unmark(target, database)
    env, before = login(database), count(target, database, "product_product")

    told = refused(rehearse("run", "tiny", "--target", database.url, cwd=shop, env=env), database)
    assert f"nothing was written; if it's a copy, run: rehearse mark {database.url}" in told
    for typed in ("production\n", "\n", "", database.name[:-1]):
        said = rehearse("mark", database.url, cwd=shop, env=env, typed=typed)
        assert (said.code, said.out) == (2, "")
        assert f"expected the database's name '{database.name}'; nothing was marked" in said.err
    assert refused(rehearse("run", "tiny", "--target", database.url, cwd=shop, env=env), database)
    assert count(target, database, "product_product") == before
    assert count(target, database, "ir_config_parameter", "key LIKE 'rehearsal.%'") == 0


def test_a_marked_staging_is_rehearsed_on_once_and_then_wants_to_be_restored(
    shop: Path, staging: Staging, target: NativeTarget
) -> None:
    """The run leaves the database where it is; a second one would meet the first one's books, until they are cleaned."""
    database = staging()
    unmark(target, database)
    env, words = login(database), ("run", "tiny", "--target", database.url)
    assert rehearse("mark", database.url, cwd=shop, env=env, typed=f"{database.name}\n").code == 0

    said = rehearse(*words, "--json", "--out", "first", cwd=shop, env=env)
    assert said.code == 0, said.out + said.err
    summary = json.loads(said.out)
    assert (summary["verdict"], summary["target"]["kind"]) == ("pass", "existing")
    assert summary == summary_of(shop / "first")
    assert database.name in target.status().databases
    assert database.password is not None
    assert [path for path in (shop / "first").rglob("*") if path.is_file() and database.password in text(path)] == []

    products = count(target, database, "product_product")
    told = refused(rehearse(*words, "--out", "second", cwd=shop, env=env), database)
    assert "was already used for a rehearsal, and nothing was written to it" in told
    assert f"rehearse clean {database.url} (or restore the database from its backup, or clone a fresh copy" in told
    assert count(target, database, "product_product") == products

    again = rehearse("observe", "first", cwd=shop, env=env)
    assert again.code == 0, again.err
    other = rehearse("observe", "first", cwd=shop, env=login(database, DATABASE=staging().name))
    assert (other.code, f"set REHEARSE_ODOO_DATABASE={database.name}" in other.err) == (3, True)

    orders = count(target, database, "sale_order")
    said = rehearse("clean", database.url, cwd=shop, env=env, typed="production\n")
    assert (said.code, said.out) == (2, "")
    assert f"expected the database's name '{database.name}'; nothing was changed" in said.err
    assert count(target, database, "sale_order") == orders > 0
    said = rehearse("clean", database.url, cwd=shop, env=env, typed=f"{database.name}\n")
    assert said.code == 0, said.err
    assert re.search(rf"sale.order +{orders} +{orders} +0 +0", said.out), said.out
    assert count(target, database, "product_product", "active AND default_code LIKE 'SKU-%'") == 0
    said = rehearse("clean", database.url, cwd=shop, env=env)
    assert (said.code, f"database '{database.name}' holds nothing of a rehearsal" in said.err) == (0, True)
    said = rehearse(*words, "--out", "third", cwd=shop, env=env)
    assert said.code == 0, said.out + said.err


def test_what_no_watermark_tells_apart_is_not_cleaned(shop: Path, staging: Staging, target: NativeTarget) -> None:
    """A database that was made for a rehearsal, or used by a harness that kept none: its records are nobody else's."""
    database = staging()
    target.sql(database, "INSERT INTO ir_config_parameter (key, value) VALUES ('rehearsal.used', 'runs/promo_day/1')")
    said = rehearse("clean", database.url, cwd=shop, env=login(database), typed=f"{database.name}\n")
    assert (said.code, said.out) == (3, "")
    assert f"database '{database.name}' was made for a rehearsal (runs/promo_day/1), or used by an older harness" in said.err
    assert count(target, database, "ir_config_parameter", "key = 'rehearsal.used'") == 1


def text(path: Path) -> str:
    """Return the content of *path*, as far as it is text."""
    return path.read_text(encoding="utf-8", errors="replace")


# -- a run that does not reach its end -----------------------------------------------------------------


def test_a_killed_run_keeps_what_it_wrote_and_is_undecided(shop: Path, target: NativeTarget) -> None:
    """kill -9 in the middle: no summary, a readable history, and `check` says what is known so far."""
    run = shop / "run"
    with started("run", "tiny", "--target", "native", "--out", "run", cwd=shop) as process:
        wait_for_lines(run, MIDDLE, process)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    assert not (run / "summary.json").exists()
    assert not (run / "snapshot").exists()
    assert len(list(lines(run / "history"))) >= MIDDLE - 1

    said = rehearse("check", "run", cwd=shop)
    assert said.code == 5, said.err
    assert "THE RUN DID NOT REACH ITS END" in said.out
    assert "VERDICT  UNDECIDED" in said.out
    summary = summary_of(run)
    assert (summary["verdict"], summary["finished"]) == ("undecided", False)
    assert {one["verdict"] for one in summary["invariants"]} == {"undecided"}
    assert summary["counts"]["operations_ok"] > 0

    after = rehearse("run", "tiny", "--target", "native", "--out", "after", cwd=shop)
    assert after.code == 0, after.err
    assert database_of(run) not in target.status().databases, "whichever run came next dropped it"
    gone = rehearse("observe", "run", cwd=shop)
    assert (gone.code, f"database '{database_of(run)}' is gone" in gone.err) == (3, True), gone.err


@pytest.mark.parametrize("least", [20, 220])
def test_a_run_killed_early_or_late_passes_nowhere_and_finds_nothing(least: int, shop: Path, target: NativeTarget) -> None:
    """While the doors open, and near the end: the whole run would have been clean, so nothing may be found in its stump."""
    run = shop / "run"
    with started("run", "tiny", "--target", "native", "--out", "run", cwd=shop) as process:
        wait_for_lines(run, least, process)
        process.send_signal(signal.SIGKILL)
        process.wait(60)

    said = rehearse("check", "run", "--json", cwd=shop)
    summary = json.loads(said.out)
    assert (said.code, summary["verdict"], summary["damages"]) == (5, "undecided", [])
    assert json.loads((run / "verdict.json").read_text(encoding="utf-8"))["findings"] == []


def test_ctrl_c_ends_a_run_cleanly_and_still_judges(shop: Path, target: NativeTarget) -> None:
    """One SIGINT in the middle: verdict and report are written, the database is dropped, exit code 130."""
    run = shop / "run"
    with started("run", "tiny", "--target", "native", "--out", "run", "--json", cwd=shop) as process:
        wait_for_lines(run, MIDDLE, process)
        process.send_signal(signal.SIGINT)
        said = ended(process)

    assert said.code == 130, said.err
    assert "interrupted; what ran is still observed and judged" in said.err
    assert phases(run)[-1] == "interrupted"
    assert json.loads(said.out) == summary_of(run)
    assert summary_of(run)["verdict"] == "undecided"
    assert (run / "report.html").is_file()
    assert (run / "verdict.json").is_file()
    assert (run / "snapshot").is_dir()
    assert database_of(run) not in target.status().databases
    assert target.status().running


def test_a_run_that_is_stopped_before_the_doors_open_leaves_no_database(shop: Path, target: NativeTarget) -> None:
    """By SIGTERM, as a CI server cancels a job: there is nothing to judge, and nothing to clean up. No other run has its seed,
    whose opening world is therefore kept nowhere."""
    with started("run", "tiny", "--seed", "99", "--target", "native", "--out", "run", cwd=shop) as process:
        assert process.stderr is not None
        told = [line for line in iter(process.stderr.readline, "") if stopped_while_seeding(line, process)]
        said = ended(process)

    assert (said.code, said.out) == (130, "")
    assert "interrupted, and nothing was judged" in told[-1]
    assert list(shop.iterdir()) == [shop / "scenarios"], "a run that did not start leaves nothing"
    assert [name for name in target.status().databases if name.endswith(f"_{process.pid}")] == []


def stopped_while_seeding(line: str, process: subprocess.Popen[str]) -> bool:
    """Stop *process* once it says that it seeds; every line is kept."""
    if "seeding the opening world" in line:
        process.send_signal(signal.SIGTERM)
    return True


def test_an_odoo_that_goes_away_in_the_middle_ends_the_run_with_3(shop: Path, staging: Staging) -> None:
    """A forwarder stands before Odoo and is closed: the sentence says what to do, and nothing counts as a result."""
    database, run = staging(), shop / "run"
    cutter = Cutter(database.url, lambda _: False)
    env = login(database) | {"REHEARSE_RECONNECT_S": "1"}
    with started("run", "tiny", "--target", cutter.url, "--out", "run", cwd=shop, env=env) as process:
        wait_for_lines(run, MIDDLE, process)
        cutter.close()
        said = ended(process)

    told = refused(said, database)
    assert "Odoo went away during the run" in told
    assert "run again" in told
    assert phases(run)[-1] == "aborted"
    assert not (run / "summary.json").exists()
    assert rehearse("check", "run", cwd=shop).code == 5


# -- a run that is looked at again ---------------------------------------------------------------------


def test_a_kept_run_can_be_observed_again_and_repeated(shop: Path, target: NativeTarget) -> None:
    """`--keep` leaves the database; `observe` reads it once more; `replay` meets the same shoppers."""
    said = rehearse("run", "tiny", "--target", "native", "--keep", cwd=shop)
    run = (shop / "runs" / "latest").resolve()
    kept = database_of(run)
    try:
        assert said.code == 0, said.out + said.err
        assert f"kept: database {kept}; drop it with: rehearse drop runs/tiny/" in said.err
        assert f"/web?db={kept}, login admin, its password: see" in said.err
        assert all(secret not in said.out + said.err for secret in (target.database(kept).password or "",))
        assert "repeat with:  rehearse run tiny --connector governed --seed 20261127 --target native" in said.out
        assert kept in target.status().databases

        before = summary_of(run)
        target.sql(kept, "UPDATE account_payment SET state = 'canceled'")
        again = rehearse("observe", cwd=shop)
        assert again.code == 1, again.out + again.err
        assert "✗ money taken equals money booked" in again.out
        assert summary_of(run)["demand_hash"] == before["demand_hash"]
        assert sweep(target) == ()
    finally:
        dropped = rehearse("drop", cwd=shop)
    assert (dropped.code, f"dropped database {kept}" in dropped.err) == (0, True), dropped.err

    gone = rehearse("observe", cwd=shop)
    assert (gone.code, f"database '{kept}' is gone" in gone.err) == (3, True), gone.err

    replayed = rehearse("replay", run, cwd=shop)
    fresh = (shop / "runs" / "latest").resolve()
    assert replayed.code == 0, replayed.out + replayed.err
    assert fresh != run
    assert database_of(fresh) not in target.status().databases
    for same in ("scenario", "seed", "demand_hash", "connector"):
        assert summary_of(fresh)[same] == before[same]


def test_many_seeds_are_one_table_and_one_exit_code(shop: Path, target: NativeTarget) -> None:
    """Two of them at once, each with a folder, a log and a database of its own on the same Odoo; other words hold for both."""
    said = rehearse(
        "run",
        "tiny",
        "--seeds",
        "1,2",
        "--jobs",
        "2",
        "--connector",
        "naive",
        "--target",
        "native",
        "--out",
        "many",
        "--json",
        cwd=shop,
    )
    told = json.loads(said.out)
    runs = [summary_of(shop / "many" / f"seed-{seed}") for seed in (1, 2)]

    assert said.code == told["exit_code"] != 0
    assert [(run["seed"], run["connector"]) for run in runs] == [(1, "naive"), (2, "naive")]
    assert [row["verdict"] for row in told["runs"]] == [run["verdict"] for run in runs]
    assert told == json.loads((shop / "many" / "seeds.json").read_text(encoding="utf-8"))
    assert "(2 of 2)" in said.err
    assert not {database_of(shop / "many" / f"seed-{seed}") for seed in (1, 2)} & set(target.status().databases)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--seeds", "1..3", "--seed", "4"), "--seeds 1..3 excludes --seed: give one of them"),
        (("--seeds", "1..3", "--keep"), "--seeds 1..3 excludes --keep"),
        (("--seeds", "few"), "--seeds few names no seeds; write for example 1..20, or 1,2,5"),
        (("--jobs", "2"), "--jobs is about many seeds; give --seeds, such as --seeds 1..20"),
        (("--seeds", "1..3", "--baseline", "nowhere.json"), "baseline nowhere.json: there is no such file"),
        (("--seeds", "1..3", "--connector", "cautious"), "no connector 'cautious'"),
    ],
)
def test_seeds_that_cannot_be_played_end_with_2_before_anything_starts(words: tuple[str, ...], told: str, shop: Path) -> None:
    """No folder is made, no Odoo asked."""
    before = sorted(shop.rglob("*"))
    said = rehearse("run", "tiny", *words, cwd=shop)

    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert sorted(shop.rglob("*")) == before
