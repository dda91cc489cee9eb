"""Locust drives a short flash drop against a real Odoo: one process, a master with workers, a worker that is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from rehearsal.history import lines
from rehearsal.load.drive import Drive, drivable, driven, taken_over
from rehearsal.load.outcome import Driven
from rehearsal.pipeline.run import Options, Run, conclude, reopen
from rehearsal.targets.native.target import NativeTarget
from tests.cli.command import ended, started, wait_for_lines
from tests.conftest import load, quiet
from tests.load.conftest import DriveIt, short
from tests.load.dealt import require_dealt

pytestmark = pytest.mark.xdist_group("load")
Finished = tuple[Run, dict[str, Any]]
"""A run and its summary."""
UNDER_WAY = 200
"""Lines of a short drive's history after which the doors are open and shoppers come."""
KILL_S_MAX = 90.0


def verdicts(summary: dict[str, Any]) -> dict[str, str]:
    """Return the verdict of each invariant."""
    return {one["id"]: one["verdict"] for one in summary["invariants"]}


@pytest.fixture(scope="module")
def crowd(drive: DriveIt) -> Finished:
    """A drive by four workers, of another seed."""
    return drive(users=12, workers=4, seed=2)


def test_every_operation_is_performed_once_by_one_worker(alone: Finished, crowd: Finished) -> None:
    """By one process, or by four workers; drives by one and by two, started by hand, are in `test_hands`.

    It takes more than a minute: two drives, each an hour of shoppers in a quarter of a minute, and what comes after.
    """
    for (run, _), workers in ((alone, 0), (crowd, 4)):
        require_dealt(run.folder, workers)


def test_every_stimulus_has_its_lateness_and_every_operation_its_latency(alone: Finished) -> None:
    """In the history beside each order, and summed up in summary.json."""
    run, summary = alone

    stimuli = [
        line
        for line in lines(run.folder / "history", "main")
        if line["kind"] == "event" and line["type"] in ("order.placed", "order.refused", "ticket.closed")
    ]
    assert stimuli
    assert all(line["wall"]["late_ms"] >= 0 for line in stimuli)
    told = summary["load"]
    assert told["stimuli"] == len(stimuli)
    assert 0 < told["latency_ms_p50"] <= told["latency_ms_p95"] <= told["latency_ms_p99"] <= told["latency_ms_max"]
    assert told["lateness_ms_p50"] <= told["lateness_ms_p99"] <= told["lateness_ms_max"]
    assert "webshop: confirm sale order" in told["by_operation"]
    assert sum(one["count"] for one in told["by_operation"].values()) == told["operations"]


def test_a_load_that_came_too_late_is_undecided_and_says_what_to_do(alone: Finished, tmp_path: Path) -> None:
    """It was not the load that the scenario describes: the same files under a budget that nobody can keep."""
    shutil.copytree(alone[0].folder, tmp_path / "run")
    run = reopen(tmp_path / "run")
    run.scenario = load("flash_drop", **short(load={"lateness_ms_p99": 0.001}, seed=1))
    outcome = Driven.read(run.folder)
    assert outcome is not None
    taken_over(run, outcome)
    summary = conclude(run, quiet)

    assert (summary["verdict"], summary["exit_code"]) == ("undecided", 5)
    (said,) = summary["load"]["trouble"]
    assert "fewer lanes (--users), less speed-up, or more workers" in said


def test_the_governed_connector_is_clean_under_load(alone: Finished, crowd: Finished) -> None:
    """Everybody wants the same few articles, and not one of them is promised twice; a third seed is driven in `test_hands`."""
    for _, summary in (alone, crowd):
        assert set(verdicts(summary).values()) == {"pass"}, summary
        assert summary["load"]["over_reserved_units"] == 0


def test_the_naive_connector_oversells_under_load(drive: DriveIt) -> None:
    """The same shoppers, the same pressure."""
    _, summary = drive(users=12, connector="naive")

    assert summary["exit_code"] == 1
    assert verdicts(summary)["no_unit_is_promised_twice"] == "fail"


def test_a_killed_worker_makes_the_run_undecided_and_is_named(target: NativeTarget, tmp_path: Path) -> None:
    """What it had under way is unknown, the others take over its orders, and the verdict is no pass."""
    scenario = drivable(load("flash_drop", **short(clock={"speedup": 120})))
    folder = tmp_path / "run"
    killer = threading.Thread(target=_kill_a_worker, args=(folder,))
    killer.start()
    _, summary = driven(scenario, target, Drive(6, workers=3), Options(out=folder), quiet)
    killer.join()

    assert (summary["verdict"], summary["exit_code"]) == ("undecided", 5)
    (said,) = [said for said in summary["load"]["trouble"] if "was lost" in said]
    lost = said.split()[0]
    assert lost in {"worker-0", "worker-1", "worker-2"}
    assert [line["worker"] for line in lines(folder / "history", "main") if line["kind"] == "worker_lost"] == [lost]
    assert summary["finished"]
    assert summary["load"]["dealing"]["twice"] == 0


def _kill_a_worker(folder: Path) -> None:
    """Kill one worker of this very process, once shoppers come."""
    until = time.monotonic() + KILL_S_MAX
    path = folder / "history" / "main.ndjson"
    while time.monotonic() < until and not (path.is_file() and path.read_bytes().count(b"\n") >= UNDER_WAY):
        time.sleep(0.05)
    workers = [child for child in psutil.Process().children() if "--worker" in child.cmdline()]
    workers[-1].send_signal(signal.SIGKILL)


@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_ends_cleanly_and_still_judges(workers: int, target: NativeTarget, tmp_path: Path) -> None:
    """Exit code 130; what ran is observed, judged and reported, and no process is left."""
    (tmp_path / "scenarios").mkdir()
    text = json.dumps(short(clock={"speedup": 30}) | {"extends": "flash_drop", "name": "slow"})
    (tmp_path / "scenarios" / "slow.yaml").write_text(text, encoding="utf-8")
    words = ("--out", "run", "--users", "4", "--workers", str(workers), "--target", "native")
    with started("load", "slow", *words, cwd=tmp_path) as process:
        wait_for_lines(tmp_path / "run", 100, process)
        process.send_signal(signal.SIGINT)
        said = ended(process)

    assert said.code == 130, said
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["verdict"], summary["finished"]) == ("undecided", False)
    assert (tmp_path / "run" / "report.html").is_file()
    asked = {line["i"] for line in lines(tmp_path / "run" / "history", "main") if line["kind"] == "operation"}
    answered = {line["operation"] for line in lines(tmp_path / "run" / "history", "main") if line["kind"] == "answer"}
    assert asked == answered
    assert summary["load"]["dealing"]["missing"] == summary["load"]["dealing"]["twice"] == 0
    assert [said for said in summary["load"]["trouble"] if "hand in" in said] == []
    left = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or ())]
    assert left == []


def test_a_login_that_odoo_refuses_ends_the_run_at_once(target: NativeTarget, tmp_path: Path) -> None:
    """Exit code 3 with a sentence; not one operation is tried with it."""
    database = target.clone(f"load_login_{os.getpid()}")
    locustfile = tmp_path / "own.py"
    locustfile.write_text(EXAMPLE, encoding="utf-8")
    try:
        began = time.monotonic()
        settings = {"REHEARSE_ODOO_DATABASE": database.name, "REHEARSE_ODOO_LOGIN": database.login}
        done = located(locustfile, database.url, settings | {"REHEARSE_ODOO_PASSWORD": "wrong"}, "--run-time", "60s")
    finally:
        target.drop(database)

    assert done.returncode == 3, done.stderr
    assert "refused the login" in done.stderr
    assert time.monotonic() - began < 30


def test_the_example_of_the_docs_runs(target: NativeTarget, tmp_path: Path) -> None:
    """Ten lines, business names in the figures, over a session and over JSON-2."""
    database = target.clone(f"load_example_{os.getpid()}")
    locustfile = tmp_path / "clerk.py"
    locustfile.write_text(EXAMPLE, encoding="utf-8")
    session = {"REHEARSE_ODOO_PASSWORD": database.password or "", "REHEARSE_ODOO_LOGIN": database.login}
    try:
        for name, how in (("session", session), ("key", {"REHEARSE_ODOO_API_KEY": database.api_key or ""})):
            settings = {"REHEARSE_ODOO_DATABASE": database.name} | how
            done = located(locustfile, database.url, settings, "--run-time", "8s", "--users", "2", "--csv", str(tmp_path / name))
            assert done.returncode == 0, done.stderr
            (row,) = [
                line.split(",")
                for line in (tmp_path / f"{name}_stats.csv").read_text().splitlines()
                if "clerk: open orders" in line
            ]
            assert (row[0], row[3]) == ("JSON-RPC" if name == "session" else "JSON-2", "0")
            assert int(row[2]) >= 2
            devices = target.sql(database, "SELECT count(*) FROM res_device_log")
            assert devices == [("2",)], "Odoo takes a user for a new device once, not at each call"
    finally:
        target.drop(database)


EXAMPLE = (Path(__file__).parents[2] / "docs" / "load.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


def located(locustfile: Path, host: str, settings: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run plain Locust with *locustfile*, headless, to its end."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("REHEARSE_ODOO_")}
    return subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--host", host, *words],
        env=kept | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
