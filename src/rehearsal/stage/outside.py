"""The outside as a connector may touch it unasked: a push, a poll, a timer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from rehearsal.clock import Erp, Steps
from rehearsal.model import Instruction, Sku, Units

Act = Callable[[Erp], Steps]


class Outside(Protocol):
    """What ``start(erp, outside)`` is given; a connector that only ever answers takes ``start(erp)``."""

    def publish(self, channel: str, node: str, units: Mapping[Sku, Units]) -> None:
        """Say what *channel* may sell from *node* as of now; an absolute figure per SKU, as `publish` returns it."""

    def instruct(self, instruction: Instruction, cause: str = "") -> None:
        """Ask an actor outside for something, as `receive` does by what it returns; *cause* is the id of the event behind it."""

    def every(self, seconds: float, act: Act) -> None:
        """Call *act* with the ERP every so many seconds of scenario time, the first time after one of them.

        It ends when the world has come to rest: doors closed, nothing under way, and nothing moved for twice the longest
        of all timers, so that each had its turn after the last thing that happened. Whatever *act* raises is a dead letter,
        and the timer goes on.
        """

    def erp(self, cause: str) -> Erp:
        """Return the ERP, bound to another *cause* than the timer: the id of the event that is being handled."""
