"""A middleware hands pickup orders over in batches: they wait at the till that does not know of them yet."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from rehearsal.parts.fault import Joint, Travel, never
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import ordered
from rehearsal.vocabulary import Role
from simulators.faults._batches import BatchSettings, batch_problems, with_next_batch

AT = Joint.DELIVERY


class Settings(BatchSettings):
    """What every fault of batches has, and nothing else."""


def concerns(fault: Settings, travel: Travel) -> bool:
    """Pickup orders alone."""
    return Role.ACCEPTS in travel.event.kind.roles and travel.event.data.get("mode") == "pickup_in_store"


def strike(fault: Settings, travel: Travel, rng: Random) -> Travel:
    """Keep it back until the next batch."""
    return with_next_batch(fault, travel)


def problems(fault: Settings, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """A batch must come while somebody watches, and there must be something in it."""
    yield from batch_problems(fault, scenario)
    if not ordered(scenario, "pickup_in_store"):
        yield "", never("no channel has orders with pickup_in_store")
