"""One run folder judged in a process of its own, told as JSON: ``python -m benchmarks.judging FOLDER``."""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rehearsal.pipeline.conclusion import conclude
from rehearsal.pipeline.run_folder import reopen
from rehearsal.seals import SEALS

LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Judging:
    """What judging one run took."""

    orders: int
    lines: int
    judge_s: float
    """Wall seconds to open the record, judge it and compute its figures."""
    whole_s: float
    """With every report."""
    cpu_s: float
    peak_mb: float
    files_mb: float
    """The most that lay in the run folder beside what the run itself wrote."""
    told_mb: float
    """What is left there: verdict, summary, reports."""
    verdict: str
    findings: int


class Files:
    """Looks at what a folder holds, again and again, until it is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = self._now()
        self._most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Files:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def most_mb(self) -> float:
        """Return the most that was added, in megabytes."""
        return self._most / 1e6

    @property
    def now_mb(self) -> float:
        """Return what is added now, in megabytes."""
        return (self._now() - self._before) / 1e6

    def _look(self) -> None:
        while not self._over.wait(LOOK_S):
            self._most = max(self._most, self._now() - self._before)

    def _now(self) -> int:
        found = 0
        for path in self._folder.rglob("*"):
            try:
                found += path.stat().st_size
            except OSError:
                continue  # gone meanwhile
        return found


def judging(folder: Path) -> Judging:
    """Judge the run in *folder* as `rehearse check` does."""
    run = reopen(folder)
    cpu, began = time.process_time(), time.perf_counter()
    with Files(folder) as files:
        summary = conclude(run, lambda _: None)
    whole_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    lines = sum(one["lines"] for one in run.manifest[SEALS]["history"].values())
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return Judging(
        summary["counts"]["orders_attempted"], lines, run.manifest["timings_s"]["judge"], whole_s, cpu_s, peak_mb, files.most_mb,
        files.now_mb, summary["verdict"], sum(one["findings"] for one in summary["invariants"]),
    )  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asdict(judging(Path(sys.argv[1])))))
