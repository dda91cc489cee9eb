"""A middleware hands pickup orders over in batches: they wait at the till that does not know of them yet."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Annotated

from pydantic import Field

from rehearsal.parts.bounds import Code, nearest
from rehearsal.parts.fault import Joint, Travel, never
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import ordered
from rehearsal.vocabulary import Role
from simulators.faults._batches import BatchSettings, batch_problems, with_next_batch

AT = Joint.DELIVERY


class Settings(BatchSettings):
    """Beside what every fault of batches has."""

    modes: Annotated[tuple[Code, ...], Field(min_length=1)] = ("pickup_in_store",)
    """Orders in which the middleware collects."""


def concerns(fault: Settings, travel: Travel) -> bool:
    """Orders in those modes alone."""
    return Role.ACCEPTS in travel.event.kind.roles and travel.event.data.get("mode") in fault.modes


def strike(fault: Settings, travel: Travel, rng: Random) -> Travel:
    """Keep it back until the next batch."""
    return with_next_batch(fault, travel)


def problems(fault: Settings, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """A batch must come while somebody watches, and there must be something in it."""
    yield from batch_problems(fault, scenario)
    for mode in fault.modes:
        if mode not in scenario.modes:
            yield "modes", f"no mode is called {mode!r}{nearest(mode, scenario.modes)}"
    if not ordered(scenario, *fault.modes):
        yield "", never(f"no channel has orders with {' or '.join(fault.modes)}")
