"""Two runs on one page: a failure beside its cure, what each costs, and what became of the same shopper in both."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import project
from rehearsal.parts.policies import policies
from rehearsal.verdict.record import Record
from reports._ending import Order
from reports._stock import Account, account_of
from reports._story import Row, stories
from reports._wording import OVERSELL, Facts, at_risk, hurt, oversold, refused

ORDERS_MAX = 3
"""Orders whose two stories are told."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs."""

    run: Facts
    folder: Path
    harmed: int
    """Accepted orders that findings name, each counted once."""
    oversold: int
    account: Account | None
    """The stock that the first run promised twice."""

    @property
    def name(self) -> str:
        """The connector, with what is switched off."""
        return str(self.run.summary.get("design") or self.run.summary["connector"])

    @property
    def meant(self) -> list[str]:
        """What the connector is, in its own words, and what it does without, in those of each policy that is off."""
        return introduced(self.run.scenario.connector, self.run.scenario.policies_off)

    @property
    def at_risk(self) -> tuple[str, str]:
        """The headline sum, and by what rule it is made."""
        return at_risk(self.run)

    @property
    def refused(self) -> str:
        """Orders that channels refused, and what they would have been worth."""
        return refused(self.run)

    @property
    def kept(self) -> str:
        """The units that were sold and kept, as a share of what a perfect counter keeps."""
        share = self.run.summary["kpis"].get("sell_through")
        return "not known" if share is None else f"{100 * share:.1f} %"

    @property
    def worth(self) -> str:
        """What was sold and kept, in money; empty where the record is older than that figure."""
        return self.run.amount(self.run.summary["kept_worth"]) if "kept_worth" in self.run.summary else ""

    @property
    def perfect(self) -> str:
        """What a perfect counter sells and turns away of the same shoppers; empty where that is not known."""
        best = self.run.summary.get("perfect")
        if best is None or not self.run.summary.get("finished", True):  # who never came was turned away by nobody
            return ""
        away = self.run.summary["counts"]["orders_attempted"] - best["orders"]
        return f"a perfect counter would have kept {self.run.amount(best['worth'])}, and turned {away:,} away"


@dataclass(frozen=True, slots=True)
class Held:
    """One invariant in both runs."""

    id: str
    sentence: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Shopper:
    """What became of one order in both runs."""

    channel: str
    order: str
    stories: tuple[tuple[Row, ...], tuple[Row, ...]]


def introduced(connector: str, off: Sequence[str]) -> list[str]:
    """Return the first line of a connector's docstring, where it is on this project path, and the sentence of each policy that is *off*."""
    path = project.files("connectors", ".py").get(connector)
    lines = ((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines() if path else [])[:1]
    known = policies(connector) if path and off else {}
    return [*lines, *(f"Without this: {known[name].sentence}" for name in off if name in known)]


def sides(records: Sequence[Record], runs: Sequence[Facts], folders: Sequence[Path]) -> tuple[Side, Side]:
    """Return both runs as the page shows them; the stock is the one that the first of them promised twice."""
    about = next((one["about"] for one in runs[0].findings_of(OVERSELL) if one.get("about", {}).get("sku")), None)
    made = [
        Side(
            run, folder, hurt(record, run), oversold(run),
            account_of(record, about["node"], about["sku"]) if about else None,
        )
        for record, run, folder in zip(records, runs, folders, strict=True)
    ]  # fmt: skip
    return made[0], made[1]


def held(before: Facts, after: Facts) -> Iterator[Held]:
    """Yield every invariant of either run, the broken ones first."""
    both = [{one["id"]: one for one in run.invariants} for run in (before, after)]
    names = dict.fromkeys([*both[0], *both[1]])
    found = [Held(name, (both[1].get(name) or both[0][name])["sentence"], both[0].get(name), both[1].get(name)) for name in names]
    yield from sorted(found, key=lambda one: "fail" not in [side["verdict"] for side in (one.before, one.after) if side])


def shoppers(records: Sequence[Record], before: Facts) -> Iterator[Shopper]:
    """Yield the orders that the dearest findings of the first run name, with both of their stories."""
    named: list[Order] = []
    for finding in before.findings:
        named += [(order["channel"], order["external_id"]) for order in finding["orders"][:1]]
    pairs = list(dict.fromkeys(named))[:ORDERS_MAX]
    first, second = (stories(record, pairs) for record in records)
    for channel, order in pairs:
        yield Shopper(channel, order, (first[channel, order], second[channel, order]))


def headline(first: Side, second: Side) -> str:
    """Return what the comparison comes to, in one sentence."""
    was, now = ({"pass": "holds", "fail": "breaks", "undecided": "proves nothing"}[side.run.verdict] for side in (first, second))
    said = f"{first.name} {was} and {second.name} {now}" + (", too" if was == now else "")
    if first.run.summary["demand_hash"] != second.run.summary["demand_hash"]:
        return f"{said}; they met different shoppers, so compare with care"
    return f"With the same shoppers, {said}"
