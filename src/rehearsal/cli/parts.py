"""Commands that list what there is on the project path, each with its sentence: assertions, actors, faults, policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from rehearsal.cli.words import AsJson, app, say


@app.command()
def assertions(as_json: AsJson = False) -> None:
    """List the invariants of the project path: what must hold, and which saboteurs prove that they can see."""
    from rehearsal.verdict.judge import sentence_of
    from rehearsal.verdict.laws import areas
    from rehearsal.verdict.saboteurs import saboteurs

    against = saboteurs()
    rows: list[dict[str, Any]] = [
        {
            "id": law.__name__,
            "area": area.name,
            "sentence": sentence_of(law),
            "from_history": law in area.from_history,
            "tables": [table.name for table in area.tables],
            "file": str(area.path),
            "saboteurs": [name for name, one in against.items() if law.__name__ in one.breaks],
        }
        for area in areas()
        for law in area.laws
    ]
    _listed(rows, as_json, lambda row: f"{row['area']:12} {str(row['id']).replace('_', ' ')}")


@app.command()
def actors(as_json: AsJson = False) -> None:
    """List who can act outside, from simulators/: the kinds of channels, fulfilment nodes and services."""
    from rehearsal.parts.actor_kinds import actor_kinds

    rows: list[dict[str, Any]] = [
        {"kind": kind, "family": one.family, "sentence": one.sentence, "words": list(one.words), "file": str(one.path)}
        for kind, one in actor_kinds().items()
    ]
    _listed(
        rows,
        as_json,
        lambda row: f"{row['family']:12} {row['kind']}{'  (' + ', '.join(row['words']) + ')' if row['words'] else ''}",
    )


@app.command()
def faults(as_json: AsJson = False) -> None:
    """List what can go wrong on purpose, from simulators/faults/: where each strikes, and the words that it reads."""
    from rehearsal.parts.fault_kinds import fault_kinds

    rows: list[dict[str, Any]] = [
        {"name": name, "joint": kind.joint.value, "sentence": kind.sentence, "words": list(kind.words), "file": str(kind.path)}
        for name, kind in fault_kinds().items()
    ]
    _listed(rows, as_json, lambda row: f"{row['joint']:12} {row['name']}  ({', '.join(row['words'])})")


@app.command()
def policies(
    connector: Annotated[str, typer.Option("--connector", help="Whose policies.")] = "governed", as_json: AsJson = False
) -> None:
    """List the rules of a connector that a scenario can switch off, and what fails without each."""
    from rehearsal import project
    from rehearsal.parts.policies import policies as listed

    project.connector(connector)
    rows: list[dict[str, Any]] = [
        {"name": name, "connector": connector, "sentence": kind.sentence, "prevents": list(kind.prevents), "file": str(kind.path)}
        for name, kind in listed(connector).items()
    ]
    if not as_json:
        say(f"of the connector {connector}; switched off with --policy NAME=off, or in a scenario: policies: {{NAME: off}}")
    _listed(rows, as_json, lambda row: f"{row['name']}  (without it: {', '.join(row['prevents'])})")


def _listed(rows: list[dict[str, Any]], as_json: bool, head: Callable[[dict[str, Any]], str]) -> None:
    if as_json:
        say(json.dumps(rows, indent=2))
        return
    for row in rows:
        say(f"{head(row)}\n    {row['sentence']}")
