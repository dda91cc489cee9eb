"""The same weekend in containers as on the machine itself: same seed, same verdict, same broken invariants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fridays import CANONICAL
from rehearsal.history import comparable, lines
from rehearsal.model import Verdict
from rehearsal.odoo.connect import factory
from rehearsal.odoo.observe import observe
from rehearsal.pipeline.run import Options, Run, rehearse
from rehearsal.stage import demand
from rehearsal.targets.docker.target import DockerTarget
from rehearsal.verdict.judge import judge
from rehearsal.verdict.record import Record
from rehearsal.verdict.saboteurs import saboteurs
from tests.conftest import load, quiet

pytestmark = pytest.mark.xdist_group("docker")
WANTED = {"naive": "fail", "governed": "pass"}


Finished = tuple[Run, dict[str, Any]]
"""A run and its summary."""


@pytest.fixture(scope="module", params=["naive", "governed"])
def in_containers(
    request: pytest.FixtureRequest, docker: DockerTarget, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Finished]:
    """A weekend in containers, with its database still there."""
    scenario, folder = load("promo_day", connector=request.param, **CANONICAL), tmp_path_factory.mktemp("docker")
    run, summary = rehearse(scenario, docker, Options(out=folder / "run", keep=True), quiet, quiet)
    yield run, summary
    docker.drop(docker.database(run.manifest["target"]["database"]))


def verdict(summary: dict[str, Any]) -> dict[str, Any]:
    """Return what came of a weekend, as far as it must not depend on where Odoo runs."""
    return {
        "verdict": summary["verdict"],
        "demand": summary["demand_hash"],
        "orders": summary["counts"]["orders_accepted"],
        "broken": sorted(one["id"] for one in summary["invariants"] if one["verdict"] == "fail"),
    }


def test_the_verdict_does_not_depend_on_the_target(in_containers: Finished, canonical: Callable[[str], Run]) -> None:
    """Nor does which invariants are broken, nor anything that happened outside: line by line, but for wall times and ids.

    It takes minutes where it is the first that wants containers: they are started, and their template is made.
    """
    run, summary = in_containers
    on_this_machine = canonical(run.scenario.connector)
    before = json.loads((on_this_machine.folder / "summary.json").read_text())

    assert [summary["target"]["kind"], before["target"]["kind"]] == ["docker", "native"]
    assert verdict(summary) == verdict(before)
    told = [[comparable(line) for line in lines(one.folder / "history")] for one in (run, on_this_machine)]
    assert told[0] == told[1]
    assert summary["verdict"] == WANTED[run.scenario.connector]


@pytest.mark.parametrize("in_containers", ["governed"], indirect=True)
def test_a_sabotage_is_seen_in_containers_too(in_containers: Finished, docker: DockerTarget, tmp_path: Path) -> None:
    """The saboteur reaches PostgreSQL through the target."""
    run, _ = in_containers
    saboteur = saboteurs()["order_lost"]
    copied = docker.copy(docker.database(run.manifest["target"]["database"]), "sabotage")
    (tmp_path / "history").symlink_to(run.folder / "history")
    try:
        saboteur.act(docker, copied)
        observe(factory(copied, "odoorpc", 60.0)(), tmp_path / "snapshot")
    finally:
        docker.drop(copied)
    with Record(run.scenario, demand.stored(run.folder / "world.json"), tmp_path) as record:
        broken = {one.id for one in judge(record) if one.verdict is Verdict.FAIL}

    assert broken == saboteur.breaks
