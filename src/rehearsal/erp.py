"""The ERP as whoever asks it sees it, whatever the clock."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

import simpy

from rehearsal.model import Operation

Steps = Generator[simpy.Event, Any, Any]


class Erp(Protocol):
    """The ERP as a connector sees it: the only road to Odoo."""

    @property
    def env(self) -> simpy.Environment:
        """The clock that everything in the run lives on."""

    def ask(self, operation: Operation) -> simpy.Event:
        """Return an event whose value will be the `Answer`."""
