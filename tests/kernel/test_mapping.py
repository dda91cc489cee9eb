"""The words that name what a database has already: all of them with `world: existing`, none without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.stories import variant
from tests.odoo.retailer import SCENARIO

WHOLE = SCENARIO.replace("\nextends: promo_day\nname: own\n", "")


def said(folder: Path, text: str) -> tuple[str, ...]:
    """Return what is said of a variant of promo_weekend, without where it says it."""
    return tuple(one.partition(" ")[2] for one in variant(folder, text))


def test_a_world_that_is_mapped_whole_is_valid(tmp_path: Path) -> None:
    """The retailer of the tests with a real Odoo."""
    assert said(tmp_path, WHOLE) == ()


@pytest.mark.parametrize(
    ("left_out", "instead", "told"),
    [
        ("dc: {warehouse: MAIN}, ", "", ["nodes.dc: world: existing needs the warehouse that this node is; write warehouse: CODE"]),
        (", till: Hafen 1", "", ["channels.till_2: world: existing needs the point of sale that this till is; write till: NAME"]),
        (
            "gift_card: {journal: GIFT}, ",
            "",
            ["tenders.gift_card: world: existing needs the journal in which gift_card is booked; write tenders: {gift_card: {journal: CODE}}"],
        ),
        (
            "store_3: {warehouse: ST3}",
            "store_3: {warehouse: ST2}",
            ["nodes.store_2.warehouse: 'ST2' is named by 2 of them; each has its own", "nodes.store_3.warehouse: 'ST2' is named by 2 of them; each has its own"],
        ),
        ("hot: [H-003, H-005]", "hot: [A, B, C, D, E, F, G, H, I]", ["catalogue.hot: names 9 articles, and products is 8; write more products"]),
        (
            "[[categ_id.name, =, Household]]",
            "[[categ_id.name, Household]]",
            ["catalogue.domain.0: ['categ_id.name', 'Household'] is no term of a domain; write [field, operator, value], such as [active, =, true], or '&', '|', '!'"],
        ),
        (
            "hot: [H-003, H-005]",
            "hot: [H-003, H-005], shares: {H-003: 2, H-001: 1}",
            ["catalogue.hot.1: 'H-005' is hot, and has no share in catalogue.shares; give it one"],
        ),
        (
            "hot: [H-003, H-005]",
            "shares: {H-003: 0, H-001: 0}",
            ["catalogue.shares: every share is 0, so nobody would want anything; give one article a share"],
        ),
        (
            "products: 8, promoted: 2, scarce: 0, tax_percent: 19, domain: [[categ_id.name, =, Household]], hot: [H-003, H-005]",
            "products: 3, promoted: 2, scarce: 0, tax_percent: 19, shares: {A: 1, B: 1, C: 1, D: 1}",
            ["catalogue.shares: names 4 articles that draw demand, and products is 3; write products: 4"],
        ),
        (
            "till: Hafen 1",
            "till: Hafen 1, history: [[state, =, paid]]",
            ["channels.till_2.history: a till's history are the tickets of its point of sale; leave the word out"],
        ),
        (
            "pricelist: Web",
            "pricelist: Web, history: [origin]",
            ["channels.webshop.history.0: 'origin' is no term of a domain; write [field, operator, value], such as [active, =, true], or '&', '|', '!'"],
        ),
        (
            "currency: USD",
            "currency: USD\ncustomer_domain: [[id, '>']]",
            ["customer_domain.0: ['id', '>'] is no term of a domain; write [field, operator, value], such as [active, =, true], or '&', '|', '!'"],
        ),
    ],
)  # fmt: skip
def test_what_is_not_mapped_is_told_by_name(left_out: str, instead: str, told: list[str], tmp_path: Path) -> None:
    """Ahead of any Odoo, and all at once."""
    assert left_out in WHOLE
    assert sorted(said(tmp_path, WHOLE.replace(left_out, instead))) == sorted(told)


def test_a_made_world_maps_nothing(tmp_path: Path) -> None:
    """Whoever maps something wants their own; a rehearsal that silently made its own would prove nothing about it."""
    text = (
        "nodes: {dc: {warehouse: MAIN}}\nchannels: {webshop: {pricelist: Web, history: [[id, '>', 1]]}}\n"
        "catalogue: {hot: [A], shares: {A: 1}}\ncustomer_domain: [[id, '>', 1]]\n"
    )
    assert said(tmp_path, text) == tuple(
        f"{place}: {word} names what a database has already; write world: existing as well, or leave it out"
        for place, word in (
            ("nodes.dc.warehouse", "warehouse"),
            ("channels.webshop.pricelist", "pricelist"),
            ("channels.webshop.history", "history"),
            ("catalogue.hot", "hot"),
            ("catalogue.shares", "shares"),
            ("customer_domain", "customer_domain"),
        )
    )
