"""Liars about orders: whether they are in Odoo, once, as agreed, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from connectors._fulfilment import taken_back
from connectors.governed import Connector
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, Event, EventKind, Operation
from rehearsal.odoo import verbs
from tests.liars.meddling import Meddler, with_column

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


class SwallowsErrors(Connector):
    """Its import names a field that Odoo does not have, and nobody is told."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Log nothing, raise nothing."""
        try:
            return (yield from super().receive(delivery, erp))
        except Exception:
            return None

    def _rows(self, events: Sequence[Event], node: str) -> tuple[list[str], list[list[Any]]]:
        fields, rows = super()._rows(events, node)
        return ["x_reference" if field == "client_order_ref" else field for field in fields], rows


class CancelsEverything(Meddler):
    """Cancels and refunds each order as soon as it is in, cleanly, in Odoo and outside."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Import, cancel, refund."""
        instructions = yield from super().receive(delivery, erp)
        if delivery.event.kind is not EventKind.ORDER_PLACED:
            return instructions
        case = self.cases[delivery.event.order]
        yield from verbs.insist(erp, verbs.cancel([case.sale], (delivery.event.order,)))
        for sku, units in case.units.items():
            self.pools[case.node].give_back(sku, units)
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

    def _know_customers(self, events: Iterable[Event], erp: Erp) -> Steps:
        for event in events:
            who = event.data["customer"]
            person = {"name": who["name"], "email": who["email"], "ref": who["id"]}
            (self.directory.customers[who["id"]],) = yield from verbs.insist(
                erp, verbs.create_partner(person, event.order)
            )


class PutsEveryOrderOnOneCustomer(Meddler):
    """All orders belong to a collective debtor."""

    def _know_customers(self, events: Iterable[Event], erp: Erp) -> Steps:
        yield from super()._know_customers(events, erp)
        collective = min(self.directory.customers.values())
        self.directory.customers.update((event.data["customer"]["id"], collective) for event in events)
