"""The same weekend in containers as on the machine itself: same seed, same verdict, same broken invariants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fridays import SMALL
from fixtures.saboteurs import SABOTEURS
from rehearsal import demand
from rehearsal.judge import judge
from rehearsal.model import Verdict
from rehearsal.odoo.connect import factory
from rehearsal.odoo.observe import observe
from rehearsal.record import Record
from rehearsal.run import Options, Run, rehearse
from rehearsal.targets.base import Target
from rehearsal.targets.docker import DockerTarget
from rehearsal.targets.native import NativeTarget
from tests.conftest import load, quiet

pytestmark = pytest.mark.xdist_group("docker")
SEED = 2
WANTED = {"naive": "fail", "governed": "pass"}


Finished = tuple[Run, dict[str, Any]]
"""A run and its summary."""


def rehearsed(target: Target, connector: str, folder: Path) -> Finished:
    """Rehearse a small Friday, one operation after the other; its database is kept."""
    scenario = load("promo_day", connector=connector, seed=SEED, clock={"lanes": 1}, **SMALL)
    return rehearse(scenario, target, Options(out=folder / connector, keep=True), quiet, quiet)


@pytest.fixture(scope="module", params=["naive", "governed"])
def in_containers(
    request: pytest.FixtureRequest, docker: DockerTarget, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Finished]:
    """A weekend in containers, with its database still there."""
    run, summary = rehearsed(docker, request.param, tmp_path_factory.mktemp("docker"))
    yield run, summary
    docker.drop(docker.database(run.manifest["target"]["database"]))


def verdict(finished: Finished) -> dict[str, Any]:
    """Return what came of a weekend, as far as it must not depend on where Odoo runs."""
    _, summary = finished
    return {
        "verdict": summary["verdict"],
        "demand": summary["demand_hash"],
        "orders": summary["counts"]["orders_accepted"],
        "broken": sorted(one["id"] for one in summary["invariants"] if one["verdict"] == "fail"),
    }


def test_the_verdict_does_not_depend_on_the_target(
    in_containers: Finished, target: NativeTarget, tmp_path: Path
) -> None:
    """Nor does which invariants are broken, nor anything that the shoppers saw."""
    run, summary = in_containers
    on_this_machine = rehearsed(target, run.scenario.connector, tmp_path)
    target.drop(target.database(on_this_machine[0].manifest["target"]["database"]))

    assert [summary["target"]["kind"], on_this_machine[1]["target"]["kind"]] == ["docker", "native"]
    assert verdict(in_containers) == verdict(on_this_machine)
    assert summary["verdict"] == WANTED[run.scenario.connector]


@pytest.mark.parametrize("in_containers", ["governed"], indirect=True)
def test_a_sabotage_is_seen_in_containers_too(in_containers: Finished, docker: DockerTarget, tmp_path: Path) -> None:
    """The saboteur reaches PostgreSQL through the target."""
    run, _ = in_containers
    saboteur = SABOTEURS["order_lost"]
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
