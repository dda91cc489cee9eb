"""A unit is given to one channel before anyone may sell it: every unit at a node belongs to one channel, or to the reserve."""

from __future__ import annotations

from connectors.governed.policy import Policy
from rehearsal.model import Sku, Units
from rehearsal.stage.market import LiveChannel

PREVENTS = ("promo_weekend",)
CURES = ("promised_twice",)


class Rule(Policy):
    """Shares a node's stock out among its channels."""

    def offer(self, channel: LiveChannel, node: str) -> dict[Sku, Units]:
        """Return the part of *channel*; units move between it and the reserve only."""
        if not self.has_part(channel):
            return super().offer(channel, node)
        pools, shares, now_s = self.house.pools, self.house.shares, self.house.now_s

        def share(sku: Sku, units: Units) -> Units:
            return shares.of(node, units, lambda other: pools[other].total(sku, self.left), now_s)[channel.code]

        return pools[node].part(channel, self.left, self.safety_units(node), share)
