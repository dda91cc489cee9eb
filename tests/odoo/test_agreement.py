"""`rehearse check` and `pytest --run-dir` never disagree: one is green exactly when the other is, on every exit code."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from rehearsal.pipeline.run_folder import reopen
from rehearsal.seals import hashed
from tests.cli.command import rehearse
from tests.tiny_run import believed

pytestmark = pytest.mark.xdist_group("governed")
Change = Callable[[Path], None]


def scenario_with(words: dict[str, object]) -> Change:
    """Return what lays *words* over a run's scenario, as if it had been played so."""

    def change(run: Path) -> None:
        path = run / "scenario.yaml"
        tree = YAML(typ="safe").load(path)
        path.write_text(json.dumps(tree | words), encoding="utf-8")
        manifest = json.loads((run / "manifest.json").read_text())
        manifest["scenario_hash"] = hashed(path)
        (run / "manifest.json").write_text(json.dumps(manifest))
        sealed(run)

    return change


def with_dead_letter(run: Path) -> None:
    """Let the connector have lost one event."""
    path = run / "history" / "main.ndjson"
    told = {
        "i": 0,
        "kind": "dead_letter",
        "at_s": 1.0,
        "cause": "e",
        "error": "X",
        "erp": {"message": "Shop.receive (shop.py:1): lost"},
    }
    path.write_text(json.dumps(told) + "\n" + path.read_text())
    sealed(run)


def without_rest(run: Path) -> None:
    """Let something have been under way for ever."""
    path = run / "history" / "main.ndjson"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if '"name":"rest"' not in line))
    sealed(run)


def sealed(run: Path) -> None:
    """Seal the record as it is now."""
    believed(run).seal()


def unchanged(_: Path) -> None:
    """Leave the run as it is."""


def truncated(run: Path) -> None:
    """Lose the end of a table."""
    path = run / "snapshot" / "sales.parquet"
    path.write_bytes(path.read_bytes()[:-20])


def killed(run: Path) -> None:
    """Leave what a killed harness leaves."""
    shutil.rmtree(run / "snapshot")
    found = reopen(run)
    del found.manifest["seals"]
    found.save()
    path = run / "history" / "main.ndjson"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:200]))


def headless(run: Path) -> None:
    """Lose what says what was rehearsed."""
    (run / "scenario.yaml").unlink()


@pytest.mark.parametrize(
    ("connector", "change", "code"),
    [
        ("governed", unchanged, 0),
        ("naive", unchanged, 1),
        ("governed", scenario_with({"gates": [{"limit": "sell_through >= 5"}]}), 4),
        ("governed", scenario_with({"exercised": {"orders_per_tender": 0, "fault_fired": 0, "examined": 100_000}}), 5),
        ("governed", with_dead_letter, 5),
        ("governed", without_rest, 5),
        ("governed", truncated, 5),
        ("naive", truncated, 5),
        ("naive", killed, 5),
        ("governed", headless, 5),
    ],
)
def test_the_plug_in_is_green_exactly_when_check_is(
    connector: str, change: Change, code: int, whole: dict[str, Path], tmp_path: Path
) -> None:
    """Exit code for exit code."""
    run = Path(shutil.copytree(whole[connector], tmp_path / "run"))
    change(run)

    said = rehearse("check", run, cwd=tmp_path)
    assert said.code == code, said.out + said.err
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:faker", "-q", f"--run-dir={run}"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode == 0) == (code == 0), done.stdout
    assert "Traceback" not in done.stdout + done.stderr
