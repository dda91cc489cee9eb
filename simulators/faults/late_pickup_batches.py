"""A middleware hands pickup orders over in batches: they wait at the till that does not know of them yet."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from rehearsal.parts.bounds import SomeTime, duration
from rehearsal.parts.fault import FaultSettings, Joint, Travel, never
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import ordered
from rehearsal.vocabulary import Role

AT = Joint.DELIVERY


class Settings(FaultSettings):
    """Beside what every fault of deliveries has."""

    every: SomeTime
    """the time between two batches, such as 4h"""


def concerns(fault: Settings, travel: Travel) -> bool:
    """Pickup orders alone."""
    return Role.ACCEPTS in travel.event.kind.roles and travel.event.data.get("mode") == "pickup_in_store"


def strike(fault: Settings, travel: Travel, rng: Random) -> Travel:
    """Keep it back until the next batch."""
    return travel.later(-(travel.at_s + travel.arrives_in_s[0]) % fault.every) if travel.arrives_in_s else travel


def problems(fault: Settings, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """A batch must come while somebody watches, and there must be something in it."""
    if fault.every > scenario.settle.limit:
        yield "every", (
            f"{duration(fault.every)} is longer than settle.limit ({duration(scenario.settle.limit)}): the last batch would never "
            "arrive"
        )
    if not ordered(scenario, "pickup_in_store"):
        yield "", never("no channel has orders with pickup_in_store")
