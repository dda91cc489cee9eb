"""The end of a run: its record opened and looked at for damage, judged, and told, all from the files of its folder."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rehearsal import project
from rehearsal.model import Tell, World
from rehearsal.odoo.observe import MIDWAY
from rehearsal.pipeline.run_folder import Run
from rehearsal.seals import SEALS, UNSEALED, Damage, damages
from rehearsal.stage import demand
from rehearsal.strangers import raise_ours
from rehearsal.verdict import summary
from rehearsal.verdict.judge import Judged, judge, unjudged
from rehearsal.verdict.laws import tables
from rehearsal.verdict.record import Record
from rehearsal.verdict.release import released, terms_in


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run comes to."""

    summary: dict[str, Any]
    """The content of ``summary.json``."""
    judged: tuple[Judged, ...]

    @property
    def verdict(self) -> dict[str, Any]:
        """The content of ``verdict.json``."""
        return summary.verdict(self.summary, self.judged)


@contextmanager
def record_of(run: Run) -> Iterator[Record]:
    """Yield the record of *run*, whole or as much of it as can be read; `Record.damages` says what is wrong with it."""
    with ThreadPoolExecutor(1) as pool:  # while DuckDB reads the history, somebody else looks whether it is what was written
        looking = pool.submit(damages, run.folder, run.manifest)
        world, lost = _world(run, whole=True)
        opened = _opened(run, world)
        found = looking.result()
    if run.damaged:
        found = (Damage("manifest.json", run.damaged), *found)
    if "world.json" in {damage.file for damage in found}:
        world, lost = _world(run, whole=False)
        opened = _opened(run, world, opened)
    if isinstance(opened, Exception):
        if not found:
            raise opened
        opened = Record(run.scenario, world, run.folder, blank=True)
    with opened as record:
        if record.finished and run.manifest and SEALS not in run.manifest:
            found += (UNSEALED,)
        known = {damage.file for damage in found} | _never_read(run)
        own = (damage for damage in (*lost, *record.damages) if damage.file not in known)
        record.damages = (*found, *own, *_unread(run, record, found))
        yield record


def _opened(run: Run, world: World, instead_of: Record | Exception | None = None) -> Record | Exception:
    """Return the record of *run*, or why it could not be opened; another one that was open is closed."""
    if isinstance(instead_of, Record):
        instead_of.close()
    try:
        return Record(run.scenario, world, run.folder)
    except Exception as error:
        return error


def concluded(run: Run, record: Record) -> Conclusion:
    """Judge *record*; writes nothing."""
    found = _concluded(run, record)
    terms = terms_in(run.folder)
    if terms is None:
        return found
    told = released(found.summary, found.verdict, terms, datetime.now(UTC).date())
    return replace(found, summary=found.summary | {"release": told, "exit_code": told["exit_code"]})


def _concluded(run: Run, record: Record) -> Conclusion:
    if not record.damages:
        judged = judge(record)
        return Conclusion(summary.figures(record, judged, run.manifest, run.folder), judged)
    judged = unjudged("the record is damaged")
    try:
        return Conclusion(summary.figures(record, judged, run.manifest, run.folder), judged)
    except Exception:  # not even a part of it can be shown
        with Record(run.scenario, record.world, run.folder, blank=True) as empty:
            empty.damages = record.damages
            return Conclusion(summary.figures(empty, judged, run.manifest, run.folder), judged)


def conclude(run: Run, told: Tell) -> dict[str, Any]:
    """Judge the run from its files, write verdict, summary and every report of the project path; return the summary."""
    told("judging")
    with ExitStack() as stack:
        with run.timed("judge"):
            record = stack.enter_context(record_of(run))
            found = concluded(run, record)
        run.manifest.pop("report_failures", None)
        with run.timed("report"):
            summary.write(run.folder, found.summary, found.verdict)
            for name in sorted(project.files("reports", ".py")):
                _reported(name, record, found.judged, run, told)
        timings = {phase: run.manifest["timings_s"].get(phase, 0.0) for phase in summary.PHASES}
        found = replace(found, summary=found.summary | {"timings_s": timings})
        summary.write(run.folder, found.summary, found.verdict)
    return found.summary


def _world(run: Run, whole: bool) -> tuple[World, tuple[Damage, ...]]:
    """Return the opening world; where its file is not *whole*, the one that the scenario makes, to have something to show."""
    said = ""
    try:
        if whole:
            return demand.stored(run.folder / "world.json"), ()
    except FileNotFoundError:
        said = "is missing"
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = f"cannot be read ({type(error).__name__})"
    return demand.world_of(run.scenario), (Damage("world.json", said),) if said else ()


def _never_read(run: Run) -> set[str]:
    """Return the tables that a whole run of an older harness lacks: an invariant that needs one is undecided, no other."""
    sealed = run.manifest.get(SEALS, {}).get("snapshot", {})
    return {f"snapshot/{table.name}.parquet" for table in (*tables(), *MIDWAY) if table.name not in sealed} if sealed else set()


def _unread(run: Run, record: Record, found: tuple[Damage, ...]) -> tuple[Damage, ...]:
    """Return a damage where fewer lines were read than were written: what a reader drops is no less lost."""
    if found:
        return ()
    wanted = sum(one["lines"] for one in run.manifest.get(SEALS, {}).get("history", {}).values())
    if not wanted or wanted == record.lines:
        return ()
    return (Damage("history", f"{record.lines} lines were read where {wanted} were written"),)


def _reported(name: str, record: Record, judged: tuple[Judged, ...], run: Run, told: Tell) -> None:
    """Write one report; a report that fails is told, and takes neither the verdict nor the other reports down."""
    try:
        project.report(name)(record, judged, run.folder)
    except BaseException as error:
        raise_ours(error)
        run.manifest.setdefault("report_failures", {})[name] = traceback.format_exc()
        told(f"report {name} could not be written ({type(error).__name__}: {error}); its traceback is in manifest.json")
