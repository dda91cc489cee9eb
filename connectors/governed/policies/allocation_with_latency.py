"""What is under way counts as sold: a part is set anew from the channel's own figure, so that sales of which no word has come
yet (late orders, tills that sync once an hour) are not given out again; and a little is kept back for what nobody can know."""

from __future__ import annotations

from connectors.governed.policy import Policy
from rehearsal.model import Sku, Units
from rehearsal.stage.market import LiveChannel

PREVENTS = ("late_tills",)
SAFETY_UNITS = {"store": 1, "distribution_centre": 2}
"""By kind of node; the scenario's ``options: {safety_units: N}`` says otherwise."""


class Rule(Policy):
    """Asks the channel instead of its own memory."""

    def left(self, channel: LiveChannel, node: str, sku: Sku) -> Units:
        """Return what the channel itself has left, read and overwritten in one step."""
        return channel.left(node, sku)

    def safety_units(self, node: str) -> Units:
        """Keep a unit or two of everything."""
        scenario = self.house.scenario
        return int(scenario.options.get("safety_units", SAFETY_UNITS.get(scenario.nodes[node].kind, 0)))
