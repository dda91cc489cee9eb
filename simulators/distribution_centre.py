"""A distribution centre, run by a 3PL: picks around the clock, ships at the carrier's cut-off."""

from __future__ import annotations

import simpy

from rehearsal.clock import Steps
from rehearsal.parts import actor
from rehearsal.stage.market import Market
from simulators._picking import fulfilment_node


class Settings(actor.Node):
    """What every node has, and nothing else."""


def run(env: simpy.Environment, market: Market, node: str) -> Steps:
    """Fulfil what is asked for."""
    return fulfilment_node(env, market, node)
