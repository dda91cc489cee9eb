"""The conductor: simulators, connector, physical truth and history, in one greenlet, on a paced clock.

There is one per run: in the Locust master when there are workers, in the only process otherwise. It plays
the scenario that the run folder holds, settles, has the workers hand in their files, and leaves its outcome.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import gevent
from gevent.event import Event as Signal

from rehearsal import project
from rehearsal.clock.meter import Figures, Meter
from rehearsal.clock.paced import Crew, Paced, PacedRoad, TimedHistory
from rehearsal.errors import RehearsalError
from rehearsal.history import lines
from rehearsal.load.breakpoint import search
from rehearsal.load.outcome import Driven, keep_midway
from rehearsal.load.shards import dealing, told_by
from rehearsal.model import Answer
from rehearsal.odoo.connect import factory
from rehearsal.odoo.observe import Midway
from rehearsal.odoo.verbs import reserved_by_place
from rehearsal.pipeline.run import employed, stray
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from rehearsal.scenario.gates import GateResult, evaluate, gate_figures
from rehearsal.stage import demand
from rehearsal.stage.contract import Watch
from rehearsal.stage.market import Market
from rehearsal.stage.stage import Stage
from rehearsal.strangers import CutOff, no_way_out
from rehearsal.targets.base import Database, Target

logger = logging.getLogger(__name__)
LIVE_S = 10.0
"""Wall seconds between two lines of live figures."""
DRAIN_S_MAX = 15.0
"""How long an interrupted run waits for the answers that are still on their way."""


class GeventBell:
    """What the stepping greenlet sleeps on."""

    def __init__(self) -> None:
        self._signal = Signal()

    def ring(self) -> None:
        """Wake who waits."""
        self._signal.set()

    def wait(self, seconds: float) -> None:
        """Return when somebody rings, at the latest after *seconds*."""
        self._signal.wait(seconds)
        self._signal.clear()

    def breathe(self) -> None:
        """Let everybody else run once."""
        gevent.sleep(0)


class Hands(Crew, Protocol):
    """A crew that can be waited for and that hands in what it wrote down."""

    given_up: Mapping[str, set[int]]
    """Lost workers by name, with the operations that were under way there."""

    def bind(self, road: PacedRoad) -> None:
        """Let answers go to *road*."""

    def await_lanes(self, lanes: int) -> None:
        """Wait until the lanes are logged in; raises `HarnessFault`."""

    def gather(self, folder: Path) -> tuple[str, ...]:
        """Collect the workers' files in *folder*; return the names of those that are missing."""

    def close(self) -> None:
        """End the lanes."""


class Stopped(BaseException):
    """Thrown into the conductor when somebody wants the run to end now."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a conductor is to do."""

    folder: Path
    database: Database
    target: Target | None
    """For faults of processes; None when the target is not at hand."""
    lanes: int
    workers: int


class Conductor:
    """One run, from the lanes' logging in to the last file handed in."""

    def __init__(self, orders: Assignment) -> None:
        self.orders = orders
        self.scenario: Scenario = scenario_file.load(orders.folder / "scenario.yaml", project.scenario_path)
        self.env = Paced(GeventBell())
        self.meter = Meter()
        self.outcome = Driven(workers=orders.workers, lanes=orders.lanes, speedup=self.scenario.clock.speedup)
        self.done = Signal()
        self.market: Market | None = None
        self._greenlet: Any = None
        self._watch = Watch(elsewhere=self._cut_off)
        self._history = TimedHistory(orders.folder / "history", self.env, self.meter)

    # -- what others see -----------------------------------------------------------------------------

    def figures(self, last_s: float | None = None) -> Figures:
        """Return the live figures of the last *last_s* wall seconds, or of the whole paced phase."""
        return self.meter.figures(last_s)

    def start(self, crew: Hands) -> None:
        """Play the run in a greenlet of its own; `done` is set at its end."""
        self._greenlet = gevent.spawn(self._conducted, crew)

    def stop(self, why: str = "interrupted") -> None:
        """End the run now, as cleanly as can be: what is on its way is awaited, files are handed in."""
        if self._greenlet is not None and not self._greenlet.dead and not self.outcome.interrupted:
            self.outcome.interrupted = True
            logger.warning("%s: ending the run", why)
            self._greenlet.kill(Stopped, block=False)

    def fail(self, why: str, exit_code: int = 3) -> None:
        """End the run because it cannot go on; *why* is what the user is told."""
        if not self.outcome.error:
            self.outcome.error, self.outcome.exit_code = why, exit_code
        if self._greenlet is not None and not self._greenlet.dead:
            self._greenlet.kill(Stopped, block=False)

    def abort(self, gate: GateResult) -> None:
        """End the run because *gate*, which says so, is missed."""
        if self._greenlet is None or self._greenlet.dead or self.outcome.aborted_by:
            return
        self.outcome.aborted_by = asdict(gate)
        say(f"gate {gate.figure} {gate.limit} is missed (it is {gate.value:g}), so the run ends here")
        self._greenlet.kill(Stopped, block=False)

    def lost(self, name: str, sentence: str) -> None:
        """Take note of a lost worker: the run goes on, and is undecided."""
        self.outcome.trouble.append(sentence)
        self._history.write("worker_lost", self.env.now, worker=name)

    def _cut_off(self) -> None:
        """Wake a handler of the connector that sleeps instead of waiting for the clock: it holds up the weekend."""
        self._greenlet.kill(CutOff, block=False)

    # -- the run -------------------------------------------------------------------------------------

    def _conducted(self, crew: Hands) -> None:
        try:
            with no_way_out(), self._watch:
                self._played(crew)
        except RehearsalError as error:
            self.outcome.error, self.outcome.exit_code = str(error), error.exit_code
        except Stopped:
            pass  # before anything was under way
        except Exception as error:
            logger.exception("the conductor failed")
            self.outcome.error, self.outcome.exit_code = f"the conductor failed: {type(error).__name__}: {error}", 5
        finally:
            self.outcome.now_s, self.outcome.figures = self.env.now, self.figures().as_dict()
            self.outcome.seals = {"main": self._history.seal}
            self._history.close()
            crew.close()
            self.outcome.save(self.orders.folder)
            self.done.set()

    def _played(self, crew: Hands) -> None:
        scenario, folder = self.scenario, self.orders.folder
        world = demand.stored(folder / "world.json")
        wanted = demand.wanted_of(scenario, world)
        road = PacedRoad(
            self.env,
            crew,
            scenario.clock.round_trip,
            scenario.clock.timeout,
            self._history,
            self.meter,
            frozenset(scenario.channels),
        )
        crew.bind(road)
        stage = Stage(self.env, scenario, folder, self._history, self.orders.target, self.orders.database)
        queues = {code: demand.Queue(ones) for code, ones in wanted.items()}
        self.market = market = stage.enter(employed(scenario, self._watch), road, world, queues, self._watch)
        crew.await_lanes(self.orders.lanes)
        ticker = gevent.spawn(self._tick)
        try:
            with self._timed("simulate"):
                stage.open()
                self._paced(queues)
            with self._timed("settle"):
                road.hurry()
                self._looked_midway(road)
                self._over_reserved(road)
                stage.settle(say)
            self.outcome.finished = True
        except Stopped:
            self._history.phase("interrupted", self.env.now)
            self._drained(road)
        except RehearsalError:
            self._history.phase("aborted", self.env.now)
            raise
        except Exception as error:
            self.outcome.aborted = stray(market, error)
            self._history.phase("aborted", self.env.now)
            self._drained(road)
        finally:
            ticker.kill(block=False)
            self.meter.end()
            stage.heal()
            road.close("the run ended before an answer came")
            stage.close()
            stage.count_shelves()
            self._handed_in(crew)

    def _paced(self, queues: Mapping[str, demand.Queue]) -> None:
        """Let the scenario pass in step with the wall clock."""
        scenario = self.scenario
        say(f"driving {scenario.lasts / 3600:g} hours at {scenario.clock.speedup:g} times the speed, {scenario.connector}")
        self.env.pace(scenario.clock.speedup)
        self.meter.begin()
        if scenario.load.shape == "breakpoint":
            self.outcome.steps += search(self.env, self.meter, scenario, queues, say)
        elif self.env.now < scenario.lasts:
            self.env.run(until=scenario.lasts)
        self.meter.end()

    def _looked_midway(self, road: PacedRoad) -> None:
        """Read what stock and open transfers say of each other while orders are open, once nothing is under way."""
        self._drained(road)
        if self.env.open:
            return
        midway = Midway(factory(self.orders.database, self.scenario.client, float(self.scenario.clock.timeout)))
        midway.look(self.env.now)
        keep_midway(self.orders.folder, midway.rows)

    def _over_reserved(self, road: PacedRoad) -> None:
        """Read once, in one transaction of Odoo, how many units are reserved beyond what lies there: its own race."""
        answer = self.env.run(until=road.ask(reserved_by_place(), "settle"))
        if isinstance(answer, Answer) and answer.ok:
            self.outcome.over_reserved_units = round(
                sum(max(0.0, row["reserved_quantity:sum"] - max(0.0, row["quantity:sum"])) for row in answer.value)
            )

    def _drained(self, road: PacedRoad) -> None:
        """Wait for what is on its way, for a bounded time; nothing new is asked, since nobody steps the clock."""
        deadline = time.monotonic() + DRAIN_S_MAX
        while self.env.open and time.monotonic() < deadline:
            gevent.sleep(0.05)

    def _handed_in(self, crew: Hands) -> None:
        """Collect the workers' files, and see that every operation was performed once; what cannot be seen is told."""
        try:
            self._counted(crew)
        except Exception as error:
            logger.exception("the workers' files could not be checked")
            self.outcome.trouble.append(
                f"what the workers did could not be checked ({type(error).__name__}: {error}); see history/worker-*.ndjson in "
                "the run folder, and run again"
            )

    def _counted(self, crew: Hands) -> None:
        folder, trouble = self.orders.folder / "history", self.outcome.trouble
        late = crew.gather(folder)
        trouble += [f"{name} did not hand in what it had done; its part cannot be checked" for name in late]
        files = {path.stem: told_by(path) for path in sorted(folder.glob("worker-*.ndjson"))}
        damaged = {name: told.flaw for name, told in files.items() if told.flaw}
        trouble += [f"the file of {name} is damaged ({flaw}); its part cannot be checked" for name, flaw in damaged.items()]
        asked = [line["i"] for line in lines(folder, "main") if line["kind"] == "operation"]
        dealt = dealing(asked, {name: told.lines for name, told in files.items()})
        sent = {name: told.sent for name, told in files.items()}
        trouble += [_back(name, gone, sent[name]) for name, gone in crew.given_up.items() if name in sent]
        self.outcome.dealing = {
            "asked": dealt.asked,
            "missing": len(dealt.missing),
            "twice": len(dealt.twice),
            "by_worker": {name: len(operations) for name, operations in sent.items()},
        }
        if dealt.twice or (dealt.missing and self.outcome.finished and not trouble):
            trouble.append(
                f"{len(dealt.twice)} operation(s) were performed twice and {len(dealt.missing)} not at all; "
                "this is a fault of the harness, please report it with the run folder"
            )

    def _tick(self) -> None:
        """Tell the live figures now and then."""
        while True:
            gevent.sleep(LIVE_S)
            if self.env.paced:
                live = self.figures(3 * LIVE_S)
                say(
                    f"{_of_day(self.env.now)}  {live.orders_per_minute:.0f} orders/min, "
                    f"{live.operations_per_minute / 60:.1f} operations/s, latency p95 {live.latency_ms_p95:.0f} ms, "
                    f"lateness p99 {live.lateness_ms_p99:.0f} ms, backlog {live.backlog}, under way {self.env.open}"
                )
                self._held(live)

    def _held(self, live: Figures) -> None:
        """Hold the gates that may end the run against the live figures."""
        passed_s = self.figures().wall_s
        due = [gate for gate in self.scenario.gates if gate.abort_on_fail and gate.after <= passed_s]
        for result in evaluate(due, gate_figures(live.as_dict())):
            if result.held is False:
                self.abort(result)

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.outcome.timings_s[phase] = round(time.monotonic() - began, 3)


def _back(name: str, gone: set[int], sent: frozenset[int]) -> str:
    """Return what is said of a worker that came back: how many of the operations that were *gone* with it were *sent*."""
    return (
        f"{name} came back later: of the {len(gone)} operation(s) that had been given up with it, {len(gone & sent)} were "
        "sent to Odoo and the others were not"
    )


def _of_day(at_s: float) -> str:
    return f"day {int(at_s // 86_400) + 1} {int(at_s % 86_400 // 3600):02d}:{int(at_s % 3600 // 60):02d}"


def say(text: str) -> None:
    """Tell the person at the keyboard: on stdout, which Locust itself leaves alone, and which `rehearse load` relays."""
    print(text, file=sys.stdout, flush=True)
