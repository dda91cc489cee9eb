"""Policies: named rules of a connector that a scenario can switch off, one module each in ``connectors/<name>/policies/``.

A module has ``Rule``, a class that its connector knows what to do with, and ``PREVENTS``, the scenarios that fail without it;
``UNDER_LOAD = True`` where only load shows it, and ``CURES``, the causes that it is the cure of, where reports are to say so.
Its docstring is its sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.strangers import shown


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """One module of a connector's ``policies/``."""

    name: str
    connector: str
    path: Path
    rule: type[Any]
    prevents: tuple[str, ...]
    under_load: bool
    """Whether it is about pressure, so that only load shows what it is for."""
    sentence: str
    cures: tuple[str, ...] = ()
    """Ids of the causes that it prevents, as reports know them, such as ``done_twice``."""


def policies(connector: str) -> dict[str, PolicyKind]:
    """Return the policies of *connector*, a team's own first; raises `UsageError` for what is none, with what was expected."""
    folder = _folder(connector)
    bundled = project.bundled()
    found = project.files(folder, ".py")
    return {
        name: _kind(connector, name, found[name])
        for name in sorted(found, key=lambda one: (found[one].is_relative_to(bundled), one))
    }


def policy_names() -> dict[str, Path]:
    """Return the names of all policies of all connectors of the project path; nothing of them is loaded."""
    return {
        name: path
        for connector in project.files("connectors", ".py")
        for name, path in project.files(_folder(connector), ".py").items()
    }


def _folder(connector: str) -> str:
    return f"connectors/{connector}/policies"


@cache
def _kind(connector: str, name: str, path: Path) -> PolicyKind:
    module = project.module(_folder(connector), name)
    rule, prevents = getattr(module, "Rule", None), getattr(module, "PREVENTS", None)
    if not isinstance(rule, type):
        raise UsageError(f"{path}: Rule is {shown(rule)}; expected a class")
    if not isinstance(prevents, tuple) or not all(isinstance(one, str) for one in prevents):
        raise UsageError(f"{path}: PREVENTS is {shown(prevents)}; expected a tuple of names of scenarios that fail without it")
    cures = getattr(module, "CURES", ())
    if not isinstance(cures, tuple) or not all(isinstance(one, str) for one in cures):
        raise UsageError(f"{path}: CURES is {shown(cures)}; expected a tuple of causes, such as ('done_twice',)")
    known = project.files("scenarios", ".yaml")
    for scenario in prevents:
        if scenario not in known:
            raise UsageError(f"{path}: PREVENTS names the scenario {scenario!r}, which is not in scenarios/")
    sentence = " ".join((module.__doc__ or name).strip().split("\n\n")[0].split())
    return PolicyKind(name, connector, path, rule, prevents, getattr(module, "UNDER_LOAD", False) is True, sentence, cures)
