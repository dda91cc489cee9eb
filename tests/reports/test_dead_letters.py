"""What the connector dropped, told once for each line and reason: a reader counts faults, not orders."""

from __future__ import annotations

from pathlib import Path

from rehearsal.history import History
from rehearsal.model import Event, EventKind, World
from rehearsal.verdict.record import Record
from rehearsal.verdict.summary import dead_letters, letter_kinds
from tests.conftest import load


def told(folder: Path, letters: list[tuple[str, str]]) -> list[str]:
    """Return what is said of dead letters, each a place and what was wrong."""
    with History(folder / "history") as history:
        for number, (place, said) in enumerate(letters):
            erp = {"message": f"{place}: {said}", "where": place}
            history.write("dead_letter", float(number), cause=f"e{number}", error="LookupError", erp=erp)
    with Record(load("promo_day"), World((), (), {}, {}), folder) as record:
        return dead_letters(record)


def test_forty_orders_that_fail_at_one_line_are_one_sentence(tmp_path: Path) -> None:
    """Their numbers and ids are no reasons of their own; another line, or another reason, is."""
    found = told(
        tmp_path,
        [
            *(
                ("Shop.receive (shop.py:10)", f"no sale order for {channel}-{n:04d}")
                for n in range(20)
                for channel in ("WEB", "POS-A")
            ),
            ("Shop.receive (shop.py:10)", "no customer for WEB-0001"),
            ("Shop.receive (shop.py:20)", "no sale order for WEB-0001"),
        ],
    )

    assert found == [
        "Shop.receive (shop.py:10): no sale order for WEB-0000 (40 times, the first about e0)",
        "Shop.receive (shop.py:10): no customer for WEB-0001 (1 time, the first about e40)",
        "Shop.receive (shop.py:20): no sale order for WEB-0001 (1 time, the first about e41)",
    ]


def test_a_kind_of_dead_letter_is_one_of_an_event_and_no_other(tmp_path: Path) -> None:
    """Lost payments that are known excuse no lost till closings, of the same method and error."""
    with History(tmp_path / "history") as history:
        for number, kind in enumerate((EventKind.PAYMENT_CAPTURED, EventKind.PAYMENT_CAPTURED, EventKind.TILL_CLOSED)):
            told = Event(f"e{number}", kind, float(number), "webshop", "", "", {})
            history.event(told)
            erp = {"message": "lost", "where": "Shop.receive (shop.py:10)"}
            history.write("dead_letter", float(number), cause=f"e{number}", error="LookupError", erp=erp)
    with Record(load("promo_day"), World((), (), {}, {}), tmp_path) as record:
        assert letter_kinds(record) == [
            {"what": "LookupError in Shop.receive of payment.captured", "times": 2},
            {"what": "LookupError in Shop.receive of till.closed", "times": 1},
        ]
