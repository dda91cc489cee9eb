"""Baselines by what a person names: a run folder, ``latest``, or a file."""

from __future__ import annotations

from pathlib import Path

from rehearsal.pipeline.conclusion import concluded, record_of
from rehearsal.pipeline.run_folder import find_run, reopen
from rehearsal.verdict.baseline import Baseline, baseline_of, read


def baseline_named(name: str) -> Baseline:
    """Return the baseline that *name* is, or that the run *name* makes; raises `UsageError`."""
    return read(Path(name)) if Path(name).suffix == ".json" or Path(name).is_file() else baseline_of_run(find_run(name))


def baseline_of_run(folder: Path) -> Baseline:
    """Return what a run had, judged anew: a verdict on the disk may be of another harness."""
    found = reopen(folder)
    with record_of(found) as record:
        conclusion = concluded(found, record)
    return baseline_of(conclusion.summary, conclusion.verdict)
