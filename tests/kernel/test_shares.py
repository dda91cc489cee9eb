"""Who is given which units: shares of a node, and what becomes of them when an order must be kept from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.governed.house import Case
from connectors.governed.pool import Pool
from connectors.governed.shares import Shares, shared_out
from rehearsal.model import Event, EventKind
from rehearsal.scenario import Scenario
from rehearsal.stage.market import LiveChannel
from tests.conftest import load

NIGHT_S, DAY_S = 3 * 3600.0, 12 * 3600.0
STORES = ("store_1", "store_2", "store_3")


def scenario() -> Scenario:
    """Return a Friday with a webshop that ships from three stores, and a till in each of them."""
    return load("promo_day")


def of(node: str, stock: Mapping[str, int], now_s: float = DAY_S) -> dict[str, int]:
    """Return the shares of *node*, by the units of one SKU everywhere."""
    return Shares(scenario()).of(node, stock[node], lambda other: stock.get(other, 0), now_s)


def test_a_store_shares_its_stock_by_what_each_channel_is_expected_to_sell() -> None:
    """Forty shoppers at the webshop, of whom 45 per cent are served by three stores, and twelve at this till."""
    assert of("store_1", dict.fromkeys(STORES, 9)) == {"webshop": 3, "till_1": 6}


def test_a_till_of_a_closed_store_is_given_nothing() -> None:
    """Nobody could buy it there; it has its part again at the last publication before the doors open."""
    assert of("store_1", dict.fromkeys(STORES, 9), NIGHT_S) == {"webshop": 9, "till_1": 0}
    assert of("store_1", dict.fromkeys(STORES, 9), 8 * 3600 - 1.0) == {"webshop": 9, "till_1": 0}
    assert of("store_1", dict.fromkeys(STORES, 9), 8 * 3600.0) == {"webshop": 3, "till_1": 6}


def test_last_units_are_not_spread_thin() -> None:
    """Of three units in three stores the webshop is due one: where most lies; the tills have all others."""
    stock = {"store_1": 1, "store_2": 2, "store_3": 0}

    assert {node: of(node, stock) for node in STORES} == {
        "store_1": {"webshop": 0, "till_1": 1},
        "store_2": {"webshop": 1, "till_2": 1},
        "store_3": {"webshop": 0, "till_3": 0},
    }
    assert of("store_1", {"store_1": 2, "store_2": 2, "store_3": 0}) == {"webshop": 1, "till_1": 1}, "four are not the last ones"


@given(stock=st.fixed_dictionaries({node: st.integers(0, 6) for node in (*STORES, "dc")}), hour=st.integers(0, 23))
def test_nothing_is_given_twice_and_nothing_is_lost(stock: dict[str, int], hour: int) -> None:
    """At every node the shares sum to what lies there, and none is negative."""
    for node in stock:
        shares = of(node, stock, hour * 3600.0)
        assert (sum(shares.values()), min(shares.values()) >= 0) == (stock[node], True), node


@given(total=st.integers(0, 50), weights=st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 100), min_size=1))
def test_parts_are_whole_and_within_one_of_their_due(total: int, weights: dict[str, float]) -> None:
    """Largest remainder."""
    parts = shared_out(total, weights)

    assert sum(parts.values()) == total
    assert all(abs(parts[code] - total * weight / sum(weights.values())) < 1 for code, weight in weights.items())


# -- units for an order that must be kept from elsewhere ---------------------------------------------------------------


def pool() -> tuple[Pool, LiveChannel, list[tuple[str, str, dict[str, int]]]]:
    """Return a pool of four units, three of them at the webshop and one in the reserve, and what channels are told."""
    made, shop, told = (
        Pool("store_1"),
        LiveChannel("webshop", scenario().channels["webshop"]),
        list[tuple[str, str, dict[str, int]]](),
    )
    made.see({"TEE": 4})
    made.part(shop, LiveChannel.left, 0, lambda sku, units: 3)
    shop.published("store_1", {"TEE": 3})
    return made, shop, told


@pytest.mark.parametrize(("wanted", "told", "reserve"), [(1, [], 0), (3, [("webshop", "store_1", {"TEE": 1})], 0), (5, [], 1)])
def test_units_for_another_order_come_out_of_the_reserve_and_then_out_of_what_nobody_bought(
    wanted: int, told: list[tuple[str, str, dict[str, int]]], reserve: int
) -> None:
    """The channel hears at once that it has less; when there is too little, nothing moves."""
    made, _, heard = pool()
    taken = made.take({"TEE": wanted}, LiveChannel.left, lambda channel, node, units: heard.append((channel, node, dict(units))))

    assert (taken, heard, made.reserve["TEE"]) == (wanted <= 4, told, reserve)


def test_where_nobody_can_be_told_only_the_reserve_is_taken() -> None:
    """A connector that delegates to the governed one may have been made before there was an outside."""
    made, _, _ = pool()

    assert (made.take({"TEE": 2}, LiveChannel.left, None), made.reserve["TEE"]) == (False, 1)
    assert (made.take({"TEE": 1}, LiveChannel.left, None), made.reserve["TEE"]) == (True, 0)


def test_what_a_channel_has_sold_is_not_called_in() -> None:
    """Two of its three are gone, and word of them is still under way."""
    made, shop, heard = pool()
    shop.take("store_1", "TEE", 2)

    assert not made.take({"TEE": 3}, LiveChannel.left, lambda *said: heard.append(said))
    assert made.take({"TEE": 2}, LiveChannel.left, lambda channel, node, units: heard.append((channel, node, dict(units))))
    assert heard == [("webshop", "store_1", {"TEE": 0})]


def test_a_case_gives_up_what_is_missing_and_keeps_the_rest() -> None:
    """With the number of the line, and what it costs; what it does not have it cannot give up."""
    lines = [{"line": 1, "sku": "TEE", "units": 2, "price_minor": 1500}, {"line": 2, "sku": "MUG", "units": 1, "price_minor": 700}]
    event = Event(
        "e1", EventKind.ORDER_PLACED, 0.0, "webshop", "W1", "store_1", {"lines": lines, "mode": "pickup_in_store", "patience_s": 9}
    )
    case = Case.of(event, 7, "store_1", 3)

    assert (case.cut("TEE", 1), case.units) == (({1: 1}, 1500), {"TEE": 1, "MUG": 1})
    assert (case.cut("TEE", 5), case.units) == (({1: 1}, 1500), {"MUG": 1})
    assert case.open_request.data == {
        "request": "SO7-1",
        "mode": "pickup_in_store",
        "lines": [{"sku": "MUG", "units": 1}],
        "patience_s": 9,
    }
    assert event.data["lines"][0]["units"] == 2, "what the shopper ordered stays what it was"
