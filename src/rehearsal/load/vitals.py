"""The vital signs of a target while it is under pressure: sampled beside the run, told as figures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from rehearsal.errors import RehearsalError
from rehearsal.targets.sensor import Reading, Sensor

EVERY_S = 5.0
"""A reading takes 40 ms of CPU, half of it PostgreSQL's for a connection; every 5 s it is less than half a percent of two cores."""
FILE = "vitals.ndjson"
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading, wall seconds after the sampler began."""

    at_s: float
    reading: Reading


class Sampler:
    """Reads a sensor every `EVERY_S` seconds in a thread of its own, into the run folder; a context manager."""

    def __init__(self, sensor: Sensor | None, folder: Path) -> None:
        self._sensor = sensor
        self._path = folder / FILE
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Sampler:
        if self._sensor is not None:
            self._thread = threading.Thread(target=self._sampled, args=(self._sensor,), name="vitals", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30.0)

    def _sampled(self, sensor: Sensor) -> None:
        began = time.monotonic()
        with self._path.open("a", encoding="utf-8") as file:
            while True:
                last = self._stop.is_set()
                try:
                    line = {"at_s": round(time.monotonic() - began, 3), **asdict(sensor.read())}
                    file.write(json.dumps(line) + "\n")
                    file.flush()
                except RehearsalError:
                    pass  # PostgreSQL is down for a moment, as some faults have it: the next reading tells
                if last:
                    return
                self._stop.wait(EVERY_S)


def stored(folder: Path) -> list[Sample]:
    """Return the samples of a run folder, oldest first; empty when nobody looked."""
    path = folder / FILE
    if not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        told: Mapping[str, Any] = json.loads(line)
        found.append(Sample(told["at_s"], Reading(**{key: told[key] for key in told if key != "at_s"})))
    return found


def figures(samples: Sequence[Sample]) -> dict[str, float | int] | None:
    """Return what *samples* come to; None when there are fewer than two, or nobody could look."""
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    wall_s = last.at_s - first.at_s
    readings = [sample.reading for sample in samples]
    return {
        "seconds": round(wall_s, 1),
        "odoo_cpu_cores": round((last.reading.odoo_cpu_s - first.reading.odoo_cpu_s) / wall_s, 2),
        "odoo_cpu_cores_max": round(_steepest(samples, "odoo_cpu_s"), 2),
        "odoo_memory_mb_max": max(r.odoo_memory_bytes for r in readings) // MB,
        "postgres_cpu_cores": round((last.reading.postgres_cpu_s - first.reading.postgres_cpu_s) / wall_s, 2),
        "postgres_cpu_cores_max": round(_steepest(samples, "postgres_cpu_s"), 2),
        "postgres_memory_mb_max": max(r.postgres_memory_bytes for r in readings) // MB,
        "serialization_retries": last.reading.retries,
        "retries_given_up": last.reading.given_up,
        "commits": last.reading.commits,
        "rollbacks": last.reading.rollbacks,
        "deadlocks": last.reading.deadlocks,
        "lock_waits_max": max(r.lock_waits for r in readings),
        "lock_waits_mean": round(sum(r.lock_waits for r in readings) / len(readings), 2),
        "active_sessions_max": max(r.active for r in readings),
    }


def _steepest(samples: Sequence[Sample], what: str) -> float:
    slopes = (
        (float(getattr(b.reading, what)) - float(getattr(a.reading, what))) / (b.at_s - a.at_s)
        for a, b in pairwise(samples)
        if b.at_s > a.at_s
    )
    return max(slopes)
