"""Baselines: what a build is known to have, in a file small enough to be read in a pull request.

JSON, one trouble per line, in order of fingerprint: who changes the file says in its diff what got better, and what was taken on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.errors import UsageError
from rehearsal.model import money
from rehearsal.parts.bounds import minor_units
from rehearsal.verdict.fingerprints import GATE, Known, known_of, merged

VERSION = 1
MADE_BY = "write one with: rehearse baseline RUN --out FILE"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run had, by fingerprint, and whom it met."""

    scenario: str
    seed: int
    demand_hash: str
    design: str
    known: Mapping[str, Known]


def baseline_of(summary: Mapping[str, Any], verdict: Mapping[str, Any]) -> Baseline:
    """Return the baseline that a run makes; raises `UsageError` for a run that is undecided: what it would have found is not known."""
    if summary["verdict"] == "undecided":
        told = f"the run of {summary['scenario']} with {summary['connector']} is undecided, so that it tells nothing"
        raise UsageError(f"{told}; take a run that passes or fails")
    design = str(summary.get("design", summary["connector"]))
    return Baseline(summary["scenario"], summary["seed"], summary["demand_hash"], design, known_of(summary, verdict))


def as_text(baseline: Baseline) -> str:
    """Return *baseline* as its file has it."""
    head = {"schema_version": VERSION, "scenario": baseline.scenario, "seed": baseline.seed, "design": baseline.design,
            "demand_hash": baseline.demand_hash}  # fmt: skip
    rows = [
        json.dumps(
            {"fingerprint": one.fingerprint, "units": one.units, "money_at_risk": money(one.money_minor)}
            | ({} if one.figure is None else {"figure": one.figure})
        )
        for one in baseline.known.values()
    ]
    lines = [f"  {json.dumps(word)}: {json.dumps(value)}," for word, value in head.items()]
    held = "".join(f"\n    {row}{',' if place < len(rows) else ''}" for place, row in enumerate(rows, start=1))
    return "\n".join(["{", *lines, f'  "known": [{held}{chr(10) + "  " if held else ""}]', "}"]) + "\n"


def read(path: Path) -> Baseline:
    """Return the baseline in *path*; raises `UsageError` for what is none, with what was expected."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"baseline {path}: there is no such file; {MADE_BY}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"baseline {path}: {error}; expected JSON; {MADE_BY}") from None
    return parsed(told, str(path))


def parsed(told: Any, name: str) -> Baseline:
    """Return the baseline that *told* is; raises `UsageError` that calls it *name*."""
    if not isinstance(told, Mapping) or told.get("schema_version") != VERSION:
        found = told.get("schema_version") if isinstance(told, Mapping) else type(told).__name__
        raise UsageError(f"baseline {name}: schema_version is {found!r}; expected {VERSION}; {MADE_BY}")
    try:
        rows = [_row(one) for one in told["known"]]
        known = merged(rows)
        if len(known) < len(rows):
            twice = next(name for name, n in Counter(row.fingerprint for row in rows).items() if n > 1)
            raise ValueError(f"{twice!r} is there twice, as after a merge; keep one of them")
        return Baseline(str(told["scenario"]), int(told["seed"]), str(told["demand_hash"]), str(told["design"]), known)
    except KeyError as error:
        raise UsageError(f"baseline {name}: {error.args[0]} is missing; {MADE_BY}") from None
    except (TypeError, ValueError) as error:
        raise UsageError(f"baseline {name}: {error}; {MADE_BY}") from None


def _row(told: Mapping[str, Any]) -> Known:
    if not isinstance(told["units"], int) or told["units"] < 0:
        raise ValueError(f"units of {told['fingerprint']!r} are {told['units']!r}; expected a whole number")
    figure = told.get("figure")
    if figure is None and str(told["fingerprint"]).startswith(f"{GATE}: "):
        raise ValueError(f"{told['fingerprint']!r} has no figure, so that it could be missed by ever more")
    if figure is not None and (isinstance(figure, bool) or not isinstance(figure, int | float)):
        raise ValueError(f"figure of {told['fingerprint']!r} is {figure!r}; expected a number")
    return Known(str(told["fingerprint"]), told["units"], minor_units(told["money_at_risk"]), figure)
