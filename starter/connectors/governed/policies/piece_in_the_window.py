"""One piece of everything stays in the window, and is offered to nobody."""

from __future__ import annotations

from connectors.governed.policy import Policy
from rehearsal.model import Sku, Units
from rehearsal.stage.market import LiveChannel

PREVENTS = ("small_friday",)


class Rule(Policy):
    """Lies over the bundled policies."""

    def offer(self, channel: LiveChannel, node: str) -> dict[Sku, Units]:
        """Return their figures, less one."""
        return {sku: max(0, units - 1) for sku, units in super().offer(channel, node).items()}
