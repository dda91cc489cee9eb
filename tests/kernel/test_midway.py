"""The books are read while orders are open, at an instant at which nobody writes, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from rehearsal.odoo.client import NoAnswer
from rehearsal.odoo.observe import Midway


class Books:
    """An Odoo with one quant and one open transfer, whose figures come from a script: one for each reading of both."""

    def __init__(self, script: list[tuple[float, float] | None]) -> None:
        self._script: Iterator[tuple[float, float] | None] = iter(script)
        self._now: tuple[float, float] = (0, 0)

    def call(
        self, model: str, method: str, ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Any:
        """Return the group that is asked for; the next figures with each look at the quants."""
        if model == "product.product":
            return [{"id": 1}]
        place = {"product_id": [1, "Tee"], "location_id": [8, "Stock"]}
        if model != "stock.quant":
            return [{**place, "quantity_product_uom:sum": self._now[1]}]
        figures = next(self._script)
        if figures is None:
            raise NoAnswer("cut off")
        self._now = figures
        return [{**place, "quantity:sum": 5.0, "reserved_quantity:sum": figures[0]}]

    def version(self) -> str:
        """Be an Odoo."""
        return "19.0"


@pytest.mark.parametrize(
    ("script", "reserved"),
    [
        ([(2, 2), (2, 2)], [2]),
        ([(2, 1), (2, 2), (2, 2)], [2]),
        ([(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)], []),
        ([None], []),
        ([(2, 2), None], []),
    ],
)
def test_only_two_readings_that_agree_are_kept(script: list[tuple[float, float] | None], reserved: list[float]) -> None:
    """A request that its client has given up may still be at work; a fault may have Odoo just then."""
    books = Books(script)
    midway = Midway(lambda: books)
    midway.look(7.0)

    assert [row["reserved"] for row in midway.rows["open_quants"]] == reserved
    assert [row["at_s"] for row in midway.rows["open_held"]] == [7.0] * len(reserved)
    assert midway.missed == (not reserved)
