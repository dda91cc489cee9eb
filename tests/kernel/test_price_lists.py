"""Price lists of Odoo: what one piece costs, to the cent."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures._prices import PriceList, minor_of

ARTICLE = {"id": 7, "product_tmpl_id": [70, "Kettle"], "categ_id": [3, "Kitchen"], "lst_price": 19.99}
ABOVE = {3: [1, 3], 4: [1, 4]}


def rule(**words: Any) -> dict[str, Any]:
    """Return a rule of a price list: ten per cent off everything, but for *words*."""
    plain = {
        "applied_on": "3_global",
        "compute_price": "percentage",
        "base": "list_price",
        "fixed_price": 0.0,
        "percent_price": 10.0,
    }
    return plain | {"min_quantity": 0, "product_id": False, "product_tmpl_id": False, "categ_id": False} | words


@pytest.mark.parametrize(
    ("rules", "price_minor"),
    [
        ([], 1999),
        ([rule()], 1799),
        ([rule(compute_price="fixed", fixed_price=14.5)], 1450),
        ([rule(applied_on="0_product_variant", product_id=[7, ""], percent_price=50.0), rule()], 1000),
        ([rule(applied_on="0_product_variant", product_id=[8, ""], percent_price=50.0), rule()], 1799),
        ([rule(applied_on="1_product", product_tmpl_id=[70, ""], percent_price=100.0)], 0),
        ([rule(applied_on="2_product_category", categ_id=[1, "All"], percent_price=25.0)], 1499),
        ([rule(applied_on="2_product_category", categ_id=[4, "Garden"], percent_price=25.0)], 1999),
    ],
)
def test_the_first_rule_that_concerns_an_article_is_its_price(rules: list[dict[str, Any]], price_minor: int) -> None:
    """In the order in which Odoo reads them; half a cent is rounded up."""
    assert PriceList(tuple(rules), ABOVE).price_minor(ARTICLE) == price_minor


def test_a_rule_of_another_kind_is_told_and_not_guessed() -> None:
    """A formula, or a percentage of another price list, would be another price than Odoo's."""
    for wrong in (rule(compute_price="formula"), rule(base="standard_price")):
        with pytest.raises(ValueError, match="fixed prices, and percentages of the sales price are known"):
            PriceList((wrong,), ABOVE).price_minor(ARTICLE)


def test_rules_of_other_times_and_quantities_are_not_read() -> None:
    """One piece, at the instant at which the rehearsal starts."""
    rows = [
        rule(id=1, date_start="2025-12-01 00:00:00", date_end=False),
        rule(id=2, date_start=False, date_end="2025-11-01 00:00:00"),
        rule(id=3, date_start=False, date_end=False, min_quantity=10),
        rule(id=4, date_start="2025-11-28 00:00:00", date_end="2025-11-30 23:59:59"),
    ]
    found = PriceList.read(lambda *_, **__: rows, 1, "2025-11-28T00:00:00")
    assert [one["id"] for one in found.rules] == [4]


def test_an_amount_of_odoos_is_a_whole_number_of_cents_or_none() -> None:
    """What would have to be rounded is told, not rounded."""
    assert [minor_of(amount) for amount in (0.0, 0.1, 19.99, 1234567.89, 0.005)] == [0, 10, 1999, 123456789, None]
