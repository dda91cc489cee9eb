"""The shop's middleware sends every webhook several times at once, for an hour or two."""

from __future__ import annotations

from random import Random
from typing import Annotated

from pydantic import Field

from rehearsal.parts.fault import FaultSettings, Joint, Travel

AT = Joint.DELIVERY


class Settings(FaultSettings):
    """Beside what every fault of deliveries has."""

    copies: Annotated[int, Field(ge=1, le=9)]
    """how often each is sent again, such as 2"""


def strike(fault: Settings, travel: Travel, rng: Random) -> Travel:
    """Send it again a second later, and again."""
    for _ in range(fault.copies):
        travel = travel.again(1.0)
    return travel
