"""Actors with settings: several gateways and carriers in one weekend, and whoever owns a fact emits it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rehearsal import project
from rehearsal.errors import ScenarioError
from rehearsal.history import lines
from rehearsal.model import EventKind, Instruction, InstructionKind
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.paper import opened, weekend
from rehearsal.stage.weekend import play
from tests.conftest import load

SERVICES = {
    "cards": {"kind": "gateway", "tenders": ["card"], "refund": {"median": "1m", "p95": "2m"}},
    "vouchers": {"kind": "gateway"},
    "van": {"kind": "carrier", "nodes": ["store_1", "store_2", "store_3"], "scan": {"median": "1h", "p95": "2h"}},
    "post": {"kind": "carrier"},
}


def events(folder: Path, *kinds: str) -> list[dict[str, Any]]:
    """Return the events of *kinds* of a weekend on paper."""
    return [line for line in lines(folder / "history") if line["kind"] == "event" and line["type"] in kinds]


def test_whoever_takes_the_money_says_so_and_gives_it_back(tmp_path: Path) -> None:
    """Cards and vouchers have a gateway each, and the marketplace is its own; a refund finds its way to who captured."""
    with opened(load("promo_day", services=SERVICES), tmp_path) as market:
        market.open_doors()
        play(market.env, market)
        market.env.run(until=20 * 3600)
        market.history.flush()
        captured = events(tmp_path, "payment.captured")
        for one in captured:
            told = {**one["data"], "reference": f"RF-{one['order']}-{one['data']['tender']}"}
            market.instruct(Instruction(InstructionKind.REFUND, "gateway", one["channel"], one["order"], told), one["event"])
        market.env.run()

    takers = {("card", "cards"), ("gift_card", "vouchers"), ("marketplace", "marketplace")}
    assert {(one["data"]["tender"], one["data"]["by"]) for one in captured} == takers
    refunded = events(tmp_path, "refund.paid")
    assert {(one["data"]["tender"], one["data"]["by"]) for one in refunded} == takers
    assert (len(refunded), events(tmp_path, "refund.rejected")) == (len(captured), [])


def test_a_gateway_gives_back_nothing_that_another_one_took(tmp_path: Path) -> None:
    """Who names a gateway gets that one's answer."""
    with opened(load("promo_day", services=SERVICES), tmp_path) as market:
        market.open_doors()
        play(market.env, market)
        market.env.run(until=20 * 3600)
        market.history.flush()
        one = next(one for one in events(tmp_path, "payment.captured") if one["data"]["by"] == "cards")
        told = {**one["data"], "reference": "RF-1"}
        market.instruct(Instruction(InstructionKind.REFUND, "vouchers", one["channel"], one["order"], told), one["event"])
        market.env.run()

    (rejected,) = events(tmp_path, "refund.rejected")
    assert (rejected["data"]["by"], rejected["data"]["reason"]) == ("vouchers", "0.00 EUR are left to refund on card")


def test_money_that_a_simulator_of_ones_own_took_without_saying_who_can_be_given_back(tmp_path: Path) -> None:
    """It is taken for the tender's gateway, which would otherwise reject a refund that is right."""
    with opened(load("promo_day", services=SERVICES), tmp_path) as market:
        market.accepted["webshop", "OWN-1"] = 0.0
        market.emit(EventKind.PAYMENT_CAPTURED, "webshop", "OWN-1", "", {"tender": "card", "amount_minor": 500, "reference": "r"})
        play(market.env, market)
        told = {"tender": "card", "amount_minor": 500, "reference": "RF-1"}
        market.instruct(Instruction(InstructionKind.REFUND, "gateway", "webshop", "OWN-1", told), "e")
        market.env.run()

    assert [one["data"]["by"] for one in events(tmp_path, "refund.paid") if one["order"] == "OWN-1"] == ["cards"]


def test_parcels_go_with_the_carrier_of_their_node(tmp_path: Path) -> None:
    """The van comes to the stores, the post to everybody else."""
    weekend(load("promo_day", services=SERVICES), tmp_path)

    went = {(one["node"] == "dc", one["data"]["carrier"]) for one in events(tmp_path, "parcel.scanned", "parcel.delivered")}
    assert went == {(True, "post"), (False, "van")}


def test_services_may_be_listed_by_kind_as_they_used_to(tmp_path: Path) -> None:
    """A list names each by its kind; written out they are a mapping, with every default, and read back the same."""
    listed = load("promo_day", services=["carrier", "gateway"])
    (tmp_path / "whole.yaml").write_text(scenario_file.dump(listed))

    assert listed.services == {**load("promo_day").services}
    assert scenario_file.load(tmp_path / "whole.yaml", project.scenario_path) == listed
    assert "transit:" in (tmp_path / "whole.yaml").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "services: {a: {kind: gateway}, b: {kind: gateway}, carrier: }",
            "services.b: a takes every tender already that nobody names",
        ),
        (
            "services: {a: {kind: gateway, tenders: [card]}, b: {kind: gateway, tenders: [card]}, carrier: }",
            "services.b.tenders: card is taken by a already",
        ),
        ("services: {gateway: {tenders: [card]}, carrier: }", "services: no gateway takes gift_card; name it at one of them"),
        ("services: {gateway: , carrier: {nodes: [dc]}}", "services: no carrier comes to store_1; name it at one of them"),
        ("services: {gateway: , carrier: {nodes: [moon]}}", "services.carrier.nodes: there is no node 'moon'; there are: dc"),
        (
            "services: {gateway: , carrier: {transit: {median: 2h, p95: 1h}}}",
            "services.carrier.transit: median (2h) must be below p95 (1h)",
        ),
        ("services: {gateway: {pace: 3}, carrier: }", "services.gateway.pace: gateway does not read pace"),
        ("services: {gateway: , carrier: , store: }", "services.store: store is a kind of node, and this is a service"),
        ("channels: {webshop: {kind: store}}", "channels.webshop: store is a kind of node, and this is a channel"),
        ("channels: {till_1: {sync_every: 30d}}", "channels.till_1.sync_every: 30d is longer than settle.limit"),
        ("services: [carrier]", "services: gateway is not among them, and money of this scenario goes through it; add gateway"),
    ],
)
def test_what_makes_no_sense_of_an_actor_is_told_where_it_stands(text: str, said: str, tmp_path: Path) -> None:
    """By its own module, or by what the scenario lacks."""
    (tmp_path / "mine.yaml").write_text(f"extends: promo_day\nname: mine\n{text}\n")

    with pytest.raises(ScenarioError) as told:
        scenario_file.load(tmp_path / "mine.yaml", project.scenario_path, parts=True)
    assert re.search(rf"mine.yaml:3:\d+ {re.escape(said)}", str(told.value)), told.value


def test_a_run_made_when_every_channel_had_the_words_of_a_till_can_be_read() -> None:
    """Its scenario says ``sync_every: 0s`` at the webshop, which means nothing."""
    assert load("promo_day", channels={"webshop": {"sync_every": "0s"}}) == load("promo_day")


def test_an_actor_that_is_not_here_can_be_read_and_not_be_started(tmp_path: Path) -> None:
    """Somebody else's run is judged without their simulators, and its words are kept."""
    channel = {
        "kind": "kiosk",
        "orders": 3,
        "curve": "online",
        "tenders": {"card": 1.0},
        "greets": 0.5,
        "fulfilment": {"home_delivery": {"share": 1.0, "nodes": ["dc"]}},
    }
    (tmp_path / "theirs.yaml").write_text(f"extends: promo_day\nname: theirs\nchannels: {{kiosk: {json.dumps(channel)}}}\n")
    read = scenario_file.load(tmp_path / "theirs.yaml", project.scenario_path)

    (tmp_path / "again.yaml").write_text(scenario_file.dump(read))
    assert "greets: 0.5" in (tmp_path / "again.yaml").read_text()
    assert scenario_file.load(tmp_path / "again.yaml", project.scenario_path) == read
    with pytest.raises(ScenarioError, match="channel kiosk: no simulator 'kiosk' in simulators/"):
        scenario_file.load(tmp_path / "theirs.yaml", project.scenario_path, parts=True)
