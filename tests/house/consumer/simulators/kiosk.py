"""A kiosk in the yard: what the shop has, ordered on a screen that greets who comes."""

from __future__ import annotations

import simpy

from rehearsal.clock import Steps
from rehearsal.parts import actor
from rehearsal.parts.bounds import Share
from rehearsal.stage.market import LiveChannel, Market
from rehearsal.vocabulary import Kind
from simulators._checkout import storefront

GREETED = Kind("kiosk.greeted", "words", story="The kiosk says {words}")
EVENTS = (GREETED,)


class Settings(actor.Channel):
    """Beside what every channel has."""

    greets: Share
    """Share of shoppers who are greeted."""


def run(env: simpy.Environment, market: Market, channel: LiveChannel) -> Steps:
    """Sell as a web shop does, and greet."""
    env.process(_greet(env, market, channel))
    yield from storefront(env, market, channel)


def _greet(env: simpy.Environment, market: Market, channel: LiveChannel) -> Steps:
    for shopper in market.demand[channel.code]:
        yield env.timeout(max(0.0, shopper.at_s - env.now))
        if market.random(channel.code, f"greeting:{shopper.number}").random() < market.settings(channel.code, Settings).greets:
            market.emit(GREETED, channel.code, data={"words": "good morning"})
