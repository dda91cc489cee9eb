"""Orders: imported, confirmed, and handed to their node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.governed.house import Case, House
from connectors.governed.policy import Policy
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery
from rehearsal.odoo import verbs


class Orders:
    """What becomes of an order when it arrives."""

    def __init__(self, house: House, rules: Policy) -> None:
        self._house = house
        self._rules = rules
        self._inbox: dict[str, list[Delivery]] = defaultdict(list)

    def take(self, delivery: Delivery, erp: Erp) -> Steps:
        """Import, with what else goes along at the node."""
        event = delivery.event
        self._inbox[event.node].append(delivery)
        with self._rules.turn(event.node, erp) as turn:
            yield turn
            together = self._rules.along(self._inbox[event.node], delivery)
            if together:
                yield from self._import(together, event.node, erp)
        return [self._house.cases[event.order].open_request]

    def _import(self, deliveries: Sequence[Delivery], node: str, erp: Erp) -> Steps:
        orders = tuple(one.event.order for one in deliveries)
        partners = yield from self.know_customers(deliveries, erp)
        fields, rows = self.rows(deliveries, partners, node)
        made = yield from verbs.insist(erp, verbs.upsert("sale.order", fields, rows, "upsert sale orders", orders))
        yield from verbs.insist(erp, verbs.confirm(made["ids"], orders))
        dates = [[self._sale_id(one), verbs.stamp(self._house.begins, one.event.at_s)] for one in deliveries]
        yield from verbs.insist(erp, verbs.upsert("sale.order", ["id", "date_order"], dates, "date sale orders", orders))
        for one, sale, partner in zip(deliveries, made["ids"], partners, strict=True):
            self._house.cases[one.event.order] = Case.of(one.event, sale, node, partner)
            self._house.heard(one)

    def rows(self, deliveries: Sequence[Delivery], partners: Sequence[int], node: str) -> tuple[list[str], list[list[Any]]]:
        """Return one row per line, and their columns; the order's own columns are filled in its first row only."""
        head = ["id", "client_order_ref", "origin", "partner_id/.id", "warehouse_id/.id"]
        body = [
            "order_line/id",
            "order_line/product_id/.id",
            "order_line/product_uom_qty",
            "order_line/price_unit",
            "order_line/route_ids/.id",
        ]
        directory = self._house.directory
        rows: list[list[Any]] = []
        for one, partner in zip(deliveries, partners, strict=True):
            event = one.event
            route = str(directory.routes[node]) if self._rules.stages(event.data["mode"]) else ""
            own = [self._sale_id(one), event.order, event.channel, str(partner), str(directory.warehouses[node]["id"])]
            for place, line in enumerate(event.data["lines"]):
                rows.append(
                    [
                        *(own if place == 0 else [""] * len(head)),
                        self._rules.identity("sale_line", f"{event.order}-{line['line']}", one),
                        str(directory.products[line["sku"]]),
                        line["units"],
                        f"{line['price_minor'] / 100:.2f}",
                        route,
                    ]
                )
        return head + body, rows

    def know_customers(self, deliveries: Iterable[Delivery], erp: Erp) -> Steps:
        """Return the customer of each order in Odoo, by the shopper's identity; who is not there yet is created."""
        named = [(self._rules.identity("customer", one.event.data["customer"]["id"], one), one.event) for one in deliveries]
        strangers = {key: event.data["customer"] for key, event in named if key not in self._house.partners}
        if strangers:
            fields = ["id", "name", "email", "phone", "street", "city", "zip", "ref"]
            rows = [
                [key, who["name"], who["email"], who["phone"], who["street"], who["city"], who["postcode"], who["id"]]
                for key, who in strangers.items()
            ]
            made = yield from verbs.insist(erp, verbs.upsert("res.partner", fields, rows, "upsert customers"))
            self._house.partners.update(zip(strangers, made["ids"], strict=True))
        return [self._house.partners[key] for key, _ in named]

    def _sale_id(self, delivery: Delivery) -> str:
        return self._rules.identity("sale", delivery.event.order, delivery)
