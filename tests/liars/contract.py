"""Liars about the contract itself: what they return, yield, raise, and what they do to the process."""

from __future__ import annotations

import sys

from connectors.governed import Connector
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, EventKind
from rehearsal.scenario import Scenario
from rehearsal.stage.outside import Outside


class RaisesWhenMade(Connector):
    """Wants a setting that is not there."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        raise KeyError("SHOP_API_KEY")


class RaisesAtTheStart(Connector):
    """Cannot get ready."""

    def start(self, erp: Erp, outside: Outside | None = None) -> Steps:
        """Read the ids, and give up."""
        yield from super().start(erp, outside)
        raise ConnectionError("the middleware is away")


class ExitsInReceive(Connector):
    """Ends the process with success, before anybody looks."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Leave at the first parcel."""
        if delivery.event.kind is EventKind.GOODS_ISSUED:
            sys.exit(0)
        return (yield from super().receive(delivery, erp))


class Hangs(Connector):
    """Waits for an answer in a loop, and lets nobody else do anything."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Neither yield nor return, at the first parcel."""
        while delivery.event.kind is EventKind.GOODS_ISSUED and delivery.event.order.startswith("MARKETPLACE"):
            pass
        return (yield from super().receive(delivery, erp))
