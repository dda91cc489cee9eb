"""An empty shelf is an exception with an owner: what was not found is written off, and the order goes to a node that has spare
units, or back to its shopper with the money."""

from __future__ import annotations

from connectors._fulfilment import write_off
from connectors.governed.house import Case
from connectors.governed.policy import Policy
from rehearsal.clock import Erp, Steps
from rehearsal.model import Event
from rehearsal.odoo import verbs
from rehearsal.parts.mode import Handover

PREVENTS = ("promo_weekend",)
AGAIN = ["product_uom_qty", "price_unit", "discount"]


class Rule(Policy):
    """Writes off, re-routes, and gives up last."""

    def decline(self, event: Event, erp: Erp) -> Steps:
        """Return what asks another node, or what ends the order."""
        case, order = self.house.cases[event.order], (event.order,)
        with self.turn(case.node, erp) as turn:
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
            return self.taken_back(case)
        case.node, case.attempt = goal, case.attempt + 1
        with self.turn(goal, erp) as turn:
            yield turn
            yield from self._procure(case, erp)
        return [case.open_request]

    def _elsewhere(self, case: Case) -> str | None:
        """Return a node with spare units for a parcel, and take them; pickup customers come to one store only."""
        if self.house.scenario.modes[case.event.data["mode"]].handover is Handover.COUNTER:
            return None
        ways = self.house.scenario.channels[case.event.channel].fulfilment.values()
        nodes = dict.fromkeys([*(n for way in ways for n in way.nodes), *self.house.pools])
        return next((node for node in nodes if node != case.node and self.house.pools[node].take(case.units)), None)

    def _write_off(self, event: Event, case: Case, erp: Erp) -> Steps:
        """Correct the stock record by what the picker did not find; the rest of the promise returns to the reserve."""
        sku, missing = event.data["sku"], (yield from write_off(erp, self.house.directory, case.node, event))
        pool = self.house.pools[case.node]
        for wanted, count in case.units.items():
            pool.give_back(wanted, count - (missing if wanted == sku else 0))
        pool.left_the_book(sku, missing)

    def _procure(self, case: Case, erp: Erp) -> Steps:
        """Let Odoo ship the order from the case's node."""
        order = (case.event.order,)
        house = {"warehouse_id": self.house.directory.warehouses[case.node]["id"]}
        yield from verbs.insist(erp, verbs.write("sale.order", [case.sale], house, "move sale order", order))
        find = verbs.search("sale.order.line", [("order_id", "=", case.sale)], AGAIN, "read lines", order)
        for line in (yield from verbs.insist(erp, find)):
            # Writing the same quantity again makes Odoo procure what is missing, now from the new node. It would also put
            # the list price back, so the agreed price is written along.
            again = {figure: line[figure] for figure in AGAIN}
            yield from verbs.insist(erp, verbs.write("sale.order.line", [line["id"]], again, "procure again", order))
