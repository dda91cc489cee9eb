"""Orders: each accepted one is in Odoo once, and with its content; each breach beside its clean twin."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from assertions.orders import every_accepted_order_is_in_the_erp_once, every_order_keeps_its_content
from rehearsal.model import Finding, Judgement, Outcome, Severity
from tests.assertions.stories import Breach, Law, grave, undecided, with_facts, with_rows
from tests.tiny_books import Row, sale, sale_line, ticket, ticket_line
from tests.tiny_record import Fact, Tiny, asked, cancelled, judged, placed, sold, substituted

ONCE: Law = every_accepted_order_is_in_the_erp_once
CONTENT: Law = every_order_keeps_its_content


def told(
    said: str, *orders: str, channel: str = "webshop", money: int = 1500, severity: Severity = Severity.CRITICAL, **values: Any
) -> Finding:
    """What is said of orders of one channel with the same trouble."""
    named = tuple((channel, order) for order in orders)
    message = f"{channel}: {'1 order' if len(orders) == 1 else f'{len(orders)} orders'} {said}"
    return Finding(message, severity, money_at_risk_minor=money, orders=named, **values)


W1, W2, T1 = placed(5, "W1"), placed(6, "W2", ("MUG", 1)), sold(7, "T1")

COPIES = (
    Breach(
        ONCE, "it never came, whichever channel accepted it",
        Tiny([W1, W2, T1], [sale("W2", 8)]),
        (
            told("missing in Odoo: T1", "T1", channel="till_1", witnesses=(2,), at_s=7.0),
            told("missing in Odoo: W1", "W1", witnesses=(0,), at_s=5.0),
        ),
        Tiny([W1, W2, T1], [sale("W2", 8), sale("W1", 7), ticket("T1", 9)]), examined=3, twin_examined=3,
    ),
    Breach(
        ONCE, "two sale orders for one",
        Tiny([W1, W2], [sale("W1", 7), sale("W1", 17, state="cancel"), sale("W2", 8)]),
        (
            told(
                "more than once in Odoo: W1", "W1", witnesses=(0,), at_s=5.0, erp_records=(("sale.order", 7), ("sale.order", 17)),
            ),
        ),
        Tiny([W1, W2], [sale("W1", 7), sale("W2", 8)]), examined=2, twin_examined=2,
    ),
    Breach(
        ONCE, "two tickets for one",
        Tiny([T1], [ticket("T1", 9), ticket("T1", 10)]),
        (
            told(
                "more than once in Odoo: T1", "T1", channel="till_1", witnesses=(0,), at_s=7.0,
                erp_records=(("pos.order", 9), ("pos.order", 10)),
            ),
        ),
        Tiny([T1], [ticket("T1", 9)]),
    ),
    Breach(
        ONCE, "nobody accepted a sale order that Odoo has",
        Tiny([W1], [sale("W1", 7), sale("GHOST", 8)]),
        (
            told(
                "in Odoo, but no channel accepted it: GHOST", "GHOST", channel="unknown", money=0, erp_records=(("sale.order", 8),),
            ),
        ),
        Tiny([W1], [sale("W1", 7)]), examined=2,
    ),
    Breach(
        ONCE, "no till rang up a ticket that Odoo has",
        Tiny([T1], [ticket("T1", 9), ticket("WRAITH", 10)]),
        (
            told(
                "in Odoo, but no channel accepted it: WRAITH", "WRAITH", channel="unknown", money=0, erp_records=(("pos.order", 10),),
            ),
        ),
        Tiny([T1], [ticket("T1", 9)]), examined=2,
    ),
    Breach(
        ONCE, "of many the first, the dearest and the last are witnesses, and five are named",
        Tiny([placed(n, f"W{n}", ("TEE", 9 if n == 3 else 1)) for n in range(1, 8)], [sale("W2", 2)]),
        (
            told(
                "missing in Odoo: W1, W3, W4, W5, W6 and 1 more", "W1", "W3", "W4", "W5", "W6", "W7", money=14 * 1500,
                witnesses=(0, 2, 6), at_s=1.0,
            ),
        ),
        Tiny([placed(n, f"W{n}") for n in range(1, 8)], [sale(f"W{n}", n) for n in range(1, 8)]), examined=7, twin_examined=7,
    ),
)  # fmt: skip


def basket(*rows: Row, total_minor: int = 2200) -> Tiny:
    """An order for a tee and a mug at 22.00, which Odoo has with *rows*; beside it one that Odoo does not have."""
    facts = [placed(5, "W1", ("TEE", 1), ("MUG", 1)), placed(6, "W2")]
    return Tiny(facts, [sale("W1", 7, total_minor=total_minor), *rows])


AGREED = basket(sale_line(7, "MUG"), sale_line(7, "TEE"))
OTHERS = {
    "a piece more": (sale_line(7, "TEE", 2), sale_line(7, "MUG")),
    "a line less": (sale_line(7, "TEE"),),
    "a line more": (sale_line(7, "TEE"), sale_line(7, "MUG"), sale_line(7, "MUG")),
    "another product": (sale_line(7, "TEE"), sale_line(7, "TEE")),
    "a product that nobody named": (sale_line(7, "TEE"), sale_line(7, 999)),
    "no line at all": (),
    "the lines of another sale order": (sale_line(8, "TEE"), sale_line(8, "MUG")),
}


def other_goods(money: int) -> tuple[Finding, ...]:
    """What is said of W1 when its basket is another, and its total *money* apart."""
    apart = f"{money // 100}.{money % 100:02d} EUR"
    return (
        told(
            f"with other goods than agreed, {apart} apart: W1",
            "W1",
            money=money,
            witnesses=(0,),
            at_s=5.0,
            erp_records=(("sale.order", 7),),
        ),
    )


CONTENTS = (
    *(Breach(CONTENT, what, basket(*rows), other_goods(0), AGREED) for what, rows in OTHERS.items()),
    Breach(CONTENT, "other goods and another total", basket(sale_line(7, "TEE"), total_minor=1500), other_goods(700), AGREED),
    Breach(
        CONTENT, "a cent apart is told, and is a cent",
        basket(sale_line(7, "TEE"), sale_line(7, "MUG"), total_minor=2199),
        (
            told(
                "with another total than agreed, 0.01 EUR apart: W1", "W1", money=1, severity=Severity.MINOR, witnesses=(0,), at_s=5.0,
                erp_records=(("sale.order", 7),),
            ),
        ),
        AGREED,
    ),
    Breach(
        CONTENT, "a ticket of another total, and one of other goods",
        Tiny(
            [T1, sold(8, "T2"), sold(9, "T3")],
            [ticket("T1", 9, total_minor=1600), ticket_line(9), ticket("T2", 10), ticket_line(10, "MUG"), ticket("T3", 11), ticket_line(11)],
        ),
        (
            told(
                "with another total than agreed, 1.00 EUR apart: T1", "T1", channel="till_1", money=100, severity=Severity.MINOR,
                witnesses=(0,), at_s=7.0, erp_records=(("pos.order", 9),),
            ),
            told(
                "with other goods than agreed, 0.00 EUR apart: T2", "T2", channel="till_1", money=0, witnesses=(1,), at_s=8.0,
                erp_records=(("pos.order", 10),),
            ),
        ),
        Tiny([T1], [ticket("T1", 9), ticket_line(9), ticket_line(10, "MUG")]), examined=3,
    ),
    Breach(
        CONTENT, "one copy of two has other goods",
        Tiny([W1], [sale("W1", 7), sale_line(7), sale("W1", 8), sale_line(8, "MUG")]),
        (
            told(
                "with other goods than agreed, 0.00 EUR apart: W1", "W1", money=0, witnesses=(0,), at_s=5.0, erp_records=(("sale.order", 8),),
            ),
        ),
        Tiny([W1], [sale("W1", 7), sale_line(7), sale("W1", 8), sale_line(8)]), examined=2, twin_examined=2,
    ),
)  # fmt: skip
BREACHES = (*COPIES, *CONTENTS)


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_breach_is_told_whole_and_nothing_is_said_of_its_twin(breach: Breach) -> None:
    """Channel, words, money at risk, witnesses, orders and records of Odoo; and how much was looked at."""
    assert judged(breach.law, breach.broken) == Judgement(breach.examined, breach.findings)
    assert judged(breach.law, breach.twin) == Judgement(breach.twin_examined)


DOUBTFUL = {"nobody knows": asked(1, "W1", outcome=Outcome.UNKNOWN), "no answer came": asked(1, "W1", outcome=None)}
KNOWN = {
    "it was done": asked(1, "W1"),
    "it was refused": asked(1, "W1", outcome=Outcome.REFUSED),
    "it was found to be done": asked(1, "W1", outcome=Outcome.UNKNOWN, committed=True),
    "it was found not to be done": asked(1, "W1", outcome=Outcome.UNKNOWN, committed=False),
    "it only read": asked(1, "W1", outcome=Outcome.UNKNOWN, writes=False),
    "another order is in doubt": asked(1, "W9", outcome=Outcome.UNKNOWN),
}
BROKEN = {
    ONCE: with_rows(Tiny([W1, W2]), sale("W2", 8)),
    CONTENT: Tiny([W1, W2], [sale("W1", 7), sale_line(7, "MUG"), sale("W2", 8, total_minor=700), sale_line(8, "MUG")]),
}


@pytest.mark.parametrize("law", BROKEN, ids=lambda law: str(law.__name__))
@pytest.mark.parametrize("doubt", DOUBTFUL.values(), ids=DOUBTFUL)
def test_an_order_in_doubt_is_left_out_and_counted(law: Law, doubt: Fact) -> None:
    """The error on the side that makes no false alarm."""
    assert judged(law, with_facts(BROKEN[law], doubt)) == Judgement(examined=2, left_out=1)


@pytest.mark.parametrize("law", BROKEN, ids=lambda law: str(law.__name__))
@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_an_order_of_which_the_outcome_is_known_is_judged(law: Law, known: Fact) -> None:
    """The twin: there is no doubt, or it is about another."""
    judgement = judged(law, with_facts(BROKEN[law], known))

    assert (judgement.examined, judgement.left_out, len(judgement.findings)) == (2, 0, 1)


def test_a_ticket_without_any_number_is_nobodys() -> None:
    """What has no order of a channel is told all the same."""
    assert judged(ONCE, Tiny(rows=[ticket("", 9)])) == Judgement(
        1,
        (
            grave(
                "unknown: 1 order in Odoo, but no channel accepted it: ", orders=(("unknown", ""),), erp_records=(("pos.order", 9),)
            ),
        ),
    )


def test_of_several_orders_a_trouble_is_told_in_the_plural() -> None:
    """Of one, in the singular; by its kind it is known again all the same."""
    one, two = ([ticket(name, 9 + place) for place, name in enumerate(names)] for names in (("T8",), ("T8", "T9")))
    (alone,), (several,) = (judged(ONCE, Tiny([W1], [sale("W1", 7), *rows])).findings for rows in (one, two))

    assert alone.message == "unknown: 1 order in Odoo, but no channel accepted it: T8"
    assert several.message == "unknown: 2 orders in Odoo, but no channel accepted them: T8, T9"
    assert alone.kind == several.kind


def test_a_doubt_about_one_order_hides_nothing_that_names_no_order() -> None:
    """In SQL, nothing is said to be in a list, nor not to be in it."""
    nameless, doubt = ticket(None, 9), asked(1, "W9", outcome=Outcome.UNKNOWN)
    (finding,) = judged(ONCE, Tiny([W1, doubt], [sale("W1", 7), nameless])).findings

    assert finding.erp_records == (("pos.order", 9),)
    assert judged(ONCE, Tiny([W1, doubt], [sale("W1", 7)])).findings == ()


def test_orders_that_nobody_placed_are_named_in_the_same_order_each_time() -> None:
    """Two runs of one seed tell the same."""
    ghosts = [sale("GHOST", 8), ticket("WRAITH", 9), ticket("PHANTOM", 10)]
    found = {judged(ONCE, Tiny([W1], [sale("W1", 7), *rows])).findings for rows in permutations(ghosts)}

    assert [[order for _, order in finding.orders] for (finding,) in found] == [["GHOST", "PHANTOM", "WRAITH"]]


@pytest.mark.parametrize("units", [0.6, 1.4])
def test_a_part_of_a_piece_is_other_goods(units: float) -> None:
    """Which rounding would hide."""
    (finding,) = judged(CONTENT, Tiny([W1], [sale("W1", 7), sale_line(7, units=units)])).findings

    assert "with other goods than agreed" in finding.message


def test_a_line_of_nothing_is_no_goods() -> None:
    """Odoo lets nobody delete a line of a confirmed order: what is given up of it stands there with 0 units."""
    assert judged(CONTENT, Tiny([W1], [sale("W1", 7), sale_line(7), sale_line(7, "MUG", 0)])) == Judgement(1)
    (finding,) = judged(CONTENT, Tiny([W1], [sale("W1", 7), sale_line(7, "TEE", 0)])).findings

    assert "with other goods than agreed" in finding.message


@pytest.mark.parametrize("there", [(("TEE", 2),), (("TEE", 1), ("TEE", 1))])
def test_an_article_may_stand_on_one_line_or_on_two(there: tuple[tuple[str, int], ...]) -> None:
    """On either side; what counts is how many of it."""
    order = placed(5, "W1", ("TEE", 1), ("TEE", 1))
    rows = [sale("W1", 7, total_minor=3000), *(sale_line(7, sku, units) for sku, units in there)]

    assert judged(CONTENT, Tiny([order], rows)) == Judgement(1)
    assert judged(CONTENT, Tiny([order], [*rows, sale_line(7)])).findings
    assert judged(CONTENT, Tiny([order], [*rows, sale_line(7), sale_line(7, units=-1)])).findings, "nothing was to be taken back"


def test_what_was_cancelled_or_substituted_since_is_no_part_of_what_was_agreed() -> None:
    """Of an order that goes on; one that is cancelled as a whole keeps in Odoo what it had last."""
    order = placed(5, "W1", ("TEE", 2), ("MUG", 1))
    whole = [sale("W1", 7, total_minor=3700), sale_line(7, units=2), sale_line(7, "MUG")]
    less = [sale("W1", 7, total_minor=2200), sale_line(7), sale_line(7, "MUG")]
    swapped = [sale("W1", 7, total_minor=3700), sale_line(7, units=3)]
    part, other = cancelled(6, "W1", (1, "TEE", 1)), substituted(6, "W1", (2, "MUG", 1), "TEE", node="dc")

    rest = cancelled(7, "W1", (1, "TEE", 1), (2, "MUG", 1))
    for change, right, wrong in (
        ((part,), less, whole),
        ((other,), swapped, whole),
        ((cancelled(6, "W1"),), whole, less),
        ((part, rest), less, whole),
        ((part, cancelled(7, "W1")), less, whole),
    ):
        assert judged(CONTENT, Tiny([order, *change], right)) == Judgement(1), change
        (finding,) = judged(CONTENT, Tiny([order, *change], wrong)).findings
        assert "with other goods than agreed" in finding.message


@pytest.mark.parametrize("law", BROKEN, ids=lambda law: str(law.__name__))
def test_without_orders_there_is_nothing_to_examine(law: Law) -> None:
    """And an order that Odoo does not have has no content there."""
    assert undecided(law, Tiny(rows=[]))
    assert undecided(CONTENT, Tiny([W1], rows=[sale_line(7)]))
