"""The market keeps what is owed of each order, line by line: asked of another node it moves, taken back it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.model import EventKind, Instruction, InstructionKind
from rehearsal.stage.market import Market
from rehearsal.stage.paper import opened
from rehearsal.verdict.record import Record
from tests.conftest import load

ORDER = ("webshop", "W1")


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    """Return a market with one order: two pieces of one article and one of another, kept by the distribution centre."""
    with opened(load("promo_day"), tmp_path) as market:
        first, second = sorted(market.products)[:2]
        lines = [
            {"line": n, "sku": sku, "units": units, "price_minor": 100, "total_minor": 100 * units, "node": "dc"}
            for n, (sku, units) in enumerate(((first, 2), (second, 1)), start=1)
        ]
        market.emit(
            EventKind.ORDER_PLACED, *ORDER, "dc", {"mode": "home_delivery", "lines": lines, "total_minor": 300, "tenders": []}
        )
        yield market


def skus(market: Market) -> list[str]:
    """Return the articles of the order."""
    return sorted(market.products)[:2]


def fulfil(market: Market, node: str, *lines: tuple[str, int]) -> None:
    """Let the connector ask *node* for *lines*."""
    asked = [{"sku": sku, "units": units} for sku, units in lines]
    market.instruct(
        Instruction(InstructionKind.FULFIL, node, *ORDER, {"request": f"R-{node}", "mode": "home_delivery", "lines": asked}), "test"
    )


def owed(market: Market) -> set[tuple[int, int, str]]:
    """Return line, units and node of all that is owed."""
    units: Counter[tuple[int, str]] = Counter()
    for one in market.promises.of(*ORDER):
        units[one.line, one.node] += one.units
    return {(line, count, node) for (line, node), count in units.items()}


def moves(market: Market, folder: Path) -> list[tuple[str, str, Any]]:
    """Return source, goal and lines of every move in the history."""
    market.history.flush()
    with Record(market.scenario, market.world, folder) as record:
        return [
            (row["source"], row["node"], row["lines"])
            for row in record.rows(
                "SELECT data->>'source' AS source, node, CAST(data->'lines' AS VARCHAR) AS lines FROM events WHERE type = 'promise.moved' ORDER BY i"
            )
        ]


def test_the_node_that_keeps_it_is_asked(market: Market, tmp_path: Path) -> None:
    """Nothing moves, whether it is asked for all of it or for a part."""
    first, second = skus(market)
    fulfil(market, "dc", (first, 2))
    fulfil(market, "dc", (first, 2), (second, 1))

    assert owed(market) == {(1, 2, "dc"), (2, 1, "dc")}
    assert moves(market, tmp_path) == []


def test_one_line_is_asked_of_a_store(market: Market, tmp_path: Path) -> None:
    """It moves alone, and back again with the other one."""
    first, second = skus(market)
    fulfil(market, "store_1", (second, 1))
    assert owed(market) == {(1, 2, "dc"), (2, 1, "store_1")}

    fulfil(market, "dc", (first, 2), (second, 1))
    assert owed(market) == {(1, 2, "dc"), (2, 1, "dc")}
    assert [(source, goal) for source, goal, _ in moves(market, tmp_path)] == [("dc", "store_1"), ("store_1", "dc")]


def test_one_piece_of_two_is_asked_of_a_store(market: Market) -> None:
    """The line is kept by two nodes then; a third that is asked for both takes one from each."""
    first, _ = skus(market)
    fulfil(market, "store_1", (first, 1))
    assert owed(market) == {(1, 1, "dc"), (1, 1, "store_1"), (2, 1, "dc")}

    fulfil(market, "store_2", (first, 2))
    assert owed(market) == {(1, 2, "store_2"), (2, 1, "dc")}


def test_what_nobody_ordered_moves_nothing(market: Market) -> None:
    """A node that is asked for more than is owed keeps what is owed."""
    first, _ = skus(market)
    third = sorted(market.products)[2]
    fulfil(market, "store_1", (third, 1))
    assert owed(market) == {(1, 2, "dc"), (2, 1, "dc")}

    fulfil(market, "store_1", (first, 9))
    assert owed(market) == {(1, 2, "store_1"), (2, 1, "dc")}


def test_a_part_is_taken_back_and_then_the_rest(market: Market) -> None:
    """Each is told once, with the node that kept it."""
    first, second = skus(market)
    fulfil(market, "store_1", (second, 1))

    assert market.promises.take(*ORDER, [{"sku": first, "units": 1}]) == [{"line": 1, "sku": first, "units": 1, "node": "dc"}]
    assert owed(market) == {(1, 1, "dc"), (2, 1, "store_1")}
    assert market.promises.take(*ORDER) == [
        {"line": 1, "sku": first, "units": 1, "node": "dc"},
        {"line": 2, "sku": second, "units": 1, "node": "store_1"},
    ]
    assert market.promises.take(*ORDER) == []


def test_what_a_node_has_handed_over_is_owed_no_more(market: Market) -> None:
    """The other node's part still is."""
    first, second = skus(market)
    fulfil(market, "store_1", (second, 1))
    market.emit(EventKind.GOODS_ISSUED, *ORDER, "dc", {"lines": [{"sku": first, "units": 2}]})

    assert owed(market) == {(2, 1, "store_1")}
    assert market.promises.take(*ORDER, [{"sku": first, "units": 2}]) == []


def test_of_what_a_node_sent_in_part_the_rest_is_still_owed(market: Market, tmp_path: Path) -> None:
    """It can be asked of another node, and taken back from there."""
    first, _ = skus(market)
    market.emit(EventKind.GOODS_ISSUED, *ORDER, "dc", {"lines": [{"sku": first, "units": 1}]})
    assert owed(market) == {(1, 1, "dc"), (2, 1, "dc")}

    fulfil(market, "store_1", (first, 1))
    assert owed(market) == {(1, 1, "store_1"), (2, 1, "dc")}
    assert [(source, goal) for source, goal, _ in moves(market, tmp_path)] == [("dc", "store_1")]
    assert market.promises.take(*ORDER, [{"sku": first, "units": 2}]) == [{"line": 1, "sku": first, "units": 1, "node": "store_1"}]


@pytest.mark.parametrize(
    ("lines", "said"),
    [([], "expected a list"), ([{"sku": "NONE", "units": 1}], "no SKU of the catalogue"), ("all", "expected a list")],
)
def test_a_cancellation_of_lines_that_nobody_can_follow_is_a_dead_letter(
    market: Market, tmp_path: Path, lines: Any, said: str
) -> None:
    """Told with what was expected; nothing is taken back."""
    market.instruct(Instruction(InstructionKind.CANCEL, "webshop", *ORDER, {"lines": lines}), "test")

    with Record(market.scenario, market.world, tmp_path) as record:
        (row,) = record.rows("SELECT message FROM dead_letters")
    assert said in row["message"]
    assert owed(market) == {(1, 2, "dc"), (2, 1, "dc")}


def test_who_reads_gets_what_was_sent_before_and_what_is_sent_from_then_on(market: Market) -> None:
    """A connector may instruct before the doors open, when no actor has begun."""
    got: list[str] = []
    market.send("post", "before")
    market.read("post", got.append)
    market.send("post", "after")

    assert got == ["before", "after"]
    assert market.mail("post").items == []


def test_what_is_due_later_comes_in_order_of_time_and_then_of_asking(market: Market) -> None:
    """A call a second, none of them a process."""
    came: list[tuple[float, str]] = []
    for seconds, what in ((2.0, "c"), (1.0, "a"), (2.0, "d"), (1.0, "b")):
        market.later(seconds, lambda what: came.append((market.env.now, what)), what)
    market.env.run()

    assert came == [(1.0, "a"), (1.0, "b"), (2.0, "c"), (2.0, "d")]


def test_no_two_events_have_one_id_also_where_an_order_is_called_as_a_node(market: Market) -> None:
    """Ids leave out what an event does not have; whatever that makes equal is counted together."""
    told = [("webshop", "dc", ""), ("webshop", "", "dc"), ("", "webshop", "dc"), ("webshop", "dc", ""), ("", "", "dc")]
    ids = [market.emit(EventKind.PICKUP_STAGED, *one, {"lines": []}).id for one in told]

    assert ids == [f"pickup.staged:{stem}" for stem in ("webshop:dc#1", "webshop:dc#2", "webshop:dc#3", "webshop:dc#4", "dc#1")]
