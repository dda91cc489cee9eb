"""Draws: keyed by seed, actor and purpose, and the same however many values there are to choose from."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.draw import Odds, pick

WEIGHTS = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), min_size=1, max_size=40).filter(any)


@given(WEIGHTS, st.integers(0, 2**32))
def test_many_draws_are_those_of_one_by_one(weights: list[float], seed: int) -> None:
    """A demand hash is one of every draw: a faster way to the same value may give no other."""
    values = list(enumerate(weights))
    odds, one, other = Odds(values), Random(seed), Random(seed)

    assert [odds.pick(one) for _ in range(50)] == [pick(other, values) for _ in range(50)]


def test_what_weighs_nothing_is_never_drawn() -> None:
    """Also at the ends."""
    odds, rng = Odds([("a", 0.0), ("b", 1.0), ("c", 0.0)]), Random(1)

    assert {odds.pick(rng) for _ in range(1000)} == {"b"}
