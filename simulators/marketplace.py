"""A marketplace: it collects the money itself, and tells of its orders when it is polled (the channel's lag)."""

from __future__ import annotations

from collections.abc import Iterator

import simpy

from rehearsal.clock import Steps
from rehearsal.parts import actor
from rehearsal.parts.bounds import Code
from rehearsal.parts.part import Lag
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import unknown_tenders
from rehearsal.stage.market import LiveChannel, Market
from simulators._checkout import storefront
from simulators._ledger import Ledger


class Settings(actor.Channel):
    """Beside what every channel has."""

    collects: tuple[Code, ...] = ("marketplace",)
    """Tenders whose money it takes and gives back itself; all others go through a gateway."""
    refund: Lag = Lag(median=20 * 60, p95=2 * 3600)
    """From a refund request to its word (assumption)."""


def run(env: simpy.Environment, market: Market, channel: LiveChannel) -> Steps:
    """Sell until the last shopper has come."""
    settings = market.settings(channel.code, Settings)
    return storefront(env, market, channel, Ledger(market, channel.code, settings.refund), settings.collects)


def problems(settings: Settings, scenario: Scenario, code: str) -> Iterator[tuple[str, str]]:
    """It can collect what there is."""
    yield from unknown_tenders(scenario, "collects", settings.collects)
