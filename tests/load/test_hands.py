"""Plain Locust commands on several hosts, and the back office beside the connector."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.targets.native.target import NativeTarget
from tests.cli.command import environment, rehearse
from tests.conftest import free_port
from tests.load.conftest import DriveIt, short
from tests.load.dealt import require_dealt

pytestmark = pytest.mark.xdist_group("load")
LOCUST_S_MAX = 240.0
STAFF = {"pickers": 2, "dashboards": 1, "stock_reports": 1, "printers": 1, "crons": 1}


def test_the_commands_that_prepare_prints_drive_the_run_and_observe_judges_it(target: NativeTarget, tmp_path: Path) -> None:
    """A master and a worker started by hand, with the password in the environment alone."""
    (tmp_path / "scenarios").mkdir()
    words = json.dumps(short(seed=3) | {"extends": "flash_drop", "name": "by_hand"})
    (tmp_path / "scenarios" / "by_hand.yaml").write_text(words, encoding="utf-8")
    said = rehearse(
        "load", "by_hand", "--prepare", "--workers", "1", "--users", "4", "--out", "run", "--target", "native", cwd=tmp_path
    )
    assert said.code == 0, said
    lines = [line for line in said.out.splitlines() if not line.startswith("#")]
    settings = dict(word.split("=", 1) for word in shlex.split(lines[0])[1:])
    database = target.database(settings["REHEARSE_ODOO_DATABASE"])
    try:
        assert database.password and database.password not in said.out + said.err
        env = environment(settings | {"REHEARSE_ODOO_PASSWORD": database.password or ""})
        env |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"}
        run, *master = shlex.split(lines[1])
        worker = shlex.split(lines[2].replace("<this host>", "127.0.0.1"))
        with (tmp_path / "worker.log").open("w") as log:
            second = subprocess.Popen(worker, cwd=tmp_path, env=env, stdout=log, stderr=log)
            try:
                key, _, folder = run.partition("=")
                done = subprocess.run(
                    master, cwd=tmp_path, env=env | {key: folder}, capture_output=True, text=True, timeout=LOCUST_S_MAX, check=False
                )
                second.wait(30)
            finally:
                if second.poll() is None:
                    second.kill()
                    second.wait()
        assert done.returncode == 0, done.stderr
        judged = rehearse("observe", "run", "--target", "native", cwd=tmp_path)
    finally:
        target.drop(database)

    assert judged.code == 0, judged
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["verdict"], summary["load"]["workers"]) == ("pass", 1)
    assert {one["verdict"] for one in summary["invariants"]} == {"pass"}
    require_dealt(tmp_path / "run", 1)


def test_workers_that_others_start_need_the_login_alone(target: NativeTarget, tmp_path: Path) -> None:
    """The master waits for them, tells them the rest, judges, and ends with the verdict's code."""
    (tmp_path / "scenarios").mkdir()
    words = json.dumps(short() | {"extends": "flash_drop", "name": "elsewhere", "client": "json2"})
    (tmp_path / "scenarios" / "elsewhere.yaml").write_text(words, encoding="utf-8")
    database = target.clone(f"load_elsewhere_{os.getpid()}")
    env = environment({"REHEARSE_ODOO_DATABASE": database.name, "REHEARSE_ODOO_API_KEY": database.api_key or ""})
    port = str(free_port())
    locustfile = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--worker", "--master-port", port]
    with (tmp_path / "workers.log").open("w") as log:
        workers = [subprocess.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=log) for _ in range(2)]
        try:
            said = rehearse(
                "load", "elsewhere", "--target", database.url, "--await-workers", "2", "--bind", f"127.0.0.1:{port}",
                "--out", "run", cwd=tmp_path, env=env,
            )  # fmt: skip
            assert [worker.wait(30) for worker in workers] == [0, 0]
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
            target.drop(database)

    assert said.code == 0, said
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["load"]["workers"] == 2
    assert len(summary["load"]["dealing"]["by_worker"]) == 2 and all(summary["load"]["dealing"]["by_worker"].values())
    require_dealt(tmp_path / "run", 2)


@pytest.mark.parametrize(
    "words", [("--await-workers", "0"), ("--await-workers", "no.such.host.invalid"), ("--await-workers", "1", "--bind", "5557")]
)
def test_workers_elsewhere_that_cannot_be_are_refused_by_value(words: tuple[str, ...], tmp_path: Path) -> None:
    """Before anything is started."""
    said = rehearse("load", "flash_drop", *words, "--target", "http://127.0.0.1:9", cwd=tmp_path)

    assert said.code == 2
    assert repr(words[-1]) in said.err and "expected" in said.err


def test_a_plain_locust_without_a_run_folder_says_what_to_do(tmp_path: Path) -> None:
    """In a sentence, not in a traceback."""
    locustfile = Path(__file__).parents[2] / "loadtests" / "locustfile.py"
    words = ["--headless", "--users", "1", "--run-time", "5s", "--host", "http://127.0.0.1:9"]
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", locustfile, *words],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2, done.stderr
    assert "prepare one with: rehearse load NAME --prepare" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_back_office_works_beside_the_connector_and_the_books_stay_right(drive: DriveIt) -> None:
    """Every role was there, under its business names, in Locust's own table; tills sync in bursts."""
    tills = {code: {"orders": 5, "publish_every": "20m", "sync_every": "15m"} for code in ("till_1", "till_2", "till_3")}
    run, summary = drive(
        users=4 + sum(STAFF.values()),
        channels=short()["channels"] | tills,
        load={"lateness_ms_p99": 2000, "backoffice": STAFF, "crons": ["stock.ir_cron_scheduler_action"]},
    )

    assert summary["verdict"] == "pass", summary
    log = (run.folder / "load" / "master.log").read_text(encoding="utf-8")
    for name in (
        "picker: open pick list",
        "dashboard: sales by channel",
        "stock report: one warehouse",
        "printer: delivery slip (",
        "cron: stock.ir_cron_scheduler_action",
    ):
        assert name in log, name


def test_an_unknown_role_is_told_with_the_known_ones(drive: DriveIt) -> None:
    """Nothing was driven."""
    from rehearsal.errors import EnvironmentNotReady

    with pytest.raises(EnvironmentNotReady, match=r"load\.backoffice names 'jugglers'; there are: crons, dashboards"):
        drive(load={"backoffice": {"jugglers": 1}})
