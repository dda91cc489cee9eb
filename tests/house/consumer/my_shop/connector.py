"""A customer's own connector: the bundled governed one, which offers each channel a little less than it could."""

from __future__ import annotations

from typing import Any

from rehearsal import project
from rehearsal.clock import Erp, Steps
from rehearsal.market import LiveChannel
from rehearsal.model import Delivery
from rehearsal.scenario import Scenario


class Shop:
    """Delegates to the governed connector; ``options: {kept_back: N}`` says how many units stay unoffered."""

    def __init__(self, scenario: Scenario) -> None:
        self._governed: Any = project.connector("governed")(scenario)
        self._kept_back = int(scenario.options.get("kept_back", 0))

    def start(self, erp: Erp) -> Steps:
        """Begin as the governed connector does."""
        return (yield from self._governed.start(erp))

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Handle an event as the governed connector does."""
        return (yield from self._governed.receive(delivery, erp))

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return the governed connector's figures, less what is kept back."""
        offered = yield from self._governed.publish(channel, erp, node)
        return {sku: max(0, units - self._kept_back) for sku, units in offered.items()}
