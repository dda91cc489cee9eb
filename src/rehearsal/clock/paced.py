"""The paced clock: scenario time follows wall time times a speed-up, so stimuli come when the scenario says.

Not when Odoo is free: the load is open. Nothing here knows Locust or gevent; whoever drives the clock
brings a `Bell` to wait on and a `Crew` that performs operations. Before `pace` and after `hurry` the clock
is virtual: time leaps to the next event, and an answer lands a modelled round trip after it was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import simpy

from rehearsal.clock.lanes import Road
from rehearsal.clock.meter import Meter
from rehearsal.errors import HarnessFault
from rehearsal.history import History
from rehearsal.model import Answer, Event, Operation, Outcome
from rehearsal.vocabulary import Role

WAIT_S_MAX = 5.0
"""Longest sleep of the stepping greenlet; it then looks around and sleeps on."""
STIMULI = {Role.ACCEPTS, Role.REFUSES}
"""Events that come from outside at a drawn instant, whose lateness is the harness's own doing."""
Wall = Callable[[], float]


class Bell(Protocol):
    """What the stepping greenlet sleeps on, and how it lets others run."""

    def ring(self) -> None:
        """Wake who waits; never switches to it."""

    def wait(self, seconds: float) -> None:
        """Return when somebody rings, at the latest after *seconds*."""

    def breathe(self) -> None:
        """Let everybody else run once."""


@dataclass(slots=True)
class Asked:
    """An operation on its way."""

    index: int
    """Its line in the history."""
    operation: Operation
    cause: str
    name: str
    """In business words, with its channel: what Locust's statistics call it."""
    due_wall_s: float
    """The wall instant at which the scenario asked for it."""
    paced: bool
    """Whether it was asked while the clock was paced; only then is its latency a figure."""
    answered: simpy.Event
    answer: Answer | None = None
    took_s: float = 0.0
    landing: bool = False
    """Whether its landing is on the agenda."""


class Crew(Protocol):
    """Who performs operations: the lanes of this process, or workers elsewhere."""

    def deal(self, asked: Asked) -> None:
        """Hand an operation to a lane; its answer comes through `PacedRoad.tell`. Never switches greenlets."""


class Paced(simpy.Environment):
    """A SimPy environment whose steps wait for the wall clock; ``run(until=…)`` works unchanged."""

    def __init__(self, bell: Bell, wall: Wall = time.monotonic) -> None:
        super().__init__()
        self.bell = bell
        self.wall = wall
        self.open = 0
        """Operations without an answer."""
        self.speedup = 0.0
        """Scenario seconds per wall second; 0 while the clock is virtual."""
        self._epoch = wall()

    @property
    def paced(self) -> bool:
        """Whether steps wait for the wall clock."""
        return self.speedup > 0

    def pace(self, speedup: float) -> None:
        """Follow the wall clock from here on, *speedup* times as fast; may be called again with another one."""
        self._epoch = self.wall() - self.now / speedup
        self.speedup = speedup

    def hurry(self) -> None:
        """Wait for the wall clock no more."""
        self.speedup = 0.0

    def clock(self) -> float:
        """Return the scenario time that the wall clock says."""
        return (self.wall() - self._epoch) * self.speedup if self.paced else self.now

    def due_wall_s(self) -> float:
        """Return the wall instant of the scenario's now: earlier than the wall clock when stepping is behind."""
        return self._epoch + self.now / self.speedup if self.paced else self.wall()

    def step(self) -> None:
        """Wait until the next event is due, let the lanes run, and process it."""
        while self.paced and (early := self.peek() - self.clock()) > 0 and (early < float("inf") or self.open):
            self.bell.wait(min(early / self.speedup, WAIT_S_MAX))
        self.bell.breathe()
        super().step()


class PacedRoad(Road):
    """The way to Odoo under a paced clock: operations go to a crew, answers land when they come."""

    env: Paced

    def __init__(
        self,
        env: Paced,
        crew: Crew,
        round_trip_s: float,
        timeout_s: float,
        history: History,
        meter: Meter,
        channels: frozenset[str],
    ) -> None:
        super().__init__(env, round_trip_s, timeout_s, history)
        self._crew = crew
        self._meter = meter
        self._channels = channels
        self._open: dict[int, Asked] = {}
        self._closed = False

    def ask(self, operation: Operation, cause: str = "") -> simpy.Event:
        """Deal *operation* to a lane now; the returned event's value is its `Answer`."""
        index = self._history.operation(operation, self.env.now, cause)
        asked = Asked(
            index,
            operation,
            cause,
            business_name(operation.name, cause, self._channels),
            self.env.due_wall_s(),
            self.env.paced,
            self.env.event(),
        )
        self._open[index] = asked
        self.env.open += 1
        self._about_to_send(operation)
        self._crew.deal(asked)
        if not self.env.paced:
            self._agree_on(asked)
        return asked.answered

    def tell(self, index: int, answer: Answer, took_s: float) -> None:
        """Take the answer of operation number *index* from a lane; one that was given up already is left alone."""
        asked = self._open.get(index)
        if asked is None or asked.answer is not None or self._closed:
            return
        asked.answer, asked.took_s = answer, took_s
        self.env.open -= 1
        if asked.paced:
            self._meter.answered(asked.name, asked.operation, answer.outcome, self.env.wall() - asked.due_wall_s)
        if not asked.landing:
            self._land_at(asked, max(0.0, self.env.clock() - self.env.now))
        self.env.bell.ring()

    def hurry(self) -> None:
        """Let the clock be virtual from here on; what is on its way lands a modelled round trip from now."""
        self.env.hurry()
        for asked in list(self._open.values()):
            if not asked.landing:
                self._agree_on(asked)

    def give_up(self, indices: set[int], why: str) -> int:
        """Make the outcome of operations that nobody will answer any more unknown; return how many there were."""
        lost = [i for i in indices if i in self._open and self._open[i].answer is None]
        for index in lost:
            self.tell(index, Answer(Outcome.UNKNOWN, None, why), self.env.wall() - self._open[index].due_wall_s)
        return len(lost)

    def close(self, why: str) -> None:
        """Write down what is still on its way as unknown; nothing lands any more."""
        for asked in list(self._open.values()):
            answer = asked.answer or Answer(Outcome.UNKNOWN, None, why)
            self._landed(asked.index, asked.operation, asked.cause, answer, asked.took_s)
        self._open.clear()
        self._closed = True

    def _agree_on(self, asked: Asked) -> None:
        """Put the landing on the agenda a modelled round trip from now, whether or not the answer is there."""
        asked.landing = True
        self._land_at(asked, self._round_trip_s)

    def _land_at(self, asked: Asked, delay_s: float) -> None:
        asked.landing = True
        arrival = self.env.timeout(delay_s)
        assert arrival.callbacks is not None
        arrival.callbacks.append(lambda _: self._land(asked))

    def _land(self, asked: Asked) -> None:
        if self._closed:
            return
        answer = self._awaited(asked)
        del self._open[asked.index]
        self._landed(asked.index, asked.operation, asked.cause, answer, asked.took_s)
        asked.answered.succeed(answer)

    def _awaited(self, asked: Asked) -> Answer:
        deadline = self.env.wall() + self._wait_s_max
        while asked.answer is None:
            left_s = deadline - self.env.wall()
            if left_s <= 0:
                raise HarnessFault(
                    f"no lane answered operation {asked.index} ({asked.name}) within {self._wait_s_max:g} s; "
                    "look into the load/ folder of the run"
                )
            self.env.bell.wait(min(left_s, WAIT_S_MAX))
        return asked.answer


class TimedHistory(History):
    """A history that notes with every stimulus how late it was, in wall milliseconds."""

    def __init__(self, folder: Any, env: Paced, meter: Meter) -> None:
        super().__init__(folder)
        self._env = env
        self._meter = meter

    def event(self, event: Event, more: Mapping[str, Any] | None = None) -> int:
        """Append a fact of the outside world; a stimulus with its lateness."""
        if Role.ACCEPTS in event.kind.roles:
            self._meter.ordered(event.order)
        if not STIMULI & event.kind.roles or not self._env.paced:
            return super().event(event, more)
        late_ms = max(0.0, self._env.wall() - self._env.due_wall_s()) * 1000
        self._meter.stimulated(late_ms)
        return super().event(event, {"wall": {"late_ms": round(late_ms, 2)}})


def business_name(operation: str, cause: str, channels: frozenset[str]) -> str:
    """Return what statistics call an operation: who made it necessary, and what is done; such as ``webshop: confirm``."""
    words = cause.split(":")
    who = next((word for word in words[1:] if word in channels), words[0] or "harness")
    return f"{who}: {operation}"
