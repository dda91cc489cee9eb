"""One writer per node: whoever writes about a node's stock takes turns, since a stock record that is corrected while somebody
else books goods out is corrected to the wrong figure; what waits meanwhile goes along in one batch."""

from __future__ import annotations

from contextlib import AbstractContextManager

import simpy

from connectors.governed.house import House
from connectors.governed.policy import Policy
from rehearsal.clock import Erp
from rehearsal.model import Delivery

PREVENTS = ("crowded_stores",)
UNDER_LOAD = True


class Rule(Policy):
    """Keeps a queue per node."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._turns: dict[str, simpy.Resource] = {}

    def turn(self, node: str, erp: Erp) -> AbstractContextManager[simpy.Event]:
        """Return a place in the node's queue."""
        return self._turns.setdefault(node, simpy.Resource(erp.env)).request()

    def along(self, waiting: list[Delivery], delivery: Delivery) -> list[Delivery]:
        """Take everything that waits; nothing is left when somebody else has taken *delivery* along."""
        taken = waiting.copy()
        waiting.clear()
        return taken
