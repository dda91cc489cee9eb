"""KPIs: each figure of a record written by hand, beside twins of another figure, of nothing to measure, and of no books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from rehearsal.model import Event, EventKind, Outcome
from rehearsal.scenario.gates import CHANNEL_FIGURES, KPI_FIGURES
from rehearsal.verdict.kpis import (
    KPIS,
    NAMES,
    backlog_at_heal,
    close_effort_by_channel,
    duplicate_customer_rate,
    events_never_handled,
    fulfilment_sla_adherence,
    inventory_variance_units,
    kpis,
    order_exception_rate,
    reconciliation_breaks,
    recovery_s,
    refund_aging_s_p95,
    sell_through,
    slowest_answer_s,
    sync_latency_s_p95,
)
from rehearsal.verdict.record import Record
from tests.tiny_books import flow, partner, payment, quant, sale, session, ticket, ticket_payment
from tests.tiny_record import (
    HOUR,
    Fact,
    Tiny,
    asked,
    cancelled,
    captured,
    collected,
    dead_letter,
    declined,
    event,
    issued,
    opened,
    oracle,
    phase,
    placed,
    promise_moved,
    refunded,
    shelf,
    sold,
    staged,
)

Figure = Callable[[Record], Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One record, and the figure of it."""

    story: str
    tiny: Tiny
    figure: Any


ORDER, MUGS, TICKET = placed(0, "W1"), placed(1, "W2", ("MUG", 3)), sold(2, "T1")
FOUR: list[Fact] = [ORDER, MUGS, TICKET, placed(3, "W3")]
EMPTY = Tiny(rows=[])
UNSEEN = Tiny([ORDER, captured(0, "W1")])
"""A history of which nobody read the books."""

EXCEPTIONS = (
    Case("a quarter: a picker declined", Tiny([*FOUR, declined(5, "W1")]), 0.25),
    Case(
        "the same order declined twice, cancelled and dropped is one",
        Tiny([*FOUR, declined(5, "W1"), declined(6, "W1"), cancelled(7, "W1"), dead_letter(8, ORDER.id)]),
        0.25,
    ),
    Case("cancelled, and dropped by the connector: two of four", Tiny([*FOUR, cancelled(7, "W1"), dead_letter(8, TICKET.id)]), 0.5),
    Case("a third, rounded", Tiny([*FOUR[:3], cancelled(7, "W1")]), 0.3333),
    Case("an error that belongs to no order is nobody's", Tiny([*FOUR, dead_letter(8, "publish:webshop:dc")]), 0.0),
    Case("no orders", Tiny([dead_letter(8, "start")]), None),
)

COUNTED: list[Fact] = [shelf(9, "dc", TEE=2, MUG=4), shelf(9, "store", TEE=1)]
VARIANCES = (
    Case("one too many here, one too few there, one that the books do not know", Tiny(COUNTED, [quant("TEE", "dc", 3), quant("MUG", "dc", 3)]), 3),
    Case("the books are the shelves", Tiny(COUNTED, [quant("TEE", "dc", 2), quant("MUG", "dc", 4), quant("TEE", "store", 1)]), 0),
    Case(
        "locations of one node are added up; what lies with customers, elsewhere or on a truck is not on its shelf",
        Tiny(
            [shelf(9, "dc", TEE=1)],
            [quant("TEE", "dc", 0.4), quant("TEE", "dc", 0.6), quant("TEE", "customer", 5), quant("TEE", "elsewhere", 7), quant("TEE", "truck", 9)],
        ),
        0,
    ),
    Case("less than nothing in the books", Tiny(COUNTED[1:], [quant("TEE", "store", -2)]), 3),
    Case("nobody counted", Tiny([ORDER], [quant("TEE", "dc", 2)]), None),
    Case("nobody read the books", Tiny(COUNTED), None),
)  # fmt: skip

LATENCIES = (
    Case("from the event to the last answer that it caused", Tiny([ORDER, asked(100, "W1", cause=ORDER.id), asked(200, "W1", cause=ORDER.id, after_s=10.5)]), 210.5),
    Case(
        "95 of 100: between the slower of two and the faster one",
        Tiny([ORDER, MUGS, asked(10, cause=ORDER.id, after_s=0), asked(101, cause=MUGS.id, after_s=10)]), 105.0,
    ),
    Case("what was read, refused or stays unknown changes nothing", Tiny([
        ORDER, asked(10, cause=ORDER.id), asked(20, cause=ORDER.id, writes=False), asked(30, cause=ORDER.id, outcome=Outcome.REFUSED),
        asked(40, cause=ORDER.id, outcome=Outcome.UNKNOWN), asked(50, cause=ORDER.id, outcome=None), asked(60, cause="settle"),
    ]), 12.0),
    Case("nothing was changed", Tiny([ORDER, asked(20, cause=ORDER.id, writes=False)]), None),
)  # fmt: skip

OFF = [ORDER, captured(0, "W1"), cancelled(100, "W1")]
AGES = (
    Case("until all of it is back", Tiny([*OFF, refunded(160, "W1", 1000), refunded(190, "W1", 500), phase("observe", 999)]), 90.0),
    Case("what is still owed ages to the end", Tiny([*OFF, refunded(160, "W1", 1000), phase("observe", 999)]), 899.0),
    Case("from the first word of the cancellation", Tiny([*OFF, cancelled(150, "W1"), refunded(190, "W1")]), 90.0),
    Case(
        "95 of 100 of two", Tiny([*OFF, refunded(200, "W1"), placed(0, "W2"), captured(0, "W2"), cancelled(100, "W2"), refunded(300, "W2")]), 195.0,
    ),
    Case("money of that order at another channel is another's", Tiny([*OFF, refunded(190, "W1"), captured(0, "W1", channel="marketplace"), phase("observe", 999)]), 90.0),
    Case("a part that was cancelled: until its own money is back", Tiny([
        placed(0, "W1", ("TEE", 2)), captured(0, "W1", 3000), cancelled(100, "W1", (1, "TEE", 1)), refunded(130, "W1", 1000), refunded(160, "W1", 500), issued(200, "W1"),
    ]), 60.0),
    Case("cancelled before anybody paid: nothing is owed", Tiny([ORDER, cancelled(100, "W1")]), None),
    Case("nobody cancelled", Tiny([ORDER, captured(0, "W1"), refunded(9, "W1")]), None),
)  # fmt: skip

BREAKS = (
    Case(
        "not booked, booked for nobody, and booked under another tender: four",
        Tiny([ORDER, captured(0, "W1"), captured(0, "W2")], [payment("GHOST", 1), payment("W2", 2, journal="gift_card")]),
        4,
    ),
    Case("a cent is a break", Tiny([sold(2, "T1")], [ticket("T1", 9), ticket_payment(9, 1, 1499)]), 1),
    Case(
        "booked as it moved", Tiny([ORDER, captured(0, "W1"), TICKET], [payment("W1", 1), ticket("T1", 9), ticket_payment(9, 1)]), 0
    ),
    Case("no money", EMPTY, 0),
    Case("nobody read the books", UNSEEN, None),
)

ANN = [partner(61, "ann@shop.example"), partner(62, "bob@shop.example")]
DUPLICATES = (
    Case("one of three", Tiny(rows=[*ANN, partner(63, "ann@shop.example")]), 0.3333),
    Case("three of four", Tiny(rows=[partner(n, "ann@shop.example") for n in range(4)]), 0.75),
    Case("nobody twice", Tiny(rows=ANN), 0.0),
    Case("no customers", EMPTY, None),
    Case("nobody read the books", UNSEEN, None),
)


def shipped(seconds: float) -> Case:
    """Two orders, of which one left after *seconds*, the other at once."""
    return Case(
        f"left after {seconds:g} s",
        Tiny([ORDER, MUGS, issued(10, "W2"), issued(seconds, "W1")]),
        1.0 if seconds <= 48 * HOUR else 0.5,
    )


PICKUP = placed(0, "W1", mode="pickup_in_store")
PARTS = placed(0, "W1", ("TEE", 1), ("MUG", 1), kept_by=["dc", "store"])
ADHERENCE = (
    shipped(48 * HOUR), shipped(48 * HOUR + 1),
    Case("a ticket is handed over at once", Tiny([TICKET]), 1.0),
    Case("ready on the pickup shelf is in time, however late it is collected", Tiny([PICKUP, staged(72 * HOUR, "W1"), collected(999 * HOUR, "W1")]), 1.0),
    Case("ready a second too late", Tiny([PICKUP, staged(72 * HOUR + 1, "W1")]), 0.0),
    Case("shipped from a store", Tiny([placed(0, "W1", mode="ship_from_store"), issued(48 * HOUR + 1, "W1")]), 0.0),
    Case("cancelled, though a parcel lay ready", Tiny([PICKUP, staged(5, "W1"), cancelled(6, "W1"), TICKET]), 0.5),
    Case("the first parcel counts; one of another channel does not", Tiny([
        ORDER, issued(9, "W1"), issued(99 * HOUR, "W1"), placed(0, "W1", channel="marketplace"), ]), 0.5),
    Case("of two parts the later one counts: in time at one node, too late at the other", Tiny([PARTS, issued(9, "W1"), issued(48 * HOUR + 1, "W1", ("MUG", 1), node="store")]), 0.0),
    Case("of two parts one was cancelled", Tiny([PARTS, issued(9, "W1"), cancelled(99 * HOUR, "W1", (2, "MUG", 1), node="store")]), 1.0),
    Case("not yet, of three", Tiny([ORDER, MUGS, TICKET]), 0.3333),
    Case("a mode that no scenario declares has no deadline to keep", Tiny([placed(0, "W1", mode="by_balloon"), issued(9, "W1")]), 0.0),
    Case("no orders", Tiny(), None),
)  # fmt: skip


def effort(**channels: int) -> dict[str, int]:
    """Return the effort of every channel of the scenario."""
    return {**dict.fromkeys(("webshop", "marketplace", "till_1", "till_2", "till_3"), 0), **channels}


LEFT = issued(9, "W1")
EFFORTS = (
    Case("money of two tenders that does not reconcile", Tiny([ORDER, captured(0, "W1"), TICKET], [payment("W1", 1, journal="gift_card")]), effort(webshop=2, till_1=1)),
    Case("an event that was dropped; what belongs to no event is no channel's", Tiny([ORDER, dead_letter(8, ORDER.id), dead_letter(9, "start")], []), effort(webshop=1)),
    Case("ended outside, open in Odoo: delivered in part, or not yet", Tiny(
        [ORDER, LEFT, MUGS, cancelled(9, "W2"), placed(3, "M1", channel="marketplace"), issued(9, "M1", channel="marketplace")],
        [sale("W1", 1, delivery="partial"), sale("W2", 2, delivery=None), sale("M1", 3, delivery=None)]), effort(webshop=2, marketplace=1)),
    Case("ended outside and in Odoo, or open on both sides", Tiny(
        [ORDER, LEFT, MUGS, cancelled(9, "W2"), placed(3, "W3")],
        [sale("W1", 1), sale("W2", 2, state="cancel", delivery=None), sale("W3", 3, delivery=None)]), effort()),
    Case("a session that is not closed", Tiny(rows=[session(1, state="opened"), session(2), session(3, "till_2", state="closing_control")]), effort(till_1=1, till_2=1)),
    Case("all of it together", Tiny([ORDER, captured(0, "W1"), LEFT, dead_letter(9, LEFT.id)], [sale("W1", 1, delivery=None)]), effort(webshop=3)),
    Case("a channel that the scenario does not name is nobody's to close", Tiny([placed(0, "X1", channel="bazaar"), captured(0, "X1", channel="bazaar")], []), effort()),
    Case("nobody read the books", UNSEEN, None),
)  # fmt: skip

SALES = (
    Case("four units kept of five", Tiny([oracle(2, 5), ORDER, MUGS]), 0.8),
    Case("what was cancelled is not sold", Tiny([oracle(2, 4), ORDER, MUGS, cancelled(9, "W2"), issued(9, "W1")]), 0.25),
    Case(
        "of a part that was cancelled the rest is sold",
        Tiny([oracle(2, 4), ORDER, MUGS, cancelled(9, "W2", (1, "MUG", 1)), promise_moved(9, "W2", "dc", "store", (1, "MUG", 2))]),
        0.75,
    ),
    Case("cancelled at another channel", Tiny([oracle(2, 4), ORDER, MUGS, cancelled(9, "W2", channel="marketplace")]), 1.0),
    Case("more than the oracle", Tiny([oracle(1, 3), ORDER, MUGS]), 1.3333),
    Case("nothing was sold", Tiny([oracle(1, 3)]), 0.0),
    Case("the oracle sells nothing either", Tiny([oracle(0, 0)]), None),
    Case("no oracle was asked", Tiny([ORDER]), None),
)


def healing(*facts: Fact) -> Tiny:
    """Two events from before the doors closed at 100 s, and one of that very second; *facts* are what came of them."""
    return Tiny([ORDER, MUGS, EDGE, AFTER, phase("settle", 100), *facts, phase("settle", 500)])


EDGE = placed(100, "W4")
AFTER = event(EventKind.PARCEL_SCANNED, 101, "webshop", "W1", "dc", tracking="T")
WORKED = healing(
    asked(50, cause=ORDER.id),
    asked(150, cause=ORDER.id),
    asked(120, cause=MUGS.id, outcome=Outcome.REFUSED),
    asked(130, cause=EDGE.id, after_s=0.5),
    asked(400, cause=AFTER.id),
)
IN_TIME = healing(
    asked(90, cause=ORDER.id, after_s=10), asked(140, cause=MUGS.id, outcome=Outcome.UNKNOWN), asked(400, cause="settle")
)
BACKLOGS = (
    Case("two of them had their last effect later", WORKED, 2),
    Case("the last answer came in the second of the healing", IN_TIME, 0),
    Case("the doors never closed", Tiny([ORDER, asked(150, cause=ORDER.id)]), 0),
)
RECOVERIES = (
    Case("until the last of them", WORKED, 52.0),
    Case("there was no backlog", IN_TIME, 0.0),
    Case("the doors never closed", Tiny([ORDER, asked(150, cause=ORDER.id)]), 0.0),
)
DROPPED = (
    Case("two, whatever caused them", Tiny([ORDER, dead_letter(8, ORDER.id), dead_letter(8, "publish:webshop:dc")]), 2),
    Case("none", Tiny([ORDER, asked(9, outcome=Outcome.REFUSED)]), 0),
)
ANSWERS = (
    Case(
        "the slowest, whatever it said",
        Tiny([asked(1, took_s=0.5), asked(2, took_s=60.00049, outcome=Outcome.UNKNOWN), asked(3, took_s=2)]),
        60.0005,
    ),
    Case("another", Tiny([asked(1, took_s=0.5), asked(2, outcome=None, took_s=99)]), 0.5),
    Case("no answer", Tiny([ORDER, asked(2, outcome=None)]), None),
)

FIGURES: Mapping[Figure, tuple[Case, ...]] = {
    order_exception_rate: EXCEPTIONS,
    inventory_variance_units: VARIANCES,
    sync_latency_s_p95: LATENCIES,
    refund_aging_s_p95: AGES,
    reconciliation_breaks: BREAKS,
    duplicate_customer_rate: DUPLICATES,
    fulfilment_sla_adherence: ADHERENCE,
    sell_through: SALES,
    close_effort_by_channel: EFFORTS,
    backlog_at_heal: BACKLOGS,
    recovery_s: RECOVERIES,
    events_never_handled: DROPPED,
    slowest_answer_s: ANSWERS,
}
CASES = [(figure, case) for figure, cases in FIGURES.items() for case in cases]


@pytest.mark.parametrize(("figure", "case"), CASES, ids=[f"{figure.__name__}: {case.story}" for figure, case in CASES])
def test_a_figure_is_what_its_docstring_says(figure: Figure, case: Case) -> None:
    """Exactly, to four decimals; and of the type that it had."""
    with opened(case.tiny) as record:
        found = figure(record)

    assert (found, type(found)) == (case.figure, type(case.figure))


def test_every_figure_has_records_of_different_figures() -> None:
    """A new KPI without a test fails here; so does one whose tests could not tell it from a constant."""
    assert set(FIGURES) == set(KPIS)
    assert {figure.__name__ for figure in KPIS} == KPI_FIGURES, "what a gate may name is what is computed"
    by_channel = {figure.__name__ for figure in KPIS if str(figure.__annotations__["return"]).startswith("dict")}
    assert by_channel == CHANNEL_FIGURES
    assert [figure.__name__ for figure, cases in FIGURES.items() if len({str(case.figure) for case in cases}) < 2] == []


def test_two_channels_may_use_the_same_number() -> None:
    """Trouble with one order is none of the other."""
    twice = [placed(0, "7"), placed(1, "7", channel="marketplace"), captured(2, "7"), cancelled(3, "7")]

    with opened(Tiny(twice, [])) as record:
        assert order_exception_rate(record) == 0.5
        effort = close_effort_by_channel(record)
    assert effort is not None
    assert {channel: effort[channel] for channel in ("webshop", "marketplace")} == {"webshop": 1, "marketplace": 0}


def test_reading_catches_up_with_nothing() -> None:
    """What an event's last effect is, an operation that writes says."""
    order = placed(0, "W1")

    for writes, backlog, recovery in ((True, 1, 52.0), (False, 0, 0.0)):
        with opened(Tiny([order, phase("settle", 100), asked(150, "W1", cause=order.id, writes=writes)])) as record:
            assert (backlog_at_heal(record), recovery_s(record)) == (backlog, recovery)


@pytest.mark.parametrize(("paid", "aged"), [((50,), 0.0), ((130,), 30.0), ((130, 160), 60.0)])
def test_a_refund_that_came_before_or_twice_is_a_refund(paid: tuple[float, ...], aged: float) -> None:
    """Its money is back, and never before it was owed."""
    back: list[Event] = [refunded(at_s, "W1") for at_s in paid]
    facts = sorted([placed(0, "W1"), captured(1, "W1"), cancelled(100, "W1"), *back], key=lambda fact: fact.at_s)

    with opened(Tiny([*facts, phase("observe", 900)])) as record:
        assert refund_aging_s_p95(record) == aged


def test_a_figure_that_needs_odoos_books_is_none_without_them() -> None:
    """And no other, and nothing crashes: here of a weekend that has everything else."""
    found, crashed = kpis_of(Tiny([oracle(1, 1), *OFF, asked(9, cause=ORDER.id), phase("settle", 10), phase("observe", 200)]))

    assert crashed == ()
    assert [name for name, value in found.items() if value is None] == [
        "inventory_variance_units",
        "reconciliation_breaks",
        "duplicate_customer_rate",
        "close_effort_by_channel",
    ]


def test_a_figure_that_crashes_is_none_and_named_and_the_others_are_computed() -> None:
    """Here a table of the books is gone while the record is open."""
    with opened(Tiny([ORDER], [flow("TEE", 1, "dc", "customer")])) as record:
        record.db.execute("DROP VIEW erp_partners")
        found, (crashed,) = kpis(record)

    assert set(found) == set(NAMES)
    assert (found["duplicate_customer_rate"], found["events_never_handled"]) == (None, 0)
    assert crashed.startswith("figure duplicate_customer_rate could not be computed (CatalogException: ")


def kpis_of(tiny: Tiny) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return all figures of a record, and what crashed."""
    with opened(tiny) as record:
        return kpis(record)
