"""A drive while it is watched: gates that end it, the machine's vital signs, the tab in Locust's web page."""

from __future__ import annotations

import json
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from rehearsal.load.live import judged_so_far
from rehearsal.pipeline.run import Run, conclude, reopen
from rehearsal.targets.native.target import NativeTarget
from rehearsal.verdict.judge import invariants
from tests.cli.command import ended, started, wait_for_lines
from tests.conftest import free_port, load, quiet
from tests.load.conftest import DriveIt, short

pytestmark = pytest.mark.xdist_group("load")
PAGE_S_MAX = 60.0
POLL_S = 0.5


def test_a_gate_with_abort_on_fail_ends_the_run_with_4(drive: DriveIt) -> None:
    """It is told with the figure that it met, and the run does not go on to its end."""
    unmet = {"limit": "orders_per_minute >= 100000", "abort_on_fail": True, "after": "1s"}
    run, summary = drive(gates=[unmet, "latency_ms_p95{operation: confirm sale order} <= 600000"], clock={"speedup": 60})

    assert (summary["verdict"], summary["exit_code"], summary["finished"]) == ("fail", 4, False)
    missed, other = summary["gates"]
    assert (missed["figure"], missed["limit"], missed["held"]) == ("orders_per_minute", ">= 100000", False)
    assert 0 <= missed["value"] < 100_000
    assert other["held"]
    assert summary["load"]["aborted_by"]["value"] == missed["value"]
    assert not run.interrupted
    assert summary["timings_s"]["simulate"] < 40


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("orders_per_minute >= 100000", 4),
        ("latency_ms_p95{channel: till_*} <= 600000", 0),
        ("latency_ms_p95{operation: never asked} <= 1", 5),
        ("serialization_retries <= 100000", 0),
        ("sync_latency_s_p95 <= 0.001", 4),
    ],
)
def test_gates_are_held_at_the_end(gate: str, code: int, alone: tuple[Run, dict[str, Any]], tmp_path: Path) -> None:
    """A missed one is exit code 4, one whose figure nobody measured 5."""
    shutil.copytree(alone[0].folder, tmp_path / "run")
    run = reopen(tmp_path / "run")
    run.scenario = load("flash_drop", **short(seed=1, gates=[gate]))

    assert conclude(run, quiet)["exit_code"] == code


def test_the_vital_signs_of_the_target_are_in_the_summary(alone: tuple[Run, dict[str, Any]]) -> None:
    """CPU that Odoo and PostgreSQL burnt, memory, retries, lock waits."""
    felt = alone[1]["load"]["vitals"]

    assert 0 < felt["odoo_cpu_cores"] <= felt["odoo_cpu_cores_max"]
    assert felt["postgres_cpu_cores"] > 0
    assert felt["odoo_memory_mb_max"] > 50
    assert felt["commits"] > 100
    assert felt["serialization_retries"] >= felt["retries_given_up"] >= 0
    assert felt["deadlocks"] >= 0 <= felt["lock_waits_max"]


def test_what_the_history_alone_says_is_told_and_the_rest_waits(alone: tuple[Run, dict[str, Any]]) -> None:
    """Nobody claims anything about books that were not read."""
    told = {line["id"]: line for line in judged_so_far(alone[0].scenario, alone[0].folder)}

    assert set(told) == {one["id"] for one in alone[1]["invariants"]}
    assert told["no_unit_is_promised_twice"]["state"] == "holds"
    by_history = {law.__name__ for _, law, from_history in invariants() if from_history}
    assert {told[name]["state"] for name in by_history} == {"holds"}
    assert {line["state"] for name, line in told.items() if name not in by_history} == {"waits"}


def test_locusts_page_has_a_tab_with_invariants_gates_and_backlog(target: NativeTarget, tmp_path: Path) -> None:
    """The page names the tab, its rows come with the statistics, and naive shows up as broken before the end."""
    (tmp_path / "scenarios").mkdir()
    scenario = {"extends": "flash_drop", "name": "watched", "clock": {"speedup": 60}, "gates": ["error_rate <= 0.5"]}
    (tmp_path / "scenarios" / "watched.yaml").write_text(json.dumps(scenario), encoding="utf-8")
    port = free_port()
    words = ("--web", "--web-port", str(port), "--out", "run", "--users", "4", "--target", "native")
    with started("load", "watched", *words, cwd=tmp_path) as process:
        wait_for_lines(tmp_path / "run", 500, process)
        page = read(f"http://127.0.0.1:{port}/")
        rows = {row["what"]: row for row in awaited(port, "no unit is promised twice", "✗")}
        process.terminate()
        said = ended(process)

    assert '"Rehearsal"' in page.replace("&#34;", '"')
    assert rows["no unit is promised twice"]["state"] == "✗ broken"
    assert rows["reservations cohere"]["state"] == "? needs Odoo's books, read at the end"
    assert rows["error_rate <= 0.5"]["state"] == "✓ held"
    assert rows["backlog"]["state"].partition(" ")[2] in ("order", "orders")
    assert f"http://127.0.0.1:{port}/?tab=rehearsal" in said.err
    assert said.code == 130


def awaited(port: int, what: str, mark: str) -> list[dict[str, str]]:
    """Return the tab's rows once that of *what* shows *mark*, for a bounded time."""
    until, rows = time.monotonic() + PAGE_S_MAX, []
    while time.monotonic() < until:
        told = json.loads(read(f"http://127.0.0.1:{port}/stats/requests"))
        (table,) = told["extended_stats"]
        rows = table["data"]
        if any(row["what"] == what and row["state"].startswith(mark) for row in rows):
            break
        time.sleep(POLL_S)
    return rows


def read(url: str) -> str:
    """Return what *url* answers; a server that is still starting is waited for, for a bounded time."""
    until = time.monotonic() + PAGE_S_MAX
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
                return str(answer.read().decode())
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(POLL_S)
