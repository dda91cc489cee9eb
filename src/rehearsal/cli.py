"""The command line: ``rehearse``. Data on stdout, messages on stderr; heavy imports wait until a command needs them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from rehearsal.errors import EnvironmentNotReady, RehearsalError, UsageError

if TYPE_CHECKING:
    from rehearsal.scenario import Scenario
    from rehearsal.targets.base import Target

app = typer.Typer(
    help="Rehearse a retailer's peak weekend against a real Odoo, and prove what was oversold, stuck or lost.",
    no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
scenarios = typer.Typer(help="What can be rehearsed.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(scenarios, name="scenario")

NAME = "[a-z][a-z0-9_]*"
Name = Annotated[str, typer.Argument(help="A scenario of the project path, or a path to a YAML file.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or 'latest'.")]
TargetName = Annotated[str, typer.Option("--target", help="auto, native, docker, or the URL of an Odoo.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]
Untested = Annotated[
    bool, typer.Option("--allow-untested-odoo", help="Take an Odoo version that the tests have never run.")
]
Seed = Annotated[int | None, typer.Option("--seed", help="Another seed than the scenario's.")]
ConnectorName = Annotated[str | None, typer.Option("--connector", help="Another connector than the scenario's.")]


def main() -> None:
    """Run the command line; a user sees sentences, never a traceback (unless REHEARSE_DEBUG is set)."""
    import signal

    debug = "--debug" in sys.argv or bool(os.environ.get("REHEARSE_DEBUG"))
    sys.argv = [word for word in sys.argv if word != "--debug"]
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        app()
    except RehearsalError as error:
        if debug:
            raise
        _end(str(error), error.exit_code)
    except KeyboardInterrupt:
        if debug:
            raise
        _end("interrupted", 130)
    except BrokenPipeError:
        os._exit(0)  # whoever read our output has gone; there is nobody left to tell
    except OSError as error:
        if debug:
            raise
        _end(f"the machine refused: {error}", 3)
    except Exception as error:
        if debug:
            raise
        _end(
            f"the harness failed ({type(error).__name__}: {error}); run again with --debug to see where, and report it",
            5,
        )


def _interrupted(*_: object) -> NoReturn:
    """Let whoever stops a job politely have what Ctrl-C has: a clean end, no database left behind."""
    raise KeyboardInterrupt


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("peak-rehearsal"))
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take what stands before the command."""


def tell(text: str) -> None:
    """Say something to the person at the keyboard."""
    print(text, file=sys.stderr, flush=True)


def _end(message: str, code: int) -> NoReturn:
    tell(f"rehearse: {message}")
    raise SystemExit(code)


# -- targets -----------------------------------------------------------------------------------------


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is missing here, each with the command that fixes it."""
    from rehearsal.targets.doctor import checks

    found = checks()
    if as_json:
        print(
            json.dumps(
                [{"name": c.name, "ok": c.ok, "detail": c.detail, "fix": c.fix, "needed": c.needed} for c in found],
                indent=2,
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
def up(target: TargetName = "auto", allow_untested_odoo: Untested = False) -> None:
    """Provide Odoo, PostgreSQL and the template database, and leave them running."""
    from rehearsal.run import ready_target

    chosen = _target(target, allow_untested_odoo)
    ready_target(chosen, tell)
    state = chosen.status()
    tell(f"Odoo {state.odoo_version or ''} runs at {state.url}")


@app.command()
def down(
    target: TargetName = "auto",
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Docker: remove every database too; asks before it does.")
    ] = False,
) -> None:
    """Stop what `up` started; the cache and the template stay."""
    chosen = _target(target)
    if volumes:
        _remove(chosen)
        return
    chosen.down()
    tell("stopped; nothing is left running")


def _remove(target: Target) -> None:
    """Remove the databases of a Docker target, once its project's name was typed."""
    from rehearsal.targets.docker import DockerTarget
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
    state = _target(target).status()
    if as_json:
        postgres = state.postgres
        print(json.dumps({
            "target": state.kind, "running": state.running, "url": state.url, "odoo_version": state.odoo_version,
            "databases": list(state.databases), "detail": state.detail,
            "postgres": {"host": postgres.host, "port": postgres.port, "user": postgres.user} if postgres else None,
        }, indent=2))  # fmt: skip
        return
    print(f"{state.kind}: {'running at ' + str(state.url) if state.running else 'not running'} {state.detail}".rstrip())
    for name in state.databases:
        print(f"  database {name}")


@app.command()
def heal(name: RunName = "latest", target: TargetName = "auto") -> None:
    """Undo what a crashed run may have left: a frozen or dead Odoo, a PostgreSQL that is down, scenario time."""
    from rehearsal.erp_clock import left_behind
    from rehearsal.faults import heal_journal, still_armed
    from rehearsal.run import find_run, reopen, target_of

    found = reopen(find_run(name))
    journal = found.folder / "faults.ndjson"
    armed = still_armed(journal)
    clock = left_behind(found.manifest)
    if not armed and not clock:
        tell(f"{found.folder}: every fault was healed already")
        return
    _target(target_of(found.manifest) if target == "auto" else target).heal()
    if armed:
        heal_journal(journal)
    if clock:
        found.manifest["erp_clock"]["restored"] = True
        found.save()
    tell(f"healed: {', '.join((*armed, *(['Odoo is on the real time'] if clock else [])))}")


@app.command()
def mark(
    target: Annotated[
        str, typer.Argument(metavar="URL", help="The URL of the Odoo whose database may be rehearsed on.")
    ],
) -> None:
    """Mark a database for rehearsal; asks for its name to be typed. Never do this to production."""
    from rehearsal.targets.existing import ExistingTarget, ask

    chosen = _target(target)
    if not isinstance(chosen, ExistingTarget):
        raise UsageError(f"only the database behind a URL is marked by hand; {target!r} is not a URL")
    chosen.connect()
    chosen.write_mark(ask("Rehearsals write orders, payments and stock into it. Type the name of the database: "))
    tell("marked; `rehearse run` may now write to it")


def _target(name: str, allow_untested: bool = False) -> Target:
    from rehearsal.targets import choose

    return choose(name, allow_untested=allow_untested, told=tell)


# -- scenarios ---------------------------------------------------------------------------------------


@scenarios.command("list")
def scenario_list(as_json: AsJson = False) -> None:
    """List the scenarios of the project path."""
    from rehearsal import project

    rows = [
        {"name": name, "path": str(path), "title": _scenario(str(path)).title}
        for name, path in project.files("scenarios", ".yaml").items()
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['name']:24} {row['title']}")


@scenarios.command("show")
def scenario_show(name: Name, seed: Seed = None) -> None:
    """Print a scenario as resolved, every default written out."""
    from rehearsal.scenario_file import dump

    print(dump(_scenario(name, seed)), end="")


@scenarios.command("validate")
def scenario_validate(file: Name) -> None:
    """Check a scenario; all problems at once, each with file:line:col."""
    from rehearsal import project

    found = _scenario(file)
    project.require_parts(found)
    tell(f"{file}: scenario {found.name} is valid")


@scenarios.command("schema")
def scenario_schema() -> None:
    """Print the JSON Schema of scenario files."""
    from rehearsal.scenario_file import schema

    print(schema())


@scenarios.command("new")
def scenario_new(name: Annotated[str, typer.Argument(help="Name of the new scenario.")]) -> None:
    """Write scenarios/NAME.yaml, a variant of promo_weekend to start from."""
    from re import fullmatch

    if not fullmatch(NAME, name):
        raise UsageError(
            f"a scenario cannot be named {name!r}; expected small letters, digits and _, such as black_friday"
        )
    path = Path("scenarios") / f"{name}.yaml"
    if path.exists():
        raise UsageError(f"{path} exists already; choose another name or edit it")
    text = (
        "# yaml-language-server: $schema=scenario.schema.json   (write it with: rehearse scenario schema > scenarios/scenario.schema.json)\n"
        f"extends: promo_weekend\nname: {name}\ntitle: {name.replace('_', ' ').capitalize()}\nseed: 1\n"
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    tell(f"wrote {path}; look at the whole of it with `rehearse scenario show {name}`")


@app.command()
def plan(name: Name, seed: Seed = None, as_json: AsJson = False) -> None:
    """Show what a scenario will ask for, without an ERP: arrivals, demand against supply, peak rates."""
    from rehearsal.plan import planned, table

    told = planned(_scenario(name, seed))
    print(json.dumps(told, indent=2) if as_json else table(told))


def _scenario(
    name: str,
    seed: int | None = None,
    connector: str | None = None,
    lanes: int | None = None,
    client: str | None = None,
    speedup: float | None = None,
    shape: str | None = None,
) -> Scenario:
    from rehearsal import project, scenario_file

    overrides: dict[str, Any] = {}
    if seed is not None:
        overrides["seed"] = seed
    if connector is not None:
        overrides["connector"] = connector
    if client is not None:
        overrides["client"] = client
    if lanes is not None:
        overrides["clock"] = {"lanes": lanes}
    if speedup is not None:
        overrides["clock"] = {"speedup": speedup}
    if shape is not None:
        overrides["load"] = {"shape": shape}
    return scenario_file.load(project.scenario_path(name), project.scenario_path, overrides)


# -- runs --------------------------------------------------------------------------------------------


@app.command()
def run(
    name: Name,
    connector: ConnectorName = None,
    target: TargetName = "auto",
    seed: Seed = None,
    lanes: Annotated[
        int | None, typer.Option("--lanes", min=1, max=64, help="Operations that may overlap; 1 is deterministic.")
    ] = None,
    client: Annotated[str | None, typer.Option("--client", help="odoorpc or json2.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The run folder itself; default: a new one under runs/.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave target and database up, for a look inside.")] = False,
    completed_is_success: Annotated[
        bool, typer.Option("--completed-is-success", help="End with 0 once judged, whatever the verdict.")
    ] = False,
    allow_untested_odoo: Untested = False,
    as_json: AsJson = False,
) -> None:
    """Rehearse a scenario, and judge it."""
    from rehearsal import project
    from rehearsal.run import Options, ready_target, rehearse, require_free
    from rehearsal.terminal import Progress, verdict_lines

    scenario = _scenario(name, seed, connector, lanes, client)
    project.require_parts(scenario)
    if out is not None:
        require_free(out)
    chosen = _target(target, allow_untested_odoo)
    was_running = chosen.status().running
    with Progress(tell) as progress:
        try:
            ready_target(chosen, progress.tell)
            done, summary = rehearse(scenario, chosen, Options(out, keep), progress.tell, progress.advance)
        except KeyboardInterrupt:
            progress.tell("rehearse: interrupted, and nothing was judged")
            raise
        finally:
            if not was_running and not keep:
                chosen.down()
    repeat = _repeat(name, scenario, target, lanes, client)
    print(json.dumps(summary, indent=2)) if as_json else print(
        "\n".join(verdict_lines(done.folder, summary, repeat, scenario.cure))
    )
    if done.interrupted:
        raise typer.Exit(130)
    raise typer.Exit(0 if completed_is_success else summary["exit_code"])


@app.command()
def load(
    name: Name,
    speedup: Annotated[
        float | None, typer.Option("--speedup", min=0.001, help="Scenario seconds per wall second.")
    ] = None,
    users: Annotated[
        int | None, typer.Option("--users", min=1, help="Lanes: operations that may be under way at once.")
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, max=64, help="Locust workers on this machine; 0: one process.")
    ] = 0,
    await_workers: Annotated[
        str,
        typer.Option(
            "--await-workers",
            metavar="N|HOST",
            help="Workers that you start: how many, or a name with an address for each.",
        ),
    ] = "",
    bind: Annotated[
        str, typer.Option("--bind", metavar="HOST:PORT", help="Where the master listens for such workers.")
    ] = "127.0.0.1:5557",
    headless: Annotated[bool, typer.Option("--headless/--web", help="Without, or with Locust's web interface.")] = True,
    web_port: Annotated[int, typer.Option("--web-port", help="Port of the web interface.")] = 8089,
    shape: Annotated[
        str | None, typer.Option("--shape", help="curve (the scenario's own), ramp, spike, soak or breakpoint.")
    ] = None,
    connector: ConnectorName = None,
    target: TargetName = "auto",
    seed: Seed = None,
    client: Annotated[str | None, typer.Option("--client", help="odoorpc or json2.")] = None,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Prepare only, and say which Locust commands to start on which host.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="The run folder itself; default: a new one under runs/.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave target and database up, for a look inside.")] = False,
    as_json: AsJson = False,
    locust: Annotated[
        list[str] | None, typer.Argument(help="After --: further words for Locust, such as --csv FILE.")
    ] = None,
) -> None:
    """Drive a scenario with Locust at a multiple of real time, and judge it."""
    from rehearsal import project
    from rehearsal.load import Drive, drivable, driven, lanes_for, place, prepare_only, staff, workers_at
    from rehearsal.run import Options, ready_target, require_free
    from rehearsal.terminal import Progress, verdict_lines

    scenario = drivable(_scenario(name, seed, connector, None, client, speedup, shape))
    project.require_parts(scenario)
    if out is not None:
        require_free(out)
    master = place(bind) if await_workers else ""
    if await_workers:
        workers = workers_at(await_workers)
    chosen = _target(target)
    was_running = chosen.status().running
    lanes = users if users is not None else lanes_for(chosen, workers)
    if lanes < workers:
        raise UsageError(f"--users {lanes} cannot be spread over --workers {workers}; every worker needs a lane")
    drive = Drive(lanes + staff(scenario), workers, master, 0 if headless else web_port, tuple(locust or ()))
    with Progress(tell) as progress:
        try:
            ready_target(chosen, progress.tell)
            if prepare:
                _, words = prepare_only(scenario, chosen, drive, Options(out, keep=True), progress.tell)
                print("\n".join(words))
                keep = True
                return
            done, summary = driven(scenario, chosen, drive, Options(out, keep), progress.tell)
        except KeyboardInterrupt:
            progress.tell("rehearse: interrupted, and nothing was judged")
            raise
        finally:
            if not was_running and not keep:
                chosen.down()
    repeat = _repeat(name, scenario, target, None, client).replace("rehearse run", "rehearse load", 1)
    repeat += (f" --speedup {speedup:g}" if speedup else "") + (f" --shape {shape}" if shape else "")
    print(json.dumps(summary, indent=2)) if as_json else print(
        "\n".join(verdict_lines(done.folder, summary, repeat, scenario.cure))
    )
    raise typer.Exit(130 if done.interrupted else summary["exit_code"])


@app.command()
def check(name: RunName = "latest", as_json: AsJson = False) -> None:
    """Judge a run again from its files alone."""
    from rehearsal.run import conclude, find_run, reopen
    from rehearsal.terminal import verdict_lines

    found = reopen(find_run(name))
    summary = conclude(found, tell)
    print(json.dumps(summary, indent=2) if as_json else "\n".join(verdict_lines(found.folder, summary, "", "")))
    raise typer.Exit(summary["exit_code"])


@app.command()
def report(name: RunName = "latest") -> None:
    """Write the reports of a run again."""
    from rehearsal.run import conclude, find_run, reopen

    found = reopen(find_run(name))
    conclude(found, tell)
    print(found.folder / "report.html")


@app.command()
def observe(name: RunName = "latest", target: TargetName = "auto") -> None:
    """Read Odoo's books again from a kept database (`rehearse run --keep`), then judge."""
    from rehearsal.run import conclude, find_run, observed_again, reopen, target_of
    from rehearsal.terminal import verdict_lines

    found = reopen(find_run(name))
    used = found.manifest.get("target", {})
    if "database" not in used:
        raise UsageError(f"{found.folder} does not say which database it used; it ended before there was one")
    chosen = _target(target_of(found.manifest) if target == "auto" else target)
    database = chosen.database(used["database"])
    if chosen.kind != "existing" and database.name not in chosen.status().databases:
        raise EnvironmentNotReady(
            f"database {database.name!r} is gone, so its books cannot be read again; "
            "keep the next one with: rehearse run --keep"
        )
    if found.manifest.get("prepared_for_load"):
        from rehearsal.load import observed_by_hand

        observed_by_hand(found, database, tell)
    else:
        observed_again(found, database, tell)
    summary = conclude(found, tell)
    print("\n".join(verdict_lines(found.folder, summary, "", "")))
    raise typer.Exit(summary["exit_code"])


@app.command()
def drop(name: RunName = "latest", target: TargetName = "auto") -> None:
    """Remove the database that `rehearse run --keep` kept; the run folder stays."""
    from rehearsal.run import find_run, reopen, target_of

    found = reopen(find_run(name))
    chosen = _target(target_of(found.manifest) if target == "auto" else target)
    database = str(found.manifest.get("target", {}).get("database", ""))
    if chosen.kind == "existing":
        raise UsageError(f"{found.folder} ran on an Odoo of yours, whose database is not ours to drop")
    if database not in chosen.status().databases:
        tell(f"{found.folder}: its database is gone already")
        return
    chosen.drop(chosen.database(database))
    tell(f"dropped database {database}")


@app.command()
def replay(name: RunName = "latest", target: TargetName = "auto", keep: bool = False) -> None:
    """Repeat a run: same seed, same scenario file."""
    from rehearsal.run import find_run

    run(str(find_run(name) / "scenario.yaml"), target=target, keep=keep)


@app.command()
def demo(
    name: Annotated[str, typer.Argument(help="A scenario that names its cure.")] = "promo_weekend",
    target: TargetName = "auto",
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Show a failure and its cure: the scenario with its own connector, then with its cure, side by side."""
    from rehearsal.demo import demonstrate, pair
    from rehearsal.run import ready_target
    from rehearsal.terminal import Progress

    scenario = _scenario(name, seed)
    pair(scenario)
    chosen = _target(target)
    was_running = chosen.status().running
    with Progress(tell) as progress:
        try:
            ready_target(chosen, progress.tell)
            shown = demonstrate(scenario, chosen, progress.tell, progress.advance)
        finally:
            if not was_running:
                chosen.down()
    print(json.dumps(shown.comparison, indent=2) if as_json else shown.text())
    raise typer.Exit(0 if shown.convinces else 5)


@app.command()
def compare(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B")],
    as_json: AsJson = False,
) -> None:
    """Say which broken invariants are new, ongoing or fixed between two runs, with the money at risk of each."""
    from rehearsal.compare import compared, table
    from rehearsal.run import find_run

    told = compared(find_run(run_a), find_run(run_b))
    print(json.dumps(told, indent=2) if as_json else table(told))
    raise typer.Exit(1 if told["new"] else 5 if told["undecided"] else 0)


def _repeat(name: str, scenario: Scenario, target: str, lanes: int | None, client: str | None) -> str:
    words = [f"rehearse run {name} --connector {scenario.connector} --seed {scenario.seed}"]
    words += [f"--target {target}"] if target != "auto" else []
    words += [f"--lanes {lanes}"] if lanes else []
    words += [f"--client {client}"] if client else []
    return " ".join(words)
