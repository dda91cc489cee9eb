"""Commands about where Odoo runs: doctor, up, down, status, heal, mark, clean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from rehearsal.cli.words import AsJson, RunName, TargetName, Untested, app, scenario_named, target_named, tell
from rehearsal.errors import UsageError

if TYPE_CHECKING:
    from rehearsal.targets.base import Target

CLEAN_S_MAX = 300.0
"""How long one call of the cleaning may take."""


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is missing here, each with the command that fixes it."""
    from rehearsal.targets.doctor import checks

    found = checks()
    if as_json:
        print(
            json.dumps(
                [{"name": c.name, "ok": c.ok, "detail": c.detail, "fix": c.fix, "needed": c.needed} for c in found], indent=2
            )
        )
    else:
        for check in found:
            print(
                f"{'✓' if check.ok else '✗' if check.needed else '–'} {check.name}: {check.detail}"
                + ("" if check.ok or not check.fix else f"\n    fix: {check.fix}")
            )
    if not all(check.ok or not check.needed for check in found):
        raise typer.Exit(3)


@app.command()
def up(
    name: Annotated[str | None, typer.Argument(help="A scenario whose add-ons are wanted.")] = None,
    target: TargetName = "auto",
    allow_untested_odoo: Untested = False,
) -> None:
    """Provide Odoo, PostgreSQL and the template database, and leave them running."""
    from rehearsal.pipeline.run import ready_target

    scenario = scenario_named(name) if name is not None else None
    chosen = target_named(target, allow_untested_odoo)
    ready_target(chosen, tell, scenario)
    state = chosen.status()
    tell(f"Odoo {state.odoo_version or ''} runs at {state.url}")


@app.command()
def down(
    target: TargetName = "auto",
    volumes: Annotated[bool, typer.Option("--volumes", help="Docker: remove every database too; asks before it does.")] = False,
) -> None:
    """Stop what `up` started; the cache and the template stay."""
    chosen = target_named(target)
    if volumes:
        _remove(chosen)
        return
    chosen.down()
    tell("stopped; nothing is left running")


def _remove(target: Target) -> None:
    """Remove the databases of a Docker target, once its project's name was typed."""
    from rehearsal.targets.docker.target import DockerTarget
    from rehearsal.targets.existing import ask

    if not isinstance(target, DockerTarget):
        raise UsageError(f"--volumes is for --target docker; a {target.kind} target has no volumes")
    volumes, name = target.stack.volumes(), target.stack.project
    if not volumes:
        target.down()
        tell("stopped; there are no volumes")
        return
    typed = ask(f"This removes {', '.join(volumes)} with every database in them. Type {name} to go on: ")
    if typed != name:
        raise UsageError(f"typed {typed!r}, expected {name!r}; nothing was removed")
    target.remove()
    tell(f"removed {', '.join(volumes)}; nothing is left running")


@app.command()
def status(target: TargetName = "auto", as_json: AsJson = False) -> None:
    """Say what runs now, without starting anything."""
    state = target_named(target).status()
    if as_json:
        postgres = state.postgres
        print(
            json.dumps(
                {
                    "target": state.kind,
                    "running": state.running,
                    "url": state.url,
                    "odoo_version": state.odoo_version,
                    "databases": list(state.databases),
                    "detail": state.detail,
                    "postgres": {"host": postgres.host, "port": postgres.port, "user": postgres.user} if postgres else None,
                },
                indent=2,
            )
        )
        return
    print(f"{state.kind}: {'running at ' + str(state.url) if state.running else 'not running'} {state.detail}".rstrip())
    for name in state.databases:
        print(f"  database {name}")


@app.command()
def heal(name: RunName = "latest", target: TargetName = "auto") -> None:
    """Undo what a crashed run may have left: a frozen or dead Odoo, a PostgreSQL that is down, scenario time."""
    from rehearsal.clock.erp_clock import left_behind
    from rehearsal.pipeline.run import find_run, reopen, target_of
    from rehearsal.stage.faults import heal_journal, still_armed

    found = reopen(find_run(name))
    journal = found.folder / "faults.ndjson"
    armed = still_armed(journal)
    clock = left_behind(found.manifest)
    if not armed and not clock and not found.damaged:
        tell(f"{found.folder}: every fault was healed already")
        return
    target_named(target_of(found.manifest) if target == "auto" else target).heal()
    if armed:
        heal_journal(journal)
    if clock:
        found.manifest["erp_clock"]["restored"] = True
        found.save()
    told = (*armed, *(["Odoo is on the real time"] if clock or found.damaged else []))  # a damaged manifest tells no clock
    tell(f"healed: {', '.join(told)}")


@app.command()
def mark(
    target: Annotated[str, typer.Argument(metavar="URL", help="The URL of the Odoo whose database may be rehearsed on.")],
) -> None:
    """Mark a database for rehearsal; asks for its name to be typed. Never do this to production."""
    from rehearsal.targets.existing import ExistingTarget, ask

    chosen = target_named(target)
    if not isinstance(chosen, ExistingTarget):
        raise UsageError(f"only the database behind a URL is marked by hand; {target!r} is not a URL")
    chosen.connect()
    chosen.write_mark(ask("Rehearsals write orders, payments and stock into it. Type the name of the database: "))
    tell("marked; `rehearse run` may now write to it")


@app.command()
def clean(
    target: Annotated[str, typer.Argument(metavar="URL", help="The URL of the Odoo that was rehearsed on.")],
    as_json: AsJson = False,
) -> None:
    """Take out of a database what rehearsals left there; lists it first, and asks for the database's name to be typed."""
    from dataclasses import asdict

    from rehearsal.odoo import cleaning, watermark
    from rehearsal.odoo.connect import USED, caller, require_mark
    from rehearsal.targets.existing import ExistingTarget, ask

    chosen = target_named(target)
    if not isinstance(chosen, ExistingTarget):
        raise UsageError(f"only the database behind a URL is cleaned; of {target!r} the copies are dropped with: rehearse drop RUN")
    database = chosen.database(chosen.connect().database)
    call = caller(database, "json2" if database.api_key else "odoorpc", CLEAN_S_MAX, "cleaning the database")
    require_mark(call, database)
    if watermark.noted(call) is None:
        old = watermark.parameter(call, USED)
        tell(
            f"database '{database.name}' was made for a rehearsal ({old}), or used by an older harness: nothing tells what in it is the "
            "rehearsal's; restore it from its backup, or drop it"
            if old
            else f"database '{database.name}' holds nothing of a rehearsal"
        )
        raise typer.Exit(3 if old else 0)
    there = cleaning.left(call)
    tell("made since the first rehearsal by the logins that rehearsed, whoever else used them:")
    for model, ids in there.items():
        tell(f"{len(ids):6} {model}")
    typed = ask("All this is deleted, or ended where Odoo deletes nothing. Type the name of the database: ")
    if typed != database.name:
        raise UsageError(f"typed {typed!r}, expected the database's name '{database.name}'; nothing was changed")
    done = cleaning.clean(call, tell)
    if as_json:
        print(json.dumps([asdict(one) | {"stayed": one.stayed} for one in done], indent=2))
        return
    print(f"{'':24} {'left':>6} {'deleted':>8} {'ended':>6} {'stayed':>7}")
    for one in done:
        print(f"{one.model:24} {one.left:6} {one.deleted:8} {one.ended:6} {one.stayed:7}")
    print("stock was counted back to what it was; the database may be rehearsed on again")
