"""Ties a rehearsal to Locust's events: who is conductor, who is lane, how it ends. `install` is for the locustfile.

The run folder comes from REHEARSE_RUN, in the master or the only process; workers need to know the login only. A
worker keeps its file in REHEARSE_WORKER_FOLDER, or in a temporary folder, until the master asks for it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.env import Environment
from locust.exception import RPCError
from locust.runners import MasterRunner, WorkerRunner

from rehearsal.errors import RehearsalError, UsageError
from rehearsal.locust import tab, user
from rehearsal.locust.bench import Bench, Job, Lease, packed_answer
from rehearsal.locust.conductor import Assignment, Conductor
from rehearsal.locust.crew import ANSWER, DEAL, GATHER, LINES, PING, PING_S, PONG, READY, SETTINGS, LocalCrew, RemoteCrew
from rehearsal.model import Answer
from rehearsal.odoo.client import NotAllowed
from rehearsal.parts.fault import Joint
from rehearsal.parts.fault_kinds import at_joint
from rehearsal.pipeline.run import reopen, target_of
from rehearsal.targets import choose

PART_BYTES = 256_000
"""Size of one message with lines of a worker's file."""
OF_THE_SCENARIO = ("REHEARSE_ODOO_CLIENT", "REHEARSE_ODOO_TIMEOUT_S", "REHEARSE_CRONS")
"""What the master tells its workers, so that they need to know nothing but the login."""
QUIT_S_MAX = 120.0
"""How long quitting waits for the conductor to hand in its outcome."""


class Wiring:
    """What this process is in the run."""

    def __init__(self) -> None:
        self.bench: Bench | None = None
        self.conductor: Conductor | None = None
        self._environment: Any = None
        self._started = False

    def install(self) -> None:
        """Listen to Locust; called once, by the locustfile."""
        events.init.add_listener(self._wired)
        events.test_start.add_listener(self._test_started)
        events.test_stopping.add_listener(self._stopping)
        events.quitting.add_listener(self._quitting)
        user.stopping.append(self._troubled)

    def lane_ready(self) -> None:
        """Count a lane that has logged in."""
        assert self.bench is not None
        self.bench.lanes += 1
        if isinstance(self._environment.runner, WorkerRunner):
            self._environment.runner.send_message(READY, {"lanes": self.bench.lanes})

    # -- Locust's events -----------------------------------------------------------------------------

    def _wired(self, environment: Environment, runner: Any, **_: Any) -> None:
        self._environment = environment
        if isinstance(runner, WorkerRunner):
            self._wire_worker(runner)
            return
        try:
            folder = run_folder()
            self.conductor = Conductor(self._orders(environment, runner, folder))
        except (RehearsalError, NotAllowed) as error:
            print(f"rehearse: {error}", file=sys.stderr, flush=True)
            raise SystemExit(getattr(error, "exit_code", 3)) from None
        tab.install(environment, self.conductor)
        if not isinstance(runner, MasterRunner):
            self.bench = Bench(folder / "history", "worker-0")

    def _wire_worker(self, runner: WorkerRunner) -> None:
        folder = Path(os.environ.get("REHEARSE_WORKER_FOLDER") or tempfile.mkdtemp(prefix="rehearse-worker-"))
        bench = self.bench = Bench(folder, f"worker-{runner.worker_index}")
        bench.told = self._told_master
        lease = bench.lease = Lease()

        def pong(environment: Environment, msg: Any, **_: Any) -> None:
            if msg.data["given_up"]:
                lease.end()
            else:
                lease.renew(msg.data["asked_s"])

        def dealt(environment: Environment, msg: Any, **_: Any) -> None:
            bench.put(Job.unpacked(msg.data["job"]))

        def gathered(environment: Environment, msg: Any, **_: Any) -> None:
            told = bench.history.path.read_bytes()
            parts = [told[at : at + PART_BYTES] for at in range(0, len(told), PART_BYTES)] or [b""]
            for number, part in enumerate(parts, start=1):
                runner.send_message(LINES, {"part": part, "number": number, "last": number == len(parts)})
                gevent.sleep(0)

        def set_up(environment: Environment, msg: Any, **_: Any) -> None:
            os.environ.update(msg.data)
            user.OdooUser.network_timeout = user.timeout_s()
            gevent.spawn(_pinging, runner)

        runner.register_message(SETTINGS, set_up)
        runner.register_message(DEAL, dealt)
        runner.register_message(PONG, pong)
        runner.register_message(GATHER, gathered, concurrent=True)

    def _orders(self, environment: Environment, runner: Any, folder: Path) -> Assignment:
        run = reopen(folder)
        backoffice = staffed(environment, run.scenario.load.backoffice)
        options: Any = environment.parsed_options
        workers = int(options.expect_workers) if isinstance(runner, MasterRunner) else 0
        lanes = int(options.num_users or 0) - backoffice
        if lanes < max(1, workers):
            raise UsageError(
                f"--users {options.num_users} leaves {lanes} lane(s) beside {backoffice} back-office user(s) for "
                f"{max(1, workers)} worker(s); every worker needs one"
            )
        broken = at_joint(run.scenario.faults, Joint.PROCESS)
        target = choose(target_of(run.manifest)) if broken else None
        for user_class in environment.user_classes:
            if getattr(user_class, "role", "") == "lane":
                user_class.fixed_count = lanes
        return Assignment(folder, user.database_of_environment(str(environment.host)), target, lanes, workers)

    def _test_started(self, environment: Environment, **_: Any) -> None:
        """Start the world, once: Locust fires again when somebody presses start again."""
        if self.conductor is None or self._started:
            return
        self._started = True
        runner: Any = environment.runner
        crew: Any
        if self.bench is not None:
            crew = LocalCrew(self.bench, self.conductor.env)
        else:
            # Before the first user is made there: Locust sends its own orders after this.
            runner.send_message(SETTINGS, {name: os.environ[name] for name in OF_THE_SCENARIO if name in os.environ})
            crew = RemoteCrew(runner, self.conductor.env, self.conductor.lost)
        self.conductor.start(crew)
        gevent.spawn(self._quit_when_done)

    def _quit_when_done(self) -> None:
        assert self.conductor is not None
        self.conductor.done.wait()
        self._environment.process_exit_code = self.conductor.outcome.exit_code
        web_ui = self._environment.web_ui
        self._environment.runner.quit()
        if web_ui is not None:
            web_ui.stop()

    def _stopping(self, environment: Environment, **_: Any) -> None:
        """Let idle lanes go home; on the conductor's side a stop that it did not ask for ends the run.

        Locust goes on when this returns: it sends its workers home and listens to them no more. So it waits here
        until every worker has handed in its file.
        """
        if self.conductor is not None and self._started:
            self.conductor.stop("stopped from outside")
            self.conductor.done.wait(QUIT_S_MAX)
            return
        if self.bench is not None:
            self.bench.close()

    def _quitting(self, environment: Environment, **_: Any) -> None:
        """Ctrl-C and SIGTERM come here first, and Locust fixes its exit code right after: wait for the outcome."""
        if self.conductor is None or not self._started:
            return
        self.conductor.stop("interrupted")
        self.conductor.done.wait(QUIT_S_MAX)
        environment.process_exit_code = self.conductor.outcome.exit_code

    def _troubled(self, why: str) -> None:
        if self.conductor is not None:
            self.conductor.fail(why)

    # -- answers -------------------------------------------------------------------------------------

    def _told_master(self, index: int, answer: Answer, took_s: float) -> None:
        self._environment.runner.send_message(ANSWER, {"answer": packed_answer(index, answer, took_s)})


def _pinging(runner: WorkerRunner) -> None:
    """Ask the master again and again whether it still counts on this worker; its clock is not asked for."""
    while True:
        with contextlib.suppress(RPCError):  # Locust itself connects again; until then the lease runs out
            runner.send_message(PING, {"asked_s": time.monotonic()})
        gevent.sleep(PING_S)


def run_folder() -> Path:
    """Return the prepared run folder; raises `UsageError`."""
    named = os.environ.get("REHEARSE_RUN", "")
    if not named:
        raise UsageError("REHEARSE_RUN does not name a run folder; prepare one with: rehearse load NAME --prepare")
    return Path(named).resolve()


def staffed(environment: Environment, wanted: dict[str, int]) -> int:
    """Give every back-office class the number of users that the scenario wants; return how many there are in all."""
    classes = {getattr(user_class, "role", ""): user_class for user_class in environment.user_classes}
    unknown = sorted(set(wanted) - set(classes))
    if unknown:
        known = ", ".join(sorted(role for role in classes if role and role != "lane"))
        raise UsageError(f"load.backoffice names {unknown[0]!r}; there are: {known}")
    for role, user_class in classes.items():
        if role and role != "lane":
            user_class.fixed_count = wanted.get(role, 0)
            user_class.weight = 0
    return sum(wanted.values())


wiring = Wiring()
