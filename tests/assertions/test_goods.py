"""Goods: what was handed over is what was ordered, and left the books where it left the shelf; breaches beside clean twins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assertions.goods import (
    every_order_gets_what_it_asked_for,
    goods_out_equal_goods_handed_over,
    stock_corrections_are_accounted_for,
)
from rehearsal.model import Finding, Judgement, Outcome
from tests.assertions.stories import Breach, Law, grave, messages, undecided, with_facts
from tests.tiny_books import Row, flow, quant
from tests.tiny_record import (
    Fact,
    Tiny,
    asked,
    cancelled,
    collected,
    declined,
    issued,
    judged,
    placed,
    promise_moved,
    sold,
    staged,
    substituted,
)

CONTENT: Law = every_order_gets_what_it_asked_for
LEFT: Law = goods_out_equal_goods_handed_over
CORRECTED: Law = stock_corrections_are_accounted_for
TWO = placed(5, "W1", ("TEE", 2), ("MUG", 1))
WHOLE = Tiny([TWO, issued(8, "W1", ("TEE", 2), ("MUG", 1))])


def given(
    message: str, units: int, money: int, *orders: str, witness: int = 1, at_s: float | None = 8.0, channel: str = "webshop"
) -> Finding:
    """What is said of the goods of one channel's orders."""
    return grave(
        f"{channel}: {message}",
        units=units,
        money_at_risk_minor=money,
        witnesses=(witness,),
        at_s=at_s,
        orders=tuple((channel, order) for order in orders),
    )


def content(name: str, *facts: Fact, finding: Finding, examined: int = 2, twin: Tiny = WHOLE, twin_examined: int = 2) -> Breach:
    """An order for two tees and a mug, handed over as *facts* say."""
    return Breach(CONTENT, name, Tiny([TWO, *facts]), (finding,), twin, examined, twin_examined)


CONTENTS = (
    content(
        "a piece is missing", issued(8, "W1", ("TEE", 1), ("MUG", 1)),
        finding=given("less than was ordered, 1 unit, 15.00 EUR at risk: W1 (1 of 2 TEE)", 1, 1500, "W1"),
    ),
    content(
        "a whole line is missing", issued(8, "W1", ("TEE", 2)),
        finding=given("less than was ordered, 1 unit, 7.00 EUR at risk: W1 (0 of 1 MUG)", 1, 700, "W1", at_s=None),
    ),
    content(
        "it was handed over twice", issued(8, "W1", ("TEE", 2), ("MUG", 1)), collected(9, "W1", ("TEE", 2)),
        finding=given("more than was ordered, 2 units, 30.00 EUR at risk: W1 (4 of 2 TEE)", 2, 3000, "W1"),
        twin=Tiny([TWO, issued(8, "W1", ("TEE", 1), ("MUG", 1)), issued(9, "W1", ("TEE", 1))]),
    ),
    content(
        "something that it did not ask for lay in the parcel", issued(8, "W1", ("TEE", 2), ("MUG", 1), ("CAP", 3)),
        finding=given("goods that nobody ordered, 3 units, 0.00 EUR at risk: W1 (3 of 0 CAP)", 3, 0, "W1"), examined=3,
    ),
    content(
        "it went to an order that nobody placed", issued(8, "W1", ("TEE", 2), ("MUG", 1)), issued(9, "GHOST"),
        finding=given("goods that nobody ordered, 1 unit, 0.00 EUR at risk: GHOST (1 of 0 TEE)", 1, 0, "GHOST", witness=2, at_s=9.0), examined=3,
    ),
    content(
        "one of two tees was cancelled, and both left", cancelled(7, "W1", (1, "TEE", 1)), issued(8, "W1", ("TEE", 2), ("MUG", 1)),
        finding=given("goods of a cancelled line, 1 unit, 15.00 EUR at risk: W1 (2 of 2 TEE)", 1, 1500, "W1", witness=2),
        twin=Tiny([TWO, cancelled(7, "W1", (1, "TEE", 1)), issued(8, "W1", ("TEE", 1), ("MUG", 1))]),
    ),
    content(
        "one tee left, and no word of the other", issued(7, "W1", ("TEE", 1)), issued(8, "W1", ("MUG", 1)),
        finding=given("less than was ordered, 1 unit, 15.00 EUR at risk: W1 (1 of 2 TEE)", 1, 1500, "W1", at_s=7.0),
        twin=Tiny([TWO, issued(7, "W1", ("TEE", 1)), cancelled(8, "W1", (1, "TEE", 1)), issued(9, "W1", ("MUG", 1))]),
    ),
    content(
        "the shopper consented to a third tee for the mug, and the mug came",
        substituted(7, "W1", (2, "MUG", 1), "TEE", node="dc"), issued(8, "W1", ("TEE", 3), ("MUG", 1)),
        finding=given("goods that nobody ordered, 1 unit, 7.00 EUR at risk: W1 (1 of 0 MUG)", 1, 700, "W1", witness=2),
        twin=Tiny([TWO, substituted(7, "W1", (2, "MUG", 1), "TEE", node="dc"), issued(8, "W1", ("TEE", 3))]),
    ),
    content(
        "each of two nodes sent its part, and one of them too little",
        promise_moved(6, "W1", "dc", "store", (1, "TEE", 2)), issued(7, "W1", ("MUG", 1)), issued(8, "W1", ("TEE", 1), node="store"),
        finding=given("less than was ordered, 1 unit, 15.00 EUR at risk: W1 (1 of 2 TEE)", 1, 1500, "W1", witness=3),
        twin=Tiny([TWO, promise_moved(6, "W1", "dc", "store", (1, "TEE", 2)), issued(7, "W1", ("MUG", 1)), issued(8, "W1", ("TEE", 2), node="store")]),
    ),
    content(
        "it was cancelled, and a tee left all the same", cancelled(8, "W1"), issued(9, "W1", ("TEE", 1)),
        finding=given("goods of a cancelled order, 1 unit, 15.00 EUR at risk: W1 (1 of 2 TEE)", 1, 1500, "W1", witness=2, at_s=9.0),
        twin=Tiny([TWO, cancelled(8, "W1"), staged(9, "W1")]),
    ),
    Breach(
        CONTENT, "orders of one channel with one trouble are one finding, and another channel's order of that name is another",
        Tiny([*(placed(1, f"W{n}") for n in range(7)), *(issued(20 - n, f"W{n}", ("TEE", 2 + (n == 6))) for n in range(7)),
              placed(2, "W0", channel="marketplace")]),
        (
            given(
                "more than was ordered, 8 units, 120.00 EUR at risk: W0 (2 of 1 TEE), W1 (2 of 1 TEE), W2 (2 of 1 TEE), W3 (2 of 1 TEE), "
                "W4 (2 of 1 TEE) and 2 more", 8, 12_000, *(f"W{n}" for n in range(7)), witness=7, at_s=20.0,
            ),
        ),
        Tiny([placed(1, "W0"), issued(9, "W0"), placed(2, "W0", channel="marketplace"), cancelled(3, "W0", channel="marketplace")]),
        examined=7, twin_examined=2,
    ),
    Breach(
        CONTENT, "two SKUs of one order name it once",
        Tiny([TWO, issued(8, "W1", ("TEE", 3), ("MUG", 2))]),
        (given("more than was ordered, 2 units, 22.00 EUR at risk: W1 (2 of 1 MUG), W1 (3 of 2 TEE)", 2, 2200, "W1"),), WHOLE,
        examined=2, twin_examined=2,
    ),
)  # fmt: skip


def at_node(message: str, units: int = 1, price_minor: int = 1500) -> Finding:
    """What is said of a SKU at a node."""
    return grave(message, units=units, money_at_risk_minor=units * price_minor)


OUTSIDE = [placed(5, "W1", ("TEE", 2)), issued(8, "W1", ("TEE", 2)), sold(9, "T1")]
OUT = [flow("TEE", 2, "dc", "customer"), flow("TEE", 1, "store", "customer")]


def out(name: str, said: str, *rows: Row, units: int = 1, twin: tuple[Row, ...] = (), examined: int = 2) -> Breach:
    """Two tees left the distribution centre and one the store; the books say *rows*, which one finding is about."""
    return Breach(LEFT, name, Tiny(OUTSIDE, rows), (at_node(said, units),), Tiny(OUTSIDE, [*OUT, *twin]), examined, 2)


GOODS_OUT = (
    out("a piece less is booked out", "TEE at dc: 2 units handed over, 1 booked out to customers", flow("TEE", 1, "dc", "customer"), OUT[1]),
    out("nothing is booked out", "TEE at dc: 2 units handed over, 0 booked out to customers", OUT[1], units=2),
    out(
        "a piece more is booked out", "TEE at store: 1 unit handed over, 2 booked out to customers", *OUT, flow("TEE", 1, "store", "customer"),
        twin=(flow("TEE", 1, "store", "customer"), flow("TEE", 1, "customer", "store")),
    ),
    out(
        "what customers brought back is not out", "TEE at dc: 2 units handed over, 1 booked out to customers", *OUT,
        flow("TEE", 1, "customer", "dc"),
    ),
    out(
        "what left for elsewhere did not go to customers", "TEE at store: 1 unit handed over, 0 booked out to customers", OUT[0],
        flow("TEE", 1, "store", "inventory"), flow("TEE", 1, "store", "dc"), flow("TEE", 1, "supplier", "customer"),
        twin=(flow("TEE", 1, "store", "inventory"), flow("TEE", 1, "store", "dc"), flow(999, 1, "store", "customer"),
              flow("TEE", 1, "elsewhere", "customer")),
    ),
    out(
        "a thousandth is a float's, two are a breach", "TEE at dc: 2 units handed over, 2.002 booked out to customers", *OUT,
        flow("TEE", 0.002, "dc", "customer"), twin=(flow("TEE", 0.0009, "dc", "customer"),),
    ),
    Breach(
        LEFT, "it left another node than the one that booked it, which is two breaches",
        Tiny([placed(5, "W1"), collected(8, "W1", ("MUG", 2), node="store")], [flow("MUG", 2, "dc", "customer")]),
        (
            at_node("MUG at dc: 0 units handed over, 2 booked out to customers", 2, 700),
            at_node("MUG at store: 2 units handed over, 0 booked out to customers", 2, 700),
        ),
        Tiny([placed(5, "W1"), collected(8, "W1", ("MUG", 2), node="store")], [flow("MUG", 2, "store", "customer")]), examined=2,
    ),
)  # fmt: skip

MISSED = declined(6, "W1", wanted=2, found=1)
OPENING = flow("TEE", 3, "inventory", "dc")


def corrected(
    name: str, said: str, *rows: Row, units: int = 1, twin: tuple[Row, ...] = (OPENING,), facts: tuple[Fact, ...] = ()
) -> Breach:
    """Three tees lay in the distribution centre at the opening; what corrections did to them is *rows*."""
    book = {("dc", "TEE"): 3}
    return Breach(CORRECTED, name, Tiny(facts, rows, book), (at_node(said, units),), Tiny(facts, twin, book))


CORRECTIONS = (
    corrected(
        "a tee was written off that every picker would have found", "TEE at dc: 1 unit written off, 0 not found by pickers", OPENING,
        flow("TEE", 1, "dc", "inventory"), twin=(OPENING, flow("TEE", 1, "dc", "customer"), flow("TEE", 1, "dc", "store")),
    ),
    corrected(
        "more was written off than the picker missed", "TEE at dc: 3 units written off, 1 not found by pickers", OPENING,
        flow("TEE", 3, "dc", "inventory"), units=2, twin=(OPENING, flow("TEE", 1, "dc", "inventory")), facts=(MISSED,),
    ),
    corrected(
        "what a picker missed is still on hand", "TEE at dc: 0 units written off, 1 not found by pickers", OPENING,
        quant("TEE", "dc", 3), twin=(OPENING, flow("TEE", 1, "dc", "inventory"), quant("TEE", "dc", 2)), facts=(MISSED,),
    ),
    corrected(
        "a part of what pickers missed is still on hand, and the rest is not for sale any more",
        "TEE at dc: 0 units written off, 2 not found by pickers", OPENING, quant("TEE", "dc", 1), units=2,
        twin=(OPENING, flow("TEE", 3, "dc", "customer"), quant("TEE", "dc", 0)), facts=(MISSED, declined(7, "W2")),
    ),
    corrected(
        "what a picker missed elsewhere, or of something else, is another matter", "TEE at dc: 1 unit written off, 0 not found by pickers",
        OPENING, flow("TEE", 1, "dc", "inventory"), facts=(declined(6, "W1", node="store"), declined(7, "W1", "MUG")),
    ),
    corrected(
        "a correction brought goods out of nowhere", "TEE at dc: -1 units written off, 0 not found by pickers",
        flow("TEE", 4, "inventory", "dc"), twin=(OPENING, flow("TEE", 1, "supplier", "dc")),
    ),
    corrected("the opening was never booked", "TEE at dc: 3 units written off, 0 not found by pickers", units=3),
    corrected(
        "two thousandths more were written off", "TEE at dc: 0.002 units written off, 0 not found by pickers", OPENING,
        flow("TEE", 0.002, "dc", "inventory"), twin=(OPENING, flow("TEE", 0.0009, "dc", "inventory")),
    ),
    corrected(
        "two thousandths were added", "TEE at dc: -0.002 units written off, 0 not found by pickers", flow("TEE", 3.002, "inventory", "dc"),
        twin=(flow("TEE", 3.0009, "inventory", "dc"),),
    ),
)  # fmt: skip
BREACHES = (*CONTENTS, *GOODS_OUT, *CORRECTIONS)


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_breach_is_told_whole_and_nothing_is_said_of_its_twin(breach: Breach) -> None:
    """Words, units, money at risk, witnesses and orders; and how much was looked at."""
    assert judged(breach.law, breach.broken) == Judgement(breach.examined, breach.findings)
    assert judged(breach.law, breach.twin) == Judgement(breach.twin_examined)


def test_an_order_that_has_not_ended_has_nothing_to_show() -> None:
    """A parcel on the pickup shelf is nobody's yet."""
    assert undecided(CONTENT, Tiny([TWO, staged(8, "W1"), promise_moved(9, "W1", "dc", "store")]))


def test_a_parcel_that_had_left_before_the_cancellation_was_handed_over() -> None:
    """What came first is the end; the other way round it is a breach."""
    left = issued(8, "W1", ("TEE", 2), ("MUG", 1))

    assert judged(CONTENT, Tiny([TWO, left, cancelled(9, "W1")])) == Judgement(2)
    assert len(messages(CONTENT, Tiny([TWO, cancelled(7, "W1"), left]))) == 1


DOUBT: dict[str, Any] = {"outcome": Outcome.UNKNOWN}


def test_skus_of_an_order_in_doubt_are_left_out_at_every_node() -> None:
    """Nobody knows whether Odoo shipped it; other SKUs are judged, and a doubt that was resolved is none."""
    mugs = Tiny([*OUTSIDE, sold(10, "T2", ("MUG", 1))], [])
    doubtful = with_facts(mugs, asked(11, "W1", **DOUBT))

    assert judged(LEFT, doubtful) == Judgement(
        3, (at_node("MUG at store: 1 unit handed over, 0 booked out to customers", 1, 700),), left_out=2
    )
    assert len(messages(LEFT, with_facts(mugs, asked(11, "W1", **DOUBT, committed=True)))) == 3


def test_where_nothing_went_out_there_is_nothing_to_examine() -> None:
    """Neither where a customer brought back what was booked out; without a book there is nothing to correct."""
    back = [flow("TEE", 1, "dc", "customer"), flow("TEE", 1, "customer", "dc")]

    assert undecided(LEFT, Tiny([TWO], back))
    assert undecided(CORRECTED, replace(Tiny([MISSED], []), book={}))
