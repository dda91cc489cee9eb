"""The shop's own connector: a rating is written on its order in Odoo; all else is left to the governed one."""

from __future__ import annotations

from typing import Any

from rehearsal import project
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, Event
from rehearsal.odoo import verbs
from rehearsal.scenario import Scenario
from rehearsal.stage.market import LiveChannel

RATED = "kiosk.rated"
PAUSE_S = 600.0
LOOKS_MAX = 48
"""A rating may come before its order does: eight hours of scenario time until somebody should know."""


class Connector:
    """Three handlers; each is a generator that asks Odoo by ``yield``."""

    def __init__(self, scenario: Scenario) -> None:
        self.inner: Any = project.connector("governed")(scenario)

    def start(self, erp: Erp) -> Steps:
        """Get ready, before the doors open."""
        return (yield from self.inner.start(erp))

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return what *channel* may sell from *node* as of now."""
        return (yield from self.inner.publish(channel, erp, node))

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Handle one arrival of an event; return the instructions that follow, or None."""
        if delivery.event.kind == RATED:
            yield from self._note(delivery.event, erp)
            return None
        return (yield from self.inner.receive(delivery, erp))

    def _note(self, event: Event, erp: Erp) -> Steps:
        """Write the stars on the order; twice does no harm."""
        for _ in range(LOOKS_MAX):
            sales = yield from verbs.insist(erp, verbs.sales_of([event.order]))
            if sales:
                note = {"note": f"{event.data['stars']} of 5 stars"}
                yield from verbs.insist(erp, verbs.write("sale.order", [sales[0]["id"]], note, "write rating", (event.order,)))
                return
            yield erp.env.timeout(PAUSE_S)
        raise LookupError(f"no sale order for {event.order}, {LOOKS_MAX * PAUSE_S / 3600:g} hours after its rating")
