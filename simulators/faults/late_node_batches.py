"""Word of what a node did comes in batches: handhelds sync when they find Wi-Fi, a 3PL sends a file now and then."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from rehearsal.parts.bounds import SomeTime, duration
from rehearsal.parts.fault import FaultSettings, Joint, Travel
from rehearsal.scenario import Scenario
from rehearsal.vocabulary import Role

AT = Joint.DELIVERY
NODE_ROLES = frozenset({Role.STAGES, Role.DECLINES, Role.HANDS_OVER})


class Settings(FaultSettings):
    """Beside what every fault of deliveries has."""

    every: SomeTime
    """the time between two batches, such as 20m"""


def concerns(fault: Settings, travel: Travel) -> bool:
    """What pickers did and did not find; a till's tickets have a sync of their own."""
    roles = travel.event.kind.roles
    return bool(roles & NODE_ROLES) and Role.ACCEPTS not in roles


def strike(fault: Settings, travel: Travel, rng: Random) -> Travel:
    """Keep it back until the next batch."""
    return travel.later(-(travel.at_s + travel.arrives_in_s[0]) % fault.every) if travel.arrives_in_s else travel


def problems(fault: Settings, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """A batch must come while somebody watches."""
    if fault.every > scenario.settle.limit:
        yield "every", (
            f"{duration(fault.every)} is longer than settle.limit ({duration(scenario.settle.limit)}): the last batch would never "
            "arrive"
        )
