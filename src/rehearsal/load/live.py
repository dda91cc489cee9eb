"""What can be said of a run while it goes on: invariants that need the history alone, judged again and again.

The command that started Locust does this, in a process that has nothing else to do, so that no stimulus comes
late for it; Locust's web page shows what it left in ``load/live.json``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.load.outcome import FOLDER
from rehearsal.model import Judgement, money
from rehearsal.scenario import Scenario
from rehearsal.stage import demand
from rehearsal.verdict.judge import Judged, invariants, judged_by
from rehearsal.verdict.record import Record

FILE = "live.json"
PAUSE_FACTOR = 10
"""It takes at most so small a part of one core: after each look it rests ten times as long as the look took."""
PAUSE_S_MIN = 5.0


def judged_so_far(scenario: Scenario, run: Path) -> list[dict[str, Any]]:
    """Return each invariant of the project path: what the history alone says of it, or that it waits for the books."""
    with Record(scenario, demand.stored(run / "world.json"), run) as record:
        goes_on = judged_by(record, "", _silent, True)
        return [
            _line(judged_by(record, area, law if alone else _silent, True), law.__name__, goes_on)
            for area, law, alone in invariants()
        ]


def _silent(_: Record) -> Judgement:
    """Say nothing: what needs Odoo's books is not asked before they are read."""
    return Judgement(0)


def _line(one: Judged, name: str, goes_on: Judged) -> dict[str, Any]:
    """Return what is shown of invariant *name*; *goes_on* is how one that says nothing is undecided by now."""
    judgement, usual = one.judgement, goes_on.judgement.undecided_because
    doubt = "" if judgement.undecided_because == usual else judgement.undecided_because
    state = "undecided" if doubt else "broken" if judgement.findings else "holds" if judgement.examined else "waits"
    return {
        "id": name,
        "area": one.area,
        "state": state,
        "because": doubt,
        "examined": judgement.examined,
        "findings": len(judgement.findings),
        "units": sum(finding.units for finding in judgement.findings),
        "money_at_risk": money(sum(finding.money_at_risk_minor for finding in judgement.findings)),
    }


@dataclass(slots=True)
class Watcher:
    """Looks at a run now and then; `look` is called often and does nothing in between."""

    scenario: Scenario
    run: Path
    told: Callable[[str], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    _due_s: float = field(default=0.0)
    _said: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Judge again if it is time. What goes wrong with that is told once and ends nothing: the load goes on."""
        began_s = self.clock()
        if began_s < self._due_s:
            return
        if (self.run / "history" / "main.ndjson").is_file():  # else the next look tells
            try:
                write(self.run, judged_so_far(self.scenario, self.run))
            except (Exception, SystemExit) as error:
                self._say(error)
        self._due_s = self.clock() + max(PAUSE_S_MIN, PAUSE_FACTOR * (self.clock() - began_s))

    def _say(self, error: BaseException) -> None:
        kind = type(error).__name__
        if kind not in self._said:
            self._said.add(kind)
            self.told(
                f"the tab in Locust's page is not up to date, since the run could not be judged while it goes on ({kind}: "
                f"{error}); it is tried again, and the load goes on"
            )


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
