"""The same weekend in containers as on the machine itself: same seed, same verdict, same broken invariants."""

from __future__ import annotations

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
from rehearsal.run import Options, rehearse
from rehearsal.targets.base import Target
from rehearsal.targets.docker import DockerTarget
from rehearsal.targets.native import NativeTarget
from tests.conftest import load, quiet

pytestmark = pytest.mark.xdist_group("docker")
SEED = 3


def verdict(target: Target, connector: str, folder: Path) -> dict[str, Any]:
    """Rehearse a small Friday, one operation after the other, and return what came of it."""
    scenario = load("promo_day", connector=connector, seed=SEED, clock={"lanes": 1}, **SMALL)
    _, summary = rehearse(scenario, target, Options(out=folder / f"{connector}-{target.kind}"), quiet, quiet)
    assert summary["target"]["kind"] == target.kind
    return {
        "verdict": summary["verdict"],
        "demand": summary["demand_hash"],
        "orders": summary["counts"]["orders_accepted"],
        "broken": sorted(one["id"] for one in summary["invariants"] if one["verdict"] == "fail"),
    }


@pytest.mark.parametrize(("connector", "wanted"), [("naive", "fail"), ("governed", "pass")])
def test_the_verdict_does_not_depend_on_the_target(
    connector: str, wanted: str, docker: DockerTarget, target: NativeTarget, tmp_path: Path
) -> None:
    """Nor does anything else that the shoppers saw."""
    in_containers = verdict(docker, connector, tmp_path)

    assert in_containers == verdict(target, connector, tmp_path)
    assert in_containers["verdict"] == wanted


def test_a_sabotage_is_seen_in_containers_too(docker: DockerTarget, tmp_path: Path) -> None:
    """The saboteur reaches PostgreSQL through the target."""
    scenario = load("promo_day", connector="governed", seed=SEED, **SMALL)
    run, summary = rehearse(scenario, docker, Options(out=tmp_path / "run", keep=True), quiet, quiet)
    database = docker.database(run.manifest["target"]["database"])
    saboteur = SABOTEURS["order_lost"]
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "history").symlink_to(run.folder / "history")
    try:
        saboteur.act(docker, database)
        observe(factory(database, "odoorpc", 60.0)(), tmp_path / "again" / "snapshot")
    finally:
        docker.drop(database)
    with Record(run.scenario, demand.stored(run.folder / "world.json"), tmp_path / "again") as record:
        broken = {one.id for one in judge(record) if one.verdict is Verdict.FAIL}

    assert summary["verdict"] == "pass"
    assert broken == saboteur.breaks
