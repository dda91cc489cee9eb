"""`rehearse demo`: a failure and its cure in one command, on a real Odoo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.fridays import CANONICAL
from rehearsal.targets.native.target import NativeTarget
from tests.cli.command import rehearse

SHOWN = {"extends": "promo_day", "name": "shown", "connector": "naive", **CANONICAL}


@pytest.mark.xdist_group("naive")
def test_a_demonstration_shows_the_failure_and_its_cure(target: NativeTarget, tmp_path: Path) -> None:
    """Same shoppers, two operating designs: what the first broke is fixed by the second, and both reports are there."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "shown.yaml").write_text(json.dumps(SHOWN), encoding="utf-8")

    said = rehearse("demo", "shown", "--target", "native", "--json", cwd=tmp_path)

    told = json.loads(said.out)
    assert said.code == 0
    assert (told["verdicts"], told["connectors"]) == (["fail", "pass"], ["naive", "governed"])
    assert told["same_demand"]
    assert told["fixed"]
    assert not told["new"] + told["ongoing"] + told["undecided"]
    assert len(list((tmp_path / "runs" / "shown").glob("*/report.html"))) == 2


def test_a_scenario_without_a_cure_cannot_be_demonstrated(tmp_path: Path) -> None:
    """The message says what to write; nothing is started."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "bare.yaml").write_text('extends: promo_day\nname: bare\ncure: ""\n', encoding="utf-8")

    said = rehearse("demo", "bare", cwd=tmp_path)

    assert said.code == 2
    assert "names no cure" in said.err
    assert not (tmp_path / "runs").exists()
