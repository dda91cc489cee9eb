"""The carrier's word about a parcel comes hours late, also after word of what happened to it later."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from rehearsal.draw import lognormal
from rehearsal.parts.fault import FaultSettings, Joint, Travel, never
from rehearsal.parts.part import Lag
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import carriers, has_parcels
from rehearsal.vocabulary import Role

AT = Joint.DELIVERY


class Settings(FaultSettings):
    """Beside what every fault of deliveries has."""

    delay: Lag
    """how late, such as {median: 6h, p95: 24h}"""


def concerns(fault: Settings, travel: Travel) -> bool:
    """What a carrier says of a parcel."""
    return Role.TRACKS in travel.event.kind.roles


def strike(fault: Settings, travel: Travel, rng: Random) -> Travel:
    """Delay it by a draw of its own."""
    return travel.later(lognormal(rng, fault.delay.median, fault.delay.p95))


def problems(fault: Settings, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """There must be parcels, and somebody who carries them."""
    if not has_parcels(scenario):
        yield "", never("no channel has orders that are shipped")
    elif not carriers(scenario):
        yield "", never("carrier is not among the services")
