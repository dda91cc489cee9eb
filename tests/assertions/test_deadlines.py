"""Orders that do not come to their end: each way of being stuck beside its clean twin, most of them one second apart."""

from __future__ import annotations

from typing import Any

import pytest

from assertions.orders import no_order_is_stuck_beyond_its_deadline
from rehearsal.model import Finding, Judgement, Outcome, Verdict
from tests.assertions.stories import Breach, grave, messages, undecided
from tests.tiny_books import Row, sale, ticket
from tests.tiny_record import (
    HOUR,
    Fact,
    Tiny,
    asked,
    cancelled,
    captured,
    collected,
    declined,
    delivered,
    issued,
    judged,
    phase,
    placed,
    refunded,
    sold,
    staged,
    told,
)

LAW = no_order_is_stuck_beyond_its_deadline
IMPORTED_S, SHIPPED_S, READY_S, REFUNDED_S, HANDLED_S = 8 * HOUR, 48 * HOUR, 72 * HOUR, 24 * HOUR, HOUR
"""The scenario's deadlines, and what the integration may take of them."""
ORDER = placed(0, "W1")
YOUNG = "1 order was still open, and within its deadline, when the time for settling was over"


def stuck(wrong: str, order: str = "W1", witness: int = 0, money: int = 1500, at_s: float = 0.0, **values: Any) -> Finding:
    """What is said of one order of the webshop."""
    named = (("webshop", order),)
    message = f"webshop: 1 order {wrong}: {order}"
    return grave(message, money_at_risk_minor=money, witnesses=(witness,), orders=named, at_s=at_s, **values)


def arrived(*facts: Fact, at_s: float = 60, rows: list[Row] | None = None) -> Tiny:
    """An order that came to the connector, and into Odoo at once; with what followed."""
    return Tiny([ORDER, delivered(at_s, ORDER), asked(at_s, "W1"), *facts], rows)


def rested(*facts: Fact, rows: list[Row] | None = None) -> Tiny:
    """An order that came into Odoo and was asked for at once; the world came to rest after *facts*."""
    return arrived(told(60, "W1"), *facts, phase("rest", 30 * 24 * HOUR), rows=rows)


def came(*facts: Fact, after_s: float, now_s: float = 0, at_s: float = 60) -> Tiny:
    """A parcel that left at once; the order's first word came at *at_s*, and *facts* are all that Odoo was asked."""
    return Tiny(
        [
            ORDER,
            delivered(at_s, ORDER),
            delivered(at_s + 900, ORDER, 2),
            told(at_s, "W1"),
            *facts,
            issued(100, "W1"),
            phase("observe", now_s or after_s),
        ]
    )


REFUSED = asked(60, "W1", outcome=Outcome.REFUSED)
NEVER = (stuck("never came into Odoo"),)
LATE = (stuck("not in Odoo in time"),)

IMPORTS = (
    Breach(
        LAW, "Odoo refused it, and nothing will ever happen again",
        Tiny([ORDER, delivered(60, ORDER), REFUSED, phase("rest", 100)]), NEVER,
        Tiny([ORDER, delivered(60, ORDER), REFUSED, asked(70, "W1"), told(80, "W1"), issued(90, "W1"), phase("rest", 100)]),
    ),
    Breach(
        LAW, "the connector never asked for it, though it asked for others; its first arrival counts",
        came(asked(70, "W9"), after_s=60 + IMPORTED_S + 1), NEVER, came(asked(70, "W9"), after_s=60 + IMPORTED_S),
    ),
    Breach(
        LAW, "what only read, or wrote something else, has not brought it in",
        came(asked(70, "W1", writes=False), asked(70, "W1", model="res.partner"), after_s=60 + IMPORTED_S + 1), NEVER,
        came(asked(70, "W1", model="pos.order"), after_s=60 + IMPORTED_S + 1),
    ),
    Breach(
        LAW, "a doubt that turned out not to be done has not brought it in",
        came(asked(70, "W1", outcome=Outcome.UNKNOWN, committed=False), after_s=60 + IMPORTED_S + 1), NEVER,
        came(asked(70, "W1", outcome=Outcome.UNKNOWN, committed=True), after_s=60 + IMPORTED_S + 1),
    ),
    Breach(
        LAW, "it came, and too late: the first answer counts, from the first arrival on",
        came(asked(60, "W1", after_s=IMPORTED_S + 1), asked(70, "W1", after_s=IMPORTED_S), after_s=1), LATE,
        came(asked(60, "W1", after_s=IMPORTED_S), asked(70, "W1", after_s=IMPORTED_S), after_s=1),
    ),
    Breach(
        LAW, "it came too late, from acceptance on where nobody knows when word of it came",
        Tiny([ORDER, asked(60, "W1", after_s=IMPORTED_S - 59), issued(100, "W1"), phase("observe", 1)]), LATE,
        Tiny([ORDER, asked(60, "W1", after_s=IMPORTED_S - 60), issued(100, "W1"), phase("observe", 1)]),
    ),
)  # fmt: skip

WAITING = "not at its end in time, and the integration keeps it waiting"
KEPT = "ended too late, and the integration had kept it waiting"
EMPTY = declined(1000, "W1")
SPLIT = placed(0, "W1", ("TEE", 1), ("MUG", 1), kept_by=["dc", "store"])

ENDS = (
    Breach(
        LAW, "nothing will ever happen again, and it is nowhere, however young",
        arrived(phase("rest", 100)), (stuck("never handed over nor cancelled"),), arrived(issued(90, "W1"), phase("rest", 100)),
    ),
    Breach(
        LAW, "lying on the pickup shelf is no end once nothing happens any more",
        rested(staged(90, "W1")), (stuck("never handed over nor cancelled"),), rested(staged(90, "W1"), collected(95, "W1")),
    ),
    Breach(
        LAW, "one of its two parts was handed over, and the other never",
        Tiny([SPLIT, delivered(60, SPLIT), asked(60, "W1"), told(60, "W1"), issued(90, "W1"), phase("rest", 100)]),
        (stuck("never handed over nor cancelled", money=2200),),
        Tiny([SPLIT, delivered(60, SPLIT), asked(60, "W1"), told(60, "W1"), issued(90, "W1"), issued(95, "W1", ("MUG", 1), node="store"), phase("rest", 100)]),
    ),
    Breach(
        LAW, "one of its two parts was handed over in time, and the other was kept waiting",
        Tiny([SPLIT, delivered(60, SPLIT), asked(60, "W1"), issued(90, "W1"), told(HANDLED_S + 61, "W1", recipient="store"),
              issued(SHIPPED_S + 1, "W1", ("MUG", 1), node="store")]),
        (stuck(KEPT, money=2200),),
        Tiny([SPLIT, delivered(60, SPLIT), asked(60, "W1"), issued(90, "W1"), told(HANDLED_S + 61, "W1", recipient="store"),
              issued(SHIPPED_S, "W1", ("MUG", 1), node="store")]),
    ),
    Breach(
        LAW, "nobody is asked to fulfil it, beyond its deadline",
        arrived(phase("observe", SHIPPED_S + 1)), (stuck(WAITING),), arrived(phase("observe", SHIPPED_S)), twin_because=YOUNG,
    ),
    Breach(
        LAW, "word of it came late, and even so the integration had its hour",
        arrived(phase("observe", SHIPPED_S + 1), at_s=SHIPPED_S - HANDLED_S), (stuck(WAITING),),
        arrived(phase("observe", SHIPPED_S + 1), at_s=SHIPPED_S + 1 - HANDLED_S), twin_because=YOUNG,
    ),
    Breach(
        LAW, "what was asked before word of it came, or of another, or for a refund, is no answer",
        arrived(told(59, "W1"), told(70, "W9"), told(70, "W1", channel="marketplace"), told(70, "W1", "refund"), phase("observe", SHIPPED_S + 1)),
        (stuck(WAITING),),
        arrived(told(60, "W1", "cancel"), phase("observe", SHIPPED_S + 1)), twin_because=YOUNG,
    ),
    Breach(
        LAW, "a picker declined, and nobody answers",
        arrived(told(60, "W1"), EMPTY, delivered(2000, EMPTY), phase("observe", SHIPPED_S + 1)), (stuck(WAITING),),
        arrived(told(60, "W1"), EMPTY, delivered(2000, EMPTY), told(2000, "W1"), phase("observe", SHIPPED_S + 1)), twin_because=YOUNG,
    ),
    Breach(
        LAW, "the parcel left a second too late, and the integration had slept an hour and a second",
        arrived(told(60 + HANDLED_S + 1, "W1"), issued(SHIPPED_S + 1, "W1")), (stuck(KEPT),),
        arrived(told(60 + HANDLED_S + 1, "W1"), issued(SHIPPED_S, "W1")),
    ),
    Breach(
        LAW, "the integration's hour is over all its answers to one order",
        arrived(told(60 + 1800, "W1"), EMPTY, delivered(2000, EMPTY), told(2000 + 1801, "W1"), issued(SHIPPED_S + 1, "W1")), (stuck(KEPT),),
        arrived(told(60 + 1800, "W1"), EMPTY, delivered(2000, EMPTY), told(2000 + 1800, "W1"), issued(SHIPPED_S + 1, "W1")),
    ),
    Breach(
        LAW, "a cancellation that comes too late is an end that comes too late",
        arrived(told(60 + HANDLED_S + 1, "W1", "cancel"), cancelled(SHIPPED_S + 1, "W1")), (stuck(KEPT),),
        arrived(told(60 + HANDLED_S + 1, "W1", "cancel"), cancelled(SHIPPED_S, "W1")),
    ),
)  # fmt: skip

PAID, OFF = captured(0, "W1"), cancelled(100, "W1")
OPEN = (stuck("cancelled, and the money is not back"),)
UNASKED = (stuck("cancelled, and no refund is asked for"),)
SLOW = (stuck("cancelled, and its refund was asked for too late"),)

REFUNDS = (
    Breach(
        LAW, "nothing will ever happen again, and a cent is not back",
        rested(PAID, OFF, told(110, "W1", "refund"), refunded(120, "W1", 1499)), OPEN,
        rested(PAID, OFF, told(110, "W1", "refund"), refunded(120, "W1", 1499), refunded(130, "W1", 1)),
    ),
    Breach(
        LAW, "money came back twice", rested(PAID, OFF, refunded(120, "W1"), refunded(130, "W1")), OPEN, rested(PAID, OFF, refunded(120, "W1")),
    ),
    Breach(
        LAW, "money of the same order at another channel is not this one's",
        rested(PAID, OFF, refunded(120, "W1", channel="marketplace")), OPEN, rested(OFF, captured(0, "W1", channel="marketplace")),
    ),
    Breach(
        LAW, "nobody asks for a refund, for more than a day",
        arrived(told(60, "W1"), PAID, OFF, phase("observe", 100 + REFUNDED_S + 1)), UNASKED,
        arrived(told(60, "W1"), PAID, OFF, phase("observe", 100 + REFUNDED_S)), twin_because=YOUNG,
    ),
    Breach(
        LAW, "how long the gateway takes is its own business",
        arrived(told(60, "W1"), PAID, OFF, told(110, "W1"), phase("observe", 100 + REFUNDED_S + 1)), UNASKED,
        arrived(told(60, "W1"), PAID, OFF, told(110, "W1", "refund"), phase("observe", 100 + REFUNDED_S + 1)), twin_because=YOUNG,
    ),
    Breach(
        LAW, "the last refund was asked for a second too late, and the money is back",
        rested(PAID, OFF, told(110, "W1", "refund"), told(101 + REFUNDED_S, "W1", "refund"), refunded(101 + REFUNDED_S, "W1")), SLOW,
        rested(PAID, OFF, told(110, "W1", "refund"), told(100 + REFUNDED_S, "W1", "refund"), refunded(100 + REFUNDED_S, "W1")),
    ),
)  # fmt: skip

STILL = "{} outside, still open in Odoo"
LEFT = issued(100, "W1")


def open_in_odoo(how: str, name: str, fact: Fact, rows: list[Row], twin: list[Row]) -> Breach:
    """An order that ended outside, and that *rows* do not know of; *twin* does."""
    records = tuple(("sale.order", row.values["id"]) for row in rows)
    return Breach(LAW, name, rested(fact, rows=rows), (stuck(STILL.format(how), erp_records=records),), rested(fact, rows=twin))


GONE, BACK = sale("W1", 7), sale("W1", 7, state="cancel", delivery=None)
IN_ODOO = (
    open_in_odoo("cancelled", "cancelled outside alone", OFF, [GONE], [BACK]),
    open_in_odoo(
        "cancelled", "cancelled outside, one copy of two is open", OFF, [BACK, sale("W1", 8)], [BACK, sale("W1", 8, state="cancel")]
    ),
    open_in_odoo("cancelled", "cancelled outside, and not there at all", OFF, [], [BACK]),
    open_in_odoo("handed over", "the parcel left, and Odoo has shipped a part", LEFT, [sale("W1", 7, delivery="partial")], [GONE]),
    open_in_odoo("handed over", "the parcel left, and Odoo has nothing to ship", LEFT, [sale("W1", 7, delivery=None)], [GONE]),
    open_in_odoo("handed over", "the parcel left, and Odoo has a quotation", LEFT, [sale("W1", 7, state="draft")], [GONE]),
    open_in_odoo(
        "handed over",
        "the parcel left, and one copy of two is open",
        LEFT,
        [GONE, sale("W1", 8, delivery="started")],
        [GONE, sale("W1", 8)],
    ),
    open_in_odoo("handed over", "the parcel left, and it is not there at all", LEFT, [], [GONE]),
)
BREACHES = (*IMPORTS, *ENDS, *REFUNDS, *IN_ODOO)


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_breach_is_told_whole_and_nothing_is_said_of_its_twin(breach: Breach) -> None:
    """Words, money at risk, witness, order and records of Odoo; a twin that is still young is undecided."""
    assert judged(breach.law, breach.broken) == Judgement(breach.examined, breach.findings)
    assert judged(breach.law, breach.twin) == Judgement(breach.twin_examined, undecided_because=breach.twin_because)


def test_what_lay_ready_in_time_was_in_time_though_it_was_cancelled_later() -> None:
    """A shopper who never comes is the shopper's business; what was never ready ends with its cancellation."""
    order = placed(0, "W1", mode="pickup_in_store")
    slow: list[Fact] = [order, delivered(0, order), asked(0, "W1"), told(HANDLED_S + 1, "W1")]
    off = cancelled(2 * READY_S, "W1")

    assert messages(LAW, Tiny([*slow, staged(READY_S, "W1"), off])) == ()
    assert messages(LAW, Tiny([*slow, off])) == (f"webshop: 1 order {KEPT}: W1",)


@pytest.mark.parametrize(
    ("mode", "limit_s", "ready"),
    [
        ("home_delivery", SHIPPED_S, issued),
        ("ship_from_store", SHIPPED_S, issued),
        ("pickup_in_store", READY_S, staged),
        ("take_away", HOUR, issued),
    ],
)
def test_every_mode_has_a_deadline_of_its_own(mode: str, limit_s: float, ready: Any) -> None:
    """A parcel may lie on the pickup shelf as long as the shopper likes."""
    order = placed(0, "W1", mode=mode)
    slow: list[Fact] = [order, delivered(0, order), asked(0, "W1"), told(HANDLED_S + 1, "W1")]
    later = collected(limit_s * 3, "W1")

    assert messages(LAW, Tiny([*slow, ready(limit_s, "W1"), later])) == ()
    assert messages(LAW, Tiny([*slow, ready(limit_s + 1, "W1"), later])) == (f"webshop: 1 order {KEPT}: W1",)


def test_a_ticket_ends_when_it_is_rung_up_and_has_no_sale_order() -> None:
    """It must come into Odoo all the same."""
    rung = sold(0, "T1")
    there, late = Tiny([rung, delivered(60, rung), asked(60, "T1", model="pos.order")], [ticket("T1", 9)]), 60 + IMPORTED_S + 1

    assert judged(LAW, there) == Judgement(1)
    assert messages(LAW, Tiny([rung, delivered(60, rung), asked(60, "W9"), phase("observe", late)], [])) == (
        "till_1: 1 order never came into Odoo: T1",
    )


def test_without_any_operation_nothing_is_said_about_coming_into_odoo() -> None:
    """A history of facts alone says nothing of what Odoo was asked."""
    assert judged(LAW, Tiny([ORDER, delivered(60, ORDER), LEFT, phase("rest", 90 * HOUR)])) == Judgement(1)


def test_without_odoos_books_an_end_outside_is_an_end() -> None:
    """The same facts that are a breach where the books were read."""
    assert judged(LAW, rested(LEFT)) == Judgement(1)
    assert len(messages(LAW, rested(LEFT, rows=[]))) == 1


def test_orders_of_one_trouble_are_one_finding_and_what_is_young_beside_a_breach_changes_nothing() -> None:
    """First, dearest and last are witnesses; another channel is another finding."""
    late = [placed(0, "W1"), placed(1, "W2", ("TEE", 3)), placed(2, "M1", channel="marketplace"), placed(3, "W3")]
    facts: list[Fact] = [
        *late,
        placed(SHIPPED_S, "W4"),
        *(delivered(10, order) for order in late),
        phase("observe", SHIPPED_S + 10),
    ]

    assert judged(LAW, Tiny(facts)) == Judgement(
        5,
        (
            grave(
                f"marketplace: 1 order {WAITING}: M1",
                money_at_risk_minor=1500,
                witnesses=(2,),
                at_s=2.0,
                orders=(("marketplace", "M1"),),
            ),
            grave(
                "webshop: 3 orders not at their end in time, and the integration keeps them waiting: W1, W2, W3",
                money_at_risk_minor=7500,
                witnesses=(0, 1, 3),
                at_s=0.0,
                orders=(("webshop", "W1"), ("webshop", "W2"), ("webshop", "W3")),
            ),
        ),
    )


def test_an_order_in_doubt_is_left_out() -> None:
    """A doubt about another order is none."""
    unknown = asked(70, "W1", outcome=Outcome.UNKNOWN)

    assert judged(LAW, Tiny([ORDER, REFUSED, unknown, phase("rest", 100)])) == Judgement(1, left_out=1)
    assert judged(LAW, Tiny([ORDER, REFUSED, asked(70, "W9", outcome=Outcome.UNKNOWN), phase("rest", 100)])).findings == NEVER


def test_young_orders_are_counted_and_nothing_is_decided() -> None:
    """Some are still open; one that was cancelled waits for its money; one that is through is none of them."""
    paid = captured(1, "W2"), placed(1, "W2"), cancelled(2, "W2")
    judgement = judged(LAW, Tiny([ORDER, *paid, placed(3, "W3"), issued(4, "W3"), phase("observe", 10)]))

    said = "2 orders were still open, and within their deadlines, when the time for settling was over"
    assert judgement == Judgement(3, undecided_because=said)
    broken_off = judged(LAW, Tiny([ORDER, *paid, placed(3, "W3"), issued(4, "W3")])).undecided_because
    assert broken_off == "2 orders were still open, and within their deadlines, when the run broke off"
    assert judgement.verdict is Verdict.UNDECIDED


def test_without_orders_there_is_nothing_to_examine() -> None:
    """A run of no orders says nothing."""
    assert undecided(LAW, Tiny([phase("rest", 1)]))


def test_an_order_in_a_mode_that_no_scenario_declares_is_stuck_all_the_same() -> None:
    """It has no deadline, and no excuse either: it used to be left out of all that was examined."""
    balloon = placed(0, "W1", mode="by_balloon")

    assert (
        judged(LAW, Tiny([balloon, phase("rest", 1)])).findings == judged(LAW, Tiny([placed(0, "W1"), phase("rest", 1)])).findings
    )
    assert judged(LAW, Tiny([balloon, issued(1, "W1"), phase("rest", 2)])) == Judgement(1)
