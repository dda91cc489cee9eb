"""The garbage collector is as it was after a weekend, and is left alone by a small one."""

from __future__ import annotations

import gc

from rehearsal.memory import MANY, SELDOM, settled


def test_a_large_weekend_looks_for_garbage_seldom_and_puts_everything_back() -> None:
    """Also when it breaks off."""
    before = gc.get_threshold()
    try:
        with settled(MANY):
            assert gc.get_threshold() == SELDOM
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_a_small_one_changes_nothing() -> None:
    """Collecting alone would take longer than such a weekend."""
    before = gc.get_threshold()
    with settled(MANY - 1):
        assert gc.get_threshold() == before
