"""Python's garbage collector while a weekend is played: what lives as long as the weekend is not looked through again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 10_000
"""Orders from which on it is worth it."""
SELDOM = (50_000, 20, 1_000_000)
"""Thresholds of the three generations: young cycles are found; the old ones, millions of objects of a million orders, never looked at."""


@contextmanager
def settled(orders: float) -> Iterator[None]:
    """Where there are many *orders*, take what is there for permanent, and look for garbage seldom; afterwards as before."""
    if orders < MANY:
        yield
        return
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
