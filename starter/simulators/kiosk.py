"""A kiosk in the yard: it sells as a web shop does, and asks its shoppers how they liked it."""

from __future__ import annotations

import simpy

from rehearsal.clock import Steps
from rehearsal.parts import actor
from rehearsal.parts.bounds import Share
from rehearsal.stage.market import LiveChannel, Market
from rehearsal.vocabulary import Kind
from simulators._checkout import order_id, storefront

RATED = Kind("kiosk.rated", "stars", story="The shopper gives {stars} of 5 stars")
EVENTS = (RATED,)
RATED_AFTER_S = 60.0
STARS_MAX = 5


class Settings(actor.Channel):
    """Beside what every channel has."""

    rates: Share = 0.5
    """Share of shoppers who rate their order."""


def run(env: simpy.Environment, market: Market, channel: LiveChannel) -> Steps:
    """Sell, and ask."""
    env.process(_ask(env, market, channel))
    yield from storefront(env, market, channel)


def _ask(env: simpy.Environment, market: Market, channel: LiveChannel) -> Steps:
    rates = market.settings(channel.code, Settings).rates
    for shopper in market.demand[channel.code]:
        yield env.timeout(max(0.0, shopper.at_s + RATED_AFTER_S - env.now))
        order = order_id(channel.code, shopper.number, market.world.tag)
        rng = market.random(channel.code, f"rating:{shopper.number}")
        if (channel.code, order) in market.accepted and rng.random() < rates:
            market.emit(RATED, channel.code, order, data={"stars": rng.randint(1, STARS_MAX)})
