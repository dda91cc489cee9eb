"""One weekend on paper in a process of its own, told as JSON: ``python -m benchmarks.playing ORDERS PRODUCTS [bare]``.

The weekend and a bare SimPy loop with one timeout pending take turns, slice by slice, so that both meet the same machine;
with ``bare`` a loop with as many pending as the weekend has does so as well.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import simpy

from benchmarks.scaled import scaled
from rehearsal.clock import Erp
from rehearsal.memory import settled
from rehearsal.model import Delivery
from rehearsal.stage.paper import PaperConnector, opened
from rehearsal.stage.weekend import play

STEPS_AN_ORDER = 24
"""What an order of the promotional weekend takes of SimPy when each wait is a timeout of its own."""
PENDING_AN_ORDER = 0.3
"""Timeouts on SimPy's agenda at half time, per order of the weekend: parcels on their way, shoppers who have not collected."""
SLICE = 20_000
DELAYS = 1009


class Prompt(PaperConnector):
    """The connector that knows everything at once, and does not even wait as a generator does: what is measured is not it."""

    def receive(self, delivery: Delivery, erp: Erp) -> Any:
        """Answer at once."""
        return self.followed(delivery)


@dataclass(frozen=True, slots=True)
class Played:
    """What one weekend took."""

    orders: int
    """Attempted."""
    cpu_s: float
    """User and system, of drawing and playing."""
    wall_s: float
    peak_mb: float
    history_mb: float
    pace_us: float
    """CPU of one timeout of a bare loop with one pending, meanwhile: how fast this machine was just then."""
    bare_us: float
    """CPU of one timeout of the bare loop; 0: it was not measured."""

    @property
    def order_us(self) -> float:
        """Return the CPU of one order."""
        return self.cpu_s / self.orders * 1e6

    @property
    def ratio(self) -> float:
        """Return our orders per second, as a share of what the bare loop could do."""
        return self.bare_us * STEPS_AN_ORDER / self.order_us


def played(orders: int, products: int, beside: bool) -> Played:
    """Play one weekend, with the bare loop *beside* it or alone."""
    pace, bare = Bare(1), Bare(int(orders * PENDING_AN_ORDER)) if beside else None
    began, cpu_s, cpu = time.perf_counter(), 0.0, time.process_time()
    with TemporaryDirectory() as folder:
        with opened(scaled(orders, products), Path(folder), Prompt) as market, settled(orders):
            env = market.env
            env.run(until=env.process(market.start()))
            market.open_doors()
            play(env, market)
            while env.peek() < float("inf"):
                stepped(env, SLICE)
                cpu_s += time.process_time() - cpu
                pace.run(SLICE // 4, unmeasured=SLICE // 40)
                if bare:
                    bare.run(SLICE)
                cpu = time.process_time()
        history_mb = sum(path.stat().st_size for path in (Path(folder) / "history").iterdir()) / 1e6
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    attempted = sum(len(ones) for ones in market.demand.values())
    return Played(attempted, cpu_s, time.perf_counter() - began, peak_mb, history_mb, pace.us, bare.us if bare else 0.0)


def stepped(env: simpy.Environment, events: int) -> None:
    """Process so many events, or as many as there are."""
    with suppress(simpy.core.EmptySchedule):
        for _ in range(events):
            env.step()


class Bare:
    """A SimPy loop that does nothing but wait, with so many timeouts *pending*."""

    def __init__(self, pending: int) -> None:
        rng = random.Random(1)
        delays = cycle([rng.expovariate(1.0) for _ in range(DELAYS)])
        self._env = simpy.Environment()

        def clock() -> Iterator[simpy.Event]:
            while True:
                yield self._env.timeout(next(delays))

        for _ in range(max(1, pending)):
            self._env.process(clock())  # type: ignore[arg-type]
        for _ in range(2 * pending):
            self._env.step()
        self._cpu_s, self._events = 0.0, 0

    def run(self, events: int, unmeasured: int = 0) -> None:
        """Do so many timeouts, after so many that find everything cold."""
        stepped(self._env, unmeasured)
        began = time.process_time()
        stepped(self._env, events)
        self._cpu_s += time.process_time() - began
        self._events += events

    @property
    def us(self) -> float:
        """Return the CPU of one timeout."""
        return self._cpu_s / self._events * 1e6


def here_us() -> float:
    """Return the CPU of a timeout of a bare loop with one pending, in a process of its own just now."""
    code = "from benchmarks.playing import Bare\nb = Bare(1)\nb.run(300_000)\nprint(b.us)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    print(json.dumps(asdict(played(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["bare"]))))
