"""Money: booked when the gateway says that it moved, a quarter of an hour's worth at a time, in the journal of its tender."""

from __future__ import annotations

from typing import Any

from connectors.governed.house import House
from connectors.governed.policy import Policy
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, EventKind
from rehearsal.odoo import verbs

BOOKING_EVERY_S = 900.0
PAYMENT = ["id", "payment_type", "partner_type", "partner_id/.id", "amount", "journal_id/.id", "date", "memo", "payment_reference"]


class Money:
    """What becomes of captures and refunds."""

    def __init__(self, house: House, rules: Policy) -> None:
        self._house = house
        self._rules = rules
        self._moved: list[Delivery] = []

    def book(self, delivery: Delivery, erp: Erp) -> Steps:
        """Book money that moved, together with all that moved in the same quarter of an hour."""
        cases, order = self._house.cases, delivery.event.order
        yield from self._rules.wait(erp, lambda: order in cases, f"order {order}")
        self._moved.append(delivery)
        if len(self._moved) > 1:
            return  # whoever came first books for all
        yield erp.env.timeout(BOOKING_EVERY_S)
        booked, self._moved = self._moved, []
        orders = tuple(one.event.order for one in booked)
        rows = [self._payment(one) for one in booked]
        made = yield from verbs.insist(erp, verbs.upsert("account.payment", PAYMENT, rows, "upsert payments", orders))
        yield from verbs.insist(erp, verbs.post_payments(made["ids"], orders))

    def _payment(self, delivery: Delivery) -> list[Any]:
        """Return the row of one payment; it is named after the gateway's reference."""
        event = delivery.event
        inbound = event.kind is EventKind.PAYMENT_CAPTURED
        journal, partner = self._house.directory.journals[event.data["tender"]], self._house.cases[event.order].partner
        return [
            self._rules.identity("payment", event.data["reference"], delivery),
            "inbound" if inbound else "outbound",
            "customer",
            str(partner),
            f"{event.data['amount_minor'] / 100:.2f}",
            str(journal),
            verbs.day(self._house.begins, event.at_s),
            event.order,
            event.data["reference"],
        ]
