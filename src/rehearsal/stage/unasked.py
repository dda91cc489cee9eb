"""What a connector does unasked: it publishes, instructs, and has timers that end when the world is at rest."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import simpy

from rehearsal.clock import Erp
from rehearsal.model import Instruction, Sku, Units
from rehearsal.stage import instructions
from rehearsal.stage.contract import Handler, Slip, defined_at
from rehearsal.stage.outside import Act
from rehearsal.strangers import shown

if TYPE_CHECKING:
    from rehearsal.stage.market import Market

TIMER_S_MIN = 1.0
"""The shortest period of a timer; less would be a busy loop."""
FAILURES_MAX = 100
"""A timer that failed so often in a row has ended: what it does is not going to work, and each failure is a dead letter."""


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that a connector does every so many seconds of scenario time."""

    seconds: float
    act: Act
    who: Handler
    cause: str
    """``timer:poll#1``: what stands in the history where no event was the reason; two timers never share one."""


class Unasked:
    """The `Outside` of one connector."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._timers: list[Timer] = []
        self._ticking = 0
        """Timers that wait for their next turn, and would wait for ever."""

    def publish(self, channel: str, node: str, units: Mapping[Sku, Units]) -> None:
        """Say what *channel* may sell from *node*; raises ValueError or TypeError for what nobody could act on."""
        live = self._market.channels.get(channel) if isinstance(channel, str) else None
        if live is None or node not in live.nodes:
            there = ", ".join(live.nodes) if live else ", ".join(self._market.channels)
            raise ValueError(f"it publishes for {shown(channel)} at {shown(node)}; there are: {there}")
        self._market.published(live, node, instructions.publication(units, self._market.products))

    def instruct(self, instruction: Instruction, cause: str = "") -> None:
        """Ask an actor outside for something; *cause* is the id of the event that made it necessary."""
        (own,) = instructions.listed([instruction])
        self._market.instruct(own, _text(cause) or "unasked", unasked=True)

    def every(self, seconds: float, act: Act) -> None:
        """Begin a timer; raises ValueError or TypeError for one that could not tick."""
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not TIMER_S_MIN <= seconds < math.inf:
            raise ValueError(f"a timer of {shown(seconds)} seconds; expected {TIMER_S_MIN:g} or more")
        if not callable(act):
            raise TypeError(f"a timer that calls {shown(act)}; expected a handler that takes the ERP")
        name = getattr(act, "__name__", "act")
        who = Handler(f"{type(self._market.connector).__name__}.{name}", defined_at(act))
        self._timers.append(timer := Timer(float(seconds), act, who, f"timer:{name}#{len(self._timers) + 1}"))
        self._market.env.process(self._ticked(timer))

    def erp(self, cause: str) -> Erp:
        """Return the ERP, bound to *cause*."""
        assert self._market.erp is not None
        return self._market.erp.desk(_text(cause))

    def _ticked(self, timer: Timer) -> Generator[simpy.Event, Any, None]:
        desk, failures = self.erp(timer.cause), 0
        while failures < FAILURES_MAX:
            self._ticking += 1
            yield self._market.env.timeout(timer.seconds)
            self._ticking -= 1
            if self._at_rest():
                return
            try:
                yield from self._market.attended(timer.cause, timer.who, lambda: timer.act(desk))
            except Slip as error:
                failures += 1
                self._market.dead_letter(timer.cause, error)
            else:
                failures = 0

    def _at_rest(self) -> bool:
        """Whether nothing but timers would ever happen again, and each had its turn since the last thing that did."""
        market = self._market
        others = len(market.env._queue) - self._ticking
        quiet_s = market.env.now - max(market.stirred_s, market.scenario.lasts)
        return not others and not market.waiting and quiet_s > 2 * max(timer.seconds for timer in self._timers)


def given_to(start: Callable[..., Any], outside: Unasked) -> dict[str, Unasked]:
    """Return *outside* by the name that a connector's ``start`` has for it: its second argument, if it must have one, or one
    that is called ``outside``; nothing for a ``start`` that has an option of its own."""
    try:
        found = list(inspect.signature(start).parameters.values())
    except (TypeError, ValueError):
        return {}
    named = [one for one in found if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    second = [one.name for one in named if one.name == "outside" or (one is not found[0] and one.default is one.empty)]
    return {second[0]: outside} if second else {}


def _text(cause: object) -> str:
    if not isinstance(cause, str):
        raise TypeError(f"a cause of {shown(cause)}; expected the id of an event")
    return cause
