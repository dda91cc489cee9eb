"""The ERP's clock: it follows the scenario's when ``erp_clock: scenario`` asks for it, and goes back afterwards.

The virtual clock runs thousands of times faster than the real one, so the ERP's is moved before an operation
is sent, not by a timer. Between two moves it ticks, as clocks do; it never goes back within a run, and is
not behind the scenario when an operation is sent. It is ahead for as long as the ERP takes while the
scenario stands still.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from rehearsal.errors import NoScenarioTime, RehearsalError
from rehearsal.model import Tell
from rehearsal.scenario import Scenario
from rehearsal.targets.base import Target, quiet

OPENING_S = 3600.0
"""How long before the scenario's first instant its world is written into the ERP."""
BACKLASH_S = 0.01
"""It is not moved for less: between looking at the real time and writing the offset some of it passes."""


class ErpClock:
    """The clock of the ERP in one run; on the real time until `start`, and wherever the scenario leaves it there."""

    def __init__(self, scenario: Scenario, target: Target, told: Tell, wall: Callable[[], float] = time.time) -> None:
        self._scenario = scenario
        self._target = target
        self._told = told
        self._wall = wall
        self._ahead_of_wall_s: float | None = None
        """What the ERP's clock shows beyond the real one; None on the real time."""
        self.kind = "wall"
        self.restored = scenario.erp_clock == "wall"
        """Whether the ERP is on the real time, again or still."""
        self.reason = ""
        """Why it is not what the scenario asks for."""
        self.moves = 0
        self.ahead_s_max = 0.0
        """By how much, at most, it was ahead of the scenario when an operation was sent."""

    def start(self) -> None:
        """Put the ERP into scenario time, shortly before the scenario begins, if that is asked for and can be had."""
        if self.restored:
            return
        at = self._scenario.begins - timedelta(seconds=OPENING_S)
        try:
            self._move(at, self._told)
        except NoScenarioTime as error:
            self.reason, self.restored = str(error), True
            self._told(f"erp_clock: scenario is off, Odoo keeps the real time: {error}")
        else:
            self.kind = "scenario"

    def follow(self, at_s: float) -> None:
        """See that the ERP's clock is not behind scenario second *at_s*; one small write when it is."""
        if self._ahead_of_wall_s is None:
            return
        at = self._scenario.begins + timedelta(seconds=at_s)
        ahead_s = self._wall() + self._ahead_of_wall_s - at.timestamp()
        if ahead_s < -BACKLASH_S:
            self._move(at)
        self.ahead_s_max = max(self.ahead_s_max, ahead_s)

    def stop(self) -> None:
        """Take the ERP back to the real time; a failure is told, since what was rehearsed stands all the same."""
        if self.restored:
            return
        self._ahead_of_wall_s = None
        try:
            self._target.set_clock(None, self._told)
        except RehearsalError as error:
            self._told(f"Odoo could not be taken back to the real time ({error}); run: rehearse heal")
        else:
            self.restored = True

    def figures(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        return {
            "kind": self.kind,
            "reason": self.reason,
            "restored": self.restored,
            "moves": self.moves,
            "ahead_s_max": round(self.ahead_s_max, 1),
        }

    def _move(self, at: datetime, told: Tell = quiet) -> None:
        self._target.set_clock(at, told)
        self._ahead_of_wall_s = at.timestamp() - self._wall()
        self.moves += 1


def left_behind(manifest: Mapping[str, Any]) -> bool:
    """Whether the run of *manifest* ended, or died, with the ERP in scenario time."""
    return not manifest.get("erp_clock", {}).get("restored", True)
