"""The retailer's own webshop: home delivery, pickup in store, ship-from-store."""

from __future__ import annotations

import simpy

from rehearsal.clock import Steps
from rehearsal.parts import actor
from rehearsal.stage.market import LiveChannel, Market
from simulators._checkout import storefront


class Settings(actor.Channel):
    """What every channel has, and nothing else."""


def run(env: simpy.Environment, market: Market, channel: LiveChannel) -> Steps:
    """Sell until the last shopper has come."""
    return storefront(env, market, channel)
