"""The number that makes an event's id unique, counted over a million orders in little memory."""

from __future__ import annotations

from collections import Counter

from rehearsal.vocabulary import Kind

LONG = 32
"""Facts of one order that are kept as letters; what comes after them is counted one by one."""


class Numbering:
    """How often each kind of fact was told of each order and node.

    Most orders have the same few facts in the same sequence: a sequence is a text with one letter for each kind and node, kept
    once for all orders that have it. So an order costs a place in a mapping, and no text of its own.
    """

    def __init__(self) -> None:
        self._letters: dict[tuple[Kind, str], str] = {}
        self._told: dict[tuple[str, str], str] = {}
        self._same: dict[str, str] = {}
        self._more: Counter[tuple[Kind, str, str, str]] = Counter()

    def next(self, kind: Kind, channel: str, order: str, node: str) -> int:
        """Return 1 for the first fact of *kind* about this order at this node, 2 for the second, and so on."""
        letter = self._letters.get((kind, node)) or self._letters.setdefault((kind, node), chr(len(self._letters) + 1))
        told = self._told.get((channel, order), "")
        if len(told) < LONG and order:
            longer = told + letter
            self._told[channel, order] = self._same.setdefault(longer, longer)
            return longer.count(letter)
        self._more[kind, channel, order, node] += 1
        return told.count(letter) + self._more[kind, channel, order, node]
