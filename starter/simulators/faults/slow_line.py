"""The shop's line is slow: word of what happens comes later than it would."""

from __future__ import annotations

from random import Random

from rehearsal.parts.bounds import SomeTime
from rehearsal.parts.fault import FaultSettings, Joint, Travel

AT = Joint.DELIVERY


class Settings(FaultSettings):
    """Beside what every fault of deliveries has."""

    by: SomeTime
    """how much later it comes, such as 10m"""


def strike(fault: Settings, travel: Travel, rng: Random) -> Travel:
    """Hold it up."""
    return travel.later(fault.by)
