"""Faults of infrastructure on a native target of its own: each fires, is healed, and does not break the governed connector."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import fridays
from benchmarks.fridays import FAULTS, UNHEARD
from rehearsal.errors import UsageError
from rehearsal.history import lines
from rehearsal.run import Options, Run, rehearse
from rehearsal.targets import process
from rehearsal.targets.native import NativeTarget, server_of
from tests.conftest import load, quiet

pytestmark = pytest.mark.xdist_group("chaos")


def disturbed(
    breakable: NativeTarget, folder: Path, connector: str, fault: str, seed: int = 1
) -> tuple[Run, dict[str, Any]]:
    """Rehearse a small Friday under one fault."""
    scenario = fridays.disturbed(fault, connector, seed)
    return rehearse(scenario, breakable, Options(out=folder / "run"), quiet, quiet)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_governed_connector_is_clean_under(fault: str, breakable: NativeTarget, tmp_path: Path) -> None:
    """The fault fired, with proof; every unknown outcome was resolved; nothing is wrong in the end."""
    run, summary = disturbed(breakable, tmp_path, "governed", fault)

    (count,) = summary["faults"]
    assert (count["name"], count["armed"], count["healed"]) == (fault, 1, 1)
    assert count["fired"] >= 1
    assert summary["verdict"] == "pass", (run.folder / "verdict.json").read_text()
    resolved = sum(line["kind"] == "resolution" for line in lines(run.folder / "history"))
    unheard = {
        line["operation"]
        for line in lines(run.folder / "history")
        if line["kind"] == "answer" and line["outcome"] == "unknown"
    }
    wrote = {line["i"] for line in lines(run.folder / "history") if line["kind"] == "operation" and line["writes"]}
    assert resolved == len(unheard & wrote)
    assert bool(unheard) or fault not in UNHEARD


def test_the_naive_connector_loses_orders_when_acknowledgements_are_lost(
    breakable: NativeTarget, tmp_path: Path
) -> None:
    """What was done and never heard of is not looked up, so orders stay missing, half done or unpaid."""
    run, summary = disturbed(breakable, tmp_path, "naive", "cut_after_commit")

    findings = json.loads((run.folder / "verdict.json").read_text())["findings"]
    assert summary["exit_code"] == 1
    assert [
        f for f in findings if f["invariant"] == "every_accepted_order_is_in_the_erp_once" and "missing" in f["message"]
    ]


def test_a_process_fault_is_proven_in_the_journal(breakable: NativeTarget, tmp_path: Path) -> None:
    """Which process was hit stands there, written when it was."""
    run, _ = disturbed(breakable, tmp_path, "governed", "kill_worker", seed=2)

    told = [json.loads(line) for line in (run.folder / "faults.ndjson").read_text().splitlines()]
    assert [line["state"] for line in told if line["state"] != "fired"] == ["armed", "healed"]
    assert all(line["proof"].startswith("killed HTTP worker") for line in told if line["state"] == "fired")


def test_recovery_is_measured(breakable: NativeTarget, tmp_path: Path) -> None:
    """How long until rest, how much there was to catch up with, what stayed stuck."""
    _, summary = disturbed(breakable, tmp_path, "governed", "restart_odoo", seed=3)

    assert summary["kpis"]["backlog_at_heal"] >= 0
    assert 0 <= summary["kpis"]["recovery_s"] < 14 * 86_400
    assert summary["kpis"]["events_never_handled"] == 0
    assert summary["kpis"]["slowest_answer_s"] > 0.5


def test_a_frozen_odoo_that_a_dead_harness_left_behind_is_healed(breakable: NativeTarget, tmp_path: Path) -> None:
    """The journal says what was armed; `rehearse heal` undoes it, and says so in the journal."""
    run, _ = disturbed(breakable, tmp_path, "governed", "network_latency", seed=4)
    journal = run.folder / "faults.ndjson"
    journal.write_text("".join(line + "\n" for line in journal.read_text().splitlines() if '"healed"' not in line))
    server = server_of(breakable.cache.state())
    assert server is not None
    process.signal_group(server.process.pid, signal.SIGSTOP)
    try:
        command = [str(Path(sys.executable).parent / "rehearse"), "heal", str(run.folder), "--target", "native"]
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
