"""Store records are wrong: the book says more than lies on the shelf, and whoever looks for it finds too little."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from rehearsal.parts.fault import Joint, RecordFaultSettings, StockRecord, never
from rehearsal.scenario import Scenario
from rehearsal.scenario.channels import STORE

AT = Joint.WORLD
MISSING_UNITS = ((1, 0.7), (2, 0.3))
"""By how much a wrong store record overstates; one to three is typical (assumption)."""


class Settings(RecordFaultSettings):
    """What every fault of records has, and nothing else."""


def concerns(fault: Settings, record: StockRecord) -> bool:
    """Stores alone: a distribution centre counts all the time."""
    return record.kind == STORE


def strike(fault: Settings, record: StockRecord, rng: Random) -> StockRecord:
    """Take one or two units off the shelf, and leave the book alone."""
    missing = MISSING_UNITS[0][0] if rng.random() < MISSING_UNITS[0][1] else MISSING_UNITS[1][0]
    return replace(record, shelf=max(0, record.shelf - missing))


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
