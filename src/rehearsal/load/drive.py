"""Load: prepare as a run does, let Locust's own processes drive the scenario, then observe, judge and report.

Locust is started as a program and never imported here, since importing it patches the whole process.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import project
from rehearsal.errors import EnvironmentNotReady, HarnessFault, UsageError
from rehearsal.history import History
from rehearsal.load import vitals
from rehearsal.load.breakpoint import interval
from rehearsal.load.live import Watcher
from rehearsal.load.outcome import FOLDER, Driven, midway_of
from rehearsal.load.vitals import Sampler
from rehearsal.model import Tell
from rehearsal.odoo.connect import await_replica, caller
from rehearsal.odoo.observe import Midway, observe
from rehearsal.parts.fault import Joint
from rehearsal.parts.fault_kinds import at_joint
from rehearsal.pipeline.run import (
    CALL_TIMEOUT_S,
    Options,
    Run,
    abort,
    begun,
    conclude,
    employed,
    leave,
    never_opened,
    observed_again,
    readied,
)
from rehearsal.scenario import Scenario
from rehearsal.seals import SEALS
from rehearsal.stage.contract import Slip, Watch
from rehearsal.strangers import no_way_out
from rehearsal.targets.base import Database, Target
from rehearsal.verdict.laws import tables

LANES_PER_HTTP_WORKER = 8
"""Odoo listens with a backlog of eight per HTTP worker; more lanes than that overflow it, and it gets slower."""
LANES_DEFAULT_MAX = 16
END_S_MAX = 180.0
"""How long Locust may take to end once it was asked to: answers on their way, files to hand in."""
WORKERS_S_MAX = 60.0
"""How long the master waits for its workers."""
POLL_S = 0.2
LOG_TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Drive:
    """How Locust is wanted."""

    users: int
    """Lanes and back-office users together."""
    workers: int = 0
    """0: one process; else a master and so many workers."""
    master: str = ""
    """Where the master listens, HOST:PORT, for workers that others start; empty: they are started here."""
    web_port: int = 0
    """0: headless."""
    extra: tuple[str, ...] = ()
    """Further words for Locust, such as ``--csv``."""


def driven(scenario: Scenario, target: Target, drive: Drive, options: Options, told: Tell) -> tuple[Run, dict[str, Any]]:
    """Drive *scenario* on *target* with Locust, and return the run with its summary; the target must be up."""
    with begun(scenario, target, options, told) as run, no_way_out():
        try:
            with Watch() as watch:
                employed(scenario, watch)  # Locust's process makes its own; who cannot be made is told before all the work
        except Slip as slip:
            return never_opened(run, slip, options, told)
        database = readied(run, target, options, told)
        try:
            with Sampler(target.sensor(database), run.folder):
                outcome = _located(run, database, drive, told)
            _observed(run, database, outcome, told)
            return run, conclude(run, told)
        finally:
            leave(run, target, database, options, told)


def prepare_only(scenario: Scenario, target: Target, drive: Drive, options: Options, told: Tell) -> tuple[Run, list[str]]:
    """Prepare a run whose Locust processes somebody else starts; return it with the lines of what to type where."""
    with begun(scenario, target, options, told) as run:
        database = readied(run, target, options, told)
        (run.folder / "history").mkdir()  # from here on it is a run, which others will play
    run.manifest["prepared_for_load"] = True
    run.save()
    environment = _environment(run, database)
    secrets = [name for name in environment if name.endswith(("PASSWORD", "API_KEY"))]
    shown = " ".join(f"{k}={shlex.quote(v)}" for k, v in environment.items() if k not in secrets and k != "REHEARSE_RUN")
    locustfile = project.files("loadtests", ".py")["locustfile"]
    return run, [
        "# everywhere, without writing it into a file: " + " or ".join(sorted(secrets)),
        f"export {shown}",
        "# on this host:",
        (
            f"REHEARSE_RUN={run.folder} locust -f {locustfile} --headless --host {database.url} --users {drive.users} "
            f"--spawn-rate 100 --stop-timeout 30 --master --expect-workers {max(1, drive.workers)}"
        ),
        f"# on each of the {max(1, drive.workers)} hosts that drive:",
        f"locust -f {locustfile} --worker --master-host <this host>",
        "# and when the master has ended, here:",
        f"rehearse observe {run.folder}",
    ]


def observed_by_hand(run: Run, database: Database, told: Tell) -> None:
    """Do what comes after Locust for a run whose processes somebody else started; raises `EnvironmentNotReady`.

    Once its record is sealed only the books are read again: sealing it anew would hide what was damaged since.
    """
    if SEALS in run.manifest:
        observed_again(run, database, told)
        return
    outcome = Driven.read(run.folder)
    if outcome is None:
        raise EnvironmentNotReady(
            f"{run.folder} was prepared for load and not driven yet; start the Locust commands that `rehearse load "
            "--prepare` printed, and wait until the master has ended"
        )
    taken_over(run, outcome)
    if outcome.aborted:
        abort(run, outcome.aborted, told)
    _observed(run, database, outcome, told)


def drivable(scenario: Scenario) -> Scenario:
    """Return *scenario* as long as its shape needs; raises `UsageError` when it has what only the virtual clock can do."""
    cut = at_joint(scenario.faults, Joint.REQUEST)
    if cut:
        raise UsageError(
            f"fault {cut[0]} disturbs single requests through a proxy, which would be the bottleneck under load; "
            "rehearse it with `rehearse run`, or leave it out of this scenario"
        )
    if "locustfile" not in project.files("loadtests", ".py"):
        raise UsageError("there is no loadtests/locustfile.py on the project path")
    stretched: Scenario = project.module("loadtests", "shapes").stretched(scenario)
    return stretched


def staff(scenario: Scenario) -> int:
    """Return the number of back-office users of *scenario*."""
    return sum(scenario.load.backoffice.values())


def lanes_for(target: Target, workers: int) -> int:
    """Return how many lanes suit *target*: at most eight per HTTP worker of an Odoo on this machine."""
    served = max(2, os.cpu_count() or 2) * LANES_PER_HTTP_WORKER if target.kind != "existing" else LANES_DEFAULT_MAX
    return max(min(served, LANES_DEFAULT_MAX), workers)


# -- Locust's processes -------------------------------------------------------------------------------


def _located(run: Run, database: Database, drive: Drive, told: Tell) -> Driven:
    """Start Locust, wait for its end, take over its outcome and return it."""
    logs = run.folder / FOLDER
    logs.mkdir()
    environment = os.environ | _environment(run, database) | {"REHEARSE_WORKER_FOLDER": str(logs)}
    if drive.web_port:
        told(f"Locust's web page: http://127.0.0.1:{drive.web_port}/?tab=rehearsal")
    if drive.master:
        told(f"waiting for {drive.workers} Locust worker(s) at {drive.master}, {WORKERS_S_MAX:.0f} s at most")
    with _started(_commands(drive, database), environment, logs) as processes:
        master = processes[0]
        relay = threading.Thread(target=_relayed, args=(master, told), daemon=True)
        relay.start()
        try:
            watcher = Watcher(run.scenario, run.folder, told)
            while master.poll() is None:
                time.sleep(POLL_S)
                if drive.web_port:
                    watcher.look()
        except KeyboardInterrupt:
            run.interrupted = True
            told("interrupted: Locust ends; what ran is still observed and judged")
            master.send_signal(signal.SIGTERM)
            master.wait(END_S_MAX)
        relay.join(POLL_S)
    outcome = Driven.read(run.folder)
    if outcome is None:
        tail = "\n  ".join((logs / "master.log").read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        raise EnvironmentNotReady(f"Locust ended with {master.returncode} before anything was driven:\n  {tail}")
    if outcome.error and outcome.exit_code == EnvironmentNotReady.exit_code:
        raise EnvironmentNotReady(outcome.error)
    if outcome.error and not outcome.figures.get("operations"):
        raise HarnessFault(outcome.error)
    taken_over(run, outcome)
    if outcome.aborted:
        abort(run, outcome.aborted, told)
    return outcome


def _commands(drive: Drive, database: Database) -> list[list[str]]:
    """Return the command lines, the conductor's first; nothing secret is in them."""
    locust = [sys.executable, "-m", "locust", "-f", str(project.files("loadtests", ".py")["locustfile"])]
    shown = ["--headless", "--only-summary"]
    if drive.web_port:
        shown = ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(drive.web_port)]
    lead = [
        *locust,
        *shown,
        "--host",
        database.url,
        "--users",
        str(drive.users),
        "--spawn-rate",
        "100",
        "--stop-timeout",
        "30",
        *drive.extra,
    ]
    if not drive.workers:
        return [lead]
    host, _, port = (drive.master or f"127.0.0.1:{_free_port()}").rpartition(":")
    lead += ["--master", "--master-bind-host", host, "--master-bind-port", port]
    lead += ["--expect-workers", str(drive.workers), "--expect-workers-max-wait", f"{WORKERS_S_MAX:.0f}"]
    follow = [*locust, "--worker", "--master-host", host, "--master-port", port]
    return [lead, *([] if drive.master else [follow] * drive.workers)]


def workers_at(said: str) -> int:
    """Return how many workers *said* means: a number, or a host name that has one address for each of them.

    A scaled service of Compose is such a name. Raises `UsageError`.
    """
    wrong = f"--await-workers {said!r}: expected a number from 1 on, or a host name that has an address for each worker"
    if said.isdecimal():
        if not int(said):
            raise UsageError(wrong)
        return int(said)
    try:
        return len(socket.gethostbyname_ex(said)[2])
    except OSError:
        raise UsageError(wrong) from None


def place(said: str) -> str:
    """Return *said* when it is a HOST:PORT to listen at; raises `UsageError`."""
    host, _, port = said.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"--bind {said!r}: expected HOST:PORT, such as 0.0.0.0:5557 for every network of this host")
    return said


@contextmanager
def _started(commands: list[list[str]], environment: Mapping[str, str], logs: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start each command in a session of its own, so that Ctrl-C reaches this process alone; end them all at the end."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for number, command in enumerate(commands):
            name = f"worker-{number - 1}.log" if number else "master.log"
            log = (logs / name).open("wb")
            output = log if number else subprocess.PIPE  # what the conductor tells is relayed
            started: subprocess.Popen[bytes] = subprocess.Popen(
                [*command, "--logfile", str(logs / name)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env=dict(environment),
                start_new_session=True,
            )
            processes.append(started)
            log.close()
        yield processes
    finally:
        deadline = time.monotonic() + END_S_MAX
        for process in processes[1:]:
            if process.poll() is None and not _ended(process, 10.0):
                process.terminate()
        for process in processes:
            if not _ended(process, max(1.0, min(20.0, deadline - time.monotonic()))):
                process.kill()
                process.wait()


def _relayed(process: subprocess.Popen[bytes], told: Tell) -> None:
    """Tell each line that *process* prints, until it ends."""
    assert process.stdout is not None
    for line in process.stdout:
        told(line.decode(errors="replace").rstrip())


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _environment(run: Run, database: Database) -> dict[str, str]:
    """Return what Locust's processes must know; secrets travel here, never on a command line."""
    told = {
        "REHEARSE_RUN": str(run.folder.resolve()),
        "REHEARSE_ODOO_DATABASE": database.name,
        "REHEARSE_ODOO_LOGIN": database.login,
        "REHEARSE_ODOO_CLIENT": run.scenario.client,
        "REHEARSE_ODOO_TIMEOUT_S": str(run.scenario.clock.timeout),
    }
    if run.scenario.load.crons:
        told["REHEARSE_CRONS"] = " ".join(run.scenario.load.crons)
    if database.password:
        told["REHEARSE_ODOO_PASSWORD"] = database.password
    if database.api_key:
        told["REHEARSE_ODOO_API_KEY"] = database.api_key
    return told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- after it -----------------------------------------------------------------------------------------


def taken_over(run: Run, outcome: Driven) -> None:
    """Put what Locust's processes left into the manifest, from which the summary is made, now and at any later time."""
    run.interrupted = run.interrupted or outcome.interrupted
    run.manifest["timings_s"] |= outcome.timings_s
    budget = run.scenario.load.lateness_ms_p99
    late = float(outcome.figures.get("lateness_ms_p99", 0.0))
    trouble = list(outcome.trouble) + ([outcome.error] if outcome.error else [])
    if late > budget and run.scenario.load.shape != "breakpoint":
        trouble.append(
            f"stimuli came up to {late:.0f} ms late (p99), {budget:g} ms are allowed: the load was not the one that the "
            "scenario describes; use fewer lanes (--users), less speed-up, or more workers"
        )
    run.manifest["load"] = {
        "speedup": outcome.speedup, "shape": run.scenario.load.shape, "workers": outcome.workers, "lanes": outcome.lanes,
        "lateness_ms_p99_allowed": budget, **outcome.figures, "dealing": outcome.dealing, "steps": outcome.steps,
        "breakpoint": interval(outcome.steps) if outcome.steps else None, "over_reserved_units": outcome.over_reserved_units,
        "vitals": vitals.figures(vitals.stored(run.folder)), "aborted_by": outcome.aborted_by or None, "trouble": trouble, "now_s": outcome.now_s, "finished": outcome.finished,
    }  # fmt: skip
    run.save()


def _observed(run: Run, database: Database, outcome: Driven, told: Tell) -> None:
    """Read Odoo's books; a run that was played to its end is then finished, and its record is sealed."""
    with run.timed("observe"), History(run.folder / "history", "observe") as history:
        told("reading Odoo's books")
        try:
            _read(run, database, told)
        except KeyboardInterrupt:
            run.interrupted = True
        if run.manifest["load"]["finished"] and not run.interrupted:
            history.phase("observe", run.manifest["load"]["now_s"])
    run.seal({**outcome.seals, "observe": history.seal})


def _read(run: Run, database: Database, told: Tell) -> None:
    """Read the books as they are now, with what the conductor read while orders were open."""
    call = caller(database, run.scenario.client, CALL_TIMEOUT_S, "reading Odoo's books")
    await_replica(call)
    midway = Midway(lambda: call.client)
    midway.rows |= midway_of(run.folder)
    observe(call.client, run.folder / "snapshot", told, midway, tables(), run.manifest.get("watermark"))
