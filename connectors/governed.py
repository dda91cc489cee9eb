"""The governed connector: the same technology as the naive one, under another operating design.

* Reservation precedence: a unit is given to one channel before anyone may sell it (`_allocation`).
* Pickup is a state of its own: goods move to a pickup shelf, then to the customer.
* One writer per node: Odoo over-reserves when two transactions want the last unit at once.
* Upsert by external id, so a second arrival changes nothing; in batches, since Odoo rewards them.
* Events are ordered by what they need, not by when they arrive: a payment waits for its order.
* An empty shelf is an exception with an owner and a deadline: write off, re-route, or cancel and refund.
* Refunds go back by tender and channel, and are booked when the gateway says that money moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy

from connectors._allocation import Pool
from connectors._fulfilment import hand_over, taken_back, write_off
from rehearsal.clock import Erp, Steps
from rehearsal.market import LiveChannel
from rehearsal.model import Delivery, Event, EventKind, Instruction, InstructionKind
from rehearsal.odoo import verbs
from rehearsal.odoo.directory import Directory, read_directory
from rehearsal.odoo.tickets import ticket, ticket_uuid
from rehearsal.scenario import Scenario

SAFETY_UNITS = {"store": 1, "distribution_centre": 2}
BOOKING_EVERY_S = 900.0
"""Payments are booked together, a quarter of an hour's worth at a time."""
PARK_S = 60.0
PARK_TRIES_MAX = 60 * 24 * 3
"""An event waits three days for what must come first, then it is a dead letter with a name."""
PAYMENT = [
    "id", "payment_type", "partner_type", "partner_id/.id", "amount", "journal_id/.id", "date", "memo", "payment_reference",
]  # fmt: skip
AGAIN = ["product_uom_qty", "price_unit", "discount"]
ISSUED = (EventKind.GOODS_ISSUED, EventKind.PICKUP_COLLECTED)


@dataclass(slots=True)
class Case:
    """One order, from its first arrival to its end, as this connector knows it."""

    event: Event
    sale: int = 0
    name: str = ""
    node: str = ""
    partner: int = 0
    attempt: int = 1
    done: set[str] = field(default_factory=set)
    """Effects already caused, by name: the idempotency memory."""
    parcel_at_s: float = -1.0

    @property
    def units(self) -> dict[str, int]:
        """Units per SKU."""
        wanted: dict[str, int] = defaultdict(int)
        for line in self.event.data["lines"]:
            wanted[line["sku"]] += line["units"]
        return dict(wanted)


class Connector:
    """Keeps a case per order, a pool per node, and one writer per node."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.begins = scenario.begins
        self.directory = Directory()
        self.cases: dict[str, Case] = {}
        self.seen: set[str] = set()
        self.pools = {
            code: Pool(scenario, code, int(scenario.options.get("safety_units", SAFETY_UNITS.get(node.kind, 0))))
            for code, node in scenario.nodes.items()
        }
        self.writers: dict[str, simpy.Resource] = {}
        self.inbox: dict[str, list[Event]] = defaultdict(list)
        self.money: list[tuple[Event, bool]] = []
        self.tickets: dict[str, list[Event]] = defaultdict(list)
        self.synced: dict[tuple[str, int], int] = defaultdict(int)
        self.looked_at_s: dict[str, float] = {}

    def start(self, erp: Erp) -> Steps:
        """Read the ids, and take stock of every node."""
        self.directory = yield from read_directory(erp)
        self.writers = {node: simpy.Resource(erp.env) for node in self.pools}
        for node in self.pools:
            yield from self._look(erp, node)

    # -- publishing --------------------------------------------------------------------------------

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return the part of *channel*; Odoo is read first, at most once per round and node."""
        if erp.env.now - self.looked_at_s.get(node, -1e9) >= channel.spec.publish_every:
            yield from self._look(erp, node)
        return self.pools[node].part(channel)

    def _look(self, erp: Erp, node: str) -> Steps:
        """Read on-hand stock while nobody writes at *node*, so that the figure and our memory are of one instant."""
        with self.writers[node].request() as turn:
            yield turn
            self.looked_at_s[node] = erp.env.now
            house = self.directory.warehouses[node]["id"]
            rows = yield from verbs.insist(
                erp, verbs.stock_at(house, list(self.directory.products.values()), "qty_available")
            )
        sku = {res_id: sku for sku, res_id in self.directory.products.items()}
        self.pools[node].see({sku[row["id"]]: int(row["qty_available"]) for row in rows})

    # -- events ------------------------------------------------------------------------------------

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Handle an event once, however often it arrives."""
        event = delivery.event
        if event.id in self.seen:
            return None
        self.seen.add(event.id)
        match event.kind:
            case EventKind.ORDER_PLACED:
                return (yield from self._import(event, erp))
            case EventKind.PAYMENT_CAPTURED | EventKind.REFUND_PAID:
                yield from self._book(event, erp)
            case EventKind.PICK_DECLINED:
                return (yield from self._except(event, erp))
            case EventKind.PICKUP_STAGED | EventKind.GOODS_ISSUED | EventKind.PICKUP_COLLECTED:
                yield from self._move(event, erp)
            case EventKind.PARCEL_SCANNED | EventKind.PARCEL_DELIVERED:
                yield from self._track(event, erp)
            case EventKind.TILL_OPENED:
                yield from self._open_till(event, erp)
            case EventKind.TICKET_CLOSED:
                yield from self._sync(event, erp)
            case EventKind.TILL_CLOSED:
                yield from self._close_till(event, erp)
        return None

    def _until(self, erp: Erp, ready: Callable[[], bool], what: str) -> Steps:
        """Park an event until what it needs is there."""
        for _ in range(PARK_TRIES_MAX):
            if ready():
                return
            yield erp.env.timeout(PARK_S)
        raise TimeoutError(f"waited {PARK_S * PARK_TRIES_MAX / 3600:g} h for {what}")

    # -- orders ------------------------------------------------------------------------------------

    def _import(self, event: Event, erp: Erp) -> Steps:
        """Import with everything else that waits at the node: the first in line takes all along."""
        self.inbox[event.node].append(event)
        with self.writers[event.node].request() as turn:
            yield turn
            waiting, self.inbox[event.node] = self.inbox[event.node], []
            if waiting:
                yield from self._import_batch(waiting, event.node, erp)
        case = self.cases[event.order]
        return [self._request(case)]

    def _import_batch(self, events: Sequence[Event], node: str, erp: Erp) -> Steps:
        orders = tuple(event.order for event in events)
        yield from self._know_customers(events, erp)
        fields, rows = self._rows(events, node)
        made = yield from verbs.insist(erp, verbs.upsert("sale.order", fields, rows, "upsert sale orders", orders))
        yield from verbs.insist(erp, verbs.confirm(made["ids"], orders))
        dates = [[_external("sale", event.order), verbs.stamp(self.begins, event.at_s)] for event in events]
        yield from verbs.insist(
            erp, verbs.upsert("sale.order", ["id", "date_order"], dates, "date sale orders", orders)
        )
        for event, sale in zip(events, made["ids"], strict=True):
            partner = self.directory.customers[event.data["customer"]["id"]]
            self.cases[event.order] = Case(event, sale, f"SO{sale}", node, partner)

    def _rows(self, events: Sequence[Event], node: str) -> tuple[list[str], list[list[Any]]]:
        """One row per line; the order's own columns are filled in its first row only."""
        head = ["id", "client_order_ref", "origin", "partner_id/.id", "warehouse_id/.id"]
        body = [
            "order_line/id",
            "order_line/product_id/.id",
            "order_line/product_uom_qty",
            "order_line/price_unit",
            "order_line/route_ids/.id",
        ]
        rows: list[list[Any]] = []
        for event in events:
            partner = self.directory.customers[event.data["customer"]["id"]]
            house = self.directory.warehouses[node]["id"]
            pickup = event.data["mode"] == "pickup_in_store"
            route = str(self.directory.routes[node]) if pickup else ""
            for place, line in enumerate(event.data["lines"]):
                first = [_external("sale", event.order), event.order, event.channel, str(partner), str(house)]
                rows.append([
                    *(first if place == 0 else [""] * len(head)),
                    _external("sale_line", f"{event.order}-{line['line']}"), str(self.directory.products[line["sku"]]),
                    line["units"], f"{line['price_minor'] / 100:.2f}", route,
                ])  # fmt: skip
        return head + body, rows

    def _know_customers(self, events: Iterable[Event], erp: Erp) -> Steps:
        """Upsert shoppers by their identity on the channel: one person, one partner."""
        strangers = {
            event.data["customer"]["id"]: event.data["customer"]
            for event in events
            if event.data["customer"]["id"] not in self.directory.customers
        }
        if not strangers:
            return
        fields = ["id", "name", "email", "phone", "street", "city", "zip", "ref"]
        rows = [[_external("customer", key), who["name"], who["email"], who["phone"], who["street"], who["city"], who["postcode"], key]
                for key, who in strangers.items()]  # fmt: skip
        made = yield from verbs.insist(erp, verbs.upsert("res.partner", fields, rows, "upsert customers"))
        self.directory.customers.update(zip(strangers, made["ids"], strict=True))

    def _request(self, case: Case) -> Instruction:
        event = case.event
        lines = [{"sku": line["sku"], "units": line["units"]} for line in event.data["lines"]]
        return Instruction(
            InstructionKind.FULFIL, case.node, event.channel, event.order,
            {"request": f"{case.name}-{case.attempt}", "mode": event.data["mode"], "lines": lines, "patience_s": event.data["patience_s"]},
        )  # fmt: skip

    # -- goods -------------------------------------------------------------------------------------

    def _move(self, event: Event, erp: Erp) -> Steps:
        """Book what the node says happened: staged, handed over, or issued to the carrier."""
        yield from self._until(erp, lambda: event.order in self.cases, f"order {event.order}")
        case = self.cases[event.order]
        if event.kind is EventKind.PICKUP_COLLECTED:
            yield from self._until(erp, lambda: EventKind.PICKUP_STAGED.value in case.done, f"staging of {event.order}")
        order = (event.order,)
        with self.writers[case.node].request() as turn:
            yield turn
            ready = yield from hand_over(erp, case.sale, event)
            done = {"date_done": verbs.stamp(self.begins, event.at_s)}
            yield from verbs.insist(erp, verbs.write("stock.picking", ready, done, "date transfer", order))
            if event.kind in ISSUED:
                for sku, units in case.units.items():
                    self.pools[case.node].left_the_book(sku, units)
        case.done.add(event.kind.value)

    def _track(self, event: Event, erp: Erp) -> Steps:
        """The youngest fact wins, not the youngest message."""
        yield from self._until(erp, lambda: event.order in self.cases, f"order {event.order}")
        case = self.cases[event.order]
        yield from self._until(erp, lambda: EventKind.GOODS_ISSUED.value in case.done, f"goods issue of {event.order}")
        if event.at_s <= case.parcel_at_s:
            return
        case.parcel_at_s = event.at_s
        find = verbs.search(
            "stock.picking",
            [("carrier_tracking_ref", "=", event.data["tracking"])],
            ["id"],
            "find parcel",
            (event.order,),
        )
        rows = yield from verbs.insist(erp, find)
        if rows and case.parcel_at_s == event.at_s:
            note = {"note": event.data["status"]}
            yield from verbs.insist(
                erp, verbs.write("stock.picking", [rows[0]["id"]], note, "write parcel status", (event.order,))
            )

    # -- exceptions --------------------------------------------------------------------------------

    def _except(self, event: Event, erp: Erp) -> Steps:
        """An empty shelf: write the missing units off, then re-route if anyone has spare ones, else cancel and refund."""
        case, order = self.cases[event.order], (event.order,)
        with self.writers[case.node].request() as turn:
            yield turn
            rows = yield from verbs.insist(erp, verbs.transfers_of([case.sale], order))
            still = [row["id"] for row in rows if row["state"] not in ("done", "cancel")]
            goal = self._elsewhere(case)
            if goal is None:
                yield from verbs.insist(erp, verbs.cancel([case.sale], order))
            else:
                yield from verbs.insist(erp, verbs.cancel_transfers(still, order))
            yield from self._write_off(event, case, erp)
        if goal is None:
            return taken_back(case.event)
        case.node, case.attempt = goal, case.attempt + 1
        with self.writers[goal].request() as turn:
            yield turn
            house = {"warehouse_id": self.directory.warehouses[goal]["id"]}
            yield from verbs.insist(erp, verbs.write("sale.order", [case.sale], house, "move sale order", order))
            find = verbs.search("sale.order.line", [("order_id", "=", case.sale)], AGAIN, "read lines", order)
            for line in (yield from verbs.insist(erp, find)):
                # Writing the same quantity again makes Odoo procure what is missing, now from the new node. It would
                # also put the list price back, so the agreed price is written along.
                again = {figure: line[figure] for figure in AGAIN}
                yield from verbs.insist(
                    erp, verbs.write("sale.order.line", [line["id"]], again, "procure again", order)
                )
        return [self._request(case)]

    def _elsewhere(self, case: Case) -> str | None:
        """Return a node with spare units for a parcel, and take them; pickup customers come to one store only."""
        if case.event.data["mode"] == "pickup_in_store":
            return None
        ways = self.scenario.channels[case.event.channel].fulfilment.values()
        nodes = dict.fromkeys([*(n for way in ways for n in way.nodes), *self.pools])
        return next((node for node in nodes if node != case.node and self.pools[node].take(case.units)), None)

    def _write_off(self, event: Event, case: Case, erp: Erp) -> Steps:
        """Correct the stock record by what the picker did not find; the rest of the promise returns to the reserve."""
        sku, missing = event.data["sku"], (yield from write_off(erp, self.directory, case.node, event))
        pool = self.pools[case.node]
        for wanted, count in case.units.items():
            pool.give_back(wanted, count - (missing if wanted == sku else 0))
        pool.left_the_book(sku, missing)

    # -- money -------------------------------------------------------------------------------------

    def _book(self, event: Event, erp: Erp) -> Steps:
        """Book money that moved, together with all that moved in the same quarter of an hour."""
        yield from self._until(erp, lambda: event.order in self.cases, f"order {event.order}")
        self.money.append((event, event.kind is EventKind.PAYMENT_CAPTURED))
        if len(self.money) > 1:
            return  # whoever came first books for all
        yield erp.env.timeout(BOOKING_EVERY_S)
        booked, self.money = self.money, []
        orders = tuple(e.order for e, _ in booked)
        rows = [self._payment(e, inbound) for e, inbound in booked]
        made = yield from verbs.insist(erp, verbs.upsert("account.payment", PAYMENT, rows, "upsert payments", orders))
        yield from verbs.insist(erp, verbs.post_payments(made["ids"], orders))

    def _payment(self, event: Event, inbound: bool) -> list[Any]:
        """Return the row of one payment; its external id is the gateway's reference."""
        journal, partner = self.directory.journals[event.data["tender"]], self.cases[event.order].partner
        return [
            _external("payment", event.data["reference"]), "inbound" if inbound else "outbound", "customer", str(partner),
            f"{event.data['amount_minor'] / 100:.2f}", str(journal), verbs.day(self.begins, event.at_s), event.order,
            event.data["reference"],
        ]  # fmt: skip

    # -- tills -------------------------------------------------------------------------------------

    def _open_till(self, event: Event, erp: Erp) -> Steps:
        yield from verbs.insist(erp, verbs.open_session(self.directory.tills[event.channel]))
        session = yield from self._session(event, erp)
        yield from verbs.insist(erp, verbs.set_opening(session, event.data["float_minor"]))
        self.synced[event.channel, event.data["day"]] = 0

    def _session(self, event: Event, erp: Erp) -> Steps:
        rows = yield from verbs.insist(erp, verbs.session_of(self.directory.tills[event.channel]))
        return rows[0]["current_session_id"][0]

    def _sync(self, event: Event, erp: Erp) -> Steps:
        """Hand tickets over under their own uuid, all that wait at once."""
        day = int(event.at_s // 86_400) + 1
        yield from self._until(erp, lambda: (event.channel, day) in self.synced, f"opening of {event.channel}")
        self.tickets[event.channel].append(event)
        with self.writers[event.node].request() as turn:
            yield turn
            waiting, self.tickets[event.channel] = self.tickets[event.channel], []
            if not waiting:
                return
            session = yield from self._session(event, erp)
            percent = self.scenario.catalogue.tax_percent
            vals = [
                ticket(e, session, self.directory, ticket_uuid(e), percent, verbs.stamp(self.begins, e.at_s))
                for e in waiting
            ]
            yield from verbs.insist(erp, verbs.sync_tickets(vals, tuple(e.order for e in waiting)))
            for sold in waiting:
                for line in sold.data["lines"]:
                    self.pools[event.node].left_the_book(line["sku"], line["units"])
            self.synced[event.channel, day] += len(waiting)

    def _close_till(self, event: Event, erp: Erp) -> Steps:
        """Close when every ticket of the day is in."""
        key = (event.channel, event.data["day"])
        yield from self._until(
            erp, lambda: self.synced.get(key, -1) >= event.data["tickets"], f"tickets of {event.channel}"
        )
        session = yield from self._session(event, erp)
        yield from verbs.insist(erp, verbs.count_drawer(session, event.data["counted_minor"]))
        yield from verbs.insist(erp, verbs.prepare_closing(session))
        yield from verbs.insist(erp, verbs.close_session(session))


def _external(kind: str, name: str) -> str:
    return f"{verbs.EXTERNAL_MODULE}.{kind}__{name}"
