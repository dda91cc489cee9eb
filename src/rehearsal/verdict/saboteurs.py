"""Saboteurs: deliberate bugs in Odoo's data, each of which some invariant must see.

They stand in modules of ``fixtures/saboteurs/``, one per failure area, each with ``SABOTEURS``: a dict of them by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.strangers import shown
from rehearsal.targets.base import Database
from rehearsal.verdict.laws import areas

FOLDER = "fixtures/saboteurs"


@dataclass(frozen=True, slots=True)
class Saboteur:
    """One deliberate bug."""

    description: str
    breaks: frozenset[str]
    """Every invariant that must fail, no more and no less."""
    act: Callable[[Any, Database], None]
    """Takes the target (with ``sql``) and the database."""
    when: Literal["before", "after"] = "after"
    """Before the doors open it changes what the connector will read; after, it corrupts a finished weekend."""


def sql(statement: str) -> Callable[[Any, Database], None]:
    """Return an act that runs *statement* in the database, behind Odoo's back."""
    return lambda target, database: target.sql(database, statement)


def saboteurs() -> dict[str, Saboteur]:
    """Return every saboteur of the project path by name; raises `UsageError` for what is none, with what was expected."""
    found: dict[str, Saboteur] = {}
    places: dict[str, Path] = {}
    laws = {law.__name__ for area in areas() for law in area.laws}
    for name, path in sorted(project.files(FOLDER, ".py").items()):
        listed = getattr(project.module(FOLDER, name), "SABOTEURS", None)
        if not isinstance(listed, dict):
            raise UsageError(
                f"{path}: SABOTEURS is {shown(listed)}; expected a dict of rehearsal.verdict.saboteurs.Saboteur by name"
            )
        for key, one in listed.items():
            if not isinstance(one, Saboteur):
                raise UsageError(f"{path}: {key} is {shown(one)}; expected a rehearsal.verdict.saboteurs.Saboteur")
            if strange := sorted(one.breaks - laws):
                raise UsageError(f"{path}: {key} breaks {', '.join(strange)}, which is no invariant of assertions/")
            if key in found:
                raise UsageError(f"two saboteurs are called {key}, in {places[key]} and in {path}; rename one")
            found[key], places[key] = one, path
    return found
