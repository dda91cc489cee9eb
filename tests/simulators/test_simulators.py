"""The simulators on paper: what really happens outside is conserved, whatever is drawn."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.catalogue import gtin13
from rehearsal.history import lines
from rehearsal.stage import demand
from rehearsal.stage.market import Market
from rehearsal.stage.paper import weekend
from tests.conftest import load
from tests.simulators.pythons import newest_environment

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())
"""Hash of the demand of each bundled scenario with its own seed: it changes only on purpose."""


def played(seed: int, **overrides: Any) -> tuple[Market, list[dict[str, Any]]]:
    """Play the promotional Friday on paper; return the market and its history."""
    with TemporaryDirectory() as folder:
        market = weekend(load("promo_day", seed=seed, **overrides), Path(folder))
        return market, list(lines(Path(folder) / "history"))


def events(told: list[dict[str, Any]], *kinds: str) -> Iterator[dict[str, Any]]:
    """Yield the events of these kinds."""
    return (line for line in told if line["kind"] == "event" and line["type"] in kinds)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**31))
def test_no_unit_is_made_or_lost_outside(seed: int) -> None:
    """What lay on the shelves at the opening lies there still, or was handed over; and no shelf goes below zero."""
    market, told = played(seed)
    gone: Counter[tuple[str, str]] = Counter()
    for event in events(told, "ticket.closed", "goods.issued", "pickup.collected"):
        for line in event["data"]["lines"]:
            gone[event["node"], line["sku"]] += line["units"]

    assert {key: units - gone[key] for key, units in market.world.shelf.items()} == market.shelf
    assert min(market.shelf.values()) >= 0


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**31))
def test_money_is_captured_in_full_and_never_given_back_beyond_it(seed: int) -> None:
    """Per order the tenders sum to the total; per tender no more is refunded than was captured."""
    _, told = played(seed)
    total = {e["order"]: e["data"]["total_minor"] for e in events(told, "order.placed")}
    captured: Counter[tuple[str, str]] = Counter()
    for event in events(told, "payment.captured"):
        captured[event["order"], event["data"]["tender"]] += event["data"]["amount_minor"]
    back: Counter[tuple[str, str]] = Counter()
    for event in events(told, "refund.paid"):
        back[event["order"], event["data"]["tender"]] += event["data"]["amount_minor"]

    assert total == {order: sum(v for (o, _), v in captured.items() if o == order) for order in total}
    assert all(amount <= captured[key] for key, amount in back.items())
    for event in events(told, "ticket.closed"):
        assert event["data"]["total_minor"] == sum(leg["amount_minor"] for leg in event["data"]["tenders"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**31))
def test_every_order_ends_once_and_in_order_of_time(seed: int) -> None:
    """Placed, then handed over or cancelled, never both; a parcel is scanned after it was issued."""
    _, told = played(seed)
    began = {e["order"]: e["at_s"] for e in events(told, "order.placed")}
    ends = Counter(e["order"] for e in events(told, "goods.issued", "pickup.collected", "order.cancelled"))
    issued = {e["order"]: e["at_s"] for e in events(told, "goods.issued")}

    assert dict.fromkeys(began, 1) == ends
    assert all(e["at_s"] >= issued[e["order"]] for e in events(told, "parcel.scanned", "parcel.delivered"))
    assert all(e["at_s"] >= began[e["order"]] for e in events(told, "pick.declined", "goods.issued", "pickup.staged"))


def test_a_picker_before_an_empty_shelf_declines() -> None:
    """Wrong stock records alone break promises; nobody scripts it."""
    wrong = [{"name": "empty_shelves", "share": 1.0}]
    scarce = {"stock": {"regular": 2, "promoted": 1, "scarce": 1}}
    market, _ = played(7, faults=wrong, nodes={f"store_{n}": scarce for n in (1, 2, 3)})

    assert market.faults.counts["empty_shelves"].fired > 0


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_the_same_seed_gives_the_same_demand_byte_for_byte(name: str) -> None:
    """The hash is written down; it must be the same on every machine and Python version."""
    assert GOLDEN[name] == demand.demand_hash(*demand.draw(load(name)))


def test_adding_a_channel_leaves_the_draws_of_the_others_alone() -> None:
    """Streams are keyed by actor, never shared."""
    alone = demand.draw(load("promo_weekend"))[1]
    extra = load("promo_weekend").model_dump()["channels"]["marketplace"] | {"kind": "marketplace"}
    more = demand.draw(load("promo_weekend", channels={"bazaar": extra}))[1]

    assert {**alone, "bazaar": more["bazaar"]} == more


def test_the_newest_python_at_hand_draws_the_same_demand() -> None:
    """Run in an environment of its own, and in a process with another hash seed."""
    code = (
        "from rehearsal import project\nfrom rehearsal.scenario import file as f\nfrom rehearsal.stage import demand\n"
        "s = f.load(project.scenario_path('promo_weekend'), project.scenario_path)\n"
        "print(demand.demand_hash(*demand.draw(s)))"
    )
    told = subprocess.run([newest_environment(), "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=120)

    assert told.stdout.strip() == GOLDEN["promo_weekend"]


@pytest.mark.parametrize(("stem", "whole"), [("400638133393", "4006381333931"), ("200000000001", "2000000000015")])
def test_gtin_check_digit(stem: str, whole: str) -> None:
    """The published example of GS1, and one of ours."""
    assert whole == gtin13(stem)
