"""Liars about goods: what is picked, shipped, counted and where."""

from __future__ import annotations

from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, EventKind, Instruction, InstructionKind, Operation
from rehearsal.odoo import verbs
from tests.liars.meddling import Meddler, with_arguments, with_data

HOURS = 3600.0
AGAIN = "-again"
"""Ends the request of a second shipment, of which the books shall not hear."""


class ShipsNothing(Meddler):
    """Imports, confirms and books, and asks nobody to pick."""

    def told(self, instructions: list[Instruction]) -> list[Instruction]:
        """Keep requests to ourselves."""
        return [one for one in instructions if one.kind is not InstructionKind.FULFIL]


class ShipsTwice(Meddler):
    """Asks for each parcel under two names, and does not look at what becomes of the second."""

    def told(self, instructions: list[Instruction]) -> list[Instruction]:
        """Ask again, under a name that the node does not know yet."""
        again = [
            with_data(one, request=f"{one.data['request']}{AGAIN}")
            for one in instructions
            if one.kind is InstructionKind.FULFIL and one.recipient == "dc"
        ]
        return [*instructions, *again]

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Hear nothing of the second shipment."""
        if str(delivery.event.data.get("request", "")).endswith(AGAIN):
            return None
        return (yield from super().receive(delivery, erp))


class ShipsTheWrongGoods(Meddler):
    """Odoo has what was ordered; the picker is asked for something else."""

    def told(self, instructions: list[Instruction]) -> list[Instruction]:
        """Name the next article of the catalogue in every parcel from the distribution centre."""
        return [
            with_data(one, lines=[{**line, "sku": self._other(line["sku"])} for line in one.data["lines"]])
            if one.kind is InstructionKind.FULFIL and one.recipient == "dc"
            else one
            for one in instructions
        ]

    def _other(self, sku: str) -> str:
        known = sorted(self.house.directory.products)
        return known[(known.index(sku) + 1) % len(known)]


class AsksLate(Meddler):
    """The request to the node waits for more than a day in some queue."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Import at once, and answer after 30 hours."""
        instructions = yield from super().receive(delivery, erp)
        if delivery.event.kind is EventKind.ORDER_PLACED:
            yield erp.env.timeout(30 * HOURS)
        return instructions


class SellsFromTheWrongNode(Meddler):
    """The store ships; Odoo has the order at the distribution centre."""

    from_stores: frozenset[str] = frozenset()

    def asked(self, operation: Operation) -> Operation | None:
        """Import what stores ship with another warehouse."""
        if operation.name != "upsert sale orders" or "warehouse_id/.id" not in operation.arguments["fields"]:
            return operation
        fields = list(operation.arguments["fields"])
        place, ref = fields.index("warehouse_id/.id"), fields.index("client_order_ref")
        central = str(self.house.directory.warehouses["dc"]["id"])
        rows = [
            [central if n == place and row[ref] in self.from_stores else value for n, value in enumerate(row)]
            for row in operation.arguments["data"]
        ]
        return with_arguments(operation, data=rows)

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Remember what stores are to ship."""
        event = delivery.event
        if event.kind is EventKind.ORDER_PLACED and event.data["mode"] == "ship_from_store":
            self.from_stores |= {event.order}
        return (yield from super().receive(delivery, erp))


class IgnoresEmptyShelves(Meddler):
    """A declined pick is somebody else's problem."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Take note, and do nothing."""
        if delivery.event.kind is EventKind.PICK_DECLINED:
            return None
        return (yield from super().receive(delivery, erp))


class CountsAShelfAtWill(Meddler):
    """Writes a piece off that lies where it should, once in the evening."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Count after the first till has closed."""
        instructions = yield from super().receive(delivery, erp)
        if delivery.event.kind is EventKind.TILL_CLOSED and delivery.event.channel == "till_1":
            yield from self._counted(erp, "dc", max(self.house.directory.products), -1)
        return instructions

    def _counted(self, erp: Erp, node: str, sku: str, change: int) -> Steps:
        """Set what Odoo has of *sku* to *change* more than it is."""
        product, place = self.house.directory.products[sku], self.house.directory.warehouses[node]["lot_stock_id"]
        with self.rules.turn(node, erp) as turn:
            yield turn
            domain = [("product_id", "=", product), ("location_id", "=", place)]
            rows = yield from verbs.insist(erp, verbs.search("stock.quant", domain, ["quantity"]))
            units = int(sum(row["quantity"] for row in rows)) + change
            counted = yield from verbs.insist(erp, verbs.count_shelf(product, place, units))
            yield from verbs.insist(erp, verbs.apply_count(counted))
