"""Every invariant of the harness has a breach and a clean twin among these tests, and every word it can say is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rehearsal.model import Judgement
from rehearsal.verdict.judge import invariants, judged_by
from tests.assertions import (
    test_deadlines,
    test_deliveries,
    test_finance,
    test_goods,
    test_identities,
    test_inventory,
    test_orders,
    test_tills,
)
from tests.assertions.stories import Breach
from tests.tiny_record import Tiny, opened, phase

MODULES = (test_deadlines, test_deliveries, test_finance, test_goods, test_identities, test_inventory, test_orders, test_tills)
BREACHES: tuple[Breach, ...] = tuple(breach for module in MODULES for breach in module.BREACHES)
OWN = Path(__file__).parents[2] / "assertions"
LAWS = [law for law in invariants() if Path(law[1].__code__.co_filename).parent == OWN]
WORDS = sorted({word for path in OWN.glob("*.py") for word in re.findall(r"THEN '([^']+)'", path.read_text("utf-8"))})
"""What the invariants call a breach in their SQL."""


def test_every_invariant_has_a_breach_and_a_twin() -> None:
    """A new one without both fails here; each is judged by the test of its own module."""
    assert {law.__name__ for _, law, _ in LAWS} == {breach.law.__name__ for breach in BREACHES}
    assert not [str(breach) for breach in BREACHES if not breach.findings or not breach.twin_examined]
    assert [hasattr(one, "test_a_breach_is_told_whole_and_nothing_is_said_of_its_twin") for one in MODULES] == [True] * len(MODULES)


def test_every_invariant_has_a_twin_that_passes() -> None:
    """Not one that is merely undecided."""
    assert {law.__name__ for _, law, _ in LAWS} == {one.law.__name__ for one in BREACHES if not one.twin_because}


@pytest.mark.parametrize("word", WORDS)
def test_every_word_for_a_breach_is_said_of_one(word: str) -> None:
    """A new way of being wrong needs a record that is wrong in it."""
    assert [str(breach) for breach in BREACHES if any(word in finding.message for finding in breach.findings)]


@pytest.mark.parametrize(("area", "law", "alone"), LAWS, ids=[law.__name__ for _, law, _ in LAWS])
def test_without_odoos_books_only_those_that_need_none_are_asked(area: str, law: object, alone: bool) -> None:
    """An invariant that needs the books is undecided and says why; of the others an empty history is undecided as well."""
    with opened(Tiny([phase("observe", 1)])) as record:
        said = judged_by(record, area, law, alone)  # type: ignore[arg-type]
    because = "there was nothing to examine" if alone else "Odoo's books were not read"

    assert said.judgement == Judgement(0, undecided_because=because)
