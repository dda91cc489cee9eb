"""Finance: the money that moved is the money in the books, and stays for a reason; each breach beside its clean twin."""

from __future__ import annotations

from typing import Any

import pytest

from assertions.finance import money_taken_equals_money_booked, what_was_handed_over_stays_paid
from rehearsal.model import Finding, Judgement, Outcome
from tests.assertions.stories import Breach, Law, grave, messages, undecided
from tests.tiny_books import payment, ticket, ticket_payment
from tests.tiny_record import Tiny, asked, cancelled, captured, collected, issued, judged, placed, refunded, sold, staged

BOOKED: Law = money_taken_equals_money_booked
PAID: Law = what_was_handed_over_stays_paid
W1, W2, GOT = placed(5, "W1"), placed(6, "W2", ("TEE", 2)), captured(7, "W1")


def apart(message: str, money: int, *orders: str, channel: str = "webshop", **values: Any) -> Finding:
    """What is said of the orders of one channel and tender."""
    return grave(f"{channel}, {message}", money_at_risk_minor=money, orders=tuple((channel, order) for order in orders), **values)


def payments(*ids: int, model: str = "account.payment") -> tuple[tuple[str, int], ...]:
    """Records of Odoo."""
    return tuple((model, res_id) for res_id in ids)


BOOKS = (
    Breach(
        BOOKED, "what was captured is not booked",
        Tiny([W1, GOT], []),
        (
            apart(
                "card: less booked than moved for 1 order, 15.00 EUR in all; worst W1: 15.00 EUR moved, 0.00 EUR booked", 1500, "W1",
                witnesses=(1,), at_s=7.0,
            ),
        ),
        Tiny([W1, GOT], [payment("W1", 3)]),
    ),
    Breach(
        BOOKED, "it is booked twice",
        Tiny([W1, GOT], [payment("W1", 3), payment("W1", 4)]),
        (
            apart(
                "card: more booked than moved for 1 order, 15.00 EUR in all; worst W1: 15.00 EUR moved, 30.00 EUR booked", 1500, "W1",
                witnesses=(1,), at_s=7.0, erp_records=payments(3, 4),
            ),
        ),
        Tiny([W1, captured(7, "W1", 1000), captured(8, "W1", 500)], [payment("W1", 3, 500), payment("W1", 4, 1000)]),
    ),
    Breach(
        BOOKED, "money that never moved is booked, for an order that nobody placed",
        Tiny([W1, GOT], [payment("W1", 3), payment("GHOST", 4)]),
        (
            apart(
                "card: more booked than moved for 1 order, 15.00 EUR in all; worst GHOST: 0.00 EUR moved, 15.00 EUR booked", 1500, "GHOST",
                channel="unknown", erp_records=payments(4),
            ),
        ),
        Tiny([W1, GOT], [payment("W1", 3)]), examined=2,
    ),
    Breach(
        BOOKED, "it is booked in the journal of another tender, which is two breaches",
        Tiny([W1, GOT], [payment("W1", 3, journal="gift_card")]),
        (
            apart(
                "card: less booked than moved for 1 order, 15.00 EUR in all; worst W1: 15.00 EUR moved, 0.00 EUR booked", 1500, "W1",
                witnesses=(1,), at_s=7.0,
            ),
            apart(
                "gift_card: more booked than moved for 1 order, 15.00 EUR in all; worst W1: 0.00 EUR moved, 15.00 EUR booked", 1500, "W1",
                erp_records=payments(3),
            ),
        ),
        Tiny([W1, captured(7, "W1", tender="gift_card")], [payment("W1", 3, journal="gift_card")]), examined=2,
    ),
    Breach(
        BOOKED, "it is booked in a journal that is nobody's",
        Tiny([W1], [payment("W1", 3, journal=99)]),
        (
            apart(
                "?: more booked than moved for 1 order, 15.00 EUR in all; worst W1: 0.00 EUR moved, 15.00 EUR booked", 1500, "W1",
                erp_records=payments(3),
            ),
        ),
        Tiny([W1, GOT], [payment("W1", 3)]),
    ),
    Breach(
        BOOKED, "what was given back is not booked as given back",
        Tiny([W1, GOT, refunded(9, "W1")], [payment("W1", 3)]),
        (
            apart(
                "card: less booked than moved back for 1 order, 15.00 EUR in all; worst W1: -15.00 EUR moved, 0.00 EUR booked", 1500, "W1",
                witnesses=(2,), at_s=9.0,
            ),
        ),
        Tiny([W1, GOT, refunded(9, "W1")], [payment("W1", 3), payment("W1", 4, direction="outbound")]), examined=2, twin_examined=2,
    ),
    Breach(
        BOOKED, "more is booked back than was given back, though the sum of both ways is right",
        Tiny([W1, GOT], [payment("W1", 3, 2000), payment("W1", 4, 500, direction="outbound")]),
        (
            apart(
                "card: more booked than moved for 1 order, 5.00 EUR in all; worst W1: 15.00 EUR moved, 20.00 EUR booked", 500, "W1",
                witnesses=(1,), at_s=7.0, erp_records=payments(3),
            ),
            apart(
                "card: more booked than moved back for 1 order, 5.00 EUR in all; worst W1: 0.00 EUR moved, -5.00 EUR booked", 500, "W1",
                erp_records=payments(4),
            ),
        ),
        Tiny([W1, captured(7, "W1", 2000), refunded(8, "W1", 500)], [payment("W1", 3, 2000), payment("W1", 4, 500, direction="outbound")]),
        examined=2, twin_examined=2,
    ),
    Breach(
        BOOKED, "a ticket's tenders are booked, one of them a cent short",
        Tiny(
            [sold(5, "T1", card=1000, cash=500)],
            [ticket("T1", 9), ticket_payment(9, 1, 1000), ticket_payment(9, 2, 499, "till_1__cash")],
        ),
        (
            apart(
                "cash: less booked than moved for 1 order, 0.01 EUR in all; worst T1: 5.00 EUR moved, 4.99 EUR booked", 1, "T1", channel="till_1",
                witnesses=(0,), at_s=5.0, erp_records=payments(2, model="pos.payment"),
            ),
        ),
        Tiny(
            [sold(5, "T1", card=1000, cash=500)],
            [ticket("T1", 9), ticket_payment(9, 1, 1000), ticket_payment(9, 2, 1500, "till_1__cash"), ticket_payment(9, 3, -1000, "till_1__cash")],
        ),
        examined=2, twin_examined=2,
    ),
    Breach(
        BOOKED, "orders of one channel and tender are one finding: first, worst and last are witnesses",
        Tiny(
            [placed(n, f"W{n}") for n in range(4)] + [captured(10 + n, f"W{n}", 1500 if n == 2 else 100) for n in range(4)],
            [payment("W1", 3, 100)],
        ),
        (
            apart(
                "card: less booked than moved for 3 orders, 17.00 EUR in all; worst W2: 15.00 EUR moved, 0.00 EUR booked", 1700, "W0", "W2", "W3",
                witnesses=(4, 6, 7), at_s=10.0,
            ),
        ),
        Tiny([placed(1, "W1"), captured(10, "W1", 100)], [payment("W1", 3, 100)]), examined=4,
    ),
)  # fmt: skip


def unpaid(said: str, *orders: str, money: int = 1500, channel: str = "webshop", **values: Any) -> Finding:
    """What is said of orders that were handed over and are not paid with their total."""
    many = f"{len(orders)} orders handed over and not paid with their total"
    message = f"{channel}: {'1 order handed over and not paid with its total' if len(orders) == 1 else many}, {said}"
    return grave(message, money_at_risk_minor=money, orders=tuple((channel, order) for order in orders), **values)


KEEPS = (
    Breach(
        PAID, "the goods are gone, and so is the money: a refund without a reason",
        Tiny([W1, GOT, issued(8, "W1"), refunded(9, "W1")]),
        (unpaid("15.00 EUR apart; worst W1: 0.00 EUR paid of 15.00 EUR", "W1", witnesses=(3,), at_s=9.0),),
        Tiny([W1, GOT, issued(8, "W1")]),
    ),
    Breach(
        PAID, "nobody ever paid for what was collected",
        Tiny([W1, staged(8, "W1"), collected(9, "W1")]), (unpaid("15.00 EUR apart; worst W1: 0.00 EUR paid of 15.00 EUR", "W1", witnesses=(0,)),),
        Tiny([W1, GOT, staged(8, "W1"), collected(9, "W1")]),
    ),
    Breach(
        PAID, "one of two tees was cancelled, and its money is not back",
        Tiny([W2, captured(7, "W2", 3000), cancelled(8, "W2", (1, "TEE", 1)), issued(9, "W2")]),
        (unpaid("15.00 EUR apart; worst W2: 30.00 EUR paid of 15.00 EUR", "W2", witnesses=(1,), at_s=7.0),),
        Tiny([W2, captured(7, "W2", 3000), cancelled(8, "W2", (1, "TEE", 1)), issued(9, "W2"), refunded(10, "W2")]),
    ),
    Breach(
        PAID, "a cent too much",
        Tiny([W1, captured(7, "W1", 1000), captured(8, "W1", 501, "gift_card"), issued(9, "W1")]),
        (unpaid("0.01 EUR apart; worst W1: 15.01 EUR paid of 15.00 EUR", "W1", money=1, witnesses=(2,), at_s=8.0),),
        Tiny([W1, captured(7, "W1", 1000), captured(8, "W1", 500, "gift_card"), issued(9, "W1")]),
    ),
    Breach(
        PAID, "a ticket's tenders do not make its total",
        Tiny([sold(5, "T1", card=1000, cash=400)]),
        (unpaid("1.00 EUR apart; worst T1: 14.00 EUR paid of 15.00 EUR", "T1", money=100, channel="till_1", witnesses=(0,), at_s=5.0),),
        Tiny([sold(5, "T1", card=1000, cash=500)]),
    ),
    Breach(
        PAID, "the same order at another channel pays nothing here",
        Tiny([W1, captured(7, "W1", channel="marketplace"), issued(8, "W1")]),
        (unpaid("15.00 EUR apart; worst W1: 0.00 EUR paid of 15.00 EUR", "W1", witnesses=(0,)),),
        Tiny([W1, GOT, issued(8, "W1"), captured(7, "W1", channel="marketplace")]),
    ),
    Breach(
        PAID, "orders of one channel are one finding: first, worst and last are witnesses",
        Tiny(
            [placed(1, "W1"), W2, placed(7, "W3"), placed(8, "W4"), captured(9, "W1", 1400), captured(9, "W3", 1400), captured(9, "W4")]
            + [issued(10, order) for order in ("W1", "W2", "W3", "W4")]
        ),
        (unpaid("32.00 EUR apart; worst W2: 0.00 EUR paid of 30.00 EUR", "W1", "W2", "W3", money=3200, witnesses=(4, 1, 5), at_s=9.0),),
        Tiny([W2, captured(9, "W2", 3000), issued(10, "W2")]), examined=4,
    ),
)  # fmt: skip
BREACHES = (*BOOKS, *KEEPS)


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_breach_is_told_whole_and_nothing_is_said_of_its_twin(breach: Breach) -> None:
    """Tender, amounts, money at risk, witnesses, orders and records of Odoo; and how much was looked at."""
    assert judged(breach.law, breach.broken) == Judgement(breach.examined, breach.findings)
    assert judged(breach.law, breach.twin) == Judgement(breach.twin_examined)


@pytest.mark.parametrize(
    ("state", "counts"), [("draft", False), ("canceled", False), ("rejected", False), ("in_process", True), ("paid", True)]
)
def test_a_payment_counts_when_it_is_posted(state: str, counts: bool) -> None:
    """Odoo's ledger knows nothing of a draft, nor of what was cancelled or rejected."""
    found = messages(BOOKED, Tiny([W1, GOT], [payment("W1", 3, state=state)]))

    assert found == (
        ()
        if counts
        else ("webshop, card: less booked than moved for 1 order, 15.00 EUR in all; worst W1: 15.00 EUR moved, 0.00 EUR booked",)
    )


def test_money_of_an_order_in_doubt_is_left_out_and_counted_by_tender_and_way() -> None:
    """A doubt that was resolved is none."""
    facts = [W1, GOT, refunded(9, "W1"), W2, captured(9, "W2", 3000)]
    doubt = Tiny([*facts, asked(10, "W1", outcome=Outcome.UNKNOWN)], [payment("W2", 3, 3000)])
    resolved = Tiny([*facts, asked(10, "W1", outcome=Outcome.UNKNOWN, committed=False)], [payment("W2", 3, 3000)])

    assert judged(BOOKED, doubt) == Judgement(3, left_out=2)
    assert [said[:43] for said in messages(BOOKED, resolved)] == [
        "webshop, card: less booked than moved for 1",
        "webshop, card: less booked than moved back ",
    ]


def test_a_doubt_about_one_order_hides_no_money_that_names_no_order() -> None:
    """In SQL, nothing is said to be in a list, nor not to be in it."""
    doubt = asked(10, "W1", outcome=Outcome.UNKNOWN)
    (finding,) = judged(BOOKED, Tiny([W1, GOT, doubt], [payment(None, 3), payment("W1", 4)])).findings

    assert (finding.money_at_risk_minor, finding.erp_records) == (1500, (("account.payment", 3),))


def test_what_was_not_handed_over_need_not_be_paid() -> None:
    """An order on the shelf, an open one and a cancelled one are nobody's to examine here."""
    assert undecided(PAID, Tiny([W1, staged(8, "W1"), W2, placed(7, "W3"), captured(8, "W3"), cancelled(9, "W3")]))


def test_without_money_there_is_nothing_to_examine() -> None:
    """Neither outside nor in the books."""
    assert undecided(BOOKED, Tiny([W1], []))
    assert undecided(BOOKED, Tiny([W1], [payment("W1", 3, state="draft")]))
