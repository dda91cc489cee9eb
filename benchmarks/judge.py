"""The judge at size: a clean run, one with one order in a hundred broken, and one in which everything is oversold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.judging import Judging
from benchmarks.playing import here_us
from benchmarks.recorded import broken, oversold, recorded
from benchmarks.simulators import THERE_US
from rehearsal.pipeline.run_folder import Run, reopen

ORDERS = (10_000, 100_000, 1_000_000)
JUDGE_S_MAX, WHOLE_S_MAX, PEAK_MB_MAX, FILES_MB_MAX = 60, 90, 2_000, 1_500
"""For a million orders, on the machine on which that was decided (see `benchmarks.simulators`)."""


def measured(runs: Path | None = None) -> list[str]:
    """Return the figures of each run; those that lie in *runs* already are not played again."""
    if runs is None:
        with TemporaryDirectory() as folder:
            return measured(Path(folder))
    told = [
        f"{'orders':>9} {'':8} {'lines':>10} {'judge':>8} {'with reports':>12} {'CPU':>8} {'peak':>9} {'files':>9} {'told':>8}  verdict, findings"
    ]
    paces_us = [here_us()]
    for orders in ORDERS:
        clean = _recorded(orders, runs / str(orders))
        twins = {"clean": clean, "broken": broken, "oversold": oversold}
        for name, make in twins.items():
            run = make if isinstance(make, Run) else _made(runs / f"{orders}.{name}", make, clean)
            told.append(_line(name, judged(run.folder)))
            paces_us.append(here_us())
    pace = median(paces_us) / THERE_US
    return [
        *told,
        f"budget for a million: judge {JUDGE_S_MAX} s, with reports {WHOLE_S_MAX} s, peak {PEAK_MB_MAX:,} MB, files {FILES_MB_MAX:,} MB;",
        f"seconds of a machine that is {pace:.2f} times faster than this one",
    ]


def judged(folder: Path) -> Judging:
    """Return what judging the run in *folder* took, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.judging", str(folder)]
    return Judging(**json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def _recorded(orders: int, folder: Path) -> Run:
    return reopen(folder) if folder.exists() else recorded(orders, folder)


def _made(folder: Path, make: object, clean: Run) -> Run:
    assert callable(make)
    made: Run = reopen(folder) if folder.exists() else make(clean, folder)
    return made


def _line(name: str, one: Judging) -> str:
    return (
        f"{one.orders:9,} {name:8} {one.lines:10,} {one.judge_s:6.1f} s {one.whole_s:10.1f} s {one.cpu_s:6.1f} s {one.peak_mb:6,.0f} MB "
        f"{one.files_mb:6,.0f} MB {one.told_mb:5.1f} MB  {one.verdict}, {one.findings}"
    )
