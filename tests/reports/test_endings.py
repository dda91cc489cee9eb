"""The last line of a story says what never happened, in whole sentences; beside each, its twin to which nothing is missing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rehearsal.model import Outcome
from reports._story import Row, shortened, stories
from tests.tiny_books import Row as Book
from tests.tiny_books import payment, sale, ticket, ticket_payment
from tests.tiny_record import (
    Fact,
    Tiny,
    asked,
    cancelled,
    captured,
    collected,
    dead_letter,
    delivered,
    issued,
    opened,
    phase,
    placed,
    refunded,
    sold,
)

W1, PAID = placed(5, "W1"), captured(6, "W1")
HEARD = delivered(7, W1)
CREATED = asked(8, "W1", cause=W1.id)
BEGUN: tuple[Fact, ...] = (W1, PAID, HEARD, CREATED)
REST: tuple[Fact, ...] = (phase("rest", 7200), phase("observe", 7200))
BOOKED = (sale("W1", 7), payment("W1", 1))
CLOSED = "Nothing is missing: collected and paid, and closed in Odoo."
REPAID = payment("W1", 2, direction="outbound")


def told(
    facts: Sequence[Fact], rows: Sequence[Book] | None = BOOKED, order: str = "W1", channel: str = "webshop"
) -> tuple[Row, ...]:
    """Return the story of one order."""
    with opened(Tiny([*facts], rows)) as record:
        return stories(record, [(channel, order)])[channel, order]


def end(
    facts: Sequence[Fact], rows: Sequence[Book] | None = BOOKED, order: str = "W1", channel: str = "webshop"
) -> tuple[str, str]:
    """Return the last line of the story of one order, and its tone."""
    last = told(facts, rows, order, channel)[-1]
    assert last.who == "end"
    return last.what, last.tone


WHOLE = (*BEGUN, collected(60, "W1"), asked(61, "W1", name="validate transfer"), *REST)
OFF = (*BEGUN, cancelled(60, "W1"))
AFTERWARDS = asked(61, "W1", name="cancel sale order")


def test_of_an_order_that_came_to_its_end_nothing_is_missing() -> None:
    """The clean twin of what follows; a parcel leaves with the carrier, and a till sells at once."""
    parcel = (*BEGUN, issued(60, "W1"), asked(61, "W1"), *REST)
    till = (sold(5, "T1"), delivered(6, sold(5, "T1")), *REST)
    kept = [ticket("T1", 9), ticket_payment(9, 3)]

    assert end(WHOLE) == (CLOSED, "quiet")
    assert end(parcel) == ("Nothing is missing: handed to the carrier and paid, and closed in Odoo.", "quiet")
    assert end(till, kept, "T1", "till_1") == ("Nothing is missing: sold at the till and paid, and closed in Odoo.", "quiet")


@pytest.mark.parametrize(
    ("what", "facts", "rows"),
    [
        ("Never handed over, and never cancelled.", [*BEGUN, *REST], BOOKED),
        (("No word of it ever reached the connector. Never handed over, and never cancelled. It never came into Odoo. "
         "15.00 EUR taken by card were never booked in Odoo."), [W1, PAID, *REST], []),
        ("Collected, and nothing was done in Odoo afterwards.",
         [*BEGUN, collected(60, "W1"), *REST], [sale("W1", 7, delivery="pending"), payment("W1", 1)]),
        ("Collected, and Odoo never booked the goods out.",
         [*BEGUN, collected(60, "W1"), asked(61, "W1"), *REST], [sale("W1", 7, delivery="pending"), payment("W1", 1)]),
        ("Handed to the carrier, and nothing was done in Odoo afterwards.",
         [*BEGUN, issued(60, "W1"), *REST], [sale("W1", 7, delivery="pending"), payment("W1", 1)]),
        ("It never came into Odoo.", WHOLE, [payment("W1", 1)]),
        ("It is in Odoo 2 times, and that was never put right.", WHOLE, [*BOOKED, sale("W1", 8)]),
        ("15.00 EUR taken by card were never booked in Odoo.", WHOLE, [sale("W1", 7)]),
        ("15.00 EUR that Odoo booked on card were never taken.", WHOLE, [*BOOKED, payment("W1", 2)]),
        ("15.00 EUR that Odoo booked as given back on card were never given back.", WHOLE, [*BOOKED, REPAID]),
        ("15.00 EUR were never paid. 15.00 EUR that Odoo booked on card were never taken.",
         [W1, *WHOLE[2:]], BOOKED),
        ("15.00 EUR were never given back.",
         [*BEGUN, captured(9, "W1"), *WHOLE[4:]], [*BOOKED, payment("W1", 2)]),
        ("Word of “payment captured” was dropped, and never handled.",
         [*BEGUN, delivered(9, PAID), dead_letter(9, PAID.id), *WHOLE[4:]], BOOKED),
        ("What Odoo did is in doubt: an answer never came.",
         [*BEGUN, asked(9, "W1", outcome=Outcome.UNKNOWN), *WHOLE[4:]], []),
    ],
)  # fmt: skip
def test_what_never_happened_is_the_end_of_a_story(what: str, facts: Sequence[Fact], rows: Sequence[Book]) -> None:
    """Outside, on the way, and in Odoo."""
    assert end(facts, rows) == (what, "bad")


@pytest.mark.parametrize(
    ("what", "tone", "facts", "rows"),
    [
        ("Cancelled: the shopper never got the goods.", "warn", [*OFF, AFTERWARDS, refunded(70, "W1"), *REST],
         [sale("W1", 7, state="cancel"), payment("W1", 1), REPAID]),
        ("Cancelled: the shopper never got the goods. 15.00 EUR were never given back.", "bad", [*OFF, AFTERWARDS, *REST],
         [sale("W1", 7, state="cancel"), payment("W1", 1)]),
        ("Cancelled: the shopper never got the goods. Cancelled, and nothing was done in Odoo afterwards.", "bad",
         [*OFF, refunded(70, "W1"), *REST], [*BOOKED, REPAID]),
        ("Cancelled: the shopper never got the goods. Cancelled, and Odoo never cancelled it.", "bad",
         [*OFF, AFTERWARDS, refunded(70, "W1"), *REST], [*BOOKED, REPAID]),
        ("Cancelled: the shopper never got the goods. 15.00 EUR given back on card were never booked in Odoo.", "bad",
         [*OFF, AFTERWARDS, refunded(70, "W1"), *REST], [sale("W1", 7, state="cancel"), payment("W1", 1)]),
        ("Cancelled: the shopper never got the goods. 5.00 EUR were given back, and never owed.", "bad",
         [*OFF, AFTERWARDS, refunded(70, "W1", 2000), *REST],
         [sale("W1", 7, state="cancel"), payment("W1", 1), payment("W1", 2, 2000, direction="outbound")]),
    ],
)  # fmt: skip
def test_of_a_cancelled_order_the_shopper_never_got_the_goods(
    what: str, tone: str, facts: Sequence[Fact], rows: Sequence[Book]
) -> None:
    """Who has the money back, and whose order is cancelled in Odoo, too, was let down, and wronged in nothing else."""
    assert end(facts, rows) == (what, tone)


def test_what_was_dropped_once_and_handled_later_is_not_missing() -> None:
    """The second arrival did it."""
    again: list[Fact] = [delivered(9, PAID), dead_letter(9, PAID.id), delivered(10, PAID, 2)]

    assert end([*BEGUN, *again, *WHOLE[4:]]) == (CLOSED, "quiet")


def test_a_run_that_broke_off_says_so_and_claims_nothing() -> None:
    """What would have come next is not known; without books, nothing is said of them."""
    assert end([*BEGUN], None) == ("The rehearsal broke off here: what would have come next is not known.", "quiet")
    assert end(WHOLE, None) == ("Nothing is missing: collected and paid. Odoo's books were not read.", "quiet")


def test_a_world_that_did_not_come_to_rest_is_told_beside_the_end() -> None:
    """Something may have been on its way still."""
    story = told([*BEGUN, phase("observe", 7200)])

    assert (story[-1].what, story[-1].note) == (
        "Never handed over, and never cancelled.",
        "so it stood when the time for settling was over",
    )
    assert told([*BEGUN, *REST])[-1].note == ""


def test_the_end_is_the_last_line_and_an_order_that_never_came_has_none() -> None:
    """Whatever came late; nothing can end that did not begin."""
    story = told([*WHOLE[:-2], *REST])

    assert [row.who for row in story].index("end") == len(story) - 1
    assert told([*WHOLE], order="W9") == ()


def test_the_end_of_a_long_story_is_shown_too() -> None:
    """What is left out lies before it."""
    rows = tuple(Row(n, float(n), "outside", f"row {n}") for n in range(100))

    assert shortened(rows, 60) == (rows[:59], 40, rows[99:])
    assert shortened(rows[:60], 60) == (rows[:60], 0, ())


def test_a_dropped_event_is_told_in_words_with_method_and_line_as_the_detail() -> None:
    """No error's name, file or line is in the sentence."""
    where = "Shop.receive (my_shop/connector.py:52)"
    letter = dead_letter(9, PAID.id, "LookupError", f"{where}: LookupError: order W1 is not there", where)
    (row,) = (row for row in told([*BEGUN, delivered(9, PAID), letter, *REST]) if row.tone == "bad" and row.who == "connector")

    assert row.what == "The connector dropped “payment captured”: it did not find what it needed"
    assert row.note == "order W1 is not there (Shop.receive, my_shop/connector.py:52, LookupError)"


def test_every_amount_of_a_story_names_its_currency() -> None:
    """Minor units are never shown."""
    story = told(WHOLE)

    assert story[1].what == "15.00 EUR captured on card"
    assert story[0].note == "15.00 EUR by ; home delivery from dc"
    assert not [row for row in story if "1500" in row.what + row.note]
