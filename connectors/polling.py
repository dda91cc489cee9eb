"""The polling connector: what many standard connectors document. Better than the naive one, and not made for a flash sale.

* Orders and everything else are fetched every ten minutes, in order of time; what needs something that is not there yet
  waits for the next round.
* An order is imported once, by its own id; a shopper whose e-mail address Odoo knows is not created again.
* After each round the free quantity of every node is set as the absolute figure of every channel that sells from it: all
  channels get all of it, and what they sell until the next round is in no figure.
* Money is booked per payout, once a day; a refund goes back to the tender it came from.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from connectors._fulfilment import hand_over, taken_back, write_off
from connectors.naive import Connector as Naive
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, Event, EventKind, Instruction
from rehearsal.odoo import verbs
from rehearsal.odoo.tickets import ticket, ticket_uuid
from rehearsal.scenario import Scenario
from rehearsal.stage.outside import Outside

POLL_S = 600.0
PAYOUT_S = 86_400.0
ROUNDS_MAX = 6 * 24 * 3
"""An event waits three days of rounds for what must come first, then it is a dead letter with a name."""


class Connector(Naive):
    """Fetches, works off what it fetched, and pushes stock; nothing is handled at the moment it arrives."""

    ask = staticmethod(verbs.insist)
    """What stays unknown is looked up, and what Odoo could not do just then is asked again."""
    publish = None  # type: ignore[assignment]
    """Nobody asks it for figures: it pushes them."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self.channels = {
            code: tuple(dict.fromkeys(node for way in spec.fulfilment.values() for node in way.nodes))
            for code, spec in scenario.channels.items()
        }
        self.outside: Outside | None = None
        self.fetched: set[str] = set()
        self.inbox: list[Event] = []
        self.rounds: dict[str, int] = defaultdict(int)
        """How often each event was tried."""
        self.placed: dict[str, Event] = {}
        self.moved: list[Event] = []
        """Money of the next payout."""
        self.tickets: dict[tuple[str, int], int] = defaultdict(int)
        """(till, day) to tickets that are in Odoo."""
        self.parcels: dict[str, float] = {}

    def start(self, erp: Erp, outside: Outside) -> Steps:  # type: ignore[override]
        """Read the ids once, push the first figures, and begin to poll."""
        yield from super().start(erp)
        self.outside = outside
        yield from self._push(erp)
        outside.every(POLL_S, self.poll)
        outside.every(PAYOUT_S, self.pay_out)

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Let it lie where the next round fetches it; the same thing is there once."""
        yield from ()
        event = delivery.event
        if event.id not in self.fetched:
            self.fetched.add(event.id)
            self.inbox.append(event)
        return None

    # -- a round -----------------------------------------------------------------------------------

    def poll(self, erp: Erp) -> Steps:
        """Work off what there is, in order of time; then push what is free."""
        assert self.outside is not None
        fetched, self.inbox = sorted(self.inbox, key=lambda event: (event.at_s, event.id)), []
        lost: list[str] = []
        for event in fetched:
            try:
                yield from self._work_off(event, self.outside.erp(event.id))
            except (LookupError, verbs.OperationFailed) as error:
                self.rounds[event.id] += 1
                if self.rounds[event.id] < ROUNDS_MAX:
                    self.inbox.append(event)
                else:
                    lost.append(f"{event.id}: {error}")
        yield from self._push(erp)
        if lost:
            raise LookupError(f"given up after {ROUNDS_MAX} rounds: {'; '.join(lost)}")

    def _work_off(self, event: Event, erp: Erp) -> Steps:
        assert self.outside is not None
        told: list[Instruction] = []
        match event.kind:
            case EventKind.ORDER_PLACED:
                told = yield from self._import(event, erp)
                self.placed[event.order] = event
            case EventKind.PAYMENT_CAPTURED | EventKind.REFUND_PAID:
                self.moved.append(event)
            case EventKind.PICK_DECLINED:
                told = yield from self._give_up(event, erp)
            case EventKind.GOODS_ISSUED | EventKind.PICKUP_COLLECTED:
                yield from self._ship(event, erp)
            case EventKind.PARCEL_SCANNED | EventKind.PARCEL_DELIVERED:
                if event.at_s > self.parcels.get(event.order, -1.0):
                    self.parcels[event.order] = event.at_s
                    yield from self._track(event, erp)
            case EventKind.TILL_OPENED:
                yield from self._open_till(event, erp)
            case EventKind.TICKET_CLOSED:
                yield from self._ring_in(event, erp)
            case EventKind.TILL_CLOSED:
                key = (event.channel, event.data["day"])
                if self.tickets[key] < event.data["tickets"]:
                    raise LookupError(f"{self.tickets[key]} of {event.data['tickets']} tickets of {event.channel} are in")
                yield from self._close_till(event, erp)
        for instruction in told or ():
            self.outside.instruct(instruction, event.id)

    def _push(self, erp: Erp) -> Steps:
        """Set the free quantity of every node as the figure of each channel that sells from it."""
        assert self.outside is not None
        sku = {res_id: sku for sku, res_id in self.directory.products.items()}
        for node, house in self.directory.warehouses.items():
            read = verbs.stock_at(house["id"], list(self.directory.products.values()), "free_qty")
            rows = yield from self.ask(erp, read)
            free = {sku[row["id"]]: max(0, int(row["free_qty"])) for row in rows}
            for channel, nodes in self.channels.items():
                if node in nodes:
                    self.outside.publish(channel, node, free)

    # -- what is done otherwise ----------------------------------------------------------------------

    def _partner(self, event: Event, erp: Erp) -> Steps:
        """Return the customer with the shopper's e-mail address, created where there is none."""
        email = event.data["customer"]["email"]
        find = verbs.search("res.partner", [("email", "=", email)], ["id"], "find customer", (event.order,), limit=1)
        rows = yield from self.ask(erp, find)
        return rows[0]["id"] if rows else (yield from super()._partner(event, erp))

    def _import(self, event: Event, erp: Erp) -> Steps:
        """Import an order that Odoo does not have under its id; one that a lost answer left there is taken up."""
        rows = yield from self.ask(erp, verbs.sales_of([event.order]))
        if rows:
            if rows[0]["state"] == "draft":
                yield from self.ask(erp, verbs.confirm([rows[0]["id"]], (event.order,)))
            return [self._request(event, rows[0]["id"])]
        return (yield from super()._import(event, erp))

    def _line(self, line: dict[str, Any]) -> dict[str, Any]:
        """The price that was agreed, with no discount to be rounded."""
        return {
            "product_id": self.directory.products[line["sku"]],
            "product_uom_qty": line["units"],
            "price_unit": line["price_minor"] / 100,
        }

    def _ship(self, event: Event, erp: Erp) -> Steps:
        """Make the transfer done, and see that it is."""
        yield from hand_over(erp, (yield from self._find(event, erp))["id"], event)

    def _give_up(self, event: Event, erp: Erp) -> Steps:
        """The shelf is empty: cancel, correct the stock, and give every tender back what it paid."""
        sale = yield from self._find(event, erp)
        yield from self.ask(erp, verbs.cancel([sale["id"]], (event.order,)))
        yield from write_off(erp, self.directory, event.node, event)
        return taken_back(self.placed[event.order])

    def _ring_in(self, event: Event, erp: Erp) -> Steps:
        """Hand a ticket over under its own uuid."""
        session = yield from self._session(event, erp)
        vals = ticket(event, session, self.directory, ticket_uuid(event), self.tax_percent, verbs.stamp(self.begins, event.at_s))
        yield from self.ask(erp, verbs.sync_tickets([vals], (event.order,)))
        self.tickets[event.channel, int(event.at_s // 86_400) + 1] += 1

    # -- payouts -------------------------------------------------------------------------------------

    def pay_out(self, erp: Erp) -> Steps:
        """Book what the payout says, all at once: each payment and refund since the last one, in the journal of its tender.

        Money of an order that is not in Odoo yet, and all of it when Odoo refuses, is the next payout's.
        """
        paid, self.moved = self.moved, []
        orders = tuple(dict.fromkeys(event.order for event in paid))
        if not orders:
            return
        try:
            rows = yield from self.ask(erp, verbs.sales_of(orders, ["id", "client_order_ref", "partner_id"]))
            partners = {row["client_order_ref"]: row["partner_id"][0] for row in rows}
            known = [event for event in paid if event.order in partners]
            references = [event.data["reference"] for event in known]
            find = verbs.search(
                "account.payment",
                [("payment_reference", "in", references)],
                ["payment_reference", "state"],
                "find payments",
                orders,
            )
            booked = {row["payment_reference"]: row for row in (yield from self.ask(erp, find))}  # what an earlier try left there
            new = [self._row(event, partners[event.order]) for event in known if event.data["reference"] not in booked]
            made = (yield from self.ask(erp, verbs.create_payments(new, orders))) if new else []
            drafts = [*made, *(row["id"] for row in booked.values() if row["state"] == "draft")]
            if drafts:
                yield from self.ask(erp, verbs.post_payments(drafts, orders))
        except verbs.OperationFailed:
            self.moved += paid
        else:
            self.moved += [event for event in paid if event.order not in partners]

    def _row(self, event: Event, partner: int) -> dict[str, Any]:
        return verbs.payment(
            partner=partner,
            amount_minor=event.data["amount_minor"],
            journal=self.directory.journals[event.data["tender"]],
            date=verbs.day(self.begins, event.at_s),
            order=event.order,
            reference=event.data["reference"],
            inbound=event.kind is EventKind.PAYMENT_CAPTURED,
        )
