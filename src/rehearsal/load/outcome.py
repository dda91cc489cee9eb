"""What Locust's processes leave for the command that started them: ``load/outcome.json`` in the run folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "load"
FILE = "outcome.json"
MIDWAY_FILE = "midway.json"
"""What the conductor read of Odoo's books while orders were open; it becomes a part of the snapshot."""
Tables = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a breakpoint search."""

    number: int
    wanted_per_minute: float
    orders_per_minute: float
    """As measured: orders that reached the ERP."""
    latency_ms_p95: float
    lateness_ms_p99: float
    error_rate: float
    backlog: int
    failed: str = ""
    """What did not hold, in words; empty for a step that held."""


@dataclass(slots=True)
class Driven:
    """How the driven part of a run went."""

    now_s: float = 0.0
    """Scenario time at the end."""
    interrupted: bool = False
    finished: bool = False
    """Whether the scenario was played and settled to its end."""
    error: str = ""
    exit_code: int = 0
    aborted: str = ""
    """Why the weekend could not go on, where that was not the harness's doing."""
    trouble: list[str] = field(default_factory=list)
    """What the harness did not manage, in sentences; any makes the run undecided."""
    timings_s: dict[str, float] = field(default_factory=dict)
    workers: int = 0
    lanes: int = 0
    speedup: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)
    over_reserved_units: int | None = None
    """Units reserved in Odoo beyond what lies there, when the pace ended; None when nobody looked."""
    aborted_by: Mapping[str, Any] = field(default_factory=dict)
    """The gate that ended the run early, with the figure that it met; empty when none did."""
    steps: list[Mapping[str, Any]] = field(default_factory=list)
    dealing: Mapping[str, Any] = field(default_factory=dict)
    seals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the conductor knows that it wrote into the history, by process: see `History.seal`."""

    def save(self, run: Path) -> None:
        """Write it into the run folder, whole or not at all."""
        folder = run / FOLDER
        folder.mkdir(exist_ok=True)
        partial = folder / f".{FILE}.partial"
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        partial.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        partial.replace(folder / FILE)

    @classmethod
    def read(cls, run: Path) -> Driven | None:
        """Return what the run folder holds; None when Locust ended before it could write."""
        try:
            return cls(**json.loads((run / FOLDER / FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # not there, torn, or of another version
            return None


def keep_midway(run: Path, tables: Tables) -> None:
    """Write what was read midway into the run folder."""
    (run / FOLDER).mkdir(exist_ok=True)
    (run / FOLDER / MIDWAY_FILE).write_text(json.dumps(tables), encoding="utf-8")


def midway_of(run: Path) -> Tables:
    """Return what `keep_midway` wrote; nothing when the run did not come so far."""
    try:
        told: Tables = json.loads((run / FOLDER / MIDWAY_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told
