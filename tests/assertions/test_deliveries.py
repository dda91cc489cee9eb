"""Deliveries: what left for each order, from where, when and in which parcel; each breach beside its clean twin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assertions.deliveries import (
    delivered_quantities_are_what_was_handed_over,
    done_transfers_are_dated_when_they_were_done,
    every_order_leaves_the_books_where_it_left_the_shelf,
    tracking_references_are_of_the_orders_own_parcels,
)
from rehearsal.model import Finding, Judgement, Outcome, Severity
from tests.assertions.stories import Breach, Law, grave, undecided
from tests.tiny_books import Row, sale, sale_line, ticket, transfer, transfer_line
from tests.tiny_record import Tiny, asked, collected, issued, judged, placed, promise_moved, sold, staged

LEFT: Law = every_order_leaves_the_books_where_it_left_the_shelf
DELIVERED: Law = delivered_quantities_are_what_was_handed_over
TRACKED: Law = tracking_references_are_of_the_orders_own_parcels
DATED: Law = done_transfers_are_dated_when_they_were_done
ONE = [placed(5, "W1"), issued(8, "W1")]
LATER = "2027-03-01 09:00:00"
"""When the rehearsal was: its weekend is another day."""
TWO = [placed(5, "W1", ("TEE", 2), ("MUG", 1)), issued(8, "W1", ("TEE", 2), ("MUG", 1))]
SOLD, OUT, GONE = sale("W1", 7), transfer(7, 70), transfer_line(70)
PICKUP = [placed(5, "W1", node="store", mode="pickup_in_store"), collected(8, "W1")]
PIECES = [GONE, transfer_line(70, units=1), transfer_line(70, "MUG")]


def of(message: str, money: int, *ids: int, units: int = 1, **values: Any) -> Finding:
    """What is said of the goods of order W1."""
    usual: dict[str, Any] = {"witnesses": (1,), "at_s": 8.0, "orders": (("webshop", "W1"),)}
    records = tuple(("stock.picking", one) for one in ids)
    return grave(
        f"webshop: 1 order {message}", money_at_risk_minor=money, units=units, **{**usual, "erp_records": records, **values}
    )


def wrong(message: str, *ids: int, orders: tuple[str, ...] = ("W1",), **values: Any) -> Finding:
    """What is said of the transfers of orders that were placed first; no money is at risk with them."""
    many = f"{len(orders)} order{'s' if len(orders) > 1 else ''}"
    usual: dict[str, Any] = {"witnesses": (0,), "at_s": 5.0}
    return Finding(
        f"webshop: {many} {message}: {', '.join(orders)}", Severity.MAJOR, erp_records=tuple(("stock.picking", one) for one in ids),
        orders=tuple(("webshop", order) for order in orders), **{**usual, **values},
    )  # fmt: skip


def books(*rows: Row, facts: Any = ONE) -> Tiny:
    """One order in Odoo, with *rows* of its transfers."""
    return Tiny(facts, [SOLD, *rows])


BREACHES = (
    Breach(
        LEFT, "the transfer was never done", books(transfer(7, 70, state="assigned", done=None)),
        (of("with goods handed over that were not booked out, 1 unit, 15.00 EUR at risk: W1 (0 of 1 TEE at dc)", 1500),),
        books(OUT, GONE),
    ),
    Breach(
        LEFT, "two left the books where one left the shelf", books(OUT, transfer_line(70, units=2)),
        (of("with goods booked out that were not handed over, 1 unit, 15.00 EUR at risk: W1 (2 of 1 TEE at dc)", 1500, 70),),
        books(transfer(7, 70), transfer(7, 71), transfer_line(70, units=2), transfer_line(71, source="customer", destination="dc")),
    ),
    Breach(
        LEFT, "another warehouse sent it, says Odoo", books(OUT, transfer_line(70, source="store")),
        (
            of(
                "with goods booked out elsewhere than they left, 1 unit, 15.00 EUR at risk: W1 (1 of 0 TEE at store), W1 (0 of 1 TEE at dc)",
                1500, 70, witnesses=(0, 1), at_s=5.0,
            ),
        ),
        books(OUT, transfer_line(70, source="store"), facts=PICKUP), examined=2,
    ),
    Breach(
        LEFT, "a warehouse sent it that is none of the retailer's", books(OUT, transfer_line(70, source="elsewhere")),
        (
            of(
                "with goods booked out elsewhere than they left, 1 unit, 15.00 EUR at risk: W1 (1 of 0 TEE at a warehouse of no node), "
                "W1 (0 of 1 TEE at dc)", 1500, 70, witnesses=(0, 1), at_s=5.0,
            ),
        ),
        books(OUT, GONE), examined=2,
    ),
    Breach(
        LEFT, "its goods are booked out on another order", Tiny(
            [*ONE, placed(6, "W2"), issued(9, "W2")], [SOLD, sale("W2", 8), OUT, transfer(7, 80), GONE, transfer_line(80)]),
        (
            of("with goods booked out that were not handed over, 1 unit, 15.00 EUR at risk: W1 (2 of 1 TEE at dc)", 1500, 70, 80),
            of("with goods handed over that were not booked out, 1 unit, 15.00 EUR at risk: W2 (0 of 1 TEE at dc)", 1500,
               witnesses=(3,), at_s=9.0, orders=(("webshop", "W2"),)),
        ),
        Tiny([*ONE, placed(6, "W2"), issued(9, "W2")], [SOLD, sale("W2", 8), OUT, transfer(8, 80), GONE, transfer_line(80)]),
        examined=2, twin_examined=2,
    ),
    Breach(
        LEFT, "of what two nodes sent, one booked both", books(OUT, *PIECES, facts=[
            placed(5, "W1", ("TEE", 2), ("MUG", 1)), promise_moved(6, "W1", "dc", "store", (1, "TEE", 1)), issued(7, "W1", ("TEE", 1), ("MUG", 1)),
            issued(8, "W1", ("TEE", 1), node="store")]),
        (
            of(
                "with goods booked out elsewhere than they left, 1 unit, 15.00 EUR at risk: W1 (2 of 1 TEE at dc), W1 (0 of 1 TEE at store)",
                1500, 70, witnesses=(2, 3), at_s=7.0,
            ),
        ),
        books(OUT, *PIECES, facts=TWO), examined=3, twin_examined=2,
    ),
    Breach(
        DELIVERED, "two delivered of one", books(sale_line(7, delivered=2)),
        (of("with more delivered than was handed over, 1 unit, 15.00 EUR at risk: W1 (2 of 1 TEE)", 1500, erp_records=(("sale.order", 7),)),),
        books(sale_line(7, delivered=1)),
    ),
    Breach(
        DELIVERED, "it left, and the line says it did not", books(sale_line(7, delivered=0)),
        (of("with less delivered than was handed over, 1 unit, 15.00 EUR at risk: W1 (0 of 1 TEE)", 1500, erp_records=(("sale.order", 7),)),),
        books(sale_line(7, delivered=0), facts=[placed(5, "W1")]),
    ),
    Breach(
        TRACKED, "each of two parcels has the other's number", Tiny(
            [*ONE, placed(6, "W2"), issued(9, "W2")],
            [SOLD, sale("W2", 8), transfer(7, 70, tracking="TRK-W2"), transfer(8, 80, tracking="TRK-W1")]),
        (wrong("with the tracking reference of another parcel", 70, 80, orders=("W1", "W2"), witnesses=(0, 2)),),
        Tiny([*ONE, placed(6, "W2"), issued(9, "W2")], [SOLD, sale("W2", 8), transfer(7, 70, tracking="TRK-W1"), transfer(8, 80, tracking=" TRK-W2 ")]),
        examined=2, twin_examined=2,
    ),
    Breach(
        TRACKED, "a number that no parcel has, beside the right one", books(transfer(7, 70, tracking="TRK-W1,TRK-9")),
        (wrong("with a tracking reference that no parcel has", 70),),
        books(transfer(7, 70), transfer(7, 71, state="assigned", tracking="TRK-9")), examined=2,
    ),
    Breach(
        DATED, "it is done next month", books(transfer(7, 70, done="2025-12-28 00:00:00")),
        (wrong("with a transfer dated when it cannot have been done", 70),),
        books(transfer(7, 70, done="2025-11-28 00:03:00")),
    ),
    Breach(
        DATED, "it was done before anybody asked for it", books(transfer(7, 70, done="2025-10-28 00:00:00", created=LATER, written=LATER)),
        (wrong("with a transfer dated when it cannot have been done", 70),),
        books(transfer(7, 70, created=LATER, written=LATER)),
    ),
    Breach(
        DATED, "it has the weekend's date, and its goods have not even been staged",
        books(transfer(7, 70, created=LATER, written=LATER), facts=[placed(5, "W1")]),
        (wrong("with a transfer dated when it cannot have been done", 70),),
        books(transfer(7, 70, created=LATER, written=LATER), facts=[placed(5, "W1"), staged(8, "W1")]),
    ),
    Breach(
        DATED, "it has no date", books(transfer(7, 70, done=None)), (wrong("with a done transfer that has no date", 70),),
        books(OUT, transfer(7, 71, state="cancel", done=None)),
    ),
)  # fmt: skip


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_breach_is_told_whole_and_nothing_is_said_of_its_twin(breach: Breach) -> None:
    """Units, money at risk, the orders and the transfers of Odoo."""
    assert judged(breach.law, breach.broken) == Judgement(breach.examined, breach.findings)
    assert judged(breach.law, breach.twin) == Judgement(breach.twin_examined)


@pytest.mark.parametrize("law", [LEFT, DELIVERED, TRACKED, DATED])
def test_tickets_and_orders_that_are_not_in_the_books_are_not_examined(law: Law) -> None:
    """A ticket's goods are not an order's transfer, and an order that is missing is told by another invariant."""
    assert undecided(law, Tiny([sold(5, "T1")], [ticket("T1", 9)]))
    assert undecided(law, Tiny(ONE, []))


@pytest.mark.parametrize("law", [LEFT, TRACKED, DATED])
def test_an_order_in_doubt_is_left_out(law: Law) -> None:
    """Nobody knows whether its transfer was done."""
    doubt = asked(6, "W1", outcome=Outcome.UNKNOWN)
    tiny = books(transfer(7, 70, tracking="TRK-9", done=None), transfer_line(70, units=2), facts=[*ONE, doubt])

    assert judged(law, tiny) == Judgement(1, (), 1)
    assert replace(tiny, facts=ONE) != tiny
    assert judged(law, replace(tiny, facts=ONE)).findings
