"""What will happen at its time: calls that are due, and nobody waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import simpy
from simpy.events import NORMAL

What = TypeVar("What")


class Due:
    """A call that is due, as small as SimPy takes it: of an event that nobody waits for it looks at nothing else."""

    __slots__ = ("act", "callbacks", "what")
    _ok = True

    def __init__(self, act: Callable[[Any], None], what: Any) -> None:
        self.act = act
        self.what = what
        self.callbacks: tuple[Callable[[Due], None], ...] | None = _CALLED


def schedule(env: simpy.Environment, seconds: float, act: Callable[[What], None], what: What) -> None:
    """Let *act* be called with *what* in so many seconds."""
    due: Any = Due(act, what)
    env.schedule(due, NORMAL, seconds)


def _call(due: Due) -> None:
    due.act(due.what)


_CALLED = (_call,)
