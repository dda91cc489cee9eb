"""Baselines by what a person names: a run folder, ``latest``, or a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rehearsal.errors import UsageError
from rehearsal.pipeline.conclusion import Conclusion, concluded, record_of
from rehearsal.pipeline.run_folder import find_run, reopen
from rehearsal.verdict.baseline import Baseline, baseline_of, read
from rehearsal.verdict.release import released, terms_in


def baseline_named(name: str, of: Path | None = None) -> Baseline:
    """Return the baseline that *name* is, or that the run *name* makes, for judging the run *of*; raises `UsageError`.

    A run that was held back itself makes none here: whoever tries again would find what held it back known by then.
    """
    if Path(name).suffix == ".json" or Path(name).is_file():
        return read(Path(name))
    folder = find_run(name)
    if of is not None and folder == of.resolve():
        raise UsageError(f"--baseline {name} is the run that is judged; name an older one, or a file")
    if (terms := terms_in(folder)) is not None:
        found = _concluded(folder)
        told = released(found.summary, found.verdict, terms, datetime.now(UTC).date())
        if told["exit_code"]:
            raise UsageError(
                f"--baseline {name}: {folder} was held back itself by its own baseline or waivers; name a run that went out, or take on "
                f"what it has: rehearse baseline {folder} --out FILE"
            )
    return baseline_of_run(folder)


def baseline_of_run(folder: Path) -> Baseline:
    """Return what a run had, judged anew: a verdict on the disk may be of another harness."""
    found = _concluded(folder)
    return baseline_of(found.summary, found.verdict)


def _concluded(folder: Path) -> Conclusion:
    found = reopen(folder)
    with record_of(found) as record:
        return concluded(found, record)
