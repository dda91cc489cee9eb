"""The opening of a rehearsal: a database, the world in it, and on record what both are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.model import Tell, World
from rehearsal.odoo import watermark
from rehearsal.odoo.connect import Caller, caller, currency_of, note_use, require_mark, require_modules, require_unused
from rehearsal.odoo.observe import require
from rehearsal.pipeline.leftovers import database_name, sweep
from rehearsal.pipeline.run_folder import Run
from rehearsal.scenario import Scenario
from rehearsal.stage import demand
from rehearsal.stage.fitting import Past, Window
from rehearsal.stage.mix import distances
from rehearsal.stage.stock_records import with_wrong_records
from rehearsal.targets.base import Database, Target
from rehearsal.targets.existing import ExistingTarget
from rehearsal.verdict.laws import brought, tables

CALL_TIMEOUT_S = 300.0


def opened(run: Run, target: Target, modules: tuple[str, ...], clone: str, keep: bool, told: Tell) -> Database:
    """Return a database with the opening world of *run* in it: one that was made, or what a database has already.

    *clone* names a database of the target, of which a copy is taken. What fails leaves neither a copy nor a record.
    """
    for left in sweep(target):
        told(f"dropped database {left}: the run that made it was killed")
    name = database_name(run.manifest["started_at"], keep)
    if run.scenario.world == "existing":
        return _with_what_exists(run, target, clone, name, modules, told)
    return _with_a_made_world(run, target, clone, name, modules, told)


def looked_at(scenario: Scenario, target: Target, clone: str, told: Tell) -> World:
    """Return the world that a database has already, read alone: what is written for a rehearsal is not written."""
    with _reading(scenario, target, clone, told) as call:
        world: World = project.module("fixtures", "existing").found(call, scenario, require_modules(call, ()))[0]
        return with_wrong_records(scenario, world)


def past_of(scenario: Scenario, target: Target, clone: str, told: Tell, window: Window) -> Past:
    """Return what was sold in a database within *window*; it is read alone."""
    with _reading(scenario, target, clone, told) as call:
        require_modules(call, ())
        zone = window.zone or call("res.users", "context_get")["tz"] or ""
        if not zone:
            told("the login has no time zone, so hours are those of UTC; write --zone, such as --zone Europe/Berlin")
        past: Past = project.module("fixtures", "existing").sold(call, scenario, replace(window, zone=zone or "UTC"))
        return past


@contextmanager
def _reading(scenario: Scenario, target: Target, clone: str, told: Tell) -> Iterator[Caller]:
    """Yield what calls a database that is only read, or a copy that is gone after."""
    require_place(scenario, target, clone)
    name = database_name(datetime.now(UTC).isoformat(), keep=False)
    database = target.database(target.connect().database) if isinstance(target, ExistingTarget) else _fresh(target, clone, name)
    try:
        told(f"reading database {database.name} at {database.url}")
        yield caller(database, scenario.client, CALL_TIMEOUT_S, "reading the database")
    finally:
        target.drop(database)


def require_place(scenario: Scenario, target: Target, clone: str) -> None:
    """Raise `UsageError` where *scenario* wants a world that exists, and there is no database that could have one."""
    if scenario.world == "existing" and not clone and target.kind != "existing":
        raise UsageError("world: existing takes its articles from a database; name one: --target URL, or --clone DATABASE")


def _with_a_made_world(run: Run, target: Target, clone: str, name: str, modules: tuple[str, ...], told: Tell) -> Database:
    scenario = run.scenario
    world = _kept(run, demand.world_of(scenario))
    # In scenario time the opening's own dates matter, so it is written on them.
    key = demand.opening_key(scenario, world) if not clone and run.manifest.get("erp_clock", {}).get("kind") != "scenario" else ""
    copied = target.clone_world(key, name) if key else None
    database = copied or _fresh(target, clone, name)
    try:
        call, _ = _described(run, target, database, clone, modules, told)
        if copied is None:
            require_unused(call, database)
        require(call.client, brought())
        if begun := bool(clone) or target.kind == "existing":
            if (kept := currency_of(call)) != scenario.currency:  # amounts are the same numbers, so that nothing is wrongly found
                told(f"amounts are told in {scenario.currency}, and this company keeps its books in {kept}; write currency: {kept}")
            _kept(run, replace(world, tag=_marked(run, call)))
        note_use(call, str(run.folder))
        if copied is None:
            told("seeding the opening world")
            opening = project.module("fixtures", "opening")
            if not begun and hasattr(opening, "keep_books_in"):
                opening.keep_books_in(call, scenario.currency)
            opening.seed(call, scenario, world)
            if key and not begun:
                target.keep_world(database, key)
    except BaseException:
        target.drop(database)
        raise
    return database


def _with_what_exists(run: Run, target: Target, clone: str, name: str, modules: tuple[str, ...], told: Tell) -> Database:
    existing = project.module("fixtures", "existing")
    database = _fresh(target, clone, name)
    try:
        call, installed = _described(run, target, database, clone, modules, told)
        require(call.client, brought())
        told("reading articles, prices and stock")
        world, names = existing.found(call, run.scenario, installed)
        tag = _marked(run, call)
        note_use(call, str(run.folder))
        existing.named(call, run.scenario, names)
        _kept(run, replace(with_wrong_records(run.scenario, world), tag=tag))
        told(
            f"{len(world.products)} articles, {sum(world.book.values())} pieces at {len(run.scenario.nodes)} nodes; {_people(run, world)}"
        )
    except BaseException:
        target.drop(database)
        raise
    return database


def _people(run: Run, world: World) -> str:
    if not run.scenario.customer_domain:
        return "customers are made up"
    return f"{len(world.customers)} customers of this database take part: their names and addresses stand in the run's folder"


def _fresh(target: Target, clone: str, name: str) -> Database:
    return target.clone_of(clone, name) if clone else target.clone(name)


def _kept(run: Run, world: World) -> World:
    """Keep *world* in the run folder, and on record who will come."""
    wanted = demand.wanted_of(run.scenario, world)
    run.manifest["demand_hash"] = demand.demand_hash(world, wanted)
    if run.scenario.fitted:
        run.manifest["mix"] = [asdict(one) for one in distances(run.scenario, world, wanted)]
    demand.store(world, run.folder / "world.json")
    return world


def _described(
    run: Run, target: Target, database: Database, clone: str, modules: tuple[str, ...], told: Tell
) -> tuple[Caller, dict[str, str]]:
    """Put on record what *database* is; return what calls it, with the modules that are installed there.

    Raises `TargetRefused` unless it may be written to.
    """
    told(f"database {database.name} at {database.url}")
    call = caller(database, run.scenario.client, CALL_TIMEOUT_S, "preparing the database")
    run.manifest["modules"] = installed = require_modules(call, (*modules, *run.scenario.odoo.modules))
    if gathered := getattr(target, "gathered", None):
        run.manifest["addons"] = gathered.as_data()
    run.manifest["postgresql_version"] = getattr(target, "postgres_version", None)
    described: dict[str, Any] = {
        "kind": target.kind,
        "url": database.url,
        "database": database.name,
        "odoo_version": call.client.version(),
        "client": run.scenario.client,
        "erp_clock": run.manifest.get("erp_clock", {}).get("kind", "wall"),
    }
    described |= {"clone": clone} if clone else {}
    run.manifest["target"] = described | ({"world": "existing"} if run.scenario.world == "existing" else {})
    run.save()
    require_mark(call, database)
    return call, installed


def _marked(run: Run, call: Caller) -> str:
    """Note what the books held before this rehearsal; return what tells its orders from those of earlier ones."""
    run.manifest["watermark"] = mark = dict(watermark.read(call, tables()))
    run.save()
    before = watermark.note(call, mark)
    return f"-R{before + 1}" if before else ""
