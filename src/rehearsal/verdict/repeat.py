"""The command that plays a run again, word for word as a shell takes it; kept in the manifest, told everywhere."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.scenario import Scenario


def first(target: Mapping[str, Any]) -> str:
    """Return what to do before a run on *target* can be repeated; empty where nothing is to be done."""
    if target.get("kind") != "existing" or target.get("world") == "existing":
        return ""
    return (
        f"clean the database (rehearse clean {target.get('url', 'URL')}), or restore it: this world is made, and wants fresh books"
    )


def command(name: str, scenario: Scenario, target: Mapping[str, Any], *, verb: str = "run", words: Sequence[str] = ()) -> str:
    """Return the command for *scenario*, called *name* on the command line, on *target* (``kind`` and, where not ours, ``url``).

    *words* are the further ones that made this run what it was.
    """
    place = target.get("url") if target.get("kind") == "existing" else target.get("kind")
    told = ["rehearse", verb, name, "--connector", scenario.connector, "--seed", str(scenario.seed)]
    return shlex.join([*told, *(["--target", str(place)] if place else []), *words])


def with_connector(told: str, connector: str) -> str:
    """Return the command *told* with another connector."""
    words = shlex.split(told)
    if "--connector" not in words:
        return told
    words[words.index("--connector") + 1] = connector
    return shlex.join(words)


def of_summary(summary: Mapping[str, Any]) -> str:
    """Return the command of a run, as its summary has it; of one that an older harness made, the gist of it."""
    if summary.get("repeat"):
        return str(summary["repeat"])
    verb = "load" if "load" in summary else "run"
    words = [summary["scenario"], "--connector", summary["connector"], "--seed", str(summary["seed"])]
    return shlex.join(["rehearse", verb, *words])
