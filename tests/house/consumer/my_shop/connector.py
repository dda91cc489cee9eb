"""A customer's own connector: the bundled governed one, under another name and with a policy of the shop's own."""

from __future__ import annotations

from typing import Any

from rehearsal import project
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery
from rehearsal.scenario import Scenario
from rehearsal.stage.market import LiveChannel


class Shop:
    """Delegates to the governed connector; `piece_in_the_window` keeps a piece of everything unoffered."""

    def __init__(self, scenario: Scenario) -> None:
        self._governed: Any = project.connector("governed")(scenario)

    def start(self, erp: Erp) -> Steps:
        """Begin as the governed connector does."""
        return (yield from self._governed.start(erp))

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Handle an event as the governed connector does."""
        return (yield from self._governed.receive(delivery, erp))

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return the governed connector's figures."""
        return (yield from self._governed.publish(channel, erp, node))
