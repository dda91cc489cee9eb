"""What faults share that make the stock records of stores wrong."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from rehearsal.parts.fault import RecordFaultSettings, StockRecord, never
from rehearsal.scenario import Scenario
from rehearsal.scenario.channels import STORE

WRONG_BY = ((1, 0.7), (2, 0.3))
"""Units by which a wrong store record is off; one to three is typical (assumption)."""


class Settings(RecordFaultSettings):
    """What every fault of records has, and nothing else."""


def concerns(fault: Settings, record: StockRecord) -> bool:
    """Stores alone: a distribution centre counts all the time."""
    return record.kind == STORE


def wrong_by(rng: Random) -> int:
    """Return by how many units a record is off."""
    return WRONG_BY[0][0] if rng.random() < WRONG_BY[0][1] else WRONG_BY[1][0]


def problems(fault: Settings, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Some store must have stock, and orders for it."""
    used = {
        node
        for channel in scenario.channels.values()
        for way in channel.fulfilment.values()
        if channel.orders and way.share
        for node in way.nodes
    }
    stocked = any(
        node.kind == STORE and code in used and (node.stock.regular or node.stock.promoted or node.stock.scarce)
        for code, node in scenario.nodes.items()
    )
    if not stocked:
        yield "", never(f"no node of kind {STORE} has stock and orders")
