"""Tills: a till that closed outside is closed in the books, as it was counted; each breach beside its clean twin."""

from __future__ import annotations

from typing import Any

import pytest

from assertions.tills import every_closed_till_is_closed_in_the_erp
from rehearsal.model import Judgement
from tests.assertions.stories import Breach, Law, grave, undecided
from tests.tiny_books import session
from tests.tiny_record import Tiny, judged, till_closed, till_opened

LAW: Law = every_closed_till_is_closed_in_the_erp
EVENING = [till_opened(0), till_closed(36_000)]
CLEAN = Tiny(EVENING, [session(5)])
FIGURES = "float 200.00 EUR for 200.00 EUR, counted 215.00 EUR for 215.00 EUR, difference 0.00 EUR"


def breach(name: str, said: str, money: int = 21_500, **values: Any) -> Breach:
    """A session with other *values* than the till had outside."""
    finding = grave(
        f"till_1, closing 1: {said}", money_at_risk_minor=money, witnesses=(1,), erp_records=(("pos.session", 5),), at_s=36_000.0
    )
    return Breach(LAW, name, Tiny(EVENING, [session(5, **values)]), (finding,), CLEAN)


BREACHES = (
    Breach(
        LAW, "Odoo has no session",
        Tiny(EVENING, []),
        (grave("till_1, closing 1: has no session in Odoo", money_at_risk_minor=21_500, witnesses=(1,), at_s=36_000.0),), CLEAN,
    ),
    Breach(
        LAW, "the session of another till",
        Tiny(EVENING, [session(5, "till_2")]),
        (
            grave("till_1, closing 1: has no session in Odoo", money_at_risk_minor=21_500, witnesses=(1,), at_s=36_000.0),
            grave("till_2, closing 1: has a session in Odoo that no till had outside", erp_records=(("pos.session", 5),)),
        ),
        Tiny([*EVENING, till_closed(36_001, "till_2")], [session(5, "till_2"), session(6)]), examined=2, twin_examined=2,
    ),
    breach("it is still open", f"is not closed in Odoo (closing_control; {FIGURES})", state="closing_control"),
    breach(
        "a float a cent too small",
        "was opened with another float (closed; float 199.99 EUR for 200.00 EUR, counted 215.00 EUR for 215.00 EUR, difference 0.00 EUR)", opening_minor=19_999,
    ),
    breach(
        "a count a cent too big",
        "was closed with another count (closed; float 200.00 EUR for 200.00 EUR, counted 215.01 EUR for 215.00 EUR, difference 0.00 EUR)", 1, closing_minor=21_501,
    ),
    breach(
        "a difference that no drawer had",
        "has a cash difference that no drawer had (closed; float 200.00 EUR for 200.00 EUR, counted 215.00 EUR for 215.00 EUR, difference -15.00 EUR)", 1500,
        difference_minor=-1500,
    ),
    breach(
        "the state is told before the figures, and the float before the count",
        "was opened with another float (closed; float 0.00 EUR for 200.00 EUR, counted 0.00 EUR for 215.00 EUR, difference 3.00 EUR)", 21_500,
        opening_minor=0, closing_minor=0, difference_minor=300,
    ),
    Breach(
        LAW, "the second closing, in the order in which sessions were opened",
        Tiny([*EVENING, till_opened(86_400), till_closed(122_400, counted_minor=30_000)], [session(6, closing_minor=29_000), session(5)]),
        (
            grave(
                "till_1, closing 2: was closed with another count (closed; float 200.00 EUR for 200.00 EUR, counted 290.00 EUR for 300.00 EUR, "
                "difference 0.00 EUR)",
                money_at_risk_minor=1000, witnesses=(3,), erp_records=(("pos.session", 6),), at_s=122_400.0,
            ),
        ),
        Tiny([*EVENING, till_opened(86_400), till_closed(122_400, counted_minor=30_000)], [session(6, closing_minor=30_000), session(5)]),
        examined=2, twin_examined=2,
    ),
    Breach(
        LAW, "a session too many",
        Tiny(EVENING, [session(5), session(6)]),
        (grave("till_1, closing 2: has a session in Odoo that no till had outside", erp_records=(("pos.session", 6),)),), CLEAN, examined=2,
    ),
)  # fmt: skip


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_breach_is_told_whole_and_nothing_is_said_of_its_twin(breach: Breach) -> None:
    """Till, closing, figures, money at risk, witness and session; and how much was looked at."""
    assert judged(breach.law, breach.broken) == Judgement(breach.examined, breach.findings)
    assert judged(breach.law, breach.twin) == Judgement(breach.twin_examined)


def test_a_till_that_never_closed_and_has_no_session_is_nothing_to_examine() -> None:
    """Nor is a session of a till that the scenario does not name."""
    assert undecided(LAW, Tiny([till_opened(0)], []))
    assert undecided(LAW, Tiny([till_opened(0)], [session(5, 99)]))
