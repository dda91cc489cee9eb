"""The record's views: whole rows of a record written by hand, and beside them what must not be among them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rehearsal.model import Outcome
from rehearsal.odoo.observe import MIDWAY, TABLES
from rehearsal.verdict import views as module
from rehearsal.vocabulary import Kind, Role
from tests.tiny_books import IDS, Row, open_quant, payment, sale, ticket, ticket_payment
from tests.tiny_record import (
    Fact,
    Noted,
    Tiny,
    asked,
    cancelled,
    captured,
    collected,
    dead_letter,
    declined,
    delivered,
    event,
    issued,
    opened,
    phase,
    placed,
    promise_moved,
    published,
    refunded,
    sold,
    staged,
    substituted,
    till_opened,
    told,
)

ORDER = placed(5, "W1", ("TEE", 2), ("MUG", 1), mode="pickup_in_store", node="store")
TICKET = sold(6, "T1", card=1000, cash=500)
REFUSED = Noted(
    "event", 7.0, {"event": "no", "type": "order.refused", "channel": "webshop", "order": "W0", "node": "", "data": {"lines": []}}
)
UNKNOWN = Outcome.UNKNOWN


def rows(view: str, *facts: Fact, books: Sequence[Row] | None = None, columns: str = "*") -> list[tuple[Any, ...]]:
    """Return all rows of a view, in order."""
    with opened(Tiny(facts, books)) as record:
        return record.db.execute(f"SELECT {columns} FROM {view} ORDER BY ALL").fetchall()


def columns(view: str) -> list[str]:
    """Return the names of a view's columns."""
    with opened(Tiny()) as record:
        return [name for name, *_ in record.db.execute(f"SELECT * FROM {view} LIMIT 0").description]


COLUMNS = {
    "events": ["i", "id", "type", "at_s", "channel", "order", "node", "data", "roles"],
    "deliveries": ["i", "event", "type", "at_s", "channel", "order", "attempt"],
    "operations": ["i", "name", "at_s", "cause", "orders", "writes"],
    "answers": ["i", "operation", "name", "at_s", "cause", "outcome", "message", "took_s"],
    "instructions": ["i", "type", "recipient", "at_s", "cause", "channel", "order", "data"],
    "publications": ["i", "at_s", "channel", "node", "sku", "units"],
    "phases": ["i", "name", "at_s"],
    "dead_letters": ["i", "at_s", "cause", "error", "message", "place"],
    "resolutions": ["i", "operation", "committed"],
    "orders": ["i", "channel", "order", "node", "mode", "at_s", "total_minor", "till", "customer", "email"],
    "order_lines": ["i", "at_s", "channel", "order", "line", "node", "sku", "units", "price_minor", "total_minor"],
    "handed": ["i", "at_s", "channel", "order", "node", "sku", "units"],
    "handovers": ["channel", "order", "node", "ready_s", "handed_s", "handed_i"],
    "promises": ["i", "at_s", "channel", "order", "line", "node", "sku", "units", "how"],
    "parts": ["channel", "order", "node", "units", "cancelled_i", "cancelled_s", "ready_s", "handed_s", "handed_i"],
    "due": ["channel", "order", "due_minor"],
    "money": ["i", "channel", "order", "tender", "at_s", "taken", "amount_minor"],
    "endings": ["channel", "order", "at_s", "i", "how"],
    "book": ["node", "sku", "units"],
    "effects": ["cause", "done_s"],
    "doubts": ["order"],
    "erp_products": ["id", "sku"],
    "erp_nodes": ["id", "node"],
    "erp_journals": ["id", "tender"],
    "erp_tills": ["id", "channel"],
    "erp_methods": ["id", "tender"],
    "money_booked": ["order", "tender", "amount_minor", "taken", "model", "id"],
    "money_breaks": ["order", "tender", "taken", "moved_minor", "booked_minor", "channel", "first_i", "at_s", "ids", "model"],
}


@pytest.mark.parametrize("view", COLUMNS)
def test_a_view_has_the_columns_that_invariants_may_name(view: str) -> None:
    """In this order: the tests below compare rows as tuples."""
    assert columns(view) == COLUMNS[view]


def test_every_view_and_table_of_the_record_is_looked_at_here() -> None:
    """A new one fails here until its columns, and its rows, are written down."""
    made = set(
        re.findall(
            r"CREATE (?:VIEW|TABLE) (\w+)", module.HISTORY_VIEWS + module.HISTORY_TABLES + module.PROMISES + module.SNAPSHOT_VIEWS
        )
    ) | {"book"}

    assert set(COLUMNS) == made
    assert [name for name in COLUMNS if not re.search(rf"\b{name}\b", module.__doc__ or "")] == []
    own = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in COLUMNS if not re.search(rf'rows\(\s*"{name}"', own)] == []


# -- the history's lines, one kind each ----------------------------------------------------------------


def test_events_are_facts_and_nothing_else() -> None:
    """Their data stay JSON; a delivery of a fact is no fact."""
    found = rows(
        "events",
        ORDER,
        delivered(8, ORDER),
        phase("rest", 9),
        till_opened(10),
        columns="i, id, type, at_s, channel, \"order\", node, data->>'mode'",
    )

    assert found == [
        (0, "order.placed:W1@5", "order.placed", 5.0, "webshop", "W1", "store", "pickup_in_store"),
        (3, "till.opened:till_1@10", "till.opened", 10.0, "till_1", "", "store", None),
    ]


def test_deliveries_are_arrivals_by_attempt() -> None:
    """The same event twice is two arrivals; the event itself is none."""
    assert rows("deliveries", ORDER, delivered(8, ORDER), delivered(9, ORDER, 2)) == [
        (1, "order.placed:W1@5", "order.placed", 8.0, "webshop", "W1", 1),
        (2, "order.placed:W1@5", "order.placed", 9.0, "webshop", "W1", 2),
    ]


def test_operations_and_answers_are_two_views_of_what_was_asked() -> None:
    """An operation without an answer has none; a resolution is no answer; Odoo's words come out of ``erp``."""
    facts = (
        asked(1, "W1", "W2", cause="c", outcome=Outcome.REFUSED, message="No!", took_s=0.25),
        asked(5, cause="d", outcome=None, writes=False, name="read"),
        asked(7, "W3", outcome=UNKNOWN, committed=False, after_s=60),
    )

    assert rows("operations", *facts) == [
        (0, "create sale order", 1.0, "c", ["W1", "W2"], True),
        (2, "read", 5.0, "d", [], False),
        (3, "create sale order", 7.0, "", ["W3"], True),
    ]
    assert rows("answers", *facts) == [
        (1, 0, "create sale order", 3.0, "c", "refused", "No!", 0.25),
        (4, 3, "create sale order", 67.0, "", "unknown", "", 0.05),
    ]
    assert rows("resolutions", *facts) == [(5, 3, False)]
    assert rows("resolutions", asked(1, "W1", outcome=UNKNOWN, committed=True), asked(2, "W2", outcome=UNKNOWN)) == [(2, 0, True)]


def test_instructions_are_what_the_connector_asked_of_actors() -> None:
    """An operation is asked of Odoo, not of an actor."""
    assert rows("instructions", asked(1, "W1"), told(9, "W1", "refund", "gateway", cause="c")) == [
        (2, "refund", "gateway", 9.0, "c", "webshop", "W1", "{}")
    ]


def test_publications_have_a_row_per_sku() -> None:
    """The shelf's count has units as well, and is none; an empty publication has no row."""
    counted = Noted("shelf", 9.0, {"node": "dc", "units": {"TEE": 4}})

    assert rows("publications", published(6, TEE=3, MUG=0), published(7, "till_1", "store"), counted) == [
        (0, 6.0, "webshop", "dc", "MUG", 0),
        (0, 6.0, "webshop", "dc", "TEE", 3),
    ]


def test_phases_are_named_moments() -> None:
    """Other lines have names as well: an operation is no phase."""
    assert rows("phases", phase("settle", 5), asked(6, name="rest"), phase("observe", 9)) == [
        (0, "settle", 5.0),
        (3, "observe", 9.0),
    ]


def test_dead_letters_say_what_was_dropped_why_and_where() -> None:
    """A refusal that the connector handled is none."""
    facts = (ORDER, dead_letter(9, ORDER.id, "KeyError", "'TEE'", "mine.py:7"), asked(10, "W1", outcome=Outcome.REFUSED))

    assert rows("dead_letters", *facts) == [(1, 9.0, "order.placed:W1@5", "KeyError", "'TEE'", "mine.py:7")]


# -- what is made of them ------------------------------------------------------------------------------


def test_orders_are_accepted_orders_and_tickets() -> None:
    """What was refused, cancelled, moved or delivered to the connector is no further order."""
    assert rows(
        "orders", ORDER, TICKET, REFUSED, cancelled(8, "W1"), promise_moved(9, "W1", "store", "dc"), delivered(10, ORDER)
    ) == [
        (0, "webshop", "W1", "store", "pickup_in_store", 5.0, 3700, False, "C1", "ann@shop.example"),
        (1, "till_1", "T1", "store", "take_away", 6.0, 1500, True, None, None),
    ]


def test_a_kind_of_ones_own_is_seen_by_its_roles() -> None:
    """A kiosk's sale is accepted, handed over and paid as a ticket is, though nobody here knows its kind; without roles it is nothing."""
    sale = Kind("kiosk.sold", "lines", "tenders", "total_minor", roles=[Role.ACCEPTS, Role.HANDS_OVER, Role.PAID_AT_ONCE])
    lines = [{"line": 1, "sku": "TEE", "units": 1, "price_minor": 1500, "total_minor": 1500}]
    told = {"mode": "take_away", "lines": lines, "tenders": [{"tender": "cash", "amount_minor": 1500}], "total_minor": 1500}
    sold_at_kiosk = event(sale, 5, "kiosk", "K1", "store", **told)
    mute = event(Kind("kiosk.rang"), 6, "kiosk", "K2", "store", **told)

    assert rows("orders", sold_at_kiosk, mute, columns='"order", till, total_minor') == [("K1", True, 1500)]
    assert rows("promises", sold_at_kiosk, mute, columns='"order", sku, units, how') == [("K1", "TEE", 1, "accepted")]
    assert rows("money", sold_at_kiosk, mute, columns='"order", tender, amount_minor') == [("K1", "cash", 1500)]
    assert rows("endings", sold_at_kiosk, mute, columns='"order", how') == [("K1", "handed_over")]


def test_whoever_pays_at_once_need_not_have_ordered() -> None:
    """A deposit machine gives a receipt, and no goods: what is paid there is money all the same, whole or a damage."""
    deposit = Kind("deposit.paid", "tenders", roles=[Role.PAID_AT_ONCE])
    paid = event(deposit, 5, "machine", "D1", "store", tenders=[{"tender": "cash", "amount_minor": 25}])

    assert rows("money", paid, columns='"order", tender, amount_minor, taken') == [("D1", "cash", 25, True)]
    assert rows("orders", paid) == rows("order_lines", paid) == []


def test_order_lines_are_what_was_asked_for_and_not_what_was_handed_over() -> None:
    """Of tickets as well; each is kept by the order's node, unless it names its own."""
    split = placed(7, "W2", ("TEE", 1), ("MUG", 1), kept_by=["dc", "store"])

    assert rows("order_lines", ORDER, TICKET, split, REFUSED, staged(8, "W1"), collected(9, "W1"), issued(10, "W1")) == [
        (0, 5.0, "webshop", "W1", 1, "store", "TEE", 2, 1500, 3000),
        (0, 5.0, "webshop", "W1", 2, "store", "MUG", 1, 700, 700),
        (1, 6.0, "till_1", "T1", 1, "store", "TEE", 1, 1500, 1500),
        (2, 7.0, "webshop", "W2", 1, "dc", "TEE", 1, 1500, 1500),
        (2, 7.0, "webshop", "W2", 2, "store", "MUG", 1, 700, 700),
    ]


def test_promises_are_what_was_accepted_and_every_change_of_it() -> None:
    """Moved and substituted have two sides; handing over is no change; a change without lines is of the whole order."""
    facts = (
        ORDER,
        promise_moved(6, "W1", "store", "dc", (1, "TEE", 1)),
        substituted(7, "W1", (2, "MUG", 1), "TEE"),
        cancelled(8, "W1", (1, "TEE", 1), node="dc"),
        collected(9, "W1"),
        placed(10, "W2"),
        promise_moved(11, "W2", "dc", "store"),
        cancelled(12, "W2"),
        cancelled(13, "W2"),
    )

    assert rows("promises", *facts) == [
        (0, 5.0, "webshop", "W1", 1, "store", "TEE", 2, "accepted"),
        (0, 5.0, "webshop", "W1", 2, "store", "MUG", 1, "accepted"),
        (1, 6.0, "webshop", "W1", 1, "dc", "TEE", 1, "moved"),
        (1, 6.0, "webshop", "W1", 1, "store", "TEE", -1, "moved"),
        (2, 7.0, "webshop", "W1", 2, "store", "MUG", -1, "substituted"),
        (2, 7.0, "webshop", "W1", 2, "store", "TEE", 1, "substituted"),
        (3, 8.0, "webshop", "W1", 1, "dc", "TEE", -1, "cancelled"),
        (5, 10.0, "webshop", "W2", 1, "dc", "TEE", 1, "accepted"),
        (6, 11.0, "webshop", "W2", 1, "dc", "TEE", -1, "moved"),
        (6, 11.0, "webshop", "W2", 1, "store", "TEE", 1, "moved"),
        (7, 12.0, "webshop", "W2", 1, "store", "TEE", -1, "cancelled"),
    ]


def test_a_cancellation_after_the_goods_have_left_changes_no_promise() -> None:
    """Of the part that left; another node's part can still be cancelled."""
    split = placed(1, "W1", ("TEE", 1), ("MUG", 1), kept_by=["dc", "store"])
    late = (cancelled(3, "W1", (1, "TEE", 1), node="dc"), cancelled(3, "W1", (2, "MUG", 1), node="store"))

    found = rows("promises", split, issued(2, "W1"), *late, placed(4, "W2"), issued(5, "W2"), cancelled(6, "W2"))

    assert [row for row in found if row[-1] == "cancelled"] == [(3, 3.0, "webshop", "W1", 2, "store", "MUG", -1, "cancelled")]


def test_the_rest_of_what_a_node_sent_in_part_can_still_be_cancelled() -> None:
    """One of three tees has left: two can be cancelled, and no third, however often that is said."""
    facts = (
        placed(1, "W1", ("TEE", 3)),
        issued(2, "W1", ("TEE", 1)),
        cancelled(3, "W1", (1, "TEE", 1)),
        cancelled(4, "W1", (1, "TEE", 2)),
        cancelled(5, "W1", (1, "TEE", 1)),
    )

    assert [row[-2:] for row in rows("promises", *facts)] == [(3, "accepted"), (-1, "cancelled"), (-1, "cancelled")]
    assert rows("endings", *facts, columns='"order", at_s, how') == [("W1", 4.0, "handed_over")]
    assert rows("due", *facts) == [("webshop", "W1", 1500)]


def test_what_left_a_node_is_handed_and_when_it_first_did() -> None:
    """A staged parcel is ready and not handed over; the row without a node is of whichever node came first."""
    facts = (ORDER, TICKET, staged(8, "W1", ("TEE", 2), ("MUG", 1)), collected(9, "W1", ("TEE", 2), ("MUG", 1)), issued(10, "W1"))

    assert rows("handed", *facts) == [
        (1, 6.0, "till_1", "T1", "store", "TEE", 1),
        (3, 9.0, "webshop", "W1", "store", "MUG", 1),
        (3, 9.0, "webshop", "W1", "store", "TEE", 2),
        (4, 10.0, "webshop", "W1", "dc", "TEE", 1),
    ]
    assert rows("handovers", *facts) == [
        ("till_1", "T1", "store", 6.0, 6.0, 1),
        ("till_1", "T1", None, 6.0, 6.0, 1),
        ("webshop", "W1", "dc", 10.0, 10.0, 4),
        ("webshop", "W1", "store", 8.0, 9.0, 3),
        ("webshop", "W1", None, 8.0, 9.0, 3),
    ]


def test_a_part_is_what_one_node_keeps_of_an_order() -> None:
    """Each of two nodes hands over its own; of an order that one node keeps, whoever hands it over does."""
    split = placed(1, "W1", ("TEE", 2), ("MUG", 1), kept_by=["dc", "store"])
    facts = (split, cancelled(2, "W1", (1, "TEE", 1)), issued(3, "W1"), placed(4, "W2", node="store"), issued(5, "W2"))

    assert rows("parts", *facts) == [
        ("webshop", "W1", "dc", 1, 1, 2.0, 3.0, 3.0, 2),
        ("webshop", "W1", "store", 1, None, None, None, None, None),
        ("webshop", "W2", "store", 1, None, None, 5.0, 5.0, 4),
    ]


def test_due_is_the_total_less_what_was_cancelled() -> None:
    """At the price that was agreed; a substitute costs what was agreed for the article it stands for."""
    facts = (ORDER, cancelled(6, "W1", (1, "TEE", 1), node="store"), substituted(7, "W1", (2, "MUG", 1), "TEE"), TICKET)

    assert rows("due", *facts) == [("till_1", "T1", 1500), ("webshop", "W1", 2200)]


def test_money_is_what_the_gateway_and_the_tills_moved() -> None:
    """Given back is negative; a refund that was rejected moved nothing, and an order's own tenders are only a wish."""
    rejected = Noted(
        "event",
        9.0,
        {
            "event": "x",
            "type": "refund.rejected",
            "channel": "webshop",
            "order": "W1",
            "data": {"tender": "card", "amount_minor": 5},
        },
    )
    wished = Noted(
        "event",
        5.0,
        {
            "event": "y",
            "type": "order.placed",
            "channel": "webshop",
            "order": "W2",
            "data": {"total_minor": 5, "lines": [], "tenders": [{"tender": "card", "amount_minor": 5}]},
        },
    )

    assert rows("money", ORDER, captured(6, "W1", 3700), TICKET, refunded(8, "W1", 200, "gift_card"), rejected, wished) == [
        (1, "webshop", "W1", "card", 6.0, True, 3700),
        (2, "till_1", "T1", "card", 6.0, True, 1000),
        (2, "till_1", "T1", "cash", 6.0, True, 500),
        (3, "webshop", "W1", "gift_card", 8.0, False, -200),
    ]


def test_an_ending_is_the_first_of_its_order() -> None:
    """Staged, declined and moved are no ends; a later cancellation changes nothing; of what nobody accepted there is no end."""
    facts = (
        ORDER, TICKET, staged(8, "W1"), declined(8, "W1"), promise_moved(8, "W1", "store", "dc"), collected(9, "W1"), cancelled(10, "W1"),
        cancelled(11, "W1", channel="marketplace"), placed(11, "W2"), cancelled(12, "W2"), issued(13, "W2"),
        issued(14, "W3"), issued(15, "W3"), placed(16, "W4"),
    )  # fmt: skip

    assert rows("endings", *facts) == [
        ("till_1", "T1", 6.0, 1, "handed_over"),
        ("webshop", "W1", 9.0, 5, "handed_over"),
        ("webshop", "W2", 12.0, 9, "cancelled"),
    ]


def test_an_order_in_parts_ends_with_its_last_part() -> None:
    """Handed over by one node and cancelled at the other; a part that one node still owes keeps it open."""
    split = placed(1, "W1", ("TEE", 1), ("MUG", 1), kept_by=["dc", "store"])

    assert rows("endings", split, issued(2, "W1")) == []
    assert rows("endings", split, issued(2, "W1"), issued(3, "W1", ("MUG", 1), node="store")) == [
        ("webshop", "W1", 3.0, 2, "handed_over")
    ]
    assert rows("endings", split, issued(2, "W1"), cancelled(4, "W1", (2, "MUG", 1), node="store")) == [
        ("webshop", "W1", 4.0, 2, "handed_over")
    ]
    both = cancelled(5, "W1", (1, "TEE", 1)), cancelled(6, "W1", (2, "MUG", 1), node="store")
    assert rows("endings", split, *both) == [("webshop", "W1", 6.0, 2, "cancelled")]


def test_the_book_is_the_opening_stock_of_the_world() -> None:
    """Whatever happened since."""
    assert rows("book", ORDER, issued(9, "W1")) == [("dc", "TEE", 3), ("store", "MUG", 5), ("store", "TEE", 1)]


def test_doubts_are_orders_of_which_nobody_knows_what_was_written() -> None:
    """No answer at all is a doubt as an unknown one is; what was resolved either way, refused, done or only read is none."""
    facts = (
        asked(1, "W1", "W2", outcome=UNKNOWN),
        asked(2, "W3", outcome=None),
        asked(3, "W4", outcome=UNKNOWN, committed=True),
        asked(4, "W5", outcome=UNKNOWN, committed=False),
        asked(5, "W6", outcome=Outcome.REFUSED),
        asked(6, "W7"),
        asked(7, "W8", outcome=UNKNOWN, writes=False),
        asked(8, "W9", outcome=None, writes=False),
        asked(9, "W3", outcome=UNKNOWN),
        asked(10, outcome=UNKNOWN),
        asked(11, "W10", outcome=None, committed=True),
        asked(12, "W5"),
    )

    assert rows("doubts", *facts) == [("W1",), ("W2",), ("W3",)]


def test_an_effect_is_the_last_success_of_what_an_event_made_the_connector_write() -> None:
    """Neither what it only read, nor what Odoo refused or nobody knows of."""
    facts = (
        ORDER,
        asked(7, "W1", cause=ORDER.id),
        asked(9, "W1", cause=ORDER.id),
        asked(11, "W1", cause=ORDER.id, writes=False),
        asked(12, "W1", cause=ORDER.id, outcome=Outcome.REFUSED),
        asked(13, "W1", cause="other", outcome=UNKNOWN),
    )

    assert rows("effects", *facts) == [(ORDER.id, 11.0)]


# -- Odoo's books --------------------------------------------------------------------------------------


def test_what_was_seeded_is_known_by_the_words_of_the_scenario() -> None:
    """Each kind has a view of its own; customers and taxes have external ids as well, and are in none of them."""
    assert rows("erp_products", books=[]) == [(101, "TEE"), (102, "MUG")]
    assert rows("erp_nodes", books=[]) == [(11, "dc"), (12, "store")]
    assert rows("erp_journals", books=[]) == [(31, "card"), (32, "gift_card"), (33, "cash")]
    assert rows("erp_tills", books=[]) == [(41, "till_1"), (42, "till_2")]
    assert rows("erp_methods", books=[]) == [(51, "card"), (52, "cash"), (53, "card")]
    assert {"product", "warehouse", "journal", "till", "method"} == set(IDS)


BOOKED = [
    payment("W1", 1, 3700),
    payment("W1", 2, 200, journal="gift_card", direction="outbound"),
    payment("W2", 3, journal=99, state="in_process"),
    payment("W1", 4, state="draft"),
    payment("W1", 5, state="canceled"),
    payment("W1", 6, state="rejected"),
    ticket("T1", 9),
    ticket_payment(9, 7, 1000),
    ticket_payment(9, 8, 500, "till_1__cash"),
    ticket_payment(99, 10),
    sale("W1", 11),
]


def test_money_booked_is_posted_payments_and_those_of_tickets() -> None:
    """By tender, signed by its way; drafts, and payments of a ticket that is not there, are left out."""
    assert rows("money_booked", books=BOOKED) == [
        ("T1", "card", 1000, True, "pos.payment", 7),
        ("T1", "cash", 500, True, "pos.payment", 8),
        ("W1", "card", 3700, True, "account.payment", 1),
        ("W1", "gift_card", -200, False, "account.payment", 2),
        ("W2", None, 1500, True, "account.payment", 3),
    ]


def test_money_breaks_are_both_sides_of_every_order_tender_and_way() -> None:
    """Where one side has nothing it says 0; what agrees is there as well, and to compare them is the reader's."""
    facts = (ORDER, captured(6, "W1", 3000), captured(7, "W1", 700), TICKET, refunded(8, "W1", 100, "card"))

    assert rows("money_breaks", *facts, books=BOOKED) == [
        ("T1", "card", True, 1000, 1000, "till_1", 3, 6.0, [7], "pos.payment"),
        ("T1", "cash", True, 500, 500, "till_1", 3, 6.0, [8], "pos.payment"),
        ("W1", "card", False, -100, 0, "webshop", 4, 8.0, [], None),
        ("W1", "card", True, 3700, 3700, "webshop", 1, 6.0, [1], "account.payment"),
        ("W1", "gift_card", False, 0, -200, None, None, None, [2], "account.payment"),
        ("W2", "?", True, 0, 1500, None, None, None, [3], "account.payment"),
    ]


@pytest.mark.parametrize("table", [table.name for table in (*TABLES, *MIDWAY)])
def test_without_the_books_every_table_is_there_and_empty(table: str) -> None:
    """So that a question about them has an answer, and the record says that nobody read them."""
    with opened(Tiny([ORDER])) as record:
        assert not record.observed
        assert record.value(f"SELECT count(*) FROM erp_{table}") == 0


def test_a_table_of_the_books_has_its_rows_and_columns_that_were_not_read_are_empty() -> None:
    """The twin: the books were read."""
    with opened(Tiny([ORDER], [open_quant(9, "TEE", "dc", 3, reserved=2), sale("W1", 7)])) as record:
        assert record.observed
        assert record.rows("SELECT * FROM erp_open_quants") == [
            {"at_s": 9.0, "product": 101, "location": 21, "units": 3.0, "reserved": 2.0}
        ]
        assert record.rows("SELECT * FROM erp_sales") == [
            {"id": 7, "name": "S7", "ref": "W1", "channel": "webshop", "state": "sale", "total_minor": 1500, "tax_minor": None, "partner": None,
             "warehouse": 11, "delivery": "full"}
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "lines", "finished", "rested"),
    [
        ([ORDER], 1, False, False),
        ([phase("rest", 1)], 1, False, True),
        ([phase("observe", 2)], 1, True, False),
        ([phase("settle", 1), asked(2, name="rest")], 3, False, False),
    ],
)
def test_the_record_knows_how_far_the_run_came(facts: list[Fact], lines: int, finished: bool, rested: bool) -> None:
    """By its phases alone; and of how many lines it is."""
    with opened(Tiny(facts)) as record:
        assert (record.lines, record.finished, record.rested) == (lines, finished, rested)
