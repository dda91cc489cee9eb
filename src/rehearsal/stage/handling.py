"""A connector's handler at work on its own: it goes on when what it waits for has happened, and somebody takes what it returns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import simpy

from rehearsal.stage.contract import Handler, Slip, Steps, stepped

if TYPE_CHECKING:
    from rehearsal.stage.market import Market


class Handling:
    """Drives one handler without a SimPy process of its own, which would take three events more: nobody waits for its end."""

    __slots__ = ("_cause", "_done", "_made", "_market", "_number", "_who")

    def __init__(
        self, market: Market, who: Handler, cause: str, number: int, made: Steps, done: Callable[[str, Any], None]
    ) -> None:
        """Let *made* run until it waits for something, or is at its end.

        *cause* is the event that it handles, *number* tells its arrivals apart; *done* gets the cause and what it returns.
        """
        self._market = market
        self._who = who
        self._cause = cause
        self._number = number
        self._made = made
        self._done = done
        self._go(partial(made.send, None))

    def _go(self, step: Callable[[], Any]) -> None:
        market, made = self._market, self._made
        try:
            asked = stepped(market.env, self._who, made, step, market.watch)
            while asked.processed:
                asked = stepped(market.env, self._who, made, self._after(asked), market.watch)
        except StopIteration as end:
            market.waiting.pop(self._key, None)
            answer = end.value
        except Slip as slip:
            market.waiting.pop(self._key, None)
            market.dead_letter(self._cause, slip)
            return
        else:
            market.waiting[self._key] = (self._who, made)
            assert asked.callbacks is not None
            asked.callbacks.append(self._happened)
            return
        self._done(self._cause, answer)

    def _happened(self, event: simpy.Event) -> None:
        self._go(self._after(event))

    def _after(self, event: simpy.Event) -> Callable[[], Any]:
        """Return the step that follows *event*, which has happened or has failed."""
        value: Any = event.value
        if event.ok:
            return partial(self._made.send, value)
        event.defused = True
        return partial(self._made.throw, value)

    @property
    def _key(self) -> str:
        return f"{self._cause}/{self._number}"
