"""Figures that are no whole numbers: a damage of the record, wherever they stand, whoever wrote them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tiny_record import Fact, Noted, Tiny, opened, placed, published, sold

WHOLE: list[Fact] = [placed(5, "W1", ("TEE", 2)), sold(6, "T1", card=1000, cash=500), published(7, TEE=1)]


def fact(kind: str, **data: Any) -> Noted:
    """A fact as anybody may write it, its figures included."""
    return Noted("event", 5.0, {"event": "e", "type": kind, "channel": "webshop", "order": "W1", "node": "dc", "data": data})


def basket(units: Any, total_minor: Any = 1500) -> list[dict[str, Any]]:
    """One line."""
    return [{"line": 1, "sku": "TEE", "units": units, "price_minor": 1500, "total_minor": total_minor}]


FRACTIONS = {
    "units of an order": ("units", fact("order.placed", lines=basket(1.5), total_minor=1500)),
    "units of a ticket": ("units", fact("ticket.closed", lines=basket(1.5), total_minor=1500)),
    "units of a parcel": ("units", fact("goods.issued", lines=basket(1.5))),
    "units of a pickup": ("units", fact("pickup.collected", lines=basket(1.5))),
    "total of a line": ("total_minor", fact("order.placed", lines=basket(1, 1.5), total_minor=1500)),
    "total of a ticket's line": ("total_minor", fact("ticket.closed", lines=basket(1, 1.5), total_minor=1500)),
    "total of an order": ("total_minor", fact("order.placed", lines=basket(1), total_minor=1.5)),
    "total of a ticket": ("total_minor", fact("ticket.closed", lines=basket(1), total_minor=1.5)),
    "money taken": ("amount_minor", fact("payment.captured", tender="card", amount_minor=1.5)),
    "money given back": ("amount_minor", fact("refund.paid", tender="card", amount_minor=1.5)),
    "a tender at a till": (
        "amount_minor",
        fact("ticket.closed", lines=basket(1), total_minor=1500, tenders=[{"amount_minor": 1.5}]),
    ),
    "a drawer": ("counted_minor", fact("till.closed", counted_minor=1.5)),
    "a publication": ("units", Noted("publication", 5.0, {"channel": "webshop", "node": "dc", "units": {"TEE": 1.5}})),
    "a shelf": ("units", Noted("shelf", 5.0, {"node": "dc", "units": {"TEE": 1.5}})),
}


@pytest.mark.parametrize(("what", "line"), FRACTIONS.values(), ids=FRACTIONS)
def test_a_figure_that_is_no_whole_number_is_a_damage_wherever_it_stands(what: str, line: Noted) -> None:
    """Otherwise it would be rounded without a word; whole figures beside it are none."""
    with opened(Tiny([*WHOLE, line]), whole=False) as record:
        assert [damage.said for damage in record.damages] == [f"{what} is 1.5; expected a whole number"]
        assert record.damages[0].file == "history (line index 3)"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (fact("order.placed", lines={}, total_minor=1500), "lines is {}; expected a list"),
        (fact("goods.issued", lines="TEE"), 'lines is "TEE"; expected a list'),
        (fact("ticket.closed", lines=basket(1), total_minor=1500, tenders={"cash": 5}), 'tenders is {"cash":5}; expected a list'),
        (fact("order.placed", lines=[5], total_minor=1500), "units is null; expected a whole number"),
    ],
)
def test_what_is_no_list_is_a_damage_and_not_an_order_without_lines(line: Noted, said: str) -> None:
    """Nothing would be found in it, so that nothing could be oversold."""
    with opened(Tiny([*WHOLE, line]), whole=False) as record:
        assert said in [damage.said for damage in record.damages]
