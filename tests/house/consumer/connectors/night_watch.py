"""A connector that pushes: figures go out at the top of every hour, and nobody asks it for any."""

from __future__ import annotations

from typing import Any

from rehearsal import project
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery
from rehearsal.odoo import verbs
from rehearsal.odoo.directory import read_directory
from rehearsal.scenario import Scenario
from rehearsal.stage.outside import Outside

HOUR_S = 3600.0


class Connector:
    """Leaves events to the governed connector, and tells channels half of what is free, once an hour."""

    def __init__(self, scenario: Scenario) -> None:
        self._governed: Any = project.connector("governed")(scenario)
        self._channels = {
            code: {node for way in channel.fulfilment.values() for node in way.nodes} for code, channel in scenario.channels.items()
        }
        self._outside: Outside | None = None

    def start(self, erp: Erp, outside: Outside) -> Steps:
        """Get ready, and begin to push."""
        yield from self._governed.start(erp)
        self._directory = yield from read_directory(erp)
        self._outside = outside
        yield from self.push(erp)
        outside.every(HOUR_S, self.push)

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Handle an event as the governed connector does."""
        return (yield from self._governed.receive(delivery, erp))

    def push(self, erp: Erp) -> Steps:
        """Tell every channel half of what is free at each of its nodes, rounded down."""
        assert self._outside is not None
        sku = {res_id: sku for sku, res_id in self._directory.products.items()}
        for node, house in self._directory.warehouses.items():
            rows = yield from verbs.insist(erp, verbs.stock_at(house["id"], list(sku), "free_qty"))
            half = {sku[row["id"]]: max(0, int(row["free_qty"]) // 2) for row in rows}
            for channel, nodes in self._channels.items():
                if node in nodes:
                    self._outside.publish(channel, node, half)
