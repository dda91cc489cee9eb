"""The figures of a load run: throughput, latency, lateness, errors, backlog; live and at the end, from one place.

Latency counts from the instant at which the scenario asked, queueing in the harness included, so no
answer hides behind a slow one before it (no coordinated omission).
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rehearsal.model import Operation, Outcome

CODES = {Outcome.OK: 0, Outcome.REFUSED: 1, Outcome.UNKNOWN: 2}


@dataclass(frozen=True, slots=True)
class Spread:
    """How a quantity in milliseconds is distributed."""

    count: int = 0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0


@dataclass(frozen=True, slots=True)
class OperationFigures:
    """One kind of operation, by its business name."""

    count: int
    per_minute: float
    latency_ms: Spread
    refused: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a load run comes to, over its whole paced phase or its last seconds."""

    wall_s: float = 0.0
    operations: int = 0
    operations_per_minute: float = 0.0
    orders_per_minute: float = 0.0
    """Orders that reached the ERP (the first write that names them was done), per wall minute."""
    latency_ms_p50: float = 0.0
    latency_ms_p95: float = 0.0
    latency_ms_p99: float = 0.0
    latency_ms_max: float = 0.0
    error_rate: float = 0.0
    """Share of operations that got no answer: timed out, cut off, or lost with a worker."""
    refusal_rate: float = 0.0
    """Share of operations that Odoo refused; contention is among them."""
    lateness_ms_p50: float = 0.0
    lateness_ms_p95: float = 0.0
    lateness_ms_p99: float = 0.0
    lateness_ms_max: float = 0.0
    stimuli: int = 0
    backlog: int = 0
    """Accepted orders that the ERP does not know yet."""
    by_operation: Mapping[str, OperationFigures] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain data, as ``summary.json`` has them."""
        return asdict(self)


class Meter:
    """Gathers what the paced road and the history see; `figures` is cheap enough to be asked every second."""

    def __init__(self, wall: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._began_s = wall()
        self._ended_s: float | None = None
        self._backlog: int | None = None
        self._names: list[str] = []
        self._codes: dict[str, int] = {}
        self._at, self._ms = array("d"), array("d")
        self._kind, self._outcome = array("L"), array("B")
        self._late_at, self._late_ms = array("d"), array("d")
        self._reached_at = array("d")
        self._waiting: set[str] = set()
        self._reached: set[str] = set()

    def begin(self) -> None:
        """Count time from here: the clock is paced now."""
        self._began_s = self._wall()

    def end(self) -> None:
        """Count time no further: the clock is not paced any more. Once is enough."""
        if self._ended_s is None:
            self._ended_s, self._backlog = self._wall(), len(self._waiting)

    def ordered(self, order: str) -> None:
        """Take note of an accepted order."""
        if order not in self._reached:
            self._waiting.add(order)

    def stimulated(self, late_ms: float) -> None:
        """Take note of how late a stimulus was."""
        self._late_at.append(self._wall())
        self._late_ms.append(late_ms)

    def answered(self, name: str, operation: Operation, outcome: Outcome, latency_s: float) -> None:
        """Take note of an answer."""
        code = self._codes.get(name)
        if code is None:
            code = self._codes[name] = len(self._names)
            self._names.append(name)
        now = self._wall()
        self._at.append(now)
        self._ms.append(latency_s * 1000)
        self._kind.append(code)
        self._outcome.append(CODES[outcome])
        if operation.writes and outcome is Outcome.OK:
            for order in operation.orders:
                if order in self._waiting:
                    self._waiting.discard(order)
                    self._reached.add(order)
                    self._reached_at.append(now)

    def figures(self, last_s: float | None = None) -> Figures:
        """Return the figures of the last *last_s* wall seconds, or of the whole paced phase."""
        until = self._ended_s if self._ended_s is not None else self._wall()
        since = self._began_s if last_s is None else max(self._began_s, until - last_s)
        wall_s = max(1e-9, until - since)
        first = bisect_left(self._at, since)
        done = bisect_right(self._at, until) - first  # later answers count for latency, not for throughput
        codes, ms, outcomes = self._kind[first:], self._ms[first:], self._outcome[first:]
        late = _spread(self._late_ms[bisect_left(self._late_at, since) :])
        whole = _spread(ms)
        return Figures(
            wall_s=round(wall_s, 3),
            operations=len(ms),
            operations_per_minute=_per_minute(done, wall_s),
            orders_per_minute=_per_minute(bisect_right(self._reached_at, until) - bisect_left(self._reached_at, since), wall_s),
            latency_ms_p50=whole.p50,
            latency_ms_p95=whole.p95,
            latency_ms_p99=whole.p99,
            latency_ms_max=whole.max,
            error_rate=_share(outcomes, CODES[Outcome.UNKNOWN]),
            refusal_rate=_share(outcomes, CODES[Outcome.REFUSED]),
            lateness_ms_p50=late.p50,
            lateness_ms_p95=late.p95,
            lateness_ms_p99=late.p99,
            lateness_ms_max=late.max,
            stimuli=late.count,
            backlog=len(self._waiting) if self._backlog is None else self._backlog,
            by_operation=self._by_operation(codes, ms, outcomes, wall_s),
        )

    def _by_operation(
        self, codes: array[int], ms: array[float], outcomes: array[int], wall_s: float
    ) -> dict[str, OperationFigures]:
        grouped: dict[int, tuple[array[float], array[int]]] = {}
        for code, took, outcome in zip(codes, ms, outcomes, strict=True):
            one = grouped.get(code)
            if one is None:
                one = grouped[code] = (array("d"), array("B"))
            one[0].append(took)
            one[1].append(outcome)
        return {
            self._names[code]: OperationFigures(
                len(took),
                _per_minute(len(took), wall_s),
                _spread(took),
                said.count(CODES[Outcome.REFUSED]),
                said.count(CODES[Outcome.UNKNOWN]),
            )
            for code, (took, said) in sorted(grouped.items(), key=lambda item: self._names[item[0]])
        }


def _spread(values: Iterable[float]) -> Spread:
    ordered = sorted(values)
    if not ordered:
        return Spread()

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)

    return Spread(len(ordered), at(0.5), at(0.95), at(0.99), round(ordered[-1], 2))


def _per_minute(count: int, wall_s: float) -> float:
    return round(60 * count / wall_s, 2)


def _share(outcomes: array[int], code: int) -> float:
    return round(outcomes.count(code) / len(outcomes), 6) if outcomes else 0.0
