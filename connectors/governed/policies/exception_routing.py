"""An empty shelf is an exception with an owner: what was not found is written off, and the order goes to a node that has spare
units; where none has all of it, only what is missing goes back to its shopper, with its money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors._fulfilment import write_off
from connectors.governed.house import Case
from connectors.governed.policy import Lines, Policy
from rehearsal.clock import Erp, Steps
from rehearsal.model import Event, Units
from rehearsal.odoo import verbs
from rehearsal.parts.mode import Handover, handed

PREVENTS = ("promo_weekend",)
CURES = ("empty_shelf",)
AGAIN = ["id", "product_id", "product_uom_qty", "price_unit", "discount"]


class Rule(Policy):
    """Writes off, re-routes, cancels what is missing, and gives up last."""

    def decline(self, event: Event, erp: Erp) -> Steps:
        """Return what asks another node, or asks for the rest, or what ends the order."""
        case, sku = self.house.cases[event.order], event.data["sku"]
        promised, lines, back_minor = case.units, Lines(), 0
        case.declined_at.add(case.node)
        with self.turn(case.node, erp) as turn:
            yield turn
            goal = self._elsewhere(case)
            if goal is None:
                gone, back_minor = case.cut(sku, event.data["wanted"] - event.data["found"])
                lines = [{"line": number, "sku": sku, "units": units} for number, units in gone.items()]
            yield from self._let_go(case, erp)
            yield from self._write_off(event, case, promised if goal else {sku: promised[sku] - case.units.get(sku, 0)}, erp)
            if goal is None and case.units:
                yield from self._procure(case, erp)
        if not case.units:
            return self.taken_back(case)
        case.attempt += 1
        if goal is None:
            return [*self.taken_back(case, lines, back_minor), case.open_request]
        case.node = goal
        with self.turn(goal, erp) as turn:
            yield turn
            yield from self._procure(case, erp)
        return [case.open_request]

    def _elsewhere(self, case: Case) -> str | None:
        """Return a node that has all of the order to spare, and take it; from there it comes as a parcel, also to who wanted to
        pick it up."""
        channel, modes = self.house.scenario.channels[case.event.channel], self.house.scenario.modes
        nodes = dict.fromkeys([*(n for way in channel.fulfilment.values() for n in way.nodes), *self.house.pools])
        parcels = [*handed(channel.fulfilment, modes, Handover.PARCEL), *handed(modes, modes, Handover.PARCEL)]
        tell = self.house.outside.publish if self.house.outside else None
        for node in nodes:
            if node not in case.declined_at and self.house.pools[node].take(case.units, self.left, tell):
                case.mode = case.mode if case.mode in parcels else parcels[0]
                return node
        return None

    def _let_go(self, case: Case, erp: Erp) -> Steps:
        """Cancel what is still open of the order at its node; all of it, when nothing is to be kept."""
        order = (case.event.order,)
        if not case.units:
            yield from verbs.insist(erp, verbs.cancel([case.sale], order))
            return
        rows = yield from verbs.insist(erp, verbs.transfers_of([case.sale], order))
        still = [row["id"] for row in rows if row["state"] not in ("done", "cancel")]
        yield from verbs.insist(erp, verbs.cancel_transfers(still, order))

    def _write_off(self, event: Event, case: Case, freed: dict[str, Units], erp: Erp) -> Steps:
        """Correct the stock record by what the picker did not find; what else is *freed* of the promise returns to the reserve."""
        sku, missing = event.data["sku"], (yield from write_off(erp, self.house.directory, case.node, event))
        pool = self.house.pools[case.node]
        for wanted, count in freed.items():
            pool.give_back(wanted, count - (missing if wanted == sku else 0))
        pool.left_the_book(sku, missing)

    def _procure(self, case: Case, erp: Erp) -> Steps:
        """Let Odoo bring what is kept of the order from the case's node."""
        order, directory = (case.event.order,), self.house.directory
        house = {"warehouse_id": directory.warehouses[case.node]["id"]}
        yield from verbs.insist(erp, verbs.write("sale.order", [case.sale], house, "move sale order", order))
        route = [] if self.stages(case.mode) else [(5, 0, 0)]  # what was to be picked up may have become a parcel
        find = verbs.search("sale.order.line", [("order_id", "=", case.sale)], AGAIN, "read lines", order)
        rows = yield from verbs.insist(erp, find)
        for line, kept in _matched(
            rows, {number: (directory.products[one["sku"]], one["units"]) for number, one in case.lines.items()}
        ):
            # Writing the quantity, also the same one, makes Odoo procure what is missing, now from the node that the order
            # has. It would also put the list price back, so the agreed price is written along.
            again = {figure: line[figure] for figure in ("price_unit", "discount")}
            again["product_uom_qty"] = kept
            if route:
                again["route_ids"] = route
            yield from verbs.insist(erp, verbs.write("sale.order.line", [line["id"]], again, "procure again", order))


def _matched(rows: list[dict[str, Any]], kept: dict[int, tuple[int, Units]]) -> Iterator[tuple[dict[str, Any], Units]]:
    """Yield each line of the order in Odoo, the first made first, with the units that are kept of it."""
    rest = list(kept.values())
    for row in rows:
        own = next((one for one in rest if one[0] == row["product_id"][0]), None)
        if own is not None:
            rest.remove(own)
            yield row, own[1]
