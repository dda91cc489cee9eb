"""The carrier: scans a parcel when it feels like it, and delivers it a day or two later."""

from __future__ import annotations

from collections.abc import Iterator

import simpy

from rehearsal.clock import Steps
from rehearsal.draw import lognormal
from rehearsal.model import Event, EventKind
from rehearsal.parts import actor
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import carriers
from rehearsal.stage.market import Market


class Settings(actor.Carrier):
    """What every carrier has, and nothing else."""


def run(env: simpy.Environment, market: Market, code: str) -> Steps:
    """Take parcels from the nodes."""
    while True:
        issued: Event = yield market.mail(code).get()
        env.process(_carry(env, market, code, issued))


def _carry(env: simpy.Environment, market: Market, code: str, issued: Event) -> Steps:
    settings = market.settings(code, Settings)
    rng, scan = market.random(code, str(issued.data["tracking"])), settings.scan or market.scenario.carrier_scan
    parcel = {"tracking": issued.data["tracking"], "request": issued.data["request"], "carrier": code}
    yield env.timeout(lognormal(rng, scan.median, scan.p95))
    market.emit(EventKind.PARCEL_SCANNED, issued.channel, issued.order, issued.node, {**parcel, "status": "in_transit"})
    yield env.timeout(lognormal(rng, settings.transit.median, settings.transit.p95))
    market.emit(EventKind.PARCEL_DELIVERED, issued.channel, issued.order, issued.node, {**parcel, "status": "delivered"})


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
