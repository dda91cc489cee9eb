"""A store as fulfilment node: its staff picks in opening hours, for pickup and for shipping."""

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
