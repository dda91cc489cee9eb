"""What the connector dropped or ignored, in words, with its method and line where they are known."""

from __future__ import annotations

from rehearsal.vocabulary import EventKind
from reports._dropped import Dropped, Ignored, dropped, ignored
from tests.tiny_record import Fact, Tiny, asked, captured, collected, dead_letter, delivered, event, opened, phase, placed

W1, W2 = placed(5, "W1"), placed(6, "W2")
PAID = [captured(7, order) for order in ("W1", "W2")]
WHERE = "Shop.receive (my_shop/connector.py:52)"
LETTERS = [
    dead_letter(8 + n, paid.id, "LookupError", f"{WHERE}: LookupError: order {paid.order}-0001 is not there", WHERE)
    for n, paid in enumerate(PAID)
]


def test_events_that_fail_at_one_line_for_one_reason_are_one_row() -> None:
    """The first order, how often, why in words, and method, line and error apart."""
    with opened(Tiny([W1, W2, *PAID, *LETTERS])) as record:
        found = dropped(record)

    assert found == (
        Dropped(
            "“payment captured”", 2, "it did not find what it needed", "order W1-0001 is not there",
            "Shop.receive", "my_shop/connector.py:52", "LookupError", "W1", 8.0,
        ),
    )  # fmt: skip
    assert found[0].place == "Shop.receive, my_shop/connector.py:52, LookupError"


def test_what_is_about_no_event_is_told_by_its_cause_and_an_unknown_error_as_a_mistake() -> None:
    """A publication of nonsense is no event; a place without a line is shown as it stands."""
    facts: list[Fact] = [
        W1,
        dead_letter(8, "publish:webshop:dc", "ZeroDivisionError", "Shop.publish: division by zero", "Shop.publish"),
    ]
    with opened(Tiny(facts)) as record:
        (one,) = dropped(record)

    assert (one.what, one.why, one.said) == ("publish", "its own code made a mistake", "division by zero")
    assert (one.method, one.line, one.first) == ("Shop.publish", "", "publish:webshop:dc")


def test_nothing_dropped_is_nothing_told() -> None:
    """The twin."""
    with opened(Tiny([W1, delivered(6, W1), asked(7, "W1", cause=W1.id)])) as record:
        assert (dropped(record), ignored(record)) == ((), ())


def test_what_was_heard_and_led_to_nothing_is_told() -> None:
    """Collected, and nothing was asked of Odoo afterwards; one after which something was is none of them, whoever caused it."""
    gone, kept = collected(60, "W1"), collected(61, "W2")
    facts: list[Fact] = [
        W1,
        W2,
        asked(8, "W1", "W2"),
        gone,
        kept,
        delivered(62, gone),
        delivered(63, kept),
        asked(70, "W2", cause="a batch"),
    ]
    with opened(Tiny([*facts, phase("rest", 100)])) as record:
        assert ignored(record) == (Ignored("“pickup collected”", 1, "W1", 62.0),)


def test_a_dropped_event_is_not_called_ignored_as_well() -> None:
    """It has a method and a line."""
    scan = event(EventKind.PARCEL_SCANNED, 60, "webshop", "W1", "", tracking="T", status="in transit")
    with opened(Tiny([W1, scan, delivered(61, scan), dead_letter(61, scan.id)])) as record:
        assert ignored(record) == ()
    with opened(Tiny([W1, scan, delivered(61, scan)])) as record:
        assert ignored(record) == (Ignored("“parcel scanned”", 1, "W1", 61.0),)
