"""Goods: what a node says happened is booked, and a parcel's status is kept."""

from __future__ import annotations

from connectors._fulfilment import hand_over
from connectors.governed.house import House
from connectors.governed.policy import Policy
from rehearsal.clock import Erp, Steps
from rehearsal.model import Event, EventKind
from rehearsal.odoo import verbs

ISSUED = (EventKind.GOODS_ISSUED, EventKind.PICKUP_COLLECTED)


class Goods:
    """What becomes of an order's goods."""

    def __init__(self, house: House, rules: Policy) -> None:
        self._house = house
        self._rules = rules

    def move(self, event: Event, erp: Erp) -> Steps:
        """Book what the node says happened: staged, handed over, or issued to the carrier."""
        cases, order = self._house.cases, (event.order,)
        yield from self._rules.wait(erp, lambda: event.order in cases, f"order {event.order}")
        case = cases[event.order]
        staged = self._rules.stages(case.mode)
        if event.kind is EventKind.PICKUP_STAGED and not staged:
            return
        if event.kind is EventKind.PICKUP_COLLECTED and staged:
            yield from self._rules.wait(erp, lambda: EventKind.PICKUP_STAGED.value in case.done, f"staging of {event.order}")
        with self._rules.turn(case.node, erp) as turn:
            yield turn
            ready = yield from hand_over(erp, case.sale, event)
            done = {"date_done": verbs.stamp(self._house.begins, event.at_s)}
            yield from verbs.insist(erp, verbs.write("stock.picking", ready, done, "date transfer", order))
            if event.kind in ISSUED:
                for sku, units in case.units.items():
                    self._house.pools[case.node].left_the_book(sku, units)
        case.done.add(event.kind.value)

    def track(self, event: Event, erp: Erp) -> Steps:
        """Write a parcel's status to its transfer."""
        cases, order = self._house.cases, (event.order,)
        yield from self._rules.wait(erp, lambda: event.order in cases, f"order {event.order}")
        case = cases[event.order]
        yield from self._rules.wait(erp, lambda: EventKind.GOODS_ISSUED.value in case.done, f"goods issue of {event.order}")
        if not self._rules.is_news(event, case):
            return
        case.parcel_at_s = event.at_s
        parcel = [("carrier_tracking_ref", "=", event.data["tracking"])]
        rows = yield from verbs.insist(erp, verbs.search("stock.picking", parcel, ["id"], "find parcel", order))
        if rows and case.parcel_at_s == event.at_s:
            note = {"note": event.data["status"]}
            yield from verbs.insist(erp, verbs.write("stock.picking", [rows[0]["id"]], note, "write parcel status", order))
