"""The laws of the project path: modules of ``assertions/``, each with its invariants and the tables and views that they need.

A module says ``AREA`` (a word), ``INVARIANTS`` (functions whose docstring is the sentence that can be false) and, where it
needs more than everybody has, ``FROM_HISTORY`` (those that need no books), ``TABLES`` (what must be read of Odoo beside
the tables of `rehearsal.odoo.observe`) and ``VIEWS`` (SQL that is run when a record is opened).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.model import Judgement
from rehearsal.odoo.observe import MIDWAY, TABLES, Table
from rehearsal.strangers import shown

Law = Callable[[Any], Judgement]
"""Takes a `Record`."""
WORD = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Area:
    """One module of ``assertions/``."""

    path: Path
    name: str
    laws: tuple[Law, ...]
    from_history: tuple[Law, ...]
    """Those of *laws* that need no books."""
    tables: tuple[Table, ...]
    views: str


def areas() -> tuple[Area, ...]:
    """Return every module of ``assertions/``; raises `UsageError` for one that is not what it must be, with what was expected."""
    return _areas(tuple(sorted(project.files("assertions", ".py").items())))


@cache
def _areas(paths: tuple[tuple[str, Path], ...]) -> tuple[Area, ...]:
    """Load and check modules once per process: a record that is opened asks for them several times."""
    found = tuple(_area(path, project.module("assertions", name)) for name, path in paths)
    _once("invariants", [(law.__name__, area.path) for area in found for law in area.laws])
    own = [(table.name, Path("the harness itself")) for table in (*TABLES, *MIDWAY)]
    _once("tables", [*own, *((table.name, area.path) for area in found for table in area.tables)])
    return found


def brought() -> tuple[Table, ...]:
    """Return the tables that invariants bring."""
    return tuple(table for area in areas() for table in area.tables)


def tables() -> tuple[Table, ...]:
    """Return the tables that are read of Odoo at the end: those that everybody has, and those that invariants bring."""
    return (*TABLES, *brought())


def _area(path: Path, module: ModuleType) -> Area:
    def part(name: str, kind: type, expected: str, default: Any = None) -> Any:
        value = getattr(module, name, default)
        if not isinstance(value, kind):
            there = shown(value) if hasattr(module, name) else "not there"
            raise UsageError(f"{path}: {name} is {there}; expected {expected}")
        return value

    area = part("AREA", str, "a word, such as 'orders'")
    laws = part("INVARIANTS", tuple, "a tuple of functions (Record) -> Judgement")
    alone = part("FROM_HISTORY", tuple, "a tuple of those of INVARIANTS that need no books", ())
    brought = part("TABLES", tuple, "a tuple of rehearsal.odoo.observe.Table", ())
    views = part("VIEWS", str, "SQL", "")
    for law in laws:
        if not callable(law) or not (getattr(law, "__doc__", "") or "").strip():
            raise UsageError(f"{path}: {shown(law)} in INVARIANTS; expected a function with a docstring that says what must hold")
    for law in alone:
        if law not in laws:
            raise UsageError(f"{path}: {shown(law)} in FROM_HISTORY is none of INVARIANTS")
    for table in brought:
        _check(path, table)
    return Area(path, area, laws, alone, brought, views)


def _check(path: Path, table: Any) -> None:
    if not isinstance(table, Table):
        raise UsageError(f"{path}: {shown(table)} in TABLES; expected a rehearsal.odoo.observe.Table")
    for word in (table.name, *table.columns):
        if not WORD.fullmatch(word):
            raise UsageError(f"{path}: table {table.name!r} has the name {word!r}; expected small letters, digits and _")
    if set(table.columns) != set(table.fields):
        odd = sorted(set(table.columns) ^ set(table.fields))
        raise UsageError(f"{path}: table {table.name} has {', '.join(odd)} in one of columns and fields; expected the same in both")


def _once(what: str, named: list[tuple[str, Path]]) -> None:
    first: dict[str, Path] = {}
    for name, path in named:
        if name in first:
            raise UsageError(
                f"two {what} are called {name}, in {first[name]} and in {path}, and one would hide the other; rename one"
            )
        first[name] = path
