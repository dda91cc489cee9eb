"""What is still owed of each accepted order while the doors are open, line by line: kept, moved, taken back, handed over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.model import Sku, Units

Lines = Iterable[Mapping[str, Any]]
"""Each with ``sku`` and ``units``."""


@dataclass(slots=True)
class Promise:
    """Units of one order line that a node owes; a part of a line may be owed by another node."""

    line: int
    sku: Sku
    units: Units
    node: str

    def said(self, units: Units) -> dict[str, Any]:
        """Return *units* of it as a fact about promises tells them."""
        return {"line": self.line, "sku": self.sku, "units": units}


class Promises:
    """The promises of all orders; of an order that is at its end there are none."""

    def __init__(self) -> None:
        self._owed: dict[tuple[str, str], list[Promise]] = {}

    def of(self, channel: str, order: str) -> tuple[Promise, ...]:
        """Return what is still owed of an order."""
        return tuple(self._owed.get((channel, order), ()))

    def accept(self, channel: str, order: str, node: str, lines: Lines) -> None:
        """Owe the *lines* of an order, each at its own node, or at *node*."""
        self._keep(channel, order, [Promise(one["line"], one["sku"], one["units"], one.get("node", node)) for one in lines])

    def hand_over(self, channel: str, order: str, lines: Lines, node: str) -> None:
        """Owe no more what *lines* name of what *node* owes."""
        owed = self._owed.get((channel, order))
        if owed and all(one.node == node for one in owed) and _units_of(lines) == _units_owed(owed):
            del self._owed[channel, order]  # as nearly always: all of it, at once
        elif owed:
            self.take(channel, order, lines, node)

    def take(self, channel: str, order: str, lines: Lines | None = None, node: str = "") -> list[dict[str, Any]]:
        """Owe no more what *lines* name, or anything, of what *node*, or anybody, owes; return it, line by line."""
        wanted = None if lines is None else _units_of(lines)
        taken, kept = list[dict[str, Any]](), list[Promise]()
        for one in self._owed.get((channel, order), ()):
            units = 0 if node and one.node != node else one.units if wanted is None else min(one.units, wanted[one.sku])
            if units:
                taken.append({**one.said(units), "node": one.node})
            if wanted is not None:
                wanted[one.sku] -= units
            if units < one.units:
                kept.append(Promise(one.line, one.sku, one.units - units, one.node))
        self._keep(channel, order, kept)
        return taken

    def gather(self, channel: str, order: str, goal: str, lines: Lines) -> dict[str, list[dict[str, Any]]]:
        """Let *goal* owe what *lines* name, whoever did; return what moved, line by line, by the node that had it."""
        owed = self._owed.get((channel, order), ())
        if all(one.node == goal for one in owed):
            return {}
        wanted = _units_of(lines)
        kept, moved = list[Promise](), defaultdict[str, list[dict[str, Any]]](list)
        for one in sorted(owed, key=lambda one: one.node != goal):  # what it owes already comes first
            units = min(one.units, max(0, wanted[one.sku]))
            wanted[one.sku] -= units
            if one.node == goal or not units:
                kept.append(one)
                continue
            moved[one.node].append(one.said(units))
            kept.append(Promise(one.line, one.sku, units, goal))
            if units < one.units:
                kept.append(Promise(one.line, one.sku, one.units - units, one.node))
        self._keep(channel, order, kept)
        return moved

    def _keep(self, channel: str, order: str, promises: list[Promise]) -> None:
        if promises:
            self._owed[channel, order] = promises
        else:
            self._owed.pop((channel, order), None)


def _units_owed(owed: list[Promise]) -> dict[Sku, Units]:
    wanted: dict[Sku, Units] = {}
    for one in owed:
        wanted[one.sku] = wanted.get(one.sku, 0) + one.units
    return wanted


def _units_of(lines: Lines) -> defaultdict[Sku, Units]:
    wanted: defaultdict[Sku, Units] = defaultdict(int)
    for line in lines:
        wanted[line["sku"]] += line["units"]
    return wanted
