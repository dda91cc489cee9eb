"""Inventory: what was promised, what the book says, what is reserved; each breach beside its clean twin."""

from __future__ import annotations

import pytest

from assertions.inventory import no_unit_is_promised_twice, reservations_cohere, stock_book_equals_its_movements
from rehearsal.model import Finding, Judgement
from tests.assertions.stories import Breach, Law, grave, messages, undecided
from tests.tiny_books import Row, flow, hold, open_hold, open_quant, quant
from tests.tiny_record import BOOK, HOUR, Tiny, cancelled, judged, placed, promise_moved, sold

TEE, MUG, DC, STORE, ELSEWHERE, CUSTOMER, SUPPLIER = 101, 102, 21, 22, 23, 24, 26
ONE = {("store", "TEE"): 1}


def off(
    message: str, product: int = TEE, location: int = DC, units: int = 1, price_minor: int = 1500, at_s: float | None = None
) -> Finding:
    """What is said of a product at a location whose figures do not fit."""
    records = (("product.product", product), ("stock.location", location))
    return grave(message, units=units, money_at_risk_minor=units * price_minor, erp_records=records, at_s=at_s)


def oversold(*promises: tuple[float, str, str, int]) -> Tiny:
    """Promises of tees that lie in the store, of which there is one: time, channel, order, units."""
    facts = [
        sold(at_s, order, ("TEE", units))
        if channel == "till_1"
        else placed(at_s, order, ("TEE", units), channel=channel, node="store")
        for at_s, channel, order, units in promises
    ]
    return Tiny(facts, book=ONE)


PROMISES = (
    Breach(
        no_unit_is_promised_twice, "three channels promise one unit",
        oversold((1, "webshop", "W1", 1), (26 * HOUR + 180, "marketplace", "M1", 2), (27 * HOUR, "till_1", "T1", 1), (28 * HOUR, "webshop", "W2", 1)),
        (
            grave(
                "TEE at store: 1 in stock, 4 promised too many at day 2, 04:00; 3 orders were accepted beyond the stock, 60.00 EUR at risk",
                units=4, money_at_risk_minor=6000, witnesses=(1, 3), at_s=26 * HOUR + 180,
                orders=(("marketplace", "M1"), ("till_1", "T1"), ("webshop", "W2")),
            ),
        ),
        oversold((1, "webshop", "W1", 1)),
    ),
    Breach(
        no_unit_is_promised_twice, "the worst moment is neither the first nor the last, and what was cancelled is no promise",
        Tiny(
            [
                placed(1, "W1", ("TEE", 2), node="store"), placed(2, "W2", ("TEE", 2), node="store"), cancelled(3, "W2"),
                placed(4, "W3", node="store"),
            ],
            book=ONE,
        ),
        (
            grave(
                "TEE at store: 1 in stock, 3 promised too many at day 1, 00:00; 3 orders were accepted beyond the stock, 45.00 EUR at risk",
                units=3, money_at_risk_minor=4500, witnesses=(0, 1, 3), at_s=1.0, orders=(("webshop", "W1"), ("webshop", "W2"), ("webshop", "W3")),
            ),
        ),
        Tiny([placed(1, "W1", node="store"), cancelled(3, "W1"), placed(4, "W3", node="store")], book=ONE),
    ),
    Breach(
        no_unit_is_promised_twice, "a promise moved where there is nothing, by SKU of its basket",
        Tiny([placed(1, "W1", ("TEE", 1), ("MUG", 2)), promise_moved(2, "W1", "dc", "store")], book={**ONE, ("store", "MUG"): 1}),
        (
            grave(
                "MUG at store: 1 in stock, 1 promised too many at day 1, 00:00; 1 order was accepted beyond the stock, 7.00 EUR at risk",
                units=1, money_at_risk_minor=700, witnesses=(1,), orders=(("webshop", "W1"),), at_s=2.0,
            ),
        ),
        Tiny([placed(1, "W1", ("TEE", 1), ("MUG", 2)), promise_moved(2, "W1", "dc", "store")], book={**ONE, ("store", "MUG"): 2}),
        examined=2, twin_examined=2,
    ),
    Breach(
        no_unit_is_promised_twice, "a cancellation frees the node that kept the promise last, not those that had it before",
        Tiny(
            [
                placed(1, "W1", node="store"), promise_moved(2, "W1", "store", "attic"), promise_moved(3, "W1", "attic", "dc"),
                cancelled(4, "W1", node="store"), placed(5, "W2", node="dc"), placed(6, "W3", node="attic"), placed(7, "W4", node="attic"),
            ],
            book={**ONE, ("dc", "TEE"): 1, ("attic", "TEE"): 1},
        ),
        (
            grave(
                "TEE at attic: 1 in stock, 1 promised too many at day 1, 00:00; 1 order was accepted beyond the stock, 15.00 EUR at risk",
                units=1, money_at_risk_minor=1500, witnesses=(6,), orders=(("webshop", "W4"),), at_s=7.0,
            ),
        ),
        Tiny(
            [
                placed(1, "W1", node="store"), promise_moved(2, "W1", "store", "attic"), promise_moved(3, "W1", "attic", "dc"),
                cancelled(4, "W1", node="store"), placed(5, "W2", node="dc"), placed(6, "W3", node="attic"), placed(7, "W4", node="store"),
            ],
            book={**ONE, ("dc", "TEE"): 1, ("attic", "TEE"): 1},
        ),
        examined=3, twin_examined=3,
    ),
    Breach(
        no_unit_is_promised_twice, "two channels number their orders alike, and the other one's are moved away and cancelled",
        Tiny(
            [
                placed(1, "7", node="store"), placed(2, "7", ("MUG", 1), channel="marketplace", node="store"),
                promise_moved(3, "7", "store", "dc", channel="marketplace"), placed(3, "8", ("MUG", 1), channel="marketplace", node="store"),
                cancelled(4, "8", channel="marketplace"), placed(5, "8", node="store"),
            ],
            book=ONE,
        ),
        (
            grave(
                "TEE at store: 1 in stock, 1 promised too many at day 1, 00:00; 1 order was accepted beyond the stock, 15.00 EUR at risk",
                units=1, money_at_risk_minor=1500, witnesses=(5,), orders=(("webshop", "8"),), at_s=5.0,
            ),
        ),
        Tiny(
            [
                placed(1, "7", node="store"), placed(2, "7", ("MUG", 1), channel="marketplace", node="dc"),
                promise_moved(2, "7", "dc", "store", channel="marketplace"), promise_moved(3, "7", "store", "dc", channel="marketplace"),
                cancelled(4, "7"), placed(5, "8", node="store"),
            ],
            book=ONE,
        ),
    ),
    Breach(
        no_unit_is_promised_twice, "a node whose book is empty owes nothing to anybody",
        Tiny([placed(1, "W1", node="store"), placed(2, "W2", node="dc")], book={("store", "TEE"): 0, ("dc", "TEE"): 1}),
        (
            grave(
                "TEE at store: 0 in stock, 1 promised too many at day 1, 00:00; 1 order was accepted beyond the stock, 15.00 EUR at risk",
                units=1, money_at_risk_minor=1500, witnesses=(0,), orders=(("webshop", "W1"),), at_s=1.0,
            ),
        ),
        Tiny([placed(2, "W2", node="dc")], book={("store", "TEE"): 0, ("dc", "TEE"): 1}),
        examined=2,
    ),
)  # fmt: skip


def books(*rows: Row) -> Tiny:
    """Books in which three tees came from the supplier to the distribution centre, and *rows*."""
    return Tiny(rows=[flow("TEE", 3, "supplier", "dc"), quant("TEE", "supplier", -3), *rows])


MOVEMENTS = (
    Breach(
        stock_book_equals_its_movements, "more lies there than came",
        books(quant("TEE", "dc", 5)), (off("TEE at dc: the book says 5, its movements sum to 3", units=2),),
        books(quant("TEE", "dc", 3)), examined=2, twin_examined=2,
    ),
    Breach(
        stock_book_equals_its_movements, "what was taken out still lies there",
        books(quant("TEE", "dc", 3), flow("TEE", 1, "dc", "customer"), quant("TEE", "customer", 1)),
        (off("TEE at dc: the book says 3, its movements sum to 2"),),
        books(quant("TEE", "dc", 2), flow("TEE", 1, "dc", "customer"), quant("TEE", "customer", 1)), examined=3, twin_examined=3,
    ),
    Breach(
        stock_book_equals_its_movements, "the book knows nothing of what came",
        books(), (off("TEE at dc: the book says 0, its movements sum to 3", units=3),),
        books(quant("TEE", "dc", 3), quant("MUG", "dc", 0)), examined=2, twin_examined=2,
    ),
    Breach(
        stock_book_equals_its_movements, "nothing ever came, whatever it is and wherever: what nobody named is told by number",
        books(quant("TEE", "dc", 3), quant(999, "elsewhere", 2)),
        (off("product 999 at location 23: the book says 2, its movements sum to 0", 999, ELSEWHERE, 2, 0),),
        books(quant("TEE", "dc", 3), quant(999, "elsewhere", 2), flow(999, 2, "inventory", "elsewhere"), quant(999, "inventory", -2)),
        examined=3, twin_examined=4,
    ),
    Breach(
        stock_book_equals_its_movements, "a thousandth is a float's, two are a breach",
        books(quant("TEE", "dc", 3.002)), (off("TEE at dc: the book says 3.002, its movements sum to 3"),),
        books(quant("TEE", "dc", 3.0009)), examined=2, twin_examined=2,
    ),
)  # fmt: skip

RESERVED = (
    Breach(
        reservations_cohere, "stock says more than open transfers hold",
        Tiny(rows=[quant("TEE", "dc", 3, reserved=3), hold("TEE", "dc", 1)]),
        (off("TEE at dc: stock says 3 reserved, open transfers hold 1, at rest", units=2),),
        Tiny(rows=[quant("TEE", "dc", 3, reserved=3), hold("TEE", "dc", 3)]),
    ),
    Breach(
        reservations_cohere, "a transfer holds what stock knows nothing of",
        Tiny(rows=[hold("MUG", "store", 2)]),
        (off("MUG at store: stock says 0 reserved, open transfers hold 2, at rest", MUG, STORE, 2, 700),),
        Tiny(rows=[hold("MUG", "store", 2), quant("MUG", "store", 2, reserved=2)]),
    ),
    Breach(
        reservations_cohere, "nobody holds what stock has reserved",
        Tiny(rows=[quant("TEE", "dc", 3, reserved=1), quant("MUG", "dc", 3)]),
        (off("TEE at dc: stock says 1 reserved, open transfers hold 0, at rest"),),
        Tiny(rows=[quant("TEE", "dc", 3, reserved=1), hold("TEE", "dc", 1), quant("MUG", "dc", 3)]),
    ),
    Breach(
        reservations_cohere, "more is reserved than lies there",
        Tiny(rows=[quant("TEE", "dc", 1, reserved=3), hold("TEE", "dc", 3)]),
        (off("TEE at dc: 3 reserved of 1 on hand, at rest", units=2),),
        Tiny(rows=[quant("TEE", "dc", 3, reserved=3), hold("TEE", "dc", 3)]),
    ),
    Breach(
        reservations_cohere, "of less than nothing nothing can be reserved",
        Tiny(rows=[quant("TEE", "dc", -4, reserved=2), hold("TEE", "dc", 2)]),
        (off("TEE at dc: 2 reserved of -4 on hand, at rest", units=2),),
        Tiny(rows=[quant("TEE", "dc", 2, reserved=2), hold("TEE", "dc", 2), quant("MUG", "dc", -4, reserved=0.0005)]),
        twin_examined=2,
    ),
    Breach(
        reservations_cohere, "a thousandth more on hand is a float's, two are a breach",
        Tiny(rows=[quant("TEE", "dc", 1, reserved=1.002), hold("TEE", "dc", 1.002)]),
        (off("TEE at dc: 1.002 reserved of 1 on hand, at rest"),),
        Tiny(rows=[quant("TEE", "dc", 1, reserved=1.0009), hold("TEE", "dc", 1.0009)]),
    ),
    Breach(
        reservations_cohere, "a thousandth more held is a float's, two are a breach",
        Tiny(rows=[quant("TEE", "dc", 3, reserved=1), hold("TEE", "dc", 1.002)]),
        (off("TEE at dc: stock says 1 reserved, open transfers hold 1.002, at rest"),),
        Tiny(rows=[quant("TEE", "dc", 3, reserved=1), hold("TEE", "dc", 1.0009)]),
    ),
    Breach(
        reservations_cohere, "of several looks the first that saw it is told, and each product and place once",
        Tiny(
            rows=[
                quant("TEE", "dc", 3, reserved=1), open_quant(30 * HOUR, "TEE", "dc", 3, reserved=2), open_quant(9 * HOUR, "TEE", "dc", 3, reserved=2),
                open_hold(9 * HOUR, "TEE", "dc", 2), quant("MUG", "dc", 1, reserved=1), hold("MUG", "dc", 1),
            ]
        ),
        (off("TEE at dc: stock says 2 reserved, open transfers hold 0, while orders were open, day 2, 06:00", units=2, at_s=30 * HOUR),),
        Tiny(
            rows=[
                quant("TEE", "dc", 3, reserved=1), hold("TEE", "dc", 1), open_quant(30 * HOUR, "TEE", "dc", 3, reserved=2),
                open_hold(30 * HOUR, "TEE", "dc", 2), open_quant(9 * HOUR, "TEE", "dc", 3, reserved=2), open_hold(9 * HOUR, "TEE", "dc", 2),
            ]
        ),
        examined=4, twin_examined=3,
    ),
    Breach(
        reservations_cohere, "what two looks saw is never put together",
        Tiny(rows=[open_quant(HOUR, "TEE", "dc", 3, reserved=1), open_hold(2 * HOUR, "TEE", "dc", 1), open_hold(2 * HOUR, "TEE", "store", 1)]),
        (
            off("TEE at dc: stock says 1 reserved, open transfers hold 0, while orders were open, day 1, 01:00", at_s=HOUR),
            off("TEE at store: stock says 0 reserved, open transfers hold 1, while orders were open, day 1, 02:00", location=STORE, at_s=2 * HOUR),
        ),
        Tiny(rows=[open_quant(HOUR, "TEE", "dc", 3, reserved=1), open_hold(HOUR, "TEE", "dc", 1)]), examined=3,
    ),
    Breach(
        reservations_cohere, "what nobody named is told by number; where nothing is kept nothing is looked at",
        Tiny(rows=[quant(999, "elsewhere", 2, reserved=1), quant("TEE", "customer", 1, reserved=1), hold("TEE", "supplier", 4)]),
        (off("product 999 at location 23: stock says 1 reserved, open transfers hold 0, at rest", 999, ELSEWHERE, 1, 0),),
        Tiny(rows=[quant(999, "elsewhere", 2, reserved=1), hold(999, "elsewhere", 1), quant("TEE", "customer", 1, reserved=1)]),
    ),
)  # fmt: skip
BREACHES = (*PROMISES, *MOVEMENTS, *RESERVED)


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_breach_is_told_whole_and_nothing_is_said_of_its_twin(breach: Breach) -> None:
    """Message, units, money at risk, witnesses and records of Odoo; and how much was looked at."""
    assert judged(breach.law, breach.broken) == Judgement(breach.examined, breach.findings)
    assert judged(breach.law, breach.twin) == Judgement(breach.twin_examined)


def test_promises_are_added_up_in_order_of_time_and_then_of_the_history() -> None:
    """A cancellation of the same second comes first where it was written first; one written before its time does not."""
    first, second = placed(1, "W1", node="store"), placed(2, "W2", node="store")

    assert messages(no_unit_is_promised_twice, Tiny([first, cancelled(2, "W1"), second], book=ONE)) == ()
    assert len(messages(no_unit_is_promised_twice, Tiny([first, second, cancelled(2, "W1")], book=ONE))) == 1
    assert len(messages(no_unit_is_promised_twice, Tiny([first, cancelled(3, "W1"), second], book=ONE))) == 1


def test_of_two_moments_that_are_equally_bad_the_first_is_told() -> None:
    """It is told with its time; the last is a witness all the same."""
    again = [placed(60, "W2", node="store"), cancelled(120, "W2"), placed(180, "W3", node="store")]
    (finding,) = judged(no_unit_is_promised_twice, Tiny([placed(1, "W1", node="store"), *again], book=ONE)).findings

    assert "1 promised too many at day 1, 00:01; 2 orders" in finding.message
    assert finding.witnesses == (1, 3)


def test_what_the_book_does_not_know_is_not_judged_as_a_promise() -> None:
    """It has no stock that could be exceeded; and every node and SKU is counted once."""
    facts = [placed(1, "W1", ("TEE", 1), ("MUG", 1), node="dc"), placed(2, "W2", node="dc")]

    assert judged(no_unit_is_promised_twice, Tiny(facts, book=BOOK)) == Judgement(1)
    assert undecided(no_unit_is_promised_twice, Tiny(facts, book=ONE))


def test_two_nodes_are_two_findings_in_order_of_their_names() -> None:
    """Each with its own stock."""
    facts = [placed(1, "W1", ("TEE", 2), node="store"), placed(2, "W2", ("TEE", 5), node="dc")]

    assert [said.split(",")[0] for said in messages(no_unit_is_promised_twice, Tiny(facts))] == [
        "TEE at dc: 3 in stock",
        "TEE at store: 1 in stock",
    ]


@pytest.mark.parametrize("law", [stock_book_equals_its_movements, reservations_cohere])
def test_where_nothing_lies_and_nothing_moved_there_is_nothing_to_examine(law: Law) -> None:
    """An empty book, and one of zeros alone."""
    assert undecided(law, Tiny(rows=[]))
    assert undecided(law, Tiny(rows=[quant("TEE", "dc", 0), hold("TEE", "dc", 0)]))
