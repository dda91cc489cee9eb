"""Findings of one cause are one chapter, with the policy that prevents it; evidence decides, and its absence is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rehearsal.parts.policies import policies
from reports._causes import CAUSES, Chapter, chapters, cures, said
from reports._wording import OVERSELL, Facts
from tests.conftest import load
from tests.tiny_books import Row, payment
from tests.tiny_record import (
    Fact,
    Tiny,
    asked,
    captured,
    dead_letter,
    declined,
    delivered,
    opened,
    phase,
    placed,
    refunded,
    scenario,
)

MONEY, STUCK, ONCE = (
    "money_taken_equals_money_booked",
    "no_order_is_stuck_beyond_its_deadline",
    "every_accepted_order_is_in_the_erp_once",
)
AREAS = {MONEY: "finance", STUCK: "orders", ONCE: "orders", OVERSELL: "inventory"}
W1, W2, PAID = placed(5, "W1"), placed(6, "W2"), captured(6, "W1")
EARLY = (PAID, delivered(6, PAID), dead_letter(6, PAID.id), delivered(9, W1))
"""The payment came before its order, and was dropped."""
TWICE = (delivered(7, W1), asked(8, "W1", cause=W1.id), delivered(20, W1, 2), asked(21, "W1", cause=W1.id))


def finding(invariant: str, *orders: str, **about: str) -> dict[str, Any]:
    """Return a finding as ``verdict.json`` has it."""
    return {"invariant": invariant, "orders": [{"channel": "webshop", "external_id": order} for order in orders], "about": about}


def found(facts: Sequence[Fact], *findings: dict[str, Any], rows: Sequence[Row] = ()) -> tuple[Chapter, ...]:
    """Return the chapters that *findings* make."""
    invariants = [{"id": name, "area": area} for name, area in AREAS.items()]
    with opened(Tiny([W1, W2, *facts, phase("rest", 100), phase("observe", 100)], rows)) as record:
        return chapters(record, Facts({}, invariants, findings, {}, scenario()), 200)


def titles(facts: Sequence[Fact], *findings: dict[str, Any]) -> list[tuple[str, tuple[int, ...]]]:
    """Return the titles of the chapters, each with the places of its findings."""
    return [(one.title, one.places) for one in found(facts, *findings)]


@pytest.mark.parametrize(
    ("title", "facts", "one"),
    [
        ("Word came before what it needs, and was dropped", EARLY, finding(MONEY, "W1")),
        ("An event came twice, and was booked twice", TWICE, finding(ONCE, "W1")),
        ("Money went back another way than it came", [refunded(9, "W1", tender="gift_card")], finding(MONEY, "W1")),
        ("The same stock was promised to several orders", [], finding(OVERSELL, "W1", "W2")),
        ("A shelf was empty, and the books said otherwise", [declined(9, "W1")], finding(STUCK, "W1")),
        ("The connector failed on events, and dropped them", [delivered(9, W1), dead_letter(9, W1.id)], finding(STUCK, "W1")),
    ],
)  # fmt: skip
def test_a_cause_is_what_the_record_shows(title: str, facts: Sequence[Fact], one: dict[str, Any]) -> None:
    """The twin: of an order that shows nothing of it, the cause is not known, and no cure is named."""
    assert titles(facts, one) == [(title, (0,))]
    if one["invariant"] != OVERSELL:
        (twin,) = found(facts, finding(one["invariant"], "W2"))
        assert twin.title.endswith(": the record does not show why")
        assert (twin.known, twin.cures) == (False, ())


def test_findings_of_one_cause_are_one_chapter_the_dearest_first() -> None:
    """Of several invariants; what has another cause stands apart."""
    findings = [finding(MONEY, "W1"), finding(ONCE, "W2"), finding(MONEY, "W1", "W2")]

    assert titles(EARLY, *findings) == [
        ("Word came before what it needs, and was dropped", (0, 2)),
        ("Every accepted order is in the erp once: the record does not show why", (1,)),
    ]
    (first, second) = found(EARLY, *findings)
    assert (said(first, findings), said(second, findings)) == ("2 findings about 2 orders", "1 finding about 1 order")


def test_money_that_was_booked_twice_in_a_batch_was_done_twice() -> None:
    """The batch has another cause; the books hold the amount of what came twice once more, and no other amount."""
    facts: list[Fact] = [delivered(6, W1), PAID, delivered(9, PAID), delivered(10, PAID, 2), asked(60, "W1", cause="a batch")]
    one = finding(MONEY, "W1")

    assert found(facts, one, rows=[payment("W1", 1), payment("W1", 2)])[0].title == "An event came twice, and was booked twice"
    assert not found(facts, one, rows=[payment("W1", 1), payment("W1", 2, 700)])[0].known
    assert not found(facts[:3], one, rows=[payment("W1", 1), payment("W1", 2)])[0].known


def test_half_of_a_findings_orders_must_show_its_cause() -> None:
    """One of three is a coincidence."""
    assert not found(EARLY, finding(MONEY, "W1", "W2", "W3"))[0].known
    assert found(EARLY, finding(MONEY, "W1", "W2"))[0].known


def test_what_spoilt_the_money_is_no_reason_why_goods_never_came() -> None:
    """A payment that was dropped keeps no parcel back, and a shelf keeps no order out of Odoo."""
    assert not found(EARLY, finding(STUCK, "W1"))[0].known
    assert not found([declined(9, "W1")], finding(ONCE, "W1"))[0].known


def test_a_finding_about_stock_has_the_cause_of_that_stock() -> None:
    """It names no orders: what was promised twice, or not found, at the same node; another SKU has nothing to do with it."""
    sold_twice = finding(OVERSELL, "W1", node="store", sku="TEE")
    out, off = "goods_out_equal_goods_handed_over", "stock_corrections_are_accounted_for"
    same, other = finding(out, node="store", sku="TEE"), finding(out, node="store", sku="MUG")
    title = "The same stock was promised to several orders"

    assert [one.places for one in found([], sold_twice, same, other) if one.title == title] == [(0, 1)]
    assert [one.places for one in found([], sold_twice, finding(off, node="store", sku="TEE")) if one.title == title] == [(0,)]
    again = finding(out, node="dc", sku="TEE")
    assert [one.places for one in found(TWICE, finding(ONCE, "W1"), again, finding(out, node="dc", sku="MUG"))] == [(0, 1), (2,)]
    (shelf,) = found([declined(9, "W1")], finding(off, node="dc", sku="TEE"))
    assert shelf.title == "A shelf was empty, and the books said otherwise"


def test_word_that_came_in_its_turn_was_not_too_early() -> None:
    """It was dropped all the same, which is another cause."""
    late: list[Fact] = [delivered(6, W1), PAID, delivered(9, PAID), dead_letter(9, PAID.id)]

    assert titles(late, finding(MONEY, "W1")) == [("The connector failed on events, and dropped them", (0,))]


def test_the_same_event_again_that_changed_nothing_was_not_done_twice() -> None:
    """Whoever looks at an id does nothing at the second arrival."""
    assert not found(TWICE[:3], finding(ONCE, "W1"))[0].known


def test_the_cure_is_the_policy_that_says_so_and_that_the_scenario_is_known_to_fail_without() -> None:
    """Of three against overselling, the weekend fails without two, and late tills without the third."""
    weekend, tills = load("promo_weekend"), load("late_tills")

    assert [one.name for one in cures(weekend, "promised_twice")] == ["pickup_as_inventory_state", "reservation_precedence"]
    assert [one.name for one in cures(tills, "promised_twice")] == ["allocation_with_latency"]
    (cure,) = cures(weekend, "too_early")
    assert (cure.name, cure.connector, cure.off) == ("event_sequencing", "governed", False)
    assert cure.sentence.startswith("Events are ordered by what they need, not by when they arrive")
    assert cures(weekend, "dropped") == ()


def test_a_policy_that_is_off_is_the_cure_and_one_that_is_on_is_not() -> None:
    """Of the connector under test itself."""
    off = load("promo_day", connector="governed", policies={"deduplication": "off"})

    assert [(one.name, one.off) for one in cures(off, "done_twice")] == [("deduplication", True)]
    assert cures(off, "too_early") == ()


def test_every_policy_cures_a_cause_that_reports_know() -> None:
    """A word that nobody knows would be a cure that nobody is told of."""
    known = {cause.id for cause in CAUSES}
    kinds = policies("governed").values()

    assert {word for kind in kinds for word in kind.cures} <= known
    assert [kind.name for kind in kinds if not kind.cures] == ["one_writer_per_node"]
