"""What is due later comes in its time, whether SimPy knows of it already or it still waits in its slot."""

from __future__ import annotations

from math import inf, nan

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.stage.agenda import SLOT_S, Agenda


def test_calls_come_in_order_of_time_and_those_of_one_instant_in_the_order_in_which_they_were_said() -> None:
    """Soon ones, later ones, and one that is said while the clock runs."""
    env = simpy.Environment()
    agenda, came = Agenda(env), list[tuple[float, str]]()

    def note(name: str) -> None:
        came.append((env.now, name))
        if name == "first":
            agenda.schedule(SLOT_S + 90, note, "said by the first")

    for seconds, name in ((SLOT_S * 3.5, "late"), (10.0, "first"), (SLOT_S * 3.5, "late too"), (SLOT_S, "at a slot's begin")):
        agenda.schedule(seconds, note, name)
    env.run()

    assert came == [
        (10.0, "first"),
        (900.0, "at a slot's begin"),
        (1000.0, "said by the first"),
        (3150.0, "late"),
        (3150.0, "late too"),
    ]


@pytest.mark.parametrize("seconds", [-0.001, -3600.0, nan, inf])
def test_time_never_goes_back(seconds: float) -> None:
    """SimPy's own heap would take it, and the history would tell a fact before its cause."""
    with pytest.raises(ValueError, match="expected a number from 0 on"):
        Agenda(simpy.Environment()).schedule(seconds, print, "")


@given(st.lists(st.floats(0, 10 * SLOT_S, allow_subnormal=False), max_size=40), st.integers(0, 2 * SLOT_S))
def test_nothing_is_lost_and_nothing_is_late(delays: list[float], begins: int) -> None:
    """Whatever the delays, and whenever it begins."""
    env = simpy.Environment(begins)
    agenda, came = Agenda(env), list[tuple[float, float]]()
    for seconds in delays:
        agenda.schedule(seconds, lambda due: came.append((env.now, due)), begins + seconds)
    env.run()

    assert sorted(due for _, due in came) == sorted(begins + seconds for seconds in delays)
    assert all(abs(now - due) < 1e-6 for now, due in came)
