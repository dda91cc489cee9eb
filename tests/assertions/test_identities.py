"""Identities: an order belongs to the person who placed it; each breach beside its clean twin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assertions.identities import every_order_belongs_to_its_shopper
from rehearsal.model import Judgement, Outcome
from tests.assertions.stories import Breach, Law, grave, undecided
from tests.tiny_books import partner, sale
from tests.tiny_record import Noted, Tiny, asked, judged, placed, sold

LAW: Law = every_order_belongs_to_its_shopper
ANN, BOB = partner(61, "ann@shop.example"), partner(62, "bob@shop.example")
W1 = placed(5, "W1", email="ann@shop.example")
MANY = [placed(n, f"W{n}") for n in range(7)]
ONE = grave(
    "webshop: 1 order belongs to somebody else in Odoo: W1",
    money_at_risk_minor=1500,
    witnesses=(0,),
    at_s=5.0,
    erp_records=(("sale.order", 7),),
    orders=(("webshop", "W1"),),
)

BREACHES = (
    Breach(LAW, "another customer", Tiny([W1], [sale("W1", 7, partner=62), ANN, BOB]), (ONE,), Tiny([W1], [sale("W1", 7, partner=61), ANN, BOB])),
    Breach(LAW, "nobody at all", Tiny([W1], [sale("W1", 7), ANN]), (ONE,), Tiny([W1], [sale("W1", 7, partner=61), ANN])),
    Breach(
        LAW, "an address that only looks alike",
        Tiny([W1], [sale("W1", 7, partner=61), partner(61, "ann@shop.example.org")]), (ONE,),
        Tiny([placed(5, "W1", email="  Ann@Shop.Example ")], [sale("W1", 7, partner=61), ANN]),
    ),
    Breach(
        LAW, "orders of one channel are one finding: five are named, first and last are witnesses",
        Tiny(
            [*MANY, placed(7, "M1", channel="marketplace")],
            [*(sale(f"W{n}", n, partner=61 if n == 2 else 62) for n in range(7)), sale("M1", 17, partner=62), ANN, BOB],
        ),
        (
            grave(
                "marketplace: 1 order belongs to somebody else in Odoo: M1", money_at_risk_minor=1500, witnesses=(7,), at_s=7.0,
                erp_records=(("sale.order", 17),), orders=(("marketplace", "M1"),),
            ),
            grave(
                "webshop: 6 orders belong to somebody else in Odoo: W0, W1, W3, W4, W5 and 1 more", money_at_risk_minor=9000,
                witnesses=(0, 6), at_s=0.0, erp_records=tuple(("sale.order", n) for n in (0, 1, 3, 4, 5, 6)),
                orders=tuple(("webshop", f"W{n}") for n in (0, 1, 3, 4, 5, 6)),
            ),
        ),
        Tiny(MANY, [*(sale(f"W{n}", n, partner=61) for n in range(7)), ANN, BOB]), examined=8, twin_examined=7,
    ),
)  # fmt: skip


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_breach_is_told_whole_and_nothing_is_said_of_its_twin(breach: Breach) -> None:
    """Channel, money at risk, witnesses, orders and records of Odoo; addresses stay out of it."""
    assert judged(breach.law, breach.broken) == Judgement(breach.examined, breach.findings)
    assert judged(breach.law, breach.twin) == Judgement(breach.twin_examined)
    assert not [finding for finding in breach.findings if "@" in finding.message]


def test_an_order_in_doubt_is_left_out_and_counted() -> None:
    """A ticket in doubt has no shopper who could be mistaken; a doubt that was resolved is none."""
    rows = [sale("W1", 7, partner=62), ANN, BOB]
    doubt = asked(6, "W1", "T1", outcome=Outcome.UNKNOWN)

    assert judged(LAW, Tiny([W1, sold(5, "T1"), doubt], rows)) == Judgement(0, left_out=1)
    assert judged(LAW, Tiny([W1, asked(6, "W1", outcome=Outcome.UNKNOWN, committed=True)], rows)) == Judgement(1, (ONE,))


def test_a_doubt_about_nothing_in_particular_hides_nobody() -> None:
    """A connector may name anything as the order of what it asks, even none."""
    doubt = Noted("operation", 6, {"name": "look", "orders": [None], "writes": True})

    assert judged(LAW, Tiny([W1, doubt], [sale("W1", 7, partner=62), ANN, BOB])) == Judgement(1, (ONE,))


def test_an_order_that_odoo_has_twice_is_counted_once() -> None:
    """That it is there twice is told elsewhere."""
    judgement = judged(LAW, Tiny([W1], [sale("W1", 7, partner=62), sale("W1", 8, partner=62), ANN, BOB]))

    assert judgement.findings == (replace(ONE, erp_records=(("sale.order", 7), ("sale.order", 8))),)


def test_only_orders_with_an_address_that_odoo_has_are_examined() -> None:
    """A guest without an address, an order that is not there, and a ticket belong to nobody in particular."""
    guest = placed(5, "W2", email="")

    assert undecided(LAW, Tiny([guest, W1, sold(6, "T1")], [sale("W2", 7, partner=62), BOB]))
