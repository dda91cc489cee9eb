"""Release: whether a build may go out, given what is known of it already; only what is new or worse keeps it back.

The verdict of a run stays what it is: an invariant that is broken is broken. What a pipeline asks is another question, and its
answer, with everything that it was made of, is the part ``release`` of ``summary.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from rehearsal.model import money
from rehearsal.verdict import baseline as baselines
from rehearsal.verdict.baseline import Baseline
from rehearsal.verdict.fingerprints import DOUBT, GATE, LETTER, Known, beyond, known_of, merged, rough
from rehearsal.verdict.waivers import Waiver
from rehearsal.verdict.waivers import parsed as parsed_waiver

FIGURE_MARGIN = 0.1
"""A gate that is known to be missed is worse once its figure lies a tenth further beyond the limit, and better likewise."""
FILE = "release.json"
"""The terms of a run, in its folder: judged again, it is judged by the same."""


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a release is decided."""

    baseline: Baseline | None = None
    waivers: tuple[Waiver, ...] = ()
    margin_units: int = 0
    margin_minor: int = 0
    """By how much more a known trouble may come to, in units or money, before it is worse."""

    def write(self, run: Path) -> None:
        """Keep the terms in the folder *run*."""
        told = {
            "baseline": json.loads(baselines.as_text(self.baseline)) if self.baseline else None,
            "waivers": [one.as_data() for one in self.waivers],
            "margin_units": self.margin_units,
            "margin_minor": self.margin_minor,
        }
        (run / FILE).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def terms_in(run: Path) -> Terms | None:
    """Return the terms that a run folder keeps; None when it keeps none."""
    path = run / FILE
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    known = baselines.parsed(told["baseline"], str(path)) if told["baseline"] else None
    return Terms(known, tuple(parsed_waiver(one) for one in told["waivers"]), told["margin_units"], told["margin_minor"])


def released(summary: Mapping[str, Any], verdict: Mapping[str, Any], terms: Terms, today: date) -> dict[str, Any]:
    """Return what keeps a build back and what does not, and the exit code that says so, as `summary.json` has it."""
    there, before = known_of(summary, verdict), dict(terms.baseline.known) if terms.baseline else {}
    same = terms.baseline is None or terms.baseline.demand_hash == summary["demand_hash"]
    if not same:  # other shoppers want other articles
        there, before = _roughly(there.values()), _roughly(before.values())
    valid = [one for one in terms.waivers if not one.expired(today)]
    troubles = [name for name in there if not name.startswith(f"{DOUBT}:")]  # what was not decided, nobody can take on
    waived = {name for name in troubles if any(one.excuses(name) for one in valid)}
    rows = {name: (before.get(name), there.get(name)) for name in sorted({*there, *before})}
    parts = {name: _part(*pair, terms) for name, pair in rows.items() if name not in waived}
    told: dict[str, Any] = {
        part: [_row(name, *rows[name]) for name, where in parts.items() if where == part]
        for part in ("new", "worse", "ongoing", "better", "fixed")
    }
    told["waived"] = [_row(name, *rows[name]) for name in sorted(waived)]
    told["expired"] = [one.as_data() for one in terms.waivers if one.expired(today)]
    told["unmatched"] = [one.match for one in valid if not any(one.excuses(name) for name in troubles)]
    held = [row["fingerprint"] for part in ("new", "worse") for row in told[part]]
    return {"exit_code": _exit_code(summary, held, bool(told["expired"])), "same_demand": same, "on": today.isoformat(), **told}


def _roughly(known: Iterable[Known]) -> dict[str, Known]:
    return merged(replace(one, fingerprint=rough(one.fingerprint)) for one in known)


def _part(before: Known | None, after: Known | None, terms: Terms) -> str:
    """Return under what head a trouble is told."""
    if before is None or after is None:
        return "new" if before is None else "fixed"
    if before.figure is not None and after.figure is not None:
        known, now = beyond(before), beyond(after)
        return "worse" if now > known * (1 + FIGURE_MARGIN) else "better" if now < known * (1 - FIGURE_MARGIN) else "ongoing"
    units, minor = after.units - before.units, after.money_minor - before.money_minor
    if units > terms.margin_units or minor > terms.margin_minor:
        return "worse"
    return "better" if units < -terms.margin_units or minor < -terms.margin_minor else "ongoing"


def _row(name: str, before: Known | None, after: Known | None) -> dict[str, Any]:
    pair = (before, after)
    return {
        "fingerprint": name,
        "units": [one.units if one else 0 for one in pair],
        "money_at_risk": [money(one.money_minor if one else 0) for one in pair],
        **(
            {"figures": [one.figure if one else None for one in pair]}
            if any(one and one.figure is not None for one in pair)
            else {}
        ),
    }


def _exit_code(summary: Mapping[str, Any], held: list[str], expired: bool) -> int:
    """Return 5 where nothing is proven, 1 for a trouble that is new or worse or a waiver that has expired, 5 for a new doubt, 4 for
    a gate that is newly missed, else 0: the order in which a run without terms ends, too."""
    load = summary.get("load") or {}
    if load.get("aborted_by"):
        return 4
    if not summary["finished"] or summary["damages"] or load.get("trouble"):
        return 5
    about = {name.partition(":")[0] for name in held}
    if expired or about - {GATE, LETTER, DOUBT}:
        return 1
    if about & {LETTER, DOUBT} or not summary["invariants"] or summary["verdict"] == "undecided":
        return 5  # a doubt that is known excuses no run of which nothing else is known: undecided is no pass
    return 4 if held else 0
