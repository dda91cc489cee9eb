"""The carrier: scans a parcel when it feels like it, and delivers it a day or two later."""

from __future__ import annotations

from collections.abc import Iterator

import simpy

from rehearsal.clock import Steps
from rehearsal.model import Event, EventKind, Kind
from rehearsal.parts import actor
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import carriers
from rehearsal.stage.market import Market


class Settings(actor.Carrier):
    """What every carrier has, and nothing else."""


def run(env: simpy.Environment, market: Market, code: str) -> Steps:
    """Take parcels from the nodes."""
    market.read(code, Parcels(market, code).taken)
    yield from ()


class Parcels:
    """The parcels of one carrier on their way: scanned once, then delivered."""

    def __init__(self, market: Market, code: str) -> None:
        self._market = market
        self._code = code
        settings = market.settings(code, Settings)
        self._scan, self._transit = settings.scan or market.scenario.carrier_scan, settings.transit

    def taken(self, issued: Event) -> None:
        """Take one parcel from its node."""
        scan_s = self._market.delay_s(self._code, f"scan:{issued.data['tracking']}", self._scan)
        self._market.later(scan_s, self._scanned, issued)

    def _scanned(self, issued: Event) -> None:
        self._tell(EventKind.PARCEL_SCANNED, issued, "in_transit")
        transit_s = self._market.delay_s(self._code, f"transit:{issued.data['tracking']}", self._transit)
        self._market.later(transit_s, self._delivered, issued)

    def _delivered(self, issued: Event) -> None:
        self._tell(EventKind.PARCEL_DELIVERED, issued, "delivered")

    def _tell(self, kind: Kind, issued: Event, status: str) -> None:
        told = {"tracking": issued.data["tracking"], "request": issued.data["request"], "carrier": self._code, "status": status}
        self._market.emit(kind, issued.channel, issued.order, issued.node, told)


def problems(settings: Settings, scenario: Scenario, code: str) -> Iterator[tuple[str, str]]:
    """Each node must have one carrier, and no more."""
    for node in settings.nodes:
        if node not in scenario.nodes:
            yield "nodes", f"there is no node {node!r}; there are: {', '.join(scenario.nodes)}"
    for other, theirs in carriers(scenario).items():
        if other == code:
            return  # told once, where the second one stands
        both = [node for node in settings.nodes if node in theirs.nodes]
        if both:
            yield "nodes", f"parcels of {both[0]} are taken by {other} already; name it at one of them"
        elif not settings.nodes and not theirs.nodes:
            yield "", f"{other} comes to every node already to which nobody else does; write nodes: [dc] at one of them"
