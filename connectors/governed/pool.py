"""Allocation: every unit at a node belongs to one channel, or to the reserve; never to two.

A channel's part is what the channel itself may still sell. An order that Odoo does not know yet has
already left its channel's part, so a late batch cannot make a unit be sold twice. Parts are moved only
at the instant of publishing, when the channel's own figure is read and overwritten in one step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from rehearsal.model import Sku, Units
from rehearsal.stage.market import LiveChannel

SAFETY_SHARE_MAX = 4
"""Safety stock never takes more than one unit in four."""
Left = Callable[[LiveChannel, str, Sku], Units]
"""What a channel has left of its part at a node."""
Tell = Callable[[str, str, Mapping[Sku, Units]], None]
"""Says what a channel may sell from a node as of now."""
Share = Callable[[Sku, Units], Units]


class Pool:
    """The units of one node, shared out among the channels that sell from it."""

    def __init__(self, node: str) -> None:
        self.reserve: dict[Sku, Units] = defaultdict(int)
        """Units that no channel may sell: safety stock, and what re-routing lives on."""
        self.book: dict[Sku, Units] = {}
        """On hand at this node as this connector expects to read it in Odoo."""
        self._channels: dict[str, LiveChannel] = {}
        self._told: dict[tuple[str, Sku], Units] = defaultdict(int)
        """(channel, SKU) to the part that it was given last, less what word has come of."""
        self._node = node

    def see(self, on_hand: Mapping[Sku, Units]) -> None:
        """Take note of Odoo's on-hand figures: what changed behind our back goes to, or comes from, the reserve."""
        for sku, units in on_hand.items():
            self.reserve[sku] += units - self.book.get(sku, 0)
            self.book[sku] = units

    def left_the_book(self, sku: Sku, units: Units) -> None:
        """Expect *units* fewer on hand: this connector has just booked them out."""
        self.book[sku] = self.book.get(sku, 0) - units

    def give_back(self, sku: Sku, units: Units) -> None:
        """Return units of a promise that ended here to the reserve."""
        self.reserve[sku] += units

    def take(self, wanted: Mapping[Sku, Units], left: Left, tell: Tell | None) -> bool:
        """Take units for a re-routed order, all or none: out of the reserve, then out of what channels have not sold yet, who
        are told at once that they have less; where nobody can be told, out of the reserve alone."""
        if any((self.total(sku, left) if tell else self.reserve[sku]) < units for sku, units in wanted.items()):
            return False
        for sku, units in wanted.items():
            if tell:
                for channel in sorted(self._channels.values(), key=lambda one: -left(one, self._node, sku)):
                    self._call_in(channel, sku, units - self.reserve[sku], left, tell)
            self.reserve[sku] -= units
        return True

    def _call_in(self, channel: LiveChannel, sku: Sku, units: Units, left: Left, tell: Tell) -> None:
        """Move up to *units* from the part of *channel* to the reserve."""
        has = left(channel, self._node, sku)
        moved = min(units, has)
        if moved > 0:
            self.reserve[sku] += moved
            self._told[channel.code, sku] = has - moved
            tell(channel.code, self._node, {sku: has - moved})

    def total(self, sku: Sku, left: Left) -> Units:
        """Return how many units nobody was promised: the reserve, and what channels have not sold yet."""
        return self.reserve[sku] + sum(max(0, left(one, self._node, sku)) for one in self._channels.values())

    def heard(self, channel: str, sku: Sku, units: Units) -> None:
        """Take note of *units* that *channel* sold: out of its part, or out of the reserve when it has none."""
        if channel in self._channels:
            self._told[channel, sku] -= units
        else:
            self.reserve[sku] -= units

    def told_left(self, channel: str, sku: Sku) -> Units:
        """Return what *channel* would have left if nothing were under way."""
        return self._told[channel, sku]

    def offered(self, channel: str, figures: Mapping[Sku, Units]) -> None:
        """Take back into the reserve what policies kept from the part of *channel*."""
        if channel in self._channels:
            for sku, units in figures.items():
                self.reserve[sku] += self._told[channel, sku] - units
                self._told[channel, sku] = units

    def part(self, channel: LiveChannel, left: Left, safety_units: Units, share: Share) -> dict[Sku, Units]:
        """Return what *channel* may sell from now on; units move between it and the reserve only, which keeps *safety_units*.

        *share* returns what is due to the channel of so many units of a SKU.
        """
        self._channels[channel.code] = channel
        parts: dict[Sku, Units] = {}
        for sku in self.book:
            has = left(channel, self._node, sku)
            total = self.reserve[sku] + sum(left(one, self._node, sku) for one in self._channels.values())
            safety = min(safety_units, max(0, total) // SAFETY_SHARE_MAX)
            fair = share(sku, max(0, total - safety))
            wished = fair if fair < has else has + max(0, min(fair - has, self.reserve[sku] - safety))
            self.reserve[sku] += has - wished
            self._told[channel.code, sku] = wished
            parts[sku] = max(0, wished)
        return parts
