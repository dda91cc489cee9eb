"""What can be said of a run while it goes on: invariants that need the history alone, judged again and again.

The command that started Locust does this, in a process that has nothing else to do, so that no stimulus comes
late for it; Locust's web page shows what it left in ``load/live.json``.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from rehearsal import demand
from rehearsal.judge import invariants
from rehearsal.model import money
from rehearsal.outcome import FOLDER
from rehearsal.record import Record
from rehearsal.scenario import Scenario

FILE = "live.json"
PAUSE_FACTOR = 10
"""It takes at most so small a part of one core: after each look it rests ten times as long as the look took."""
PAUSE_S_MIN = 5.0


def judged_so_far(scenario: Scenario, run: Path) -> list[dict[str, Any]]:
    """Return each invariant of the project path: what the history alone says of it, or that it waits for the books."""
    told = []
    with Record(scenario, demand.stored(run / "world.json"), run) as record:
        for area, law, from_history in invariants():
            line: dict[str, Any] = {"id": law.__name__, "area": area, "state": "waits", "examined": 0, "findings": 0}
            if from_history:
                judgement = law(record)
                line |= {
                    "state": "broken" if judgement.findings else "holds" if judgement.examined else "waits",
                    "examined": judgement.examined, "findings": len(judgement.findings),
                    "units": sum(finding.units for finding in judgement.findings),
                    "money_at_risk": money(sum(finding.money_at_risk_minor for finding in judgement.findings)),
                }  # fmt: skip
            told.append(line)
    return told


@dataclass(slots=True)
class Watcher:
    """Looks at a run now and then; `look` is called often and does nothing in between."""

    scenario: Scenario
    run: Path
    clock: Callable[[], float] = time.monotonic
    _due_s: float = field(default=0.0)

    def look(self) -> None:
        """Judge again if it is time."""
        began_s = self.clock()
        if began_s < self._due_s:
            return
        with contextlib.suppress(duckdb.Error, OSError):  # no line of history yet: the next look tells
            write(self.run, judged_so_far(self.scenario, self.run))
        self._due_s = self.clock() + max(PAUSE_S_MIN, PAUSE_FACTOR * (self.clock() - began_s))


def write(run: Path, told: list[dict[str, Any]]) -> None:
    """Write what was judged, whole or not at all."""
    partial = run / FOLDER / f".{FILE}.partial"
    partial.write_text(json.dumps(told) + "\n", encoding="utf-8")
    partial.replace(run / FOLDER / FILE)


def read(run: Path) -> list[dict[str, Any]]:
    """Return what was judged last; empty before the first look, or when nobody looks."""
    try:
        told: list[dict[str, Any]] = json.loads((run / FOLDER / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return told
