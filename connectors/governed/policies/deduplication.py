"""The same thing twice is done once: an event is handled at its first arrival, and what it makes in Odoo has one external id."""

from __future__ import annotations

from connectors.governed.house import House, external
from connectors.governed.policy import Policy
from rehearsal.model import Delivery
from rehearsal.odoo.tickets import ticket_uuid

PREVENTS = ("promo_weekend",)
CURES = ("done_twice",)


class Rule(Policy):
    """Remembers what has arrived, and names records after what they are of."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._seen: set[str] = set()

    def admit(self, delivery: Delivery) -> bool:
        """Handle the first arrival only."""
        if delivery.event.id in self._seen:
            return False
        self._seen.add(delivery.event.id)
        return super().admit(delivery)

    def identity(self, kind: str, name: str, delivery: Delivery) -> str:
        """Return one external id per thing: made again, it is only updated."""
        return external(kind, name)

    def ticket_uuid(self, delivery: Delivery) -> str:
        """Return one uuid per ticket."""
        return ticket_uuid(delivery.event)
