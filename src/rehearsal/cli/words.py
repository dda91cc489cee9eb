"""What the commands share: the application, the words of its options, and how a scenario and a target are named."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rehearsal.errors import UsageError

if TYPE_CHECKING:
    from rehearsal.scenario import Scenario
    from rehearsal.targets.base import Target

app = typer.Typer(
    help="Rehearse a retailer's peak weekend against a real Odoo, and prove what was oversold, stuck or lost.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
scenarios = typer.Typer(help="What can be rehearsed.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(scenarios, name="scenario")

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


def scenario_named(
    name: str,
    seed: int | None = None,
    connector: str | None = None,
    lanes: int | None = None,
    client: str | None = None,
    speedup: float | None = None,
    shape: str | None = None,
    policies: list[str] | None = None,
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
        return scenario_file.load(project.scenario_path(name), project.scenario_path, overrides, parts=True)


def _switch(text: str) -> tuple[str, str]:
    """Return the policy that ``NAME=off`` names, and what it says."""
    name, _, said = text.partition("=")
    if said not in ("on", "off"):
        raise UsageError(f"--policy {text!r} is no switch; write NAME=off, such as deduplication=off")
    return name, said
