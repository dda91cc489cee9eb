"""What channels are told that they may sell, on its way to them: on their rhythm or unasked, late or lost as faults have it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import simpy

from rehearsal.model import Sku, Units
from rehearsal.parts.fault import Figure, Joint
from rehearsal.stage import instructions
from rehearsal.stage.contract import Slip, called

if TYPE_CHECKING:
    from rehearsal.stage.market import LiveChannel, Market


class Publications:
    """Carries the figures of one market's connector to its channels."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._struck = market.faults.strikes_at(Joint.PUBLICATION)

    def rhythm(self, channel: LiveChannel, node: str) -> Generator[simpy.Event, Any, None]:
        """Ask the connector for *channel* at *node* again and again, until the scenario's end."""
        market = self._market
        connector, erp = market.connector, market.erp
        assert connector is not None and erp is not None
        cause = f"publish:{channel.code}:{node}"
        call = partial(connector.publish, channel, erp.desk(cause), node)
        while market.env.now < market.scenario.lasts:
            try:
                told = yield from market.attended(cause, market.who("publish"), call)
                units = called(market.who("publish"), market.watch, instructions.publication, told, market.products)
            except Slip as slip:
                market.dead_letter(cause, slip)
            else:
                self.send(channel, node, units)
            yield market.env.timeout(channel.spec.publish_every)

    def send(self, channel: LiveChannel, node: str, units: Mapping[Sku, Units]) -> None:
        """Let *channel* sell *units* from *node*, and write it down; faults may lose figures, or make them late."""
        if units and not self._struck:
            self._shown(channel, node, units)
            return
        told: dict[float, dict[Sku, Units]] = defaultdict(dict)
        for sku, count in units.items():
            figure = self._market.faults.met(Figure(channel.code, node, sku, count, self._market.env.now))
            if figure.arrives_in_s is not None:
                told[figure.arrives_in_s][sku] = figure.units
        for late_s, figures in told.items():
            if late_s > 0:
                self._market.later(late_s, self._late, (channel, node, figures))
            else:
                self._shown(channel, node, figures)

    def _late(self, told: tuple[LiveChannel, str, dict[Sku, Units]]) -> None:
        self._shown(*told)

    def _shown(self, channel: LiveChannel, node: str, units: Mapping[Sku, Units]) -> None:
        channel.published(node, units)
        self._market.history.publication(channel.code, node, units, self._market.env.now)
