"""The naive connector: how integrations are often first written. Every line of it works on a quiet day.

It reacts to each arrival on its own: no memory, no idempotency key, no waiting for what must come
first. It publishes what Odoo says lies on the shelf, to every channel, in full. An error is somebody
else's problem. Refunds go to the card, through one journal.
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from connectors._fulfilment import known_tender
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, Event, EventKind, Instruction, InstructionKind
from rehearsal.odoo import verbs
from rehearsal.odoo.directory import Directory, read_directory
from rehearsal.odoo.tickets import ticket
from rehearsal.scenario import Scenario
from rehearsal.stage.market import LiveChannel


class Connector:
    """One handler per kind of event; none knows of the others."""

    ask = staticmethod(verbs.must)
    """How Odoo is asked: once; who says no, or nothing, is somebody else's problem."""

    def __init__(self, scenario: Scenario) -> None:
        self.begins = scenario.begins
        self.tax_percent = scenario.catalogue.tax_percent
        self.directory = Directory()

    def start(self, erp: Erp) -> Steps:
        """Read the ids once."""
        self.directory = yield from read_directory(erp)

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return everything that the books say lies at *node*, whoever else sells it."""
        house = self.directory.warehouses[node]["id"]
        rows = yield from self.ask(erp, verbs.stock_at(house, list(self.directory.products.values()), "qty_available"))
        sku = {res_id: sku for sku, res_id in self.directory.products.items()}
        return {sku[row["id"]]: max(0, int(row["qty_available"])) for row in rows}

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Do what the event says, now."""
        event = delivery.event
        match event.kind:
            case EventKind.ORDER_PLACED:
                return (yield from self._import(event, erp))
            case EventKind.PAYMENT_CAPTURED:
                yield from self._book(event, erp)
            case EventKind.PICK_DECLINED:
                return (yield from self._give_up(event, erp))
            case EventKind.GOODS_ISSUED | EventKind.PICKUP_COLLECTED:
                yield from self._ship(event, erp)
            case EventKind.PARCEL_SCANNED | EventKind.PARCEL_DELIVERED:
                yield from self._track(event, erp)
            case EventKind.TILL_OPENED:
                yield from self._open_till(event, erp)
            case EventKind.TICKET_CLOSED:
                yield from self._sync(delivery, erp)
            case EventKind.TILL_CLOSED:
                yield from self._close_till(event, erp)
        return None

    def _partner(self, event: Event, erp: Erp) -> Steps:
        """Create the shopper as a customer, whoever is there already."""
        who = event.data["customer"]
        person = {
            "name": who["name"],
            "email": who["email"],
            "phone": who["phone"],
            "street": who["street"],
            "city": who["city"],
            "zip": who["postcode"],
        }
        (partner,) = yield from self.ask(erp, verbs.create_partner(person, event.order))
        return partner

    def _import(self, event: Event, erp: Erp) -> Steps:
        partner = yield from self._partner(event, erp)
        vals = {
            "partner_id": partner,
            "warehouse_id": self.directory.warehouses[event.node]["id"],
            "client_order_ref": event.order,
            "origin": event.channel,
            "order_line": [(0, 0, self._line(line)) for line in event.data["lines"]],
        }
        (sale,) = yield from self.ask(erp, verbs.create_order(vals, event.order))
        yield from self.ask(erp, verbs.confirm([sale], (event.order,)))
        when = {"date_order": verbs.stamp(self.begins, event.at_s)}
        yield from self.ask(erp, verbs.write("sale.order", [sale], when, "date sale order", (event.order,)))
        return [self._request(event, sale)]

    def _request(self, event: Event, sale: int) -> Instruction:
        lines = [{"sku": line["sku"], "units": line["units"]} for line in event.data["lines"]]
        return Instruction(
            InstructionKind.FULFIL,
            event.node,
            event.channel,
            event.order,
            {"request": f"SO{sale}", "mode": event.data["mode"], "lines": lines, "patience_s": event.data["patience_s"]},
        )

    def _line(self, line: dict[str, Any]) -> dict[str, Any]:
        """The list price with a discount in per cent: Odoo keeps two decimals of it."""
        percent = round(100 * (1 - line["price_minor"] / line["list_minor"]), 2)
        return {
            "product_id": self.directory.products[line["sku"]],
            "product_uom_qty": line["units"],
            "price_unit": line["list_minor"] / 100,
            "discount": percent,
        }

    def _find(self, event: Event, erp: Erp) -> Steps:
        rows = yield from self.ask(erp, verbs.sales_of([event.order], ["id", "name", "state", "partner_id"]))
        if not rows:
            raise LookupError(f"no sale order for {event.order}")
        return rows[-1]

    def _book(self, event: Event, erp: Erp) -> Steps:
        sale = yield from self._find(event, erp)
        journal = self.directory.journals[event.data["tender"]]
        yield from self._pay(event, erp, sale, journal, event.data["amount_minor"], event.data["reference"], inbound=True)

    def _pay(
        self, event: Event, erp: Erp, sale: dict[str, Any], journal: int, amount_minor: int, reference: str, *, inbound: bool
    ) -> Steps:
        vals = verbs.payment(
            partner=sale["partner_id"][0],
            amount_minor=amount_minor,
            journal=journal,
            date=verbs.day(self.begins, event.at_s),
            order=event.order,
            reference=reference,
            inbound=inbound,
        )
        ids = yield from self.ask(erp, verbs.create_payments([vals], (event.order,)))
        yield from self.ask(erp, verbs.post_payments(ids, (event.order,)))

    def _give_up(self, event: Event, erp: Erp) -> Steps:
        """The shelf is empty: cancel, and give the whole amount back to the card."""
        sale = yield from self._find(event, erp)
        yield from self.ask(erp, verbs.cancel([sale["id"]], (event.order,)))
        totals = yield from self.ask(
            erp, verbs.search("sale.order", [("id", "=", sale["id"])], ["amount_total"], "read order total", (event.order,))
        )
        amount = round(totals[0]["amount_total"] * 100)
        tender = known_tender(self.directory)
        journal = self.directory.journals[tender]
        yield from self._pay(event, erp, sale, journal, amount, f"RF-{event.order}", inbound=False)
        refund = {"tender": tender, "amount_minor": amount, "reference": f"RF-{event.order}"}
        return [
            Instruction(InstructionKind.CANCEL, event.channel, event.channel, event.order, {"reason": "out of stock"}),
            Instruction(InstructionKind.REFUND, "gateway", event.channel, event.order, refund),
        ]

    def _open_transfers(self, event: Event, erp: Erp) -> Steps:
        sale = yield from self._find(event, erp)
        rows = yield from self.ask(erp, verbs.transfers_of([sale["id"]], (event.order,)))
        return [row["id"] for row in rows if row["state"] not in ("done", "cancel")]

    def _ship(self, event: Event, erp: Erp) -> Steps:
        """Make the transfer done; whether Odoo really did is not looked at."""
        transfers = yield from self._open_transfers(event, erp)
        if transfers:
            if "tracking" in event.data:
                track = {"carrier_tracking_ref": event.data["tracking"]}
                yield from self.ask(erp, verbs.write("stock.picking", transfers, track, "write tracking", (event.order,)))
            yield erp.ask(verbs.validate(transfers, (event.order,)))

    def _track(self, event: Event, erp: Erp) -> Steps:
        """The last event that arrives wins."""
        rows = yield from self.ask(
            erp,
            verbs.search(
                "stock.picking", [("carrier_tracking_ref", "=", event.data["tracking"])], ["id"], "find parcel", (event.order,)
            ),
        )
        if rows:
            status = {"note": event.data["status"]}
            yield from self.ask(erp, verbs.write("stock.picking", [rows[0]["id"]], status, "write parcel status", (event.order,)))

    def _session(self, event: Event, erp: Erp) -> Steps:
        rows = yield from self.ask(erp, verbs.session_of(self.directory.tills[event.channel]))
        if not rows[0]["current_session_id"]:
            raise LookupError(f"till {event.channel} has no open session")
        return rows[0]["current_session_id"][0]

    def _open_till(self, event: Event, erp: Erp) -> Steps:
        yield from self.ask(erp, verbs.open_session(self.directory.tills[event.channel]))
        session = yield from self._session(event, erp)
        yield from self.ask(erp, verbs.set_opening(session, event.data["float_minor"]))

    def _sync(self, delivery: Delivery, erp: Erp) -> Steps:
        event = delivery.event
        session = yield from self._session(event, erp)
        made_up = str(uuid5(NAMESPACE_URL, f"{event.id}:{delivery.attempt}"))
        vals = ticket(event, session, self.directory, made_up, self.tax_percent, verbs.stamp(self.begins, event.at_s))
        yield from self.ask(erp, verbs.sync_tickets([vals], (event.order,)))

    def _close_till(self, event: Event, erp: Erp) -> Steps:
        session = yield from self._session(event, erp)
        yield from self.ask(erp, verbs.count_drawer(session, event.data["counted_minor"]))
        yield from self.ask(erp, verbs.prepare_closing(session))
        yield from self.ask(erp, verbs.close_session(session))
