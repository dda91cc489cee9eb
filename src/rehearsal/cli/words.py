"""What the commands share: the application, the words of its options, and how a scenario and a target are named."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from rehearsal.errors import UsageError

if TYPE_CHECKING:
    from rehearsal.model import Tell
    from rehearsal.scenario import Scenario
    from rehearsal.targets.base import Target
    from rehearsal.verdict.release import Terms
    from rehearsal.verdict.waivers import Waiver

app = typer.Typer(
    help="Rehearse a retailer's peak weekend against a real Odoo, and prove what was oversold, stuck or lost.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
scenarios = typer.Typer(help="What can be rehearsed.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(scenarios, name="scenario")

T = TypeVar("T")
NO_MARGIN = "0.00"
Name = Annotated[str, typer.Argument(help="A scenario of the project path, or a path to a YAML file.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or 'latest'.")]
TargetName = Annotated[str, typer.Option("--target", help="auto, native, docker, or the URL of an Odoo.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")]
Untested = Annotated[bool, typer.Option("--allow-untested-odoo", help="Take an Odoo version that the tests have never run.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Another seed than the scenario's.")]
Policies = Annotated[
    list[str] | None,
    typer.Option("--policy", metavar="NAME=off", help="Switch a rule of the connector off (see `rehearse policies`); repeatable."),
]
AddonNames = Annotated[
    list[str] | None,
    typer.Option("--addons", metavar="FOLDER|PACKAGE", help="Odoo modules beside its own: a folder, or a package; repeatable."),
]
ModuleNames = Annotated[
    list[str] | None, typer.Option("--modules", metavar="MODULE", help="Install a module that a folder brings; repeatable.")
]
CloneName = Annotated[
    str | None,
    typer.Option("--clone", metavar="DATABASE", help="Rehearse on a copy of a database that was restored on the target."),
]
BaselineName = Annotated[
    str | None,
    typer.Option("--baseline", metavar="RUN|FILE", help="What is known already: only what is new or worse keeps the build back."),
]
WaiversName = Annotated[
    Path | None, typer.Option("--waivers", metavar="FILE", help="Troubles taken on: match, owner, reason, expires.")
]
MarginUnits = Annotated[int, typer.Option("--margin-units", min=0, help="Units by which a known trouble may grow.")]
MarginMoney = Annotated[str, typer.Option("--margin-money", metavar="AMOUNT", help="Money by which a known trouble may grow.")]
ConnectorName = Annotated[str | None, typer.Option("--connector", help="Another connector than the scenario's.")]


def tell(text: str) -> None:
    """Say something to the person at the keyboard."""
    print(text, file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Print data; whoever read our output may have gone, which changes nothing about how the command ends."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what Python still holds back goes nowhere, without a complaint


@contextlib.contextmanager
def data_only() -> Iterator[None]:
    """Keep stdout for data: what connectors, invariants and reports of others print meanwhile goes to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        with contextlib.suppress(BrokenPipeError, ValueError):
            sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def target_named(name: str, allow_untested: bool = False) -> Target:
    """Return the target of that name, or that ``auto`` finds."""
    from rehearsal.targets import choose

    return choose(name, allow_untested=allow_untested, told=tell)


def on_target(name: str, scenario: Scenario, read: Callable[[Target, Tell], T]) -> T:
    """Return what *read* finds on the target of that name, which is up meanwhile; an Odoo that is not ours is taken as it is."""
    from rehearsal.pipeline.standing import standing

    chosen = target_named(name or "auto")
    if chosen.kind == "existing":
        return read(chosen, tell)
    with standing(chosen, tell, scenario) as up:
        return read(chosen, up.progress.tell)


def scenario_named(
    name: str,
    seed: int | None = None,
    connector: str | None = None,
    lanes: int | None = None,
    client: str | None = None,
    speedup: float | None = None,
    shape: str | None = None,
    policies: list[str] | None = None,
    addons: list[str] | None = None,
    modules: list[str] | None = None,
) -> Scenario:
    """Return the scenario of that name, with what the command line says laid over it."""
    from rehearsal import project
    from rehearsal.scenario import file as scenario_file

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
    if policies:
        overrides["policies"] = dict(_switch(one) for one in policies)
    with data_only():  # what it names is loaded
        found = scenario_file.load(project.scenario_path(name), project.scenario_path, overrides, parts=True)
    if not addons and not modules:
        return found
    from rehearsal.scenario.software import with_more

    return with_more(found, addons or (), modules or ())


def _switch(text: str) -> tuple[str, str]:
    """Return the policy that ``NAME=off`` names, and what it says."""
    name, _, said = text.partition("=")
    if said not in ("on", "off"):
        raise UsageError(f"--policy {text!r} is no switch; write NAME=off, such as deduplication=off")
    return name, said


def terms_named(
    baseline: str | None, waivers: Path | None, margin_units: int, margin_money: str, scenario: str, run: Path | None = None
) -> Terms | None:
    """Return by what the release of a run of *scenario* is decided; None when nobody asks. Raises `UsageError`."""
    if baseline is None and waivers is None:
        if margin_units or margin_money != NO_MARGIN:
            raise UsageError("a margin is about a baseline; give --baseline RUN or FILE as well")
        return None
    from rehearsal.pipeline.baseline import baseline_named
    from rehearsal.verdict.release import Terms

    known = baseline_named(baseline, run) if baseline is not None else None
    if known is not None and known.scenario != scenario:
        raise UsageError(f"--baseline {baseline} is of scenario {known.scenario}, and this is {scenario}; take one of {scenario}")
    return Terms(known, waivers_named(waivers), margin_units, money_named(margin_money))


def waivers_named(path: Path | None) -> tuple[Waiver, ...]:
    """Return the waivers in *path*, if any is named; raises `UsageError`."""
    from rehearsal.verdict.waivers import read

    return read(path) if path else ()


def money_named(text: str) -> int:
    """Return the minor units of ``--margin-money``; raises `UsageError`."""
    from rehearsal.parts.bounds import minor_units

    try:
        return minor_units(text)
    except ValueError as error:
        raise UsageError(f"--margin-money: {error}") from None


def exit_code(summary: Mapping[str, Any]) -> int:
    """Return how a command ends that has judged a run: by its release where it has terms, else by its verdict."""
    told: int = summary["exit_code"]
    return told
