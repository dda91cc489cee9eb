"""Fingerprints: by what a finding is known again in another run, whatever its amounts and orders are there.

A fingerprint is a line that a person can read: ``no_unit_is_promised_twice: node=store_1, sku=SKU-00002``, or with the kind of
trouble where an invariant knows several: ``every_accepted_order_is_in_the_erp_once: missing in Odoo, channel=webshop``. What else
a build can stumble over has one too: ``gate: sell_through >= 0.7``, ``dead letter: LookupError in Connector.receive of
payment.captured``, and for what was not decided or not exercised, ``undecided: tender cash``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WORDS = ("channel", "node", "sku", "tender")
"""What of a finding's `about` is a word of the scenario; ids of Odoo's differ from run to run."""
GATE, LETTER, DOUBT = "gate", "dead letter", "undecided"
FIGURES, REST = "the_figures", "the_world"
"""What else may be undecided, beside invariants, gates, and what was not exercised."""


@dataclass(frozen=True, slots=True)
class Known:
    """How much of one trouble a run has; findings of one fingerprint are one."""

    fingerprint: str
    units: int = 0
    money_minor: int = 0
    figure: float | None = None
    """What a gate met; None for what is no gate."""

    @property
    def invariant(self) -> str:
        """Return what it breaks."""
        return self.fingerprint.partition(":")[0]


def fingerprint(invariant: str, kind: str, about: Mapping[str, str]) -> str:
    """Return by what a finding of *invariant* is known again."""
    told = [*([kind] if kind else []), *(f"{word}={about[word]}" for word in WORDS if word in about)]
    return f"{invariant}: {', '.join(told)}" if told else invariant


def rough(known: str) -> str:
    """Return a fingerprint without nodes and SKUs: what is comparable between runs that met other shoppers."""
    invariant, _, rest = known.partition(": ")
    kept = [part for part in rest.split(", ") if part and not part.startswith(("node=", "sku="))]
    return f"{invariant}: {', '.join(kept)}" if kept else invariant


def known_of(summary: Mapping[str, Any], verdict: Mapping[str, Any]) -> dict[str, Known]:
    """Return the troubles of a run by fingerprint, from the contents of ``summary.json`` and ``verdict.json``."""
    found = [Known(one["fingerprint"], one["units"], one["money_at_risk_minor"]) for one in verdict["findings"]]
    found += [
        Known(f"{GATE}: {gate['figure']} {gate['limit']}", figure=gate["value"])
        for gate in summary["gates"]
        if gate["held"] is False
    ]
    found += [Known(f"{LETTER}: {one['what']}", one["times"]) for one in summary.get("dead_letter_kinds", ())]
    return merged([*found, *(Known(f"{DOUBT}: {what}") for what in _doubts(summary))])


def _doubts(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of a run is not decided, though it came to its end."""
    yield from (one["what"] for one in summary["exercised"] if one["done"] < one["wanted"])
    yield from (one["id"] for one in summary["invariants"] if one["verdict"] == "undecided")
    yield from (f"{gate['figure']} {gate['limit']}" for gate in summary["gates"] if gate["held"] is None)
    yield from [FIGURES] if summary["crashed"] else []
    yield from [] if summary["rested"] else [REST]


def merged(found: Iterable[Known]) -> dict[str, Known]:
    """Return *found* by fingerprint, with what those of one fingerprint come to together; in order of fingerprint."""
    whole: dict[str, Known] = {}
    for one in sorted(found, key=lambda known: known.fingerprint):
        there = whole.get(one.fingerprint, Known(one.fingerprint))
        figure = there.figure if one.figure is None else one.figure
        whole[one.fingerprint] = Known(one.fingerprint, there.units + one.units, there.money_minor + one.money_minor, figure)
    return whole


def beyond(known: Known) -> float:
    """Return by how much the figure of a missed gate lies beyond its limit; 0 for what is no gate, or has no figure."""
    if known.figure is None or not known.fingerprint.startswith(f"{GATE}: "):
        return 0.0
    return abs(known.figure - float(known.fingerprint.rpartition(" ")[2]))


def either(one: Mapping[str, Known], other: Mapping[str, Known]) -> dict[str, Known]:
    """Return the troubles that one of two runs of one build has, each with the most that it came to."""
    return {
        name: Known(name, max(k.units for k in both), max(k.money_minor for k in both), max((k for k in both), key=beyond).figure)
        for name in sorted({*one, *other})
        if (both := [known[name] for known in (one, other) if name in known])
    }
