"""Word of an event comes twice: a webhook that was not acknowledged in time is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from rehearsal.draw import lognormal
from rehearsal.parts.fault import FaultSettings, Joint, Travel, never
from rehearsal.parts.part import Lag
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import expected

AT = Joint.DELIVERY


class Settings(FaultSettings):
    """Beside what every fault of deliveries has."""

    gap: Lag = Lag(median=35, p95=600)
    """From one arrival to the next: PayPal repeats after 30 to 40 s, others after minutes."""


def strike(fault: Settings, travel: Travel, rng: Random) -> Travel:
    """Let it arrive once more."""
    return travel.again(lognormal(rng, fault.gap.median, fault.gap.p95))


def problems(fault: Settings, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Somebody must order something."""
    if not sum(expected(scenario).values()):
        yield "", never("no channel has orders")
