"""The carrier: scans a parcel when it feels like it, and delivers it a day or two later."""

from __future__ import annotations

import simpy

from rehearsal.clock import Steps
from rehearsal.draw import lognormal
from rehearsal.market import Market
from rehearsal.model import Event, EventKind

TRANSIT = (26 * 3600.0, 60 * 3600.0)
"""Median and p95 from first scan to the door (assumption)."""


def run(env: simpy.Environment, market: Market, _: str) -> Steps:
    """Take parcels from the nodes."""
    while True:
        issued: Event = yield market.mail("carrier").get()
        env.process(_carry(env, market, issued))


def _carry(env: simpy.Environment, market: Market, issued: Event) -> Steps:
    rng, scan = market.random("carrier", str(issued.data["tracking"])), market.scenario.carrier_scan
    parcel = {"tracking": issued.data["tracking"], "request": issued.data["request"]}
    yield env.timeout(lognormal(rng, scan.median, scan.p95))
    market.emit(EventKind.PARCEL_SCANNED, issued.channel, issued.order, issued.node, {**parcel, "status": "in_transit"})
    yield env.timeout(lognormal(rng, *TRANSIT))
    market.emit(
        EventKind.PARCEL_DELIVERED, issued.channel, issued.order, issued.node, {**parcel, "status": "delivered"}
    )
