"""Databases of runs: how they are named, and which of them a killed run left behind."""

from __future__ import annotations

import os
import re

import psutil

from rehearsal.targets.base import Target

PREFIX = "rehearsal"
KEPT = "kept"
NAME = re.compile(rf"{PREFIX}_\d{{8}}_\d{{6}}_(\d+)")
"""A run's database: when it began, and the process that is to drop it. A kept one has a word more."""


def database_name(started_at: str, keep: bool) -> str:
    """Return the name for the database of a run of this process; *started_at* is in ISO 8601."""
    compact = started_at[:19].replace("-", "").replace(":", "").replace("T", "_")
    return "_".join([PREFIX, compact, str(os.getpid()), *([KEPT] if keep else [])])


def left_behind(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of *names* that belong to a run whose process is gone, and that nobody meant to keep."""
    found = ((name, NAME.fullmatch(name)) for name in names)
    return tuple(name for name, match in found if match and not psutil.pid_exists(int(match[1])))


def sweep(target: Target) -> tuple[str, ...]:
    """Drop what killed runs left on a target that is the harness's own; return the names."""
    if target.kind == "existing":
        return ()
    names = left_behind(target.status().databases)
    for name in names:
        target.drop(target.database(name))
    return names
