"""The governed connector: the same technology as the naive one, under another operating design.

What it does with orders, goods, money and tills stands in ``flows/``; each rule by which it does it is a *policy*, a file of
``policies/`` that a scenario can switch off (``policies: {deduplication: off}``). Without a policy it does in that place what
the naive connector does (`connectors.governed.policy`).
"""

from __future__ import annotations

from connectors.governed.flows.goods import Goods
from connectors.governed.flows.money import Money
from connectors.governed.flows.orders import Orders
from connectors.governed.flows.tills import Tills
from connectors.governed.house import House
from connectors.governed.policy import in_force
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, EventKind
from rehearsal.scenario import Scenario
from rehearsal.stage.market import LiveChannel
from rehearsal.stage.outside import Outside


class Connector:
    """Passes each event to the flow that it belongs to."""

    def __init__(self, scenario: Scenario) -> None:
        self.house = House(scenario)
        self.rules = in_force(self.house)
        self.orders = Orders(self.house, self.rules)
        self.goods = Goods(self.house, self.rules)
        self.money = Money(self.house, self.rules)
        self.tills = Tills(self.house, self.rules)

    def start(self, erp: Erp, outside: Outside | None = None) -> Steps:
        """Read the ids, and take stock of every node; who has no *outside* calls nothing in that a channel was given."""
        yield from self.house.open(erp, outside)
        for node in self.house.pools:
            yield from self._look(erp, node)

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return what *channel* may sell from *node*; Odoo is read first, at most once per round and node."""
        if erp.env.now - self.house.looked_at_s.get(node, -1e9) >= channel.spec.publish_every:
            yield from self._look(erp, node)
        self.house.now_s = erp.env.now
        figures = self.rules.offer(channel, node)
        self.house.pools[node].offered(channel.code, figures)
        return figures

    def _look(self, erp: Erp, node: str) -> Steps:
        """Read on-hand stock while nobody writes at *node*, so that the figure and our memory are of one instant."""
        with self.rules.turn(node, erp) as turn:
            yield turn
            yield from self.house.look(erp, node)

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Handle an event; return what follows from it."""
        if not self.rules.admit(delivery):
            return None
        match delivery.event.kind:
            case EventKind.ORDER_PLACED:
                return (yield from self.orders.take(delivery, erp))
            case EventKind.PAYMENT_CAPTURED | EventKind.REFUND_PAID:
                yield from self.money.book(delivery, erp)
            case EventKind.PICK_DECLINED:
                return (yield from self.rules.decline(delivery.event, erp))
            case EventKind.PICKUP_STAGED | EventKind.GOODS_ISSUED | EventKind.PICKUP_COLLECTED:
                yield from self.goods.move(delivery.event, erp)
            case EventKind.PARCEL_SCANNED | EventKind.PARCEL_DELIVERED:
                yield from self.goods.track(delivery.event, erp)
            case EventKind.TILL_OPENED:
                yield from self.tills.open(delivery.event, erp)
            case EventKind.TICKET_CLOSED:
                yield from self.tills.sync(delivery, erp)
            case EventKind.TILL_CLOSED:
                yield from self.tills.close(delivery.event, erp)
        return None
