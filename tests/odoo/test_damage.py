"""A record that is damaged, however, is never judged better than the whole one, and is undecided where that matters.

Two small Fridays on a real Odoo, one that passes and one that fails; then copies of their folders, each damaged in one
way that is drawn: cut, deleted, doubled, swapped, retyped, truncated, hidden. And the record as a killed harness leaves it.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehearsal.errors import DamagedRun
from rehearsal.pipeline.conclusion import Conclusion, conclude, concluded, record_of
from rehearsal.pipeline.run_folder import reopen
from rehearsal.verdict.cases import cases
from tests.conftest import quiet

pytestmark = pytest.mark.xdist_group("governed")
GENERATED = ("report.html", "junit.xml", "summary.md", "summary.json", "verdict.json", "allure-results")
"""What is made from the record, and is no part of it."""
WHERE = re.compile(r"(history|snapshot|manifest\.json|world\.json|scenario\.yaml|faults\.ndjson)")
INSTANTS = 17
"""Killed runs that are cut from a whole one; three real kills are in tests/cli/test_runs.py."""


@dataclass(frozen=True)
class Wound:
    """One way of damaging one file."""

    file: str
    how: str
    seed: int


def wounds(run: Path) -> st.SearchStrategy[Wound]:
    """Draw a file of the record and what becomes of it."""
    files = sorted(str(path.relative_to(run)) for path in record_files(run))
    lines = [name for name in files if name.endswith((".ndjson", ".json", ".yaml"))]
    by_line = st.builds(
        Wound,
        st.sampled_from(lines),
        st.sampled_from(["cut", "delete", "double", "swap", "retype", "halve"]),
        st.integers(0, 10**6),
    )
    whole_file = st.builds(Wound, st.sampled_from(files), st.sampled_from(["truncate", "hide", "flip"]), st.integers(0, 10**6))
    return by_line | whole_file


def record_files(run: Path) -> Iterator[Path]:
    """Yield every file that belongs to the record."""
    for path in sorted(run.rglob("*")):
        if path.is_file() and path.relative_to(run).parts[0] not in GENERATED and not path.name.startswith("."):
            yield path


def struck(run: Path, wound: Wound) -> bool:
    """Damage *run*; return whether anything changed."""
    path, rng = run / wound.file, random.Random(wound.seed)
    before = path.read_bytes()
    if wound.how == "hide":
        path.unlink()
        return True
    path.write_bytes(damaged(before, wound.how, rng))
    return path.read_bytes() != before


def damaged(raw: bytes, how: str, rng: random.Random) -> bytes:
    """Return *raw* with one thing wrong."""
    if how == "truncate":
        return raw[: rng.randrange(len(raw))]
    if how == "flip":
        place = rng.randrange(len(raw))
        return raw[:place] + bytes([raw[place] ^ (1 << rng.randrange(8))]) + raw[place + 1 :]
    lines = raw.splitlines(keepends=True)
    place = rng.randrange(len(lines))
    line = lines[place]
    match how:
        case "cut":
            lines[place] = line[: rng.randrange(len(line))] + b"\n"
        case "delete":
            del lines[place]
        case "double":
            lines.insert(place, line)
        case "swap":
            other = rng.randrange(len(lines))
            lines[place], lines[other] = lines[other], line
        case "retype":
            lines[place] = re.sub(
                rb"(?<=[:\[ ])(\d+)(?=[,\]}\n])", rng.choice([rb"\1.5", rb"true", rb'"\1"', rb"null"]), line, count=1
            )
        case "halve":
            lines[place] = re.sub(rb"(?<=[:\[ ])(\d+)(?=[,\]}\n])", lambda found: str(int(found[1]) // 2).encode(), line)
    return b"".join(lines)


def judged(folder: Path) -> Conclusion | None:
    """Judge a folder as `rehearse check` does; None where it says that nothing can be judged, naming the file."""
    try:
        run = reopen(folder)
    except DamagedRun as error:
        assert WHERE.search(str(error)), error
        assert error.exit_code == 5
        return None
    with record_of(run) as record:
        return concluded(run, record)


@pytest.mark.parametrize("connector", ["governed", "naive"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_damage_makes_a_better_verdict_and_each_is_named(
    connector: str, whole: dict[str, Path], data: st.DataObject, tmp_path: Path
) -> None:
    """Undecided, exit 5, with the file's name; a change that leaves the content as it was leaves the verdict, too."""
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole[connector], folder)
    expected = json.loads((folder / "summary.json").read_text())["exit_code"]
    wound = data.draw(wounds(folder))
    changed = struck(folder, wound)

    found = judged(folder)
    if found is None:
        return
    assert found.summary["exit_code"] in (expected, 5)
    if found.summary["exit_code"] == 5:
        assert any(WHERE.search(said) for said in found.summary["damages"]), found.summary["damages"]
    elif changed:
        assert wound.file == "manifest.json", "of JSON alone the looks may change, and not the content"


def test_the_whole_runs_are_whole(whole: dict[str, Path]) -> None:
    """The twins: untouched, they are judged as they were."""
    for connector, code in (("governed", 0), ("naive", 1)):
        found = judged(whole[connector])
        assert found is not None
        assert (found.summary["exit_code"], found.summary["damages"]) == (code, [])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"i":%d,"kind":"event","at_s":1.0', r"history/main\.ndjson:%d: is no line of history"),
        (
            '{"i":7,"kind":"event","at_s":1.0}',
            r"history/main\.ndjson:%d: has index 7 where \d+ is due: a line is lost, doubled or moved",
        ),
        ('{"i":%d,"kind":"evnt","at_s":1.0}', r"history/main\.ndjson:%d: is of kind 'evnt', which no line of history is"),
        ('{"i":%d,"kind":"event","at_s":true}', r"history/main\.ndjson:%d: is at True; expected scenario seconds"),
        (
            '{"i":%d,"kind":"event","at_s":1,"data":{"lines":[{"units":2.5}]}}',
            r"history/main\.ndjson:%d: units is 2\.5; expected a whole number",
        ),
        (
            '{"i":%d,"kind":"event","at_s":1,"data":{"total_minor":true}}',
            r"history/main\.ndjson:%d: total_minor is True; expected a whole number",
        ),
    ],
)
def test_a_broken_line_is_named_with_its_number(line: str, said: str, whole: dict[str, Path], tmp_path: Path) -> None:
    """File and line, and what is wrong with it."""
    folder = Path(shutil.copytree(whole["naive"], tmp_path / "damaged"))
    path = folder / "history" / "main.ndjson"
    lines = path.read_text().splitlines()
    place = len(lines) // 2
    lines[place] = line % place if "%d" in line else line
    path.write_text("\n".join(lines) + "\n")

    found = judged(folder)
    assert found is not None
    (damage,) = found.summary["damages"]
    assert re.match(said % (place + 1), damage), damage


def test_a_damaged_manifest_stays_damaged_however_often_it_is_looked_at(whole: dict[str, Path], tmp_path: Path) -> None:
    """`check` writes reports and timings; it must not seal what it found broken."""
    folder = Path(shutil.copytree(whole["governed"], tmp_path / "damaged"))
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"seed"', '"sead"'))

    for _ in range(2):
        summary = conclude(reopen(folder), quiet)
        assert (summary["exit_code"], summary["damages"]) == (5, ["manifest.json: was changed after it was written"])
        told = cases(summary, json.loads((folder / "verdict.json").read_text()))
        assert "undecided" in {case.verdict for case in told if case.name == "the_record_is_whole"}


def findings_of(conclusion: Conclusion) -> set[tuple[str, str]]:
    """Return invariant and order of everything that was found."""
    return {(one.id, order) for one in conclusion.judged for finding in one.judgement.findings for _, order in finding.orders}


@pytest.mark.parametrize("connector", ["governed", "naive"])
def test_a_killed_harness_never_passes_and_finds_nothing_that_the_whole_run_does_not(
    connector: str, whole: dict[str, Path], tmp_path: Path
) -> None:
    """The record as it stood at drawn lines: no snapshot, no seals, the last line torn."""
    known = judged(whole[connector])
    assert known is not None
    lines = (whole[connector] / "history" / "main.ndjson").read_bytes().splitlines(keepends=True)
    for number, place in enumerate(sorted(random.Random(355).sample(range(1, len(lines)), INSTANTS))):
        folder = Path(shutil.copytree(whole[connector], tmp_path / str(number)))
        for name in ("snapshot", "allure-results"):
            shutil.rmtree(folder / name)
        torn = lines[place][: len(lines[place]) // 2]
        (folder / "history" / "main.ndjson").write_bytes(b"".join(lines[:place]) + torn)
        run = reopen(folder)
        del run.manifest["seals"]
        run.save()

        found = judged(folder)
        assert found is not None
        assert (found.summary["verdict"], found.summary["exit_code"], found.summary["damages"]) == ("undecided", 5, [])
        assert findings_of(found) <= findings_of(known), place
