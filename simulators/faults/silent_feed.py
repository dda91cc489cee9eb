"""A part of the catalogue is never updated on a channel while it lasts: the feed drops these SKUs and says nothing."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from rehearsal.parts.fault import FaultSettings, Figure, Joint

AT = Joint.PUBLICATION


class Settings(FaultSettings):
    """What every fault of publications has; *share* is of the SKUs of a channel at a node."""


def key(figure: Figure) -> str:
    """One SKU of a channel at a node shares its fate as long as the fault lasts."""
    return f"{figure.channel}:{figure.node}:{figure.sku}"


def strike(fault: Settings, figure: Figure, rng: Random) -> Figure:
    """Lose it; the channel goes on with the figure that it has."""
    return replace(figure, arrives_in_s=None)
