"""The number of an event: as if each was counted, in less memory."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.stage.numbering import LONG, Numbering
from rehearsal.vocabulary import EventKind

KINDS = (EventKind.ORDER_PLACED, EventKind.PICK_DECLINED, EventKind.PARCEL_SCANNED)
FACTS = st.tuples(st.sampled_from(KINDS), st.sampled_from("ab"), st.sampled_from(["", "W1", "W2"]), st.sampled_from(["", "dc"]))


@given(st.lists(FACTS, max_size=4 * LONG))
def test_facts_are_numbered_as_if_each_was_counted(facts: list[tuple[str, str, str, str]]) -> None:
    """By kind, channel, order and node; also of an order that has more facts than are kept as letters."""
    numbers, counted = Numbering(), Counter[tuple[str, str, str, str]]()
    for fact in facts:
        counted[fact] += 1
        assert numbers.next(*fact) == counted[fact]  # type: ignore[arg-type]  # kinds are texts


def test_an_order_with_very_many_facts_costs_no_text_for_each() -> None:
    """A sensor that speaks every second would otherwise be kept as texts of every length."""
    numbers = Numbering()

    assert [numbers.next(EventKind.PARCEL_SCANNED, "a", "W1", "") for _ in range(5 * LONG)] == list(range(1, 5 * LONG + 1))
    assert len(numbers._same) == LONG
