"""A marketplace: it collects the money itself, and tells of its orders when it is polled (the channel's lag)."""

from __future__ import annotations

import simpy

from rehearsal.clock import Steps
from rehearsal.market import LiveChannel, Market
from simulators._checkout import storefront


def run(env: simpy.Environment, market: Market, channel: LiveChannel) -> Steps:
    """Sell until the last shopper has come."""
    return storefront(env, market, channel)
