"""Commands that rehearse: run, load, replay, demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehearsal.cli.words import (
    NO_MARGIN,
    AddonNames,
    AsJson,
    BaselineName,
    CloneName,
    ConnectorName,
    MarginMoney,
    MarginUnits,
    ModuleNames,
    Name,
    Policies,
    RunName,
    Seed,
    TargetName,
    Untested,
    WaiversName,
    app,
    data_only,
    exit_code,
    say,
    scenario_named,
    target_named,
    tell,
    terms_named,
)
from rehearsal.errors import UsageError

if TYPE_CHECKING:
    from rehearsal.pipeline.run_folder import Run
    from rehearsal.scenario import Scenario


@app.command()
def run(
    context: typer.Context,
    name: Name,
    connector: ConnectorName = None,
    policy: Policies = None,
    addons: AddonNames = None,
    modules: ModuleNames = None,
    target: TargetName = "auto",
    clone: CloneName = None,
    seed: Seed = None,
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="A..B", help="Many seeds, such as 1..20 or 1,2,5: one table, one exit code.")
    ] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=0, max=64, help="Seeds at once; 0: as many as this machine carries.")] = 0,
    lanes: Annotated[
        int | None, typer.Option("--lanes", min=1, max=64, help="Operations that may overlap; 1 is deterministic.")
    ] = None,
    client: Annotated[str | None, typer.Option("--client", help="odoorpc or json2.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder itself; default: a new one under runs/.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave target and database up, for a look inside.")] = False,
    completed_is_success: Annotated[
        bool, typer.Option("--completed-is-success", help="End with 0 once judged, whatever the verdict: no gate for CI.")
    ] = False,
    baseline: BaselineName = None,
    waivers: WaiversName = None,
    margin_units: MarginUnits = 0,
    margin_money: MarginMoney = NO_MARGIN,
    allow_untested_odoo: Untested = False,
    as_json: AsJson = False,
) -> None:
    """Rehearse a scenario, and judge it."""
    if completed_is_success and (baseline or waivers):
        raise UsageError(
            "--completed-is-success ends with 0 whatever is found, and a baseline or waivers decide by it: take one out"
        )
    from rehearsal.pipeline.run import Options, rehearse, require_free, require_measured

    if seeds:
        scenario = scenario_named(name, None, connector, lanes, client, policies=policy, addons=addons, modules=modules)
        require_measured(scenario)
        terms_named(baseline, waivers, margin_units, margin_money, scenario.name)
        code = _run_seeds(context, scenario, name, seeds, jobs, target, out, as_json)
        raise typer.Exit(0 if completed_is_success and code in (1, 4, 5) else code)
    if jobs:
        raise UsageError("--jobs is about many seeds; give --seeds, such as --seeds 1..20")
    from rehearsal import project
    from rehearsal.parts.actor_kinds import require_actors
    from rehearsal.pipeline.standing import standing
    from rehearsal.verdict.repeat import command

    scenario = scenario_named(name, seed, connector, lanes, client, policies=policy, addons=addons, modules=modules)
    require_measured(scenario)
    with data_only():
        require_actors(scenario)
        project.connector(scenario.connector)
    terms = terms_named(baseline, waivers, margin_units, margin_money, scenario.name)
    if out is not None:
        require_free(out)
    chosen = target_named(target, allow_untested_odoo)
    words = [*(["--lanes", str(lanes)] if lanes else []), *(["--client", client] if client else [])]
    words += _each_with("--policy", policy) + _each_with("--addons", addons) + _each_with("--modules", modules)
    words += ["--clone", clone] if clone else []
    options = Options(out, keep, command(name, scenario, _place(chosen.kind, target), words=words), terms, clone or "")
    with data_only(), standing(chosen, tell, scenario, keep) as up:
        done, summary = rehearse(scenario, chosen, options, up.progress.tell, up.progress.advance)
    _say_verdict(done, summary, as_json)
    if done.interrupted:
        raise typer.Exit(130)
    raise typer.Exit(0 if completed_is_success else exit_code(summary))


def _run_seeds(
    context: typer.Context, scenario: Scenario, name: str, seeds: str, jobs: int, target: str, out: Path | None, as_json: bool
) -> int:
    """Rehearse on many seeds, each with the other words of this command; return how they end together."""
    from datetime import UTC, datetime

    from rehearsal import project
    from rehearsal.pipeline import seeds as many
    from rehearsal.pipeline.run import require_free
    from rehearsal.pipeline.standing import standing

    given = _given(context, "seed", "keep", "seeds", "jobs", "target", "out", "as_json", "completed_is_success")
    if taken := [word for word in ("--seed", "--keep") if word in _given(context)]:
        raise UsageError(f"--seeds {seeds} excludes {taken[0]}: give one of them")
    wanted = many.seeds_of(seeds)
    chosen = target_named(target, "--allow-untested-odoo" in given)
    if chosen.kind == "existing":
        raise UsageError(
            "many seeds want a fresh database each, which an Odoo that is not ours does not give; use --target native or docker"
        )
    folder = out or project.runs() / scenario.name / f"seeds-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    require_free(folder)
    with data_only(), standing(chosen, tell, scenario) as up:
        words = [name, "--target", chosen.kind, *given]
        done = many.rehearsed(words, wanted, jobs or many.jobs_max(), folder, up.progress.tell)
    told = many.counted(done, len(wanted))
    (folder / many.TOLD).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    say(json.dumps(told, indent=2) if as_json else many.table(told, folder))
    return int(told["exit_code"])


def _given(context: typer.Context, *but: str) -> list[str]:
    """Return the options that stand on the command line, as they would be written again, without those called *but*."""
    words = list[str]()
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if (
            source is not None
            and source.name == "COMMANDLINE"
            and isinstance(option, typer.core.TyperOption)
            and option.name not in but
        ):
            value = context.params[option.name or ""]
            words += [option.opts[0]] if option.is_flag else [w for one in _each(value) for w in (option.opts[0], str(one))]
    return words


def _each_with(option: str, given: list[str] | None) -> list[str]:
    """Return what was given for an option that may stand more than once, as it would be written again."""
    return [word for one in given or () for word in (option, one)]


def _each(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


@app.command()
def load(
    name: Name,
    speedup: Annotated[float | None, typer.Option("--speedup", min=0.001, help="Scenario seconds per wall second.")] = None,
    users: Annotated[int | None, typer.Option("--users", min=1, help="Lanes: operations that may be under way at once.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, max=64, help="Locust workers on this machine; 0: one process.")] = 0,
    await_workers: Annotated[
        str,
        typer.Option(
            "--await-workers", metavar="N|HOST", help="Workers that you start: how many, or a name with an address for each."
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
    policy: Policies = None,
    addons: AddonNames = None,
    modules: ModuleNames = None,
    target: TargetName = "auto",
    clone: CloneName = None,
    seed: Seed = None,
    client: Annotated[str | None, typer.Option("--client", help="odoorpc or json2.")] = None,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Prepare only, and say which Locust commands to start on which host.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="The run folder itself; default: a new one under runs/.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave target and database up, for a look inside.")] = False,
    baseline: BaselineName = None,
    waivers: WaiversName = None,
    margin_units: MarginUnits = 0,
    margin_money: MarginMoney = NO_MARGIN,
    as_json: AsJson = False,
    locust: Annotated[list[str] | None, typer.Argument(help="After --: further words for Locust, such as --csv FILE.")] = None,
) -> None:
    """Drive a scenario with Locust at a multiple of real time, and judge it."""
    from rehearsal import project
    from rehearsal.load.drive import Drive, drivable, driven, lanes_for, place, prepare_only, staff, workers_at
    from rehearsal.parts.actor_kinds import require_actors
    from rehearsal.pipeline.run import Options, require_free
    from rehearsal.pipeline.standing import standing
    from rehearsal.verdict.repeat import command

    scenario = drivable(scenario_named(name, seed, connector, None, client, speedup, shape, policy, addons, modules))
    with data_only():
        require_actors(scenario)
        project.connector(scenario.connector)
    terms = terms_named(baseline, waivers, margin_units, margin_money, scenario.name)
    if out is not None:
        require_free(out)
    master = place(bind) if await_workers else ""
    if await_workers:
        workers = workers_at(await_workers)
    chosen = target_named(target)
    lanes = users if users is not None else lanes_for(chosen, workers)
    if lanes < workers:
        raise UsageError(f"--users {lanes} cannot be spread over --workers {workers}; every worker needs a lane")
    drive = Drive(lanes + staff(scenario), workers, master, 0 if headless else web_port, tuple(locust or ()))
    words = [*(["--users", str(users)] if users else []), *(["--workers", str(workers)] if workers else [])]
    words += [*(["--speedup", f"{speedup:g}"] if speedup else []), *(["--shape", shape] if shape else [])]
    words += ["--client", client] if client else []
    words += _each_with("--policy", policy) + _each_with("--addons", addons) + _each_with("--modules", modules)
    words += ["--clone", clone] if clone else []
    told = command(name, scenario, _place(chosen.kind, target), verb="load", words=words)
    with data_only(), standing(chosen, tell, scenario, keep) as up:
        if prepare:
            _, commands = prepare_only(
                scenario, chosen, drive, Options(out, keep=True, command=told, terms=terms, clone=clone or ""), up.progress.tell
            )
            up.keep = True
        else:
            done, summary = driven(scenario, chosen, drive, Options(out, keep, told, terms, clone or ""), up.progress.tell)
    if prepare:
        say("\n".join(commands))
        return
    _say_verdict(done, summary, as_json)
    raise typer.Exit(130 if done.interrupted else exit_code(summary))


@app.command()
def replay(context: typer.Context, name: RunName = "latest", target: TargetName = "auto", keep: bool = False) -> None:
    """Repeat a run: same seed, same scenario file."""
    from rehearsal.pipeline.run import find_run
    from rehearsal.pipeline.run_folder import reopen

    folder = find_run(name)
    clone = reopen(folder).manifest.get("target", {}).get("clone")
    run(context, str(folder / "scenario.yaml"), target=target, clone=clone, keep=keep)


@app.command()
def demo(
    name: Annotated[str, typer.Argument(help="A scenario that names its cure.")] = "promo_weekend",
    target: TargetName = "auto",
    clone: CloneName = None,
    seed: Seed = None,
    addons: AddonNames = None,
    modules: ModuleNames = None,
    as_json: AsJson = False,
) -> None:
    """Show a failure and its cure: the scenario with its own connector, then with its cure, side by side."""
    from rehearsal.pipeline.demo import demonstrate, pair
    from rehearsal.pipeline.standing import standing

    scenario = scenario_named(name, seed, addons=addons, modules=modules)
    pair(scenario)
    chosen = target_named(target)
    with data_only(), standing(chosen, tell, scenario, interrupted="interrupted, and the two were not compared") as up:
        shown = demonstrate(scenario, chosen, up.progress.tell, up.progress.advance, clone or "")
    say(json.dumps(shown.comparison, indent=2) if as_json else shown.text())
    raise typer.Exit(0 if shown.convinces else 5)


def _say_verdict(run: Run, summary: dict[str, Any], as_json: bool) -> None:
    from rehearsal.pipeline.terminal import verdict_lines

    lines = verdict_lines(run.folder, summary, run.scenario.cure)
    say(json.dumps(summary, indent=2) if as_json else "\n".join(lines))


def _place(kind: str, named: str) -> dict[str, str]:
    """Return a target as `repeat.command` wants it."""
    return {"kind": kind, "url": named} if kind == "existing" else {"kind": kind}
