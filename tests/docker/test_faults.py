"""Faults of infrastructure on containers: each fires, is proven, is healed, and does not break the governed connector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fridays import SMALL
from rehearsal.errors import EnvironmentNotReady
from rehearsal.pipeline.run import Options, rehearse
from rehearsal.targets.docker.stack import DB, ODOO
from rehearsal.targets.docker.target import DockerTarget
from tests.cli.command import rehearse as command
from tests.conftest import load, quiet
from tests.tiny_run import left_by_a_dead_harness

pytestmark = pytest.mark.xdist_group("docker")
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "kill_worker": ({"times": 3}, "killed HTTP worker"),
    "restart_odoo": ({"times": 1}, "restarted Odoo: process"),
    "restart_postgres": ({"times": 2}, "restarted PostgreSQL: process"),
    "freeze_odoo": ({"times": 1, "wall": "4s"}, "froze Odoo (container"),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_governed_connector_is_clean_under(fault: str, docker: DockerTarget, tmp_path: Path) -> None:
    """The fault fired, with its proof in the journal; nothing is wrong in the end, and all runs again."""
    settings, proof = FAULTS[fault]
    scenario = load(
        "promo_day",
        connector="governed",
        seed=1,
        faults=[{"name": fault, **settings}],
        clock={"timeout": "3s"},
        **{**SMALL, "exercised": {**SMALL["exercised"], "fault_fired": 1}},
    )
    run, summary = rehearse(scenario, docker, Options(out=tmp_path / "run"), quiet, quiet)

    (count,) = summary["faults"]
    told = [json.loads(line) for line in (run.folder / "faults.ndjson").read_text().splitlines()]
    assert (count["name"], count["armed"], count["healed"]) == (fault, 1, 1)
    assert count["fired"] >= 1
    assert all(line["proof"].startswith(proof) for line in told if line["state"] == "fired"), told
    assert summary["verdict"] == "pass", (run.folder / "verdict.json").read_text()
    assert docker.stack.answers()


def test_a_restart_is_another_process_at_the_same_address(docker: DockerTarget) -> None:
    """That is what the proof says, and it is so."""
    before = docker.stack.containers()
    told = [docker.disturb("restart_odoo"), docker.disturb("restart_postgres")]
    after = docker.stack.containers()

    assert [before[service].ports for service in (ODOO, DB)] == [after[service].ports for service in (ODOO, DB)]
    assert told == [
        f"restarted Odoo: process {before[ODOO].pid} is now {after[ODOO].pid}",
        f"restarted PostgreSQL: process {before[DB].pid} is now {after[DB].pid}",
    ]
    assert before[ODOO].pid != after[ODOO].pid and before[DB].pid != after[DB].pid


def test_a_fault_that_could_not_strike_says_so(docker: DockerTarget) -> None:
    """Nobody asks Odoo anything, so no worker is in mid-request; and there is no other fault."""
    with pytest.raises(EnvironmentNotReady, match="served a request within"):
        docker.disturb("kill_worker")
    with pytest.raises(EnvironmentNotReady, match="knows no fault 'earthquake'"):
        docker.disturb("earthquake")


@pytest.mark.parametrize(("broken", "service"), [("pause", ODOO), ("kill", ODOO), ("kill", DB)])
def test_what_a_dead_harness_left_broken_is_healed(broken: str, service: str, docker: DockerTarget, tmp_path: Path) -> None:
    """The journal says what was armed; `rehearse heal` undoes it, and says so in the journal."""
    scenario = load("promo_day", connector="governed", faults=[{"name": "freeze_odoo", "wall": "60s"}], **SMALL)
    folder = left_by_a_dead_harness(scenario, tmp_path / "run", "docker")
    docker.stack.engine.docker([broken, docker.stack.need(service).id], "breaking it as a crash does")
    assert not docker.stack.answers()

    said = command("heal", str(folder), cwd=tmp_path)

    assert (said.code, "healed: freeze_odoo" in said.err) == (0, True), said.err
    assert docker.stack.answers()
    assert '"healed"' in (folder / "faults.ndjson").read_text()
