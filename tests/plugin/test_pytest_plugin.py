"""``pytest --run-dir RUN``, as a user meets it: in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from rehearsal.pipeline.conclusion import concluded, record_of
from rehearsal.pipeline.run_folder import reopen
from rehearsal.verdict.cases import cases
from rehearsal.verdict.judge import invariants
from tests.cli import forked
from tests.cli.command import Said

OVERSELL = "no_unit_is_promised_twice"
LAWS = {f"promo_weekend::{area}::{law.__name__}" for area, law, _ in invariants()}


def ids_of(run: Path) -> set[str]:
    """Return the tests that a run has: one for each thing that must hold."""
    opened = reopen(run)
    with record_of(opened) as record:
        found = concluded(opened, record)
    return {f"promo_weekend::{case.area}::{case.name}" for case in cases(found.summary, found.verdict)}


def run_pytest(cwd: Path, *words: str) -> Said:
    return forked.pytest("-p", "no:cacheprovider", "-p", "no:faker", *words, cwd=cwd)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Return a folder with one ordinary test, which must stay out of it."""
    (tmp_path / "test_ordinary.py").write_text("def test_ordinary():\n    pass\n", encoding="utf-8")
    return tmp_path


def test_collects_what_must_hold_and_nothing_else(empty: Path, broken_run: Path) -> None:
    done = run_pytest(empty, f"--run-dir={broken_run}", "--collect-only", "-q")
    told = {line for line in done.out.splitlines() if "::" in line}
    assert told == ids_of(broken_run) > LAWS
    assert {
        "promo_weekend::gates::reconciliation_breaks <= 0",
        "promo_weekend::exercised::channel till_1",
        "promo_weekend::rehearsal::the_record_is_whole",
        "promo_weekend::rehearsal::the_run_reached_its_end",
    } < told


def test_of_two_runs_none_is_forgotten(empty: Path, broken_run: Path) -> None:
    """One run at a time: the last of two would win without a word."""
    done = run_pytest(empty, "--run-dir=elsewhere", f"--run-dir={broken_run}")
    assert (done.code, "--run-dir is given twice; judge one run at a time" in done.err + done.out) == (4, True)


def test_a_broken_invariant_fails_with_its_findings_alone(empty: Path, broken_run: Path) -> None:
    before = contents(broken_run)
    done = run_pytest(empty, f"--run-dir={broken_run}", "-k", "oversell")
    assert done.code == 1
    assert "1 failed" in done.out and f"{len(ids_of(broken_run)) - 1} deselected" in done.out
    assert "✗ [critical] SKU-1 at store_1: 1 in stock, 1 promised too many" in done.out
    assert "MARKETPLACE-0001" in done.out
    assert "Traceback" not in done.out and "def runtest" not in done.out
    assert contents(broken_run) == before, "nothing may be written into the run folder"


def test_undecided_fails_with_its_reason(empty: Path, killed_run: Path) -> None:
    done = run_pytest(empty, f"--run-dir={killed_run}")
    assert done.code == 1
    failed = set(re.findall(r"^FAILED (.+?)(?: - .*)?$", done.out, flags=re.MULTILINE))
    assert LAWS | {"promo_weekend::rehearsal::the_run_reached_its_end"} <= failed
    assert "undecided, because Odoo's books were not read" in done.out


def test_workers_say_the_same_and_allure_gets_its_labels(empty: Path, broken_run: Path) -> None:
    words = (f"--run-dir={broken_run}", f"--junitxml={empty / 'junit.xml'}", f"--alluredir={empty / 'allure'}")
    alone = _outcomes(run_pytest(empty, f"--run-dir={broken_run}", "-rA").out)
    shared = run_pytest(empty, *words, "-rA", "-n", "2")
    assert _outcomes(shared.out) == alone and set(alone) == ids_of(broken_run)
    suite = Xml.parse(empty / "junit.xml").getroot().find("testsuite")  # noqa: S314 - pytest wrote it
    assert suite is not None and int(suite.get("tests", "")) == len(alone)
    results = [json.loads(path.read_text()) for path in (empty / "allure").glob("*-result.json")]
    assert len({one["historyId"] for one in results}) == len(results) == len(alone), "else one hides as another's retry"
    told = {one["name"]: one for one in results}
    labels = {(label["name"], label["value"]) for label in told[OVERSELL]["labels"]}
    wanted = {("feature", "inventory"), ("story", "no unit is promised twice"), ("severity", "critical"), ("tag", "naive")}
    assert wanted | {("suite", "promo_weekend")} <= labels
    assert told[OVERSELL]["status"] == "failed"


def test_paths_on_the_command_line_are_collected_too(empty: Path, broken_run: Path) -> None:
    done = run_pytest(empty, "test_ordinary.py", f"--run-dir={broken_run}", "--collect-only", "-q")
    assert {line for line in done.out.splitlines() if "::" in line} == ids_of(broken_run) | {"test_ordinary.py::test_ordinary"}


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("nowhere", "no run 'nowhere'"),
        (".", "is no run folder: it has none of scenario.yaml"),
        ("latest", "there is none yet under runs/"),
    ],
)
def test_no_run_folder_is_a_usage_error(empty: Path, named: str, sentence: str) -> None:
    done = run_pytest(empty, "--run-dir", named)
    assert done.code == 4
    assert re.search(r"ERROR: --run-dir: ", done.err) and sentence in done.err
    assert "Traceback" not in done.err


def test_the_cache_stays_out_of_the_run_folder(broken_run: Path) -> None:
    before = contents(broken_run)
    command = [sys.executable, "-m", "pytest", "--run-dir", str(broken_run), "-q"]
    subprocess.run(command, cwd=broken_run, capture_output=True, timeout=120, check=False)
    assert contents(broken_run) == before


def test_without_the_option_nothing_changes(empty: Path) -> None:
    done = run_pytest(empty, "-q")
    assert done.code == 0 and "1 passed" in done.out


def test_importing_the_plugin_is_light() -> None:
    code = "import sys, rehearsal.pytest_plugin; print([m for m in ('duckdb', 'faker', 'simpy', 'pydantic', 'odoorpc') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _outcomes(text: str) -> dict[str, str]:
    found = re.findall(r"^(PASSED|FAILED) (.+?)(?: - .*)?$", text, flags=re.MULTILINE)
    return {name: outcome for outcome, name in found}
