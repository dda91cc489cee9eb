"""Liars about orders: whether they are in Odoo, once, as agreed, and whose they are."""

from __future__ import annotations

from dataclasses import replace

from connectors._fulfilment import taken_back
from connectors.governed import Connector
from connectors.governed.house import external
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, Event, EventKind, Operation
from rehearsal.odoo import verbs
from tests.liars.meddling import Meddler, with_arguments, with_column

IMPORT = "upsert sale orders"
HOURS = 3600.0


class HandlesEverySecondEvent(Connector):
    """Answers every event with thanks, and handles every other one."""

    arrived = 0

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Skip the first, the third, the fifth."""
        self.arrived += 1
        if self.arrived % 2:
            return None
        return (yield from super().receive(delivery, erp))


class SwallowsErrors(Meddler):
    """Its import names a field that Odoo does not have, and nobody is told."""

    def asked(self, operation: Operation) -> Operation | None:
        """Import into a field that is not there."""
        if operation.name != IMPORT:
            return operation
        fields = ["x_reference" if field == "client_order_ref" else field for field in operation.arguments["fields"]]
        return with_arguments(operation, fields=fields)

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Log nothing, raise nothing."""
        try:
            return (yield from super().receive(delivery, erp))
        except Exception:
            return None


class CancelsEverything(Meddler):
    """Cancels and refunds each order as soon as it is in, cleanly, in Odoo and outside."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Import, cancel, refund."""
        instructions = yield from super().receive(delivery, erp)
        if delivery.event.kind is not EventKind.ORDER_PLACED:
            return instructions
        case = self.house.cases[delivery.event.order]
        yield from verbs.insist(erp, verbs.cancel([case.sale], (delivery.event.order,)))
        for sku, units in case.units.items():
            self.house.pools[case.node].give_back(sku, units)
        return taken_back(case.event)


class EditsPrices(Meddler):
    """Rounds every price up to whole money."""

    def asked(self, operation: Operation) -> Operation | None:
        """Import with other prices than agreed."""
        if operation.name != IMPORT:
            return operation
        return with_column(operation, "order_line/price_unit", lambda price: f"{float(price) + 0.01:.2f}")


def _shorter(event: Event) -> Event:
    lines = event.data["lines"]
    return replace(event, data={**event.data, "lines": lines[: max(1, len(lines) - 1)]})


class CreatesACustomerPerOrder(Meddler):
    """Whoever orders is a new customer, also who has an account."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Create one before the order is looked at."""
        if delivery.event.kind is EventKind.ORDER_PLACED:
            who = delivery.event.data["customer"]
            person = {"name": who["name"], "email": who["email"], "ref": who["id"]}
            (partner,) = yield from verbs.insist(erp, verbs.create_partner(person, delivery.event.order))
            self.house.partners[external("customer", who["id"])] = partner
        return (yield from super().receive(delivery, erp))


class PutsEveryOrderOnOneCustomer(Meddler):
    """All orders belong to a collective debtor."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Take every shopper for the first customer that there is."""
        if delivery.event.kind is EventKind.ORDER_PLACED:
            collective = min(self.house.directory.customers.values())
            self.house.partners[external("customer", delivery.event.data["customer"]["id"])] = collective
        return (yield from super().receive(delivery, erp))
