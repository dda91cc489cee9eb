"""A run's folder: how it begins, how it is found again, and what is known of it so far (``manifest.json``)."""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from rehearsal import project, seals
from rehearsal.errors import DamagedRun, ScenarioError, UsageError
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file

PARTS = ("scenario.yaml", "manifest.json", "world.json", "history")
"""What a run folder holds from its first minute on; a folder with none of them is none."""
RESULTS = ("summary.json", "verdict.json", "summary.md", "junit.xml", "report.html", "allure-results")
"""What is written of a verdict, beside what a project's own reports write."""
WITHDRAWN = ".withdrawn"
NO_JSON = "is missing or no JSON, so nothing tells a whole record from a damaged one"
CHANGED = "was changed after it was written"
REPEAT = "run it again; its own command stands at the end of its report"


@dataclass(slots=True)
class Run:
    """One run folder and what is known of it so far."""

    folder: Path
    scenario: Scenario
    manifest: dict[str, Any] = field(default_factory=dict)
    interrupted: bool = False
    aborted: str = ""
    """Why the run could not go on, in words; empty when it could."""
    damaged: str = ""
    """What is wrong with the manifest, in words; then nothing in it is believed, and it is never written again."""

    def save(self) -> None:
        """Write the manifest as it is now, with its own hash."""
        if self.damaged:
            return
        self.manifest[seals.OWN] = seals.own_hash(self.manifest)
        partial = self.folder / ".manifest.partial"
        partial.write_text(json.dumps(self.manifest, indent=2) + "\n", encoding="utf-8")
        partial.replace(self.folder / "manifest.json")

    def seal(self, history: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Say in the manifest what a whole record of this run is; *history* as `seals.seals_of` takes it."""
        self.manifest[seals.SEALS] = seals.seals_of(self.folder, history)
        self.save()

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Measure a phase in wall seconds."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.manifest.setdefault("timings_s", {})[phase] = round(time.monotonic() - began, 3)
            self.save()


def open_run(scenario: Scenario, out: Path | None) -> Run:
    """Return a new, empty run folder for *scenario*; ``latest`` does not point to it yet (see `point_latest`)."""
    began = datetime.now(UTC)
    folder = out or project.runs() / scenario.name / f"{began:%Y%m%dT%H%M%S.%f}-{scenario.seed}"
    require_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = scenario_file.dump(scenario)
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    run = Run(folder, scenario)
    run.manifest = {
        "schema_version": 1,
        "harness_version": version("peak-rehearsal"),
        "python": platform.python_version(),
        "scenario": scenario.name,
        "seed": scenario.seed,
        "connector": scenario.connector,
        "started_at": began.isoformat(),
        "scenario_hash": sha256(text.encode()).hexdigest(),
        "pid": os.getpid(),
        "faker": version("faker"),
        "simpy": version("simpy"),
        "timings_s": {},
    }
    run.save()
    return run


def remove_run(run: Run, out: Path | None) -> None:
    """Take away the folder of a run that did not start; of a folder that the user named only what is in it."""
    shutil.rmtree(run.folder, ignore_errors=True)
    if out is not None:
        return
    for parent in (run.folder.parent, run.folder.parent.parent):
        try:
            parent.rmdir()
        except OSError:
            return  # other runs are there


def require_free(folder: Path) -> None:
    """Raise `UsageError` unless *folder* can become a run folder: it is new, or empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        said = "is not empty" if folder.is_dir() else "is no folder"
        raise UsageError(f"{folder} {said}; name a folder that is new, or leave out --out")


def point_latest(folder: Path) -> None:
    """Let ``latest`` beside the scenarios' folders be *folder*."""
    link = folder.parent.parent / "latest"
    fresh = link.with_name(f".latest.{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(folder.relative_to(link.parent))
        fresh.replace(link)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)  # a file system without links: `latest` is then not offered


def find_run(name: str) -> Path:
    """Return the run folder *name*, or the newest one for ``latest``; raises `UsageError`."""
    folder = project.runs() / "latest" if name == "latest" else Path(name)
    if not folder.is_dir():
        raise UsageError(
            f"no run {name!r}"
            + (
                f"; there is none yet under {project.runs()}/: start one with `rehearse run NAME`"
                if name == "latest"
                else "; name a run folder, such as the one that `rehearse run` ended with, or 'latest'"
            )
        )
    return folder.resolve()


def reopen(folder: Path) -> Run:
    """Return the run in *folder* as its files tell it.

    Raises `UsageError` for a folder that is no run's, and `DamagedRun` for one without a readable scenario; other
    damage is told by whoever judges.
    """
    if not any((folder / part).exists() for part in PARTS):
        raise UsageError(f"{folder} is no run folder: it has none of {', '.join(PARTS)}")
    manifest, damaged = manifest_of(folder)
    return Run(folder, _scenario(folder, manifest), manifest, damaged=damaged)


def reopened_for_judging(folder: Path) -> Run:
    """Return the run in *folder*; where it cannot be judged at all, what an earlier verdict said of it is withdrawn ahead of the error.

    Else a pipeline would publish yesterday's green beside today's exit code.
    """
    try:
        return reopen(folder)
    except DamagedRun as error:
        _withdraw(folder, str(error))
        raise


def _withdraw(folder: Path, why: str) -> None:
    """Put the results in *folder* aside, and let those that CI reads say that nothing is decided."""
    for name in RESULTS:
        aside = folder / f"{name}{WITHDRAWN}"
        if aside.is_dir():
            shutil.rmtree(aside)
        if (folder / name).exists():
            (folder / name).replace(aside)
    suite = Xml.Element("testsuite", {"name": "peak-rehearsal", "tests": "1", "failures": "0", "errors": "1", "skipped": "0"})
    case = Xml.SubElement(suite, "testcase", {"classname": "rehearsal", "name": "the_record_is_whole", "time": "0"})
    Xml.SubElement(case, "error", {"message": why, "type": "undecided"})
    Xml.ElementTree(suite).write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)
    (folder / "summary.md").write_text(f"# UNDECIDED\n\n{why}\n", encoding="utf-8")


def require_manifest(run: Run) -> None:
    """Raise `DamagedRun` unless the manifest says where *run* was played."""
    if run.damaged:
        raise DamagedRun(
            f"{run.folder / 'manifest.json'} {run.damaged}, so nothing says which database the run used; "
            f"`rehearse status` lists those that are there; {REPEAT}"
        )


def _scenario(folder: Path, manifest: Mapping[str, Any]) -> Scenario:
    path = folder / "scenario.yaml"
    if not path.is_file():
        raise DamagedRun(f"{path} is missing, so nothing says what was rehearsed; {REPEAT}")
    wanted = manifest.get("scenario_hash")
    if wanted is not None and seals.hashed(path) != wanted:
        raise DamagedRun(f"{path} is not what was written, so nothing says what was rehearsed; {REPEAT}")
    try:
        return scenario_file.load(path, project.scenario_path)
    except ScenarioError as error:
        raise DamagedRun(f"{path} cannot be read any more ({error.problems[0]}); {REPEAT}") from None


def manifest_of(folder: Path) -> tuple[dict[str, Any], str]:
    """Return the manifest of a run; empty where it is not what was written, with what is wrong with it."""
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}, NO_JSON
    if not isinstance(found, dict):
        return {}, NO_JSON
    return (found, "") if found.get(seals.OWN) == seals.own_hash(found) else ({}, CHANGED)
