"""The canonical failure and its cure, on a real Odoo; and every invariant against its saboteurs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from benchmarks.fridays import CANONICAL, DECLINED
from rehearsal.model import Verdict
from rehearsal.odoo.connect import factory
from rehearsal.odoo.observe import observe
from rehearsal.pipeline.run import Run
from rehearsal.stage import demand
from rehearsal.targets.base import Database
from rehearsal.targets.native.target import NativeTarget
from rehearsal.verdict.judge import Judged, judge
from rehearsal.verdict.record import Record
from rehearsal.verdict.saboteurs import saboteurs
from tests.conftest import load

Play = Callable[..., tuple[Run, dict[str, Any]]]
SABOTEURS = saboteurs()
AFTER = sorted(name for name, saboteur in SABOTEURS.items() if saboteur.when == "after")


def judged(run: Run, folder: Path) -> tuple[Judged, ...]:
    """Judge the files in *folder*."""
    with Record(run.scenario, demand.stored(run.folder / "world.json"), folder) as record:
        return judge(record)


def broken(judgements: tuple[Judged, ...]) -> set[str]:
    """Return the ids of the invariants that fail."""
    return {one.id for one in judgements if one.verdict is Verdict.FAIL}


@dataclass(frozen=True)
class Finished:
    """A governed Friday that ended clean, with its database still there."""

    run: Run
    database: Database


@pytest.fixture(scope="module")
def clean(play: Play, target: NativeTarget) -> Any:
    """The clean twin of every sabotage."""
    run, summary = play(load("promo_day", connector="governed", **DECLINED), keep=True)
    database = target.database(run.manifest["target"]["database"])
    assert summary["verdict"] == "pass", (run.folder / "verdict.json").read_text()
    yield Finished(run, database)
    target.drop(database)


@pytest.mark.xdist_group("naive")
def test_the_naive_connector_oversells_and_the_run_says_which_orders_when_and_how_dear(canonical: Callable[[str], Run]) -> None:
    """Nothing is planted: the same world and the same shoppers as the governed one's, only the connector is naive.

    It takes a minute where it is the first that wants both Fridays: they are played here."""
    run = canonical("naive")
    summary = json.loads((run.folder / "summary.json").read_text())

    assert summary["demand_hash"] == canonical("governed").manifest["demand_hash"]
    assert (summary["verdict"], summary["exit_code"]) == ("fail", 1)
    schema = json.loads((resources.files("rehearsal") / "schemas" / "summary.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(summary)
    findings = json.loads((run.folder / "verdict.json").read_text())["findings"]
    oversold = [finding for finding in findings if finding["invariant"] == "no_unit_is_promised_twice"]
    assert oversold
    for finding in oversold:
        assert finding["units"] > 0
        assert finding["orders"]
        assert finding["at_s"] is not None
        assert finding["money_at_risk"] != "0.00"
    assert any(finding["invariant"] == "money_taken_equals_money_booked" for finding in findings)


@pytest.mark.xdist_group("naive")
def test_the_governed_connector_is_clean_on_the_same_shoppers(canonical: Callable[[str], Run]) -> None:
    """Every invariant examined something and found nothing."""
    summary = json.loads((canonical("governed").folder / "summary.json").read_text())

    assert {one["id"]: one["verdict"] for one in summary["invariants"]} == {one["id"]: "pass" for one in summary["invariants"]}
    assert (summary["verdict"], summary["exit_code"], summary["idle"]) == ("pass", 0, [])
    assert summary["counts"]["dead_letters"] == 0


@pytest.mark.xdist_group("governed")
@pytest.mark.parametrize("name", AFTER)
def test_a_sabotage_is_seen_by_the_invariants_it_breaks_and_by_no_other(
    name: str, clean: Finished, target: NativeTarget, tmp_path: Path
) -> None:
    """One finished weekend, one copy of its database per sabotage, one deliberate bug in each; all under one name, which
    Odoo then knows already."""
    database = target.copy(clean.database, f"sabotage_{os.getpid()}")
    try:
        SABOTEURS[name].act(target, database)
        (tmp_path / "history").symlink_to(clean.run.folder / "history")
        observe(factory(database, "odoorpc", 60.0)(), tmp_path / "snapshot")
    finally:
        target.drop(database)

    assert broken(judged(clean.run, tmp_path)) == SABOTEURS[name].breaks


@pytest.mark.xdist_group("naive")
def test_stock_that_was_counted_too_high_makes_even_the_governed_connector_oversell(play: Play) -> None:
    """The sabotage acts before the doors open; the history alone shows the broken promise."""
    run, _ = play(load("promo_day", connector="governed", **CANONICAL), sabotage="stock_counted_too_high")

    assert broken(judged(run, run.folder)) == SABOTEURS["stock_counted_too_high"].breaks


def test_every_invariant_has_a_saboteur() -> None:
    """An invariant that nobody can break would be decoration: a bug in Odoo's data, or a connector of the liars' club."""
    from rehearsal.verdict.judge import invariants
    from tests.liars.club import CLUB

    seen = {name for saboteur in SABOTEURS.values() for name in saboteur.breaks} | {
        word for words in CLUB.values() for word in words
    }
    assert {law.__name__ for _, law, _ in invariants()} <= seen


@pytest.mark.xdist_group("naive")
def test_a_connector_that_polls_gets_a_quiet_friday_right_and_comes_to_rest(play: Play) -> None:
    """It acts unasked: everything is fetched, stock is pushed, money comes per payout. One store's pickups and tills, no parcels.

    It takes a minute and a half: it polls every ten minutes until two days after the last thing that happened."""
    pickups = {
        "orders": 8,
        "fulfilment": {
            "pickup_in_store": {"share": 1.0, "nodes": ["store_1"]},
            "home_delivery": {"share": 0.0},
            "ship_from_store": {"share": 0.0},
        },
    }
    channels = {**CANONICAL["channels"], "webshop": pickups, "marketplace": {"orders": 0}}
    exercised = {**CANONICAL["exercised"], "orders_per_channel": 0}
    run, summary = play(
        load("promo_day", **{**CANONICAL, "connector": "polling", "faults": [], "channels": channels, "exercised": exercised})
    )

    assert (summary["verdict"], summary["dead_letters"], summary["rested"]) == ("pass", [], True)
    told = [json.loads(line) for line in (run.folder / "history" / "main.ndjson").read_text(encoding="utf-8").splitlines()]
    assert len({line["at_s"] for line in told if line["kind"] == "publication"}) > 6 * 24, (
        "it went on pushing until all was at rest"
    )
    assert {line["recipient"] for line in told if line["kind"] == "instruction"} == {"store_1"}
    assert {line["cause"].partition(":")[0] for line in told if line["kind"] == "instruction"} == {"order.placed"}
