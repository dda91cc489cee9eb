"""Commands about what can be rehearsed: scenario list, show, validate, schema, new; plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rehearsal.cli.words import AsJson, CloneName, Name, Seed, TargetName, app, on_target, scenario_named, scenarios, tell
from rehearsal.errors import ScenarioError, UsageError


@scenarios.command("list")
def scenario_list(as_json: AsJson = False) -> None:
    """List the scenarios of the project path."""
    from rehearsal import project

    rows = [
        {"name": name, "path": str(path), "title": _title(name, path)} for name, path in project.files("scenarios", ".yaml").items()
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(f"{row['name']:24} {row['title']}")


def _title(name: str, path: Path) -> str:
    """Return the title of the scenario in *path*; one that is not valid hides none of the others."""
    from rehearsal import project
    from rehearsal.scenario import file as scenario_file

    try:
        return scenario_file.load(path, project.scenario_path).title
    except ScenarioError as error:
        return f"not valid, {len(error.problems)} problem(s): rehearse scenario validate {name}"


@scenarios.command("show")
def scenario_show(name: Name, seed: Seed = None) -> None:
    """Print a scenario as resolved, every default written out."""
    from rehearsal.scenario.file import dump

    print(dump(scenario_named(name, seed)), end="")


@scenarios.command("validate")
def scenario_validate(file: Name) -> None:
    """Check a scenario; all problems at once, each with file:line:col."""
    found = scenario_named(file)
    tell(f"{file}: scenario {found.name} is valid")


@scenarios.command("schema")
def scenario_schema() -> None:
    """Print the JSON Schema of scenario files."""
    from rehearsal.scenario.file import schema

    print(schema())


@scenarios.command("new")
def scenario_new(name: Annotated[str, typer.Argument(help="Name of the new scenario.")]) -> None:
    """Write scenarios/NAME.yaml, a variant of promo_weekend to start from."""
    from re import fullmatch

    from rehearsal import project
    from rehearsal.parts.bounds import SCENARIO_NAME

    if not fullmatch(SCENARIO_NAME, name):
        raise UsageError(f"a scenario cannot be named {name!r}; expected small letters, digits and _, such as black_friday")
    path = project.own_scenario(name)
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
def plan(name: Name, target: TargetName = "", clone: CloneName = None, seed: Seed = None, as_json: AsJson = False) -> None:
    """Show what a scenario will ask for: arrivals, demand against supply, peak rates. Only a world that exists needs an ERP, and
    is read there (--target URL, or --target native --clone DATABASE); nothing is written."""
    from rehearsal.stage.plan import planned, table

    scenario = scenario_named(name, seed)
    if scenario.world == "made" and (target or clone):
        raise UsageError(
            f"{name} makes its own world, which is planned without an Odoo; leave --target and --clone out, or write world: existing"
        )
    if scenario.world == "existing":
        from rehearsal.pipeline.opening import looked_at

        told = planned(scenario, on_target(target, scenario, lambda on, tell: looked_at(scenario, on, clone or "", tell)), tell)
    else:
        told = planned(scenario, tell=tell)
    print(json.dumps(told, indent=2) if as_json else table(told))
