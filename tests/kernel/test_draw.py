"""Draws: keyed by seed, actor and purpose, and the same however many values there are to choose from."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.draw import Odds, delay, pick, restarted, stream

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


@given(st.integers(0, 2**32), st.text(max_size=9), st.text(max_size=9))
def test_a_stream_begun_anew_in_an_old_object_is_the_same_stream(seed: int, actor: str, purpose: str) -> None:
    """Whatever was drawn from the object before."""
    used = Random(3)
    used.random()

    again = restarted(used, seed, actor, purpose)
    assert [again.random() for _ in range(9)] == [one.random() for one in [stream(seed, actor, purpose)] for _ in range(9)]


def test_single_delays_have_the_median_and_the_95th_percentile_that_they_are_asked_for() -> None:
    """Ten thousand keyed draws: an eighth of a standard deviation of the sample median is two per cent here."""
    drawn = sorted(delay(7, "carrier", f"parcel:{n}", 300.0, 3600.0) for n in range(10_000))

    assert 0.94 < drawn[5_000] / 300 < 1.06
    assert 0.9 < drawn[9_500] / 3600 < 1.1
    assert delay(7, "carrier", "parcel:1", 300.0, 3600.0) == delay(7, "carrier", "parcel:1", 300.0, 3600.0)
