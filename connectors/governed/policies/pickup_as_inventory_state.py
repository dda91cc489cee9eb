"""Units that wait for their customer are no shelf stock: what web channels may promise for pickup is kept from the till before
any order of it is in Odoo, and staged goods lie on a pickup shelf of their own."""

from __future__ import annotations

from connectors.governed.policy import Policy
from rehearsal.parts.mode import Handover
from rehearsal.stage.market import LiveChannel

PREVENTS = ("promo_weekend",)
CURES = ("promised_twice",)


class Rule(Policy):
    """Makes pickup a state that a store's stock can be in."""

    def has_part(self, channel: LiveChannel) -> bool:
        """The till sells a part of the store's stock, as every other channel does."""
        return True

    def stages(self, mode: str) -> bool:
        """Goods move to the pickup shelf, then to the customer."""
        return self.house.scenario.modes[mode].handover is Handover.COUNTER
