"""Modes: the ways in which an order's goods come to their shopper. A scenario may declare more of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from pydantic import ConfigDict

from rehearsal.parts.part import Part

Way = TypeVar("Way")


class Handover(StrEnum):
    """Who has the goods at the end of picking."""

    PARCEL = "parcel"  # a carrier, who comes at the node's cut-off
    COUNTER = "counter"  # a pickup shelf, until the shopper comes to the counter
    AT_ONCE = "at_once"  # the shopper: it is sold where it lies, at a till


class Mode(Part):
    """A way of fulfilment; its deadline stands among the scenario's deadlines, under the mode's own name."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    handover: Handover
    """parcel: a carrier takes it to the shopper's door; counter: it is staged, and the shopper comes for it; at_once: it is
    taken away from a till."""


MODES: Mapping[str, Mode] = {
    "home_delivery": Mode(handover=Handover.PARCEL),
    "pickup_in_store": Mode(handover=Handover.COUNTER),
    "ship_from_store": Mode(handover=Handover.PARCEL),
    "take_away": Mode(handover=Handover.AT_ONCE),
}
"""Those that every scenario has."""


def handed(ways: Mapping[str, Way], modes: Mapping[str, Mode], *handovers: Handover) -> dict[str, Way]:
    """Return those of *ways* (anything by mode) that end in one of *handovers*; a mode that nobody declared is in none."""
    return {mode: way for mode, way in ways.items() if mode in modes and modes[mode].handover in handovers}
