"""The pipeline of one rehearsal: prepare, simulate, settle, observe, judge, report.

Each step leaves files in the run folder, so each can be repeated alone, later, without Odoo.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import simpy

from rehearsal import demand, project, scenario_file, summary
from rehearsal.clock import Lanes
from rehearsal.disturbance import Disturbance
from rehearsal.erp_clock import ErpClock
from rehearsal.errors import EnvironmentNotReady, RehearsalError, UsageError
from rehearsal.faults import Faults
from rehearsal.gates import parsed
from rehearsal.history import History
from rehearsal.judge import Judged, judge
from rehearsal.leftovers import database_name, sweep
from rehearsal.market import Market
from rehearsal.odoo.connect import caller, factory, note_use, reachable, require_mark, require_modules, require_unused
from rehearsal.odoo.observe import observe
from rehearsal.record import Record
from rehearsal.scenario import PROCESS_FAULTS, Scenario
from rehearsal.targets.base import Database, Target, TemplateRecipe
from rehearsal.weekend import Told, opened, settled, shelved

Advanced = Callable[[float, float], None]
"""Told scenario seconds passed and in all."""
SLICE_S = 1800.0
CALL_TIMEOUT_S = 300.0


@dataclass(slots=True)
class Options:
    """How one run is wanted, beside its scenario."""

    out: Path | None = None
    keep: bool = False
    sabotage: str = ""
    """A saboteur of fixtures/saboteurs.py that acts before the doors open (for the harness's own tests)."""


@dataclass(slots=True)
class Run:
    """One run folder and what is known of it so far."""

    folder: Path
    scenario: Scenario
    manifest: dict[str, Any] = field(default_factory=dict)
    interrupted: bool = False

    def save(self) -> None:
        """Write the manifest as it is now."""
        partial = self.folder / ".manifest.partial"
        partial.write_text(json.dumps(self.manifest, indent=2) + "\n", encoding="utf-8")
        partial.replace(self.folder / "manifest.json")

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Measure a phase in wall seconds."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.manifest["timings_s"][phase] = round(time.monotonic() - began, 3)
            self.save()


def recipe() -> TemplateRecipe:
    """Return what the project's template database is made of (fixtures/template.py)."""
    template = project.module("fixtures", "template")
    return TemplateRecipe(modules=tuple(template.MODULES), settings=str(template.SETTINGS))


def open_run(scenario: Scenario, out: Path | None) -> Run:
    """Return a new, empty run folder for *scenario*; ``latest`` points to it."""
    began = datetime.now(UTC)
    folder = out or Path("runs") / scenario.name / f"{began:%Y%m%dT%H%M%S.%f}-{scenario.seed}"
    require_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = scenario_file.dump(scenario)
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    run = Run(folder, scenario)
    run.manifest = {
        "schema_version": 1, "harness_version": version("peak-rehearsal"), "python": platform.python_version(),
        "scenario": scenario.name, "seed": scenario.seed, "connector": scenario.connector, "started_at": began.isoformat(),
        "scenario_hash": sha256(text.encode()).hexdigest(), "pid": os.getpid(),
        "faker": version("faker"), "simpy": version("simpy"), "timings_s": {},
    }  # fmt: skip
    run.save()
    if out is None:
        _point_latest(folder)
    return run


def require_free(folder: Path) -> None:
    """Raise `UsageError` unless *folder* can become a run folder: it is new, or empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        said = "is not empty" if folder.is_dir() else "is no folder"
        raise UsageError(f"{folder} {said}; name a folder that is new, or leave out --out")


def rehearse(
    scenario: Scenario, target: Target, options: Options, told: Told, advanced: Advanced
) -> tuple[Run, dict[str, Any]]:
    """Run *scenario* on *target* and return the run with its summary.

    The target must be up. Ctrl-C ends the simulation; what ran is still observed, judged and reported.
    """
    connector = project.connector(scenario.connector)(scenario)
    run = opened_run(scenario, target, options, told)
    left = sum(parsed(gate.limit).under_load_only for gate in scenario.gates)
    if left:
        told(f"{left} gate(s) are about pressure, and are held by `rehearse load` only")
    with _clocked(run, target, told) as clock:
        database = readied(run, target, options, told, clock)
        try:
            world, wanted = demand.draw(scenario)
            _played(run, target, database, world, wanted, connector, clock, told, advanced)
            return run, conclude(run, told)
        finally:
            if options.keep:
                told(f"kept: database {database.name} at {database.url}")
            else:
                target.drop(database)


@contextmanager
def _clocked(run: Run, target: Target, told: Told) -> Iterator[ErpClock]:
    """Lend the clock of the ERP, and take the ERP back to the real time whatever happens."""
    clock = ErpClock(run.scenario, target, told)
    try:
        yield clock
    finally:
        clock.stop()
        run.manifest["erp_clock"] = clock.figures()
        run.save()


def opened_run(scenario: Scenario, target: Target, options: Options, told: Told) -> Run:
    """Open a run folder for *scenario*; raises `UsageError` when it asks for what is not done to *target*."""
    broken = [fault.name for fault in scenario.faults if fault.name in PROCESS_FAULTS]
    if broken and target.kind == "existing":
        raise UsageError(
            f"fault {broken[0]} breaks processes, which is not done to an Odoo that is not ours; use --target native or docker"
        )
    if scenario.erp_clock == "scenario" and target.kind == "existing":
        raise UsageError(
            "erp_clock: scenario restarts Odoo under another clock, which is not done to an Odoo that is not ours; "
            "write erp_clock: wall, or use --target native or docker"
        )
    run = open_run(scenario, options.out)
    told(f"run folder: {run.folder}")
    return run


def readied(run: Run, target: Target, options: Options, told: Told, clock: ErpClock | None = None) -> Database:
    """Give *run* a fresh database with its opening world in it, written on the ERP's *clock*."""
    with run.timed("prepare"):
        world, wanted = demand.draw(run.scenario)
        run.manifest["demand_hash"] = demand.demand_hash(world, wanted)
        demand.store(world, run.folder / "world.json")
        if clock is not None:
            run.manifest["erp_clock"] = clock.figures()
            run.save()  # ahead of the deed, so that a killed run can be healed
            clock.start()
            run.manifest["erp_clock"] = clock.figures()
        return _prepared(run, target, run.scenario, world, options, told)


def conclude(run: Run, told: Told) -> dict[str, Any]:
    """Judge the run from its files, write verdict, summary and every report of the project path; return the summary."""
    told("judging")
    with Record(run.scenario, demand.stored(run.folder / "world.json"), run.folder) as record:
        with run.timed("judge"):
            judged = judge(record)
            result = summary.figures(record, judged, run.manifest, run.folder)
        run.manifest.pop("report_failures", None)
        with run.timed("report"):
            summary.write(run.folder, result, judged)
            for name in sorted(project.files("reports", ".py")):
                _reported(name, record, judged, run, told)
        result["timings_s"] = {phase: run.manifest["timings_s"].get(phase, 0.0) for phase in summary.PHASES}
        summary.write(run.folder, result, judged)
    return result


def _reported(name: str, record: Record, judged: tuple[Judged, ...], run: Run, told: Told) -> None:
    """Write one report; a report that fails is told, and takes neither the verdict nor the other reports down."""
    try:
        module = project.module("reports", name)
        if hasattr(module, "write"):
            module.write(record, judged, run.folder)
    except Exception as error:
        run.manifest.setdefault("report_failures", {})[name] = traceback.format_exc()
        told(f"report {name} could not be written ({type(error).__name__}: {error}); its traceback is in manifest.json")


def reopen(folder: Path) -> Run:
    """Return the run in *folder* as its files tell it."""
    for needed in ("scenario.yaml", "manifest.json", "world.json"):
        if not (folder / needed).is_file():
            raise UsageError(f"{folder} is no run folder: it has no {needed}")
    scenario = scenario_file.load(folder / "scenario.yaml", project.scenario_path)
    return Run(folder, scenario, json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def observed_again(run: Run, database: Database, told: Told) -> None:
    """Read the books of a kept database once more."""
    call = caller(database, run.scenario.client, CALL_TIMEOUT_S, "reading the books again")
    observe(call.client, run.folder / "snapshot", told)


# -- prepare ---------------------------------------------------------------------------------------


def _prepared(run: Run, target: Target, scenario: Scenario, world: Any, options: Options, told: Told) -> Database:
    for left in sweep(target):
        told(f"dropped database {left}: the run that made it was killed")
    name = database_name(run.manifest["started_at"], options.keep)
    database = target.clone(name)
    try:
        told(f"database {database.name} at {database.url}")
        call = caller(database, scenario.client, CALL_TIMEOUT_S, "preparing the database")
        run.manifest["modules"] = require_modules(call, recipe().modules)
        run.manifest["postgresql_version"] = getattr(target, "postgres_version", None)
        run.manifest["target"] = {
            "kind": target.kind, "url": database.url, "database": database.name, "odoo_version": call.client.version(), "client": scenario.client,
            "erp_clock": run.manifest.get("erp_clock", {}).get("kind", "wall"),
        }  # fmt: skip
        run.save()
        require_mark(call, database)
        require_unused(call, database)
        note_use(call, str(run.folder))
        told("seeding the opening world")
        project.module("fixtures", "opening").seed(call, scenario, world)
        if options.sabotage:
            project.module("fixtures", "saboteurs").SABOTEURS[options.sabotage].act(target, database)
    except BaseException:
        target.drop(database)
        raise
    return database


# -- simulate, settle, observe ----------------------------------------------------------------------


def _played(
    run: Run,
    target: Target,
    database: Database,
    world: Any,
    wanted: demand.Wanted,
    connector: Any,
    clock: ErpClock,
    told: Told,
    advanced: Advanced,
) -> None:
    scenario = run.scenario
    env = simpy.Environment()
    faults = Faults(scenario, run.folder / "faults.ndjson")
    disturbance = Disturbance(env, scenario, faults, target, database)
    clients = factory(disturbance.database, scenario.client, float(scenario.clock.timeout))
    require_mark(caller(database, scenario.client, CALL_TIMEOUT_S, "before the doors open"), database)
    # Past the proxy of the faults. A reverse proxy may hide the page; then nobody can say.
    health = partial(reachable, database.url) if reachable(database.url) else None
    with History(run.folder / "history") as history:
        lanes = Lanes(
            env, clients, scenario.clock.lanes, scenario.clock.round_trip, scenario.clock.timeout, history, clock.follow,
            health,
        )  # fmt: skip
        market = Market(env, scenario, world, wanted, history, faults)
        market.connect(connector, lanes)
        disturbance.schedule(lanes)
        try:
            with run.timed("simulate"):
                _simulated(env, market, history, told, advanced)
            with run.timed("settle"):
                told("healing every fault")
                faults.heal(env.now)
                disturbance.heal()
                settled(env, market, lanes, history, told)
        except KeyboardInterrupt:
            run.interrupted = True
            history.phase("interrupted", env.now)
            told("interrupted; what ran is still observed and judged")
        except RehearsalError:
            history.phase("aborted", env.now)
            raise
        finally:
            faults.heal(env.now)
            disturbance.heal()
            lanes.close()
            disturbance.close()
            faults.close()
        shelved(market, history)
        with run.timed("observe"):
            told("reading Odoo's books")
            try:
                observe(factory(database, scenario.client, CALL_TIMEOUT_S)(), run.folder / "snapshot", told)
            except KeyboardInterrupt:
                run.interrupted = True
                history.phase("interrupted", env.now)
                told("interrupted while Odoo's books were read; the history alone is judged")
        if not run.interrupted:
            history.phase("observe", env.now)


def _simulated(env: simpy.Environment, market: Market, history: History, told: Told, advanced: Advanced) -> None:
    scenario = market.scenario
    opened(env, market, history)
    told(f"simulating {scenario.lasts / 3600:g} hours with connector {scenario.connector}")
    while env.now < scenario.lasts:
        env.run(until=min(scenario.lasts, env.now + SLICE_S))
        advanced(env.now, scenario.lasts)


def _point_latest(folder: Path) -> None:
    link = folder.parent.parent / "latest"
    fresh = link.with_name(f".latest.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(folder.relative_to(link.parent))
        fresh.replace(link)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)  # a file system without links: `latest` is then not offered


def find_run(name: str) -> Path:
    """Return the run folder *name*, or the newest one for ``latest``; raises `UsageError`."""
    folder = Path("runs") / "latest" if name == "latest" else Path(name)
    if not folder.is_dir():
        raise UsageError(
            f"no run {name!r}"
            + ("; there is none yet under runs/: start one with `rehearse run NAME`" if name == "latest" else "")
        )
    return folder.resolve()


def ready_target(target: Target, told: Told) -> None:
    """Bring *target* up with the project's template."""
    try:
        target.up(recipe(), told)
    except OSError as error:
        raise EnvironmentNotReady(f"the target could not be brought up: {error}") from error


def target_of(manifest: Mapping[str, Any]) -> str:
    """Return the name of the target that a run used."""
    used = manifest.get("target", {})
    return str(used.get("url") if used.get("kind") == "existing" else used.get("kind", "auto"))
