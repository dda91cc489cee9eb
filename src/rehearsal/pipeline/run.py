"""The pipeline of one rehearsal: prepare, simulate, settle, observe, judge, report.

Each step leaves files in the run folder, so each can be repeated alone, later, without Odoo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import simpy

from rehearsal import project, seals
from rehearsal.clock.erp_clock import ErpClock
from rehearsal.clock.lanes import Lanes
from rehearsal.errors import EnvironmentNotReady, RehearsalError, UsageError
from rehearsal.history import History
from rehearsal.memory import settled
from rehearsal.model import Tell
from rehearsal.odoo.connect import await_replica, caller, factory, reachable, require_mark
from rehearsal.odoo.observe import Midway, observe
from rehearsal.parts.addon import Software
from rehearsal.parts.fault import Joint
from rehearsal.parts.fault_kinds import at_joint
from rehearsal.pipeline.conclusion import conclude as conclude
from rehearsal.pipeline.opening import opened, require_place
from rehearsal.pipeline.run_folder import Run as Run
from rehearsal.pipeline.run_folder import find_run as find_run
from rehearsal.pipeline.run_folder import open_run, point_latest, remove_run
from rehearsal.pipeline.run_folder import reopen as reopen
from rehearsal.pipeline.run_folder import require_free as require_free
from rehearsal.scenario import Scenario
from rehearsal.scenario.gates import parsed
from rehearsal.scenario.problem import expected
from rehearsal.scenario.software import software_of
from rehearsal.stage import demand
from rehearsal.stage.contract import Handler, Slip, Watch, called
from rehearsal.stage.market import Market
from rehearsal.stage.stage import Stage
from rehearsal.strangers import no_way_out, raised_at, said
from rehearsal.targets.base import Database, Target, TemplateRecipe
from rehearsal.verdict.judge import invariants
from rehearsal.verdict.laws import tables
from rehearsal.verdict.release import Terms
from rehearsal.verdict.repeat import command
from rehearsal.verdict.saboteurs import saboteurs

Advanced = Callable[[float, float], None]
"""Told scenario seconds passed and in all."""
SLICE_S = 1800.0
MIDWAY_EVERY_S = 3 * 3600.0
"""Scenario time between two looks into the books while orders are open; there is one more when the doors close."""
CALL_TIMEOUT_S = 300.0
MIDWAY_TIMEOUT_S = 30.0


@dataclass(slots=True)
class Options:
    """How one run is wanted, beside its scenario."""

    out: Path | None = None
    keep: bool = False
    command: str = ""
    """What was typed to start it, as `repeat.command` says it; made up from the scenario where nobody typed."""
    terms: Terms | None = None
    """What is known already, and keeps no build back."""
    clone: str = ""
    """A database on the target, of which a copy is rehearsed on; empty: the target's own."""
    sabotage: str = ""
    """A saboteur of fixtures/saboteurs/ that acts before the doors open (for the harness's own tests)."""


def recipe(scenario: Scenario | None = None) -> TemplateRecipe:
    """Return what the project's template database is made of (fixtures/template.py), with the add-ons of *scenario*."""
    template = project.module("fixtures", "template")
    software = software_of(scenario) if scenario is not None else Software()
    return TemplateRecipe(tuple(template.MODULES), str(template.SETTINGS), software)


def require_measured(scenario: Scenario) -> None:
    """Raise `UsageError` for gates on what only `rehearse load` measures: a run without it could not hold them."""
    left = [gate.limit for gate in scenario.gates if parsed(gate.limit).under_load_only]
    if left:
        raise UsageError(
            f"gates on pressure, which only `rehearse load {scenario.name}` measures: {'; '.join(left)}; rehearse with that, or take "
            "them out of this scenario's gates"
        )


def rehearse(scenario: Scenario, target: Target, options: Options, told: Tell, advanced: Advanced) -> tuple[Run, dict[str, Any]]:
    """Run *scenario* on *target* and return the run with its summary.

    The target must be up. Ctrl-C ends the simulation; what ran is still observed, judged and reported.
    """
    require_measured(scenario)
    with begun(scenario, target, options, told) as run, no_way_out(), Watch() as watch:
        try:
            connector = employed(scenario, watch)
        except Slip as slip:
            return never_opened(run, slip, options, told)
        with _clocked(run, target, told) as clock:
            database = readied(run, target, options, told, clock)
            try:
                _played(run, target, database, connector, watch, clock, told, advanced)
                return run, conclude(run, told)
            finally:
                leave(run, target, database, options, told)


def employed(scenario: Scenario, watch: Watch) -> Any:
    """Return the scenario's connector, made; raises `Slip` when its own code keeps it from being made."""
    kind = project.connector(scenario.connector)
    return called(Handler.of(kind, "__init__"), watch, kind, scenario)


def leave(run: Run, target: Target, database: Database, options: Options, told: Tell) -> None:
    """Drop the database of a run, or say how to look into a kept one."""
    if not options.keep:
        target.drop(database)
        return
    told(f"kept: database {database.name}; drop it with: rehearse drop {run.folder}")
    told(f"look inside: {database.url}/web?db={database.name}, login {database.login}, {target.password_hint()}")


def never_opened(run: Run, slip: Slip, options: Options, told: Tell) -> tuple[Run, dict[str, Any]]:
    """End a run whose connector could not even be made: nothing was asked of Odoo, and that is no pass."""
    world, wanted = demand.draw(run.scenario)
    demand.store(world, run.folder / "world.json")
    run.manifest["demand_hash"] = demand.demand_hash(world, wanted)
    with History(run.folder / "history") as history:
        history.write("dead_letter", 0.0, cause="start", error=slip.kind, erp=slip.as_data())
        history.phase("aborted", 0.0)
    abort(run, f"the connector could not be made: {slip}", told)
    point_to(run, options)
    return run, conclude(run, told)


def abort(run: Run, why: str, told: Tell) -> None:
    """Note that the weekend of *run* could not go on, and *why*."""
    run.aborted = run.manifest["aborted"] = why
    run.save()
    told(why)


@contextmanager
def _clocked(run: Run, target: Target, told: Tell) -> Iterator[ErpClock]:
    """Lend the clock of the ERP, and take the ERP back to the real time whatever happens."""
    clock = ErpClock(run.scenario, target, told)
    try:
        yield clock
    finally:
        clock.stop()
        run.manifest["erp_clock"] = clock.figures()
        if run.folder.is_dir():
            run.save()


@contextmanager
def begun(scenario: Scenario, target: Target, options: Options, told: Tell) -> Iterator[Run]:
    """Open a run folder for *scenario*; a run that does not get as far as its history leaves nothing.

    Raises `UsageError` when it asks for what is not done to *target*.
    """
    invariants()  # one that cannot be loaded is told now, not after the weekend; as is a report
    project.require_reports()
    run = opened_run(scenario, target, options, told)
    try:
        yield run
    except BaseException:
        if not (run.folder / "history").is_dir():
            remove_run(run, options.out)
        raise


def opened_run(scenario: Scenario, target: Target, options: Options, told: Tell) -> Run:
    """Open a run folder for *scenario*; raises `UsageError` when it asks for what is not done to *target*."""
    require_place(scenario, target, options.clone)
    broken = at_joint(scenario.faults, Joint.PROCESS)
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
    run.manifest["command"] = options.command or command(scenario.name, scenario, {"kind": target.kind})
    run.save()
    if options.terms:
        options.terms.write(run.folder)
    told(f"run folder: {run.folder}")
    return run


def point_to(run: Run, options: Options) -> None:
    """Let ``latest`` be *run*, now that it has begun; a folder that the user named is never the latest."""
    if options.out is None:
        point_latest(run.folder)


def readied(run: Run, target: Target, options: Options, told: Tell, clock: ErpClock | None = None) -> Database:
    """Give *run* a fresh database with its opening world in it, written on the ERP's *clock*."""
    with run.timed("prepare"):
        if clock is not None:
            run.manifest["erp_clock"] = clock.figures()
            run.save()  # ahead of the deed, so that a killed run can be healed
            clock.start()
            run.manifest["erp_clock"] = clock.figures()
        database = opened(run, target, (*recipe().modules,), options.clone, options.keep, told)
        if options.sabotage:
            _sabotaged(options.sabotage, target, database)
        point_to(run, options)
        return database


def _sabotaged(saboteur: str, target: Target, database: Database) -> None:
    try:
        saboteurs()[saboteur].act(target, database)
    except BaseException:
        target.drop(database)
        raise


def observed_again(run: Run, database: Database, told: Tell) -> None:
    """Read the books of a kept database once more."""
    call = caller(database, run.scenario.client, CALL_TIMEOUT_S, "reading the books again")
    await_replica(call)
    observe(call.client, run.folder / "snapshot", told, tables=tables(), watermark=run.manifest.get("watermark"))
    if seals.SEALS in run.manifest:
        run.manifest[seals.SEALS]["snapshot"] = seals.snapshot_seals(run.folder)
        run.save()


# -- simulate, settle, observe ----------------------------------------------------------------------


def _played(
    run: Run, target: Target, database: Database, connector: Any, watch: Watch, clock: ErpClock, told: Tell, advanced: Advanced
) -> None:
    scenario = run.scenario
    world = demand.stored(run.folder / "world.json")
    env = simpy.Environment()
    require_mark(caller(database, scenario.client, CALL_TIMEOUT_S, "before the doors open"), database)
    # Past the proxy of the faults. A reverse proxy may hide the page; then nobody can say.
    health = partial(reachable, database.url) if reachable(database.url) else None
    midway = Midway(factory(database, scenario.client, MIDWAY_TIMEOUT_S))
    with History(run.folder / "history") as history:
        stage = Stage(env, scenario, run.folder, history, target, database)
        clients = factory(stage.database, scenario.client, float(scenario.clock.timeout))
        lanes = Lanes(
            env, clients, scenario.clock.lanes, scenario.clock.round_trip, scenario.clock.timeout, history, clock.follow, health
        )
        market = stage.enter(connector, lanes, world, demand.wanted_of(scenario, world), watch)
        try:
            with run.timed("simulate"), settled(sum(expected(scenario).values())):
                stage.open()
                _simulated(env, scenario, lanes, midway, told, advanced)
            with run.timed("settle"):
                stage.settle(told)
        except KeyboardInterrupt:
            run.interrupted = True
            history.phase("interrupted", env.now)
            told("interrupted; what ran is still observed and judged")
        except RehearsalError:
            history.phase("aborted", env.now)
            raise
        except Exception as error:
            abort(run, stray(market, error), told)
            history.phase("aborted", env.now)
        finally:
            stage.heal()
            lanes.close()
            stage.close()
        stage.count_shelves()
        _observed(run, database, history, midway, env.now, told)
    run.seal({"main": history.seal})


def stray(market: Market, error: Exception) -> str:
    """Return in words what ended the weekend: the connector, a process that it started, or a simulator."""
    if not isinstance(error, Slip):
        if "simulators" in Path(raised_at(error)).parts:
            return f"the rehearsal could not go on: a simulator failed ({said(error)})"
        error = Slip.of(Handler.of(market.connector, "start"), error)
        market.dead_letter("a process of its own", error)
    elif error.kind != "CutOff":
        market.dead_letter("start", error)
    return f"the rehearsal could not go on: {error}"


def _observed(run: Run, database: Database, history: History, midway: Midway, now_s: float, told: Tell) -> None:
    """Read Odoo's books; a run that was played to its end is then finished."""
    with run.timed("observe"):
        told("reading Odoo's books")
        try:
            call = caller(database, run.scenario.client, CALL_TIMEOUT_S, "reading Odoo's books")
            await_replica(call)
            observe(call.client, run.folder / "snapshot", told, midway, tables(), run.manifest.get("watermark"))
        except KeyboardInterrupt:
            run.interrupted = True
            history.phase("interrupted", now_s)
            told("interrupted while Odoo's books were read; the history alone is judged")
    if not run.interrupted and not run.aborted:
        history.phase("observe", now_s)


def _simulated(env: simpy.Environment, scenario: Scenario, lanes: Lanes, midway: Midway, told: Tell, advanced: Advanced) -> None:
    looked_s = 0.0
    told(f"simulating {scenario.lasts / 3600:g} hours with connector {scenario.design}")
    while env.now < scenario.lasts:
        env.run(until=min(scenario.lasts, env.now + SLICE_S))
        advanced(env.now, scenario.lasts)
        if env.now - looked_s >= MIDWAY_EVERY_S or env.now >= scenario.lasts:
            looked_s = env.now
            lanes.still()
            midway.look(env.now)


def ready_target(target: Target, told: Tell, scenario: Scenario | None = None) -> None:
    """Bring *target* up with the project's template, and with the add-ons of *scenario*."""
    wanted = recipe(scenario)
    try:
        target.up(wanted, told)
    except OSError as error:
        raise EnvironmentNotReady(f"the target could not be brought up: {error}") from error


def target_of(manifest: Mapping[str, Any]) -> str:
    """Return the name of the target that a run used."""
    used = manifest.get("target", {})
    return str(used.get("url") if used.get("kind") == "existing" else used.get("kind", "auto"))
