"""Faults of infrastructure on a native target of its own: each fires, is healed, and does not break the governed connector."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks import fridays
from benchmarks.fridays import FAULTS, UNHEARD
from rehearsal.errors import UsageError
from rehearsal.history import lines
from rehearsal.parts.fault import Joint
from rehearsal.parts.fault_kinds import fault_kinds
from rehearsal.pipeline.run import Options, Run, rehearse
from rehearsal.targets import process
from rehearsal.targets.native.target import NativeTarget, server_of
from tests.conftest import load, quiet
from tests.tiny_run import left_by_a_dead_harness

chaos = pytest.mark.xdist_group("chaos")
PROCESS_FAULTS = [name for name, kind in fault_kinds().items() if kind.joint is Joint.PROCESS]
NETWORK_FAULTS = [name for name, kind in fault_kinds().items() if kind.joint is Joint.REQUEST]


Finished = tuple[Run, dict[str, Any]]
Disturbed = Callable[[str], Finished]


@pytest.fixture(scope="module")
def disturbed(breakable: NativeTarget, tmp_path_factory: pytest.TempPathFactory) -> Disturbed:
    """Rehearses a small governed Friday under one fault of processes, once for all tests that look at it."""

    @cache
    def run(fault: str) -> Finished:
        folder = tmp_path_factory.mktemp(fault) / "run"
        return rehearse(fridays.disturbed(fault, "governed", 1), breakable, Options(out=folder), quiet, quiet)

    return run


@chaos
@pytest.mark.parametrize("fault", PROCESS_FAULTS)
def test_the_governed_connector_is_clean_under_a_fault_of_processes(fault: str, disturbed: Disturbed) -> None:
    """On an Odoo that is nobody else's. It may take a minute: whatever is cut off is waited for, and asked again."""
    require_clean(fault, *disturbed(fault))


@pytest.mark.parametrize("fault", NETWORK_FAULTS)
def test_the_governed_connector_is_clean_under_a_fault_of_requests(fault: str, target: NativeTarget, tmp_path: Path) -> None:
    """A proxy of the run's own disturbs them, so that nobody else notices."""
    scenario = fridays.disturbed(fault, "governed", 1)
    require_clean(fault, *rehearse(scenario, target, Options(out=tmp_path / "run"), quiet, quiet))


def test_every_fault_of_infrastructure_is_rehearsed() -> None:
    """None is of neither kind, and each has its strength."""
    assert {*PROCESS_FAULTS, *NETWORK_FAULTS} == set(FAULTS)


def require_clean(fault: str, run: Run, summary: dict[str, Any]) -> None:
    """Raise unless the fault fired, with proof, every unknown outcome was resolved, and nothing is wrong in the end."""
    (count,) = summary["faults"]
    assert (count["name"], count["armed"], count["healed"]) == (fault, 1, 1)
    assert count["fired"] >= 1
    assert summary["verdict"] == "pass", (run.folder / "verdict.json").read_text()
    resolved = sum(line["kind"] == "resolution" for line in lines(run.folder / "history"))
    unheard = {
        line["operation"] for line in lines(run.folder / "history") if line["kind"] == "answer" and line["outcome"] == "unknown"
    }
    wrote = {line["i"] for line in lines(run.folder / "history") if line["kind"] == "operation" and line["writes"]}
    assert resolved == len(unheard & wrote)
    assert bool(unheard) or fault not in UNHEARD


def test_the_naive_connector_loses_orders_when_acknowledgements_are_lost(target: NativeTarget, tmp_path: Path) -> None:
    """What was done and never heard of is not looked up, so orders stay missing, half done or unpaid."""
    scenario = fridays.disturbed("cut_after_commit", "naive", 1)
    often = tuple(
        fault.model_copy(update={"share": 0.15}) for fault in scenario.faults
    )  # so that it meets some order's first request
    scenario = scenario.model_copy(update={"faults": often})
    run, summary = rehearse(scenario, target, Options(out=tmp_path / "run"), quiet, quiet)

    findings = json.loads((run.folder / "verdict.json").read_text())["findings"]
    assert summary["exit_code"] == 1
    assert [f for f in findings if f["invariant"] == "every_accepted_order_is_in_the_erp_once" and "missing" in f["message"]]


@chaos
def test_a_process_fault_is_proven_in_the_journal(disturbed: Disturbed) -> None:
    """Which process was hit stands there, written when it was."""
    run, _ = disturbed("kill_worker")

    told = [json.loads(line) for line in (run.folder / "faults.ndjson").read_text().splitlines()]
    assert [line["state"] for line in told if line["state"] != "fired"] == ["armed", "healed"]
    assert all(line["proof"].startswith("killed HTTP worker") for line in told if line["state"] == "fired")


@chaos
def test_recovery_is_measured(disturbed: Disturbed) -> None:
    """How long until rest, how much there was to catch up with, what stayed stuck."""
    _, summary = disturbed("restart_odoo")

    assert summary["kpis"]["backlog_at_heal"] >= 0
    assert 0 <= summary["kpis"]["recovery_s"] < 14 * 86_400
    assert summary["kpis"]["events_never_handled"] == 0
    assert summary["kpis"]["slowest_answer_s"] > 0.5


@chaos
def test_a_frozen_odoo_that_a_dead_harness_left_behind_is_healed(breakable: NativeTarget, tmp_path: Path) -> None:
    """The journal says what was armed; `rehearse heal` undoes it, and says so in the journal."""
    run = left_by_a_dead_harness(fridays.disturbed("network_latency", "governed", 4), tmp_path / "run", "native")
    journal = run / "faults.ndjson"
    server = server_of(breakable.cache.state())
    assert server is not None
    process.signal_group(server.process.pid, signal.SIGSTOP)
    try:
        command = [str(Path(sys.executable).parent / "rehearse"), "heal", str(run), "--target", "native"]
        environment = {"PATH": "/usr/bin:/bin", "REHEARSE_CACHE": str(breakable.cache.root)}
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    finally:
        process.signal_group(server.process.pid, signal.SIGCONT)

    assert (told.returncode, "healed: network_latency" in told.stderr) == (0, True), told.stderr
    assert '"healed"' in journal.read_text()
    assert server.healthy
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert "every fault was healed already" in again.stderr


def test_an_odoo_that_is_not_ours_is_not_broken(tmp_path: Path) -> None:
    """Refused before anything is started."""
    from rehearsal.targets.existing import ExistingTarget

    scenario = load("promo_day", faults=[{"name": "kill_worker"}])
    began = time.monotonic()
    with pytest.raises(UsageError, match="not done to an Odoo that is not ours"):
        rehearse(scenario, ExistingTarget("http://127.0.0.1:9"), Options(out=tmp_path / "run"), quiet, quiet)

    assert time.monotonic() - began < 5
    assert not (tmp_path / "run").exists()
