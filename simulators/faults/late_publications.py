"""What a channel may sell reaches it late: 20 to 30 s in a good feed, 15 minutes in a bad one, and it sells the old figure meanwhile."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from rehearsal.draw import lognormal
from rehearsal.parts.fault import FaultSettings, Figure, Joint
from rehearsal.parts.part import Lag

AT = Joint.PUBLICATION


class Settings(FaultSettings):
    """Beside what every fault of publications has."""

    delay: Lag = Lag(median=25, p95=900)
    """How late each figure comes; a later one may overtake it."""


def strike(fault: Settings, figure: Figure, rng: Random) -> Figure:
    """Delay it by a draw of its own; what is lost is not delayed."""
    if figure.arrives_in_s is None:
        return figure
    return replace(figure, arrives_in_s=figure.arrives_in_s + lognormal(rng, fault.delay.median, fault.delay.p95))
