"""What will happen at its time: calls that are due, and nobody waits for."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, TypeVar

import simpy
from simpy.events import NORMAL, URGENT

What = TypeVar("What")
SLOT_S = 900
"""What is due later than so many seconds from now is not SimPy's business yet: a heap of a third of a million parcels on their way
makes each of its steps dear."""


class Due:
    """A call that is due, as small as SimPy takes it: of an event that nobody waits for it looks at nothing else."""

    __slots__ = ("act", "callbacks", "what")
    _ok = True

    def __init__(self, act: Callable[[Any], None], what: Any) -> None:
        self.act = act
        self.what = what
        self.callbacks: tuple[Callable[[Due], None], ...] | None = _CALLED


class Agenda:
    """The calls of one weekend: soon ones on SimPy's own heap, later ones in slots that come to it when they begin."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._slots: dict[int, list[tuple[float, Callable[[Any], None], Any]]] = {}

    def schedule(self, seconds: float, act: Callable[[What], None], what: What) -> None:
        """Let *act* be called with *what* in so many seconds; raises ValueError for what is no such number: time never goes back."""
        if not 0 <= seconds < inf:
            raise ValueError(f"due in {seconds!r} seconds; expected a number from 0 on")
        if seconds < SLOT_S:
            due: Any = Due(act, what)
            self._env.schedule(due, NORMAL, seconds)
            return
        at_s = self._env.now + seconds
        slot = int(at_s // SLOT_S)
        kept = self._slots.get(slot)
        if kept is None:
            kept = self._slots[slot] = []
            begins: Any = Due(self._begins, slot)
            self._env.schedule(begins, URGENT, slot * SLOT_S - self._env.now)
        kept.append((at_s, act, what))

    def _begins(self, slot: int) -> None:
        """Give SimPy what is due in *slot*, in the order in which it was said."""
        now = self._env.now
        for at_s, act, what in self._slots.pop(slot):
            due: Any = Due(act, what)
            self._env.schedule(due, NORMAL, max(0.0, at_s - now))


def _call(due: Due) -> None:
    due.act(due.what)


_CALLED = (_call,)
