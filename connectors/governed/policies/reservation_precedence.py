"""A unit is given to one channel before anyone may sell it: every unit at a node belongs to one channel, or to the reserve."""

from __future__ import annotations

from connectors.governed.policy import Policy
from rehearsal.market import LiveChannel
from rehearsal.model import Sku, Units

PREVENTS = ("promo_weekend",)


class Rule(Policy):
    """Shares a node's stock out among its channels."""

    def offer(self, channel: LiveChannel, node: str) -> dict[Sku, Units]:
        """Return the part of *channel*; units move between it and the reserve only."""
        if not self.has_part(channel):
            return super().offer(channel, node)
        return self.house.pools[node].part(channel, self.left, self.safety_units(node))
