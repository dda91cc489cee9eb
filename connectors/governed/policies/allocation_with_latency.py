"""What is under way counts as sold: a part is set anew from the channel's own figure, so that sales of which no word has come
yet (late orders, tills that sync once an hour) are not given out again; and who wants to keeps a little back for what nobody can
know."""

from __future__ import annotations

from connectors.governed.policy import Policy
from rehearsal.model import Sku, Units
from rehearsal.stage.market import LiveChannel

PREVENTS = ("late_tills",)
CURES = ("promised_twice",)


class Rule(Policy):
    """Asks the channel instead of its own memory."""

    def left(self, channel: LiveChannel, node: str, sku: Sku) -> Units:
        """Return what the channel itself has left, read and overwritten in one step."""
        return channel.left(node, sku)

    def safety_units(self, node: str) -> Units:
        """Keep what the scenario says, ``options: {safety_units: N}``: nothing, if it says nothing, since what is kept is not sold."""
        return int(self.house.scenario.options.get("safety_units", 0))
