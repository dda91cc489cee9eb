"""A prepared load run whose books are read a second time: what was damaged meanwhile stays damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.load import drive as load
from rehearsal.load.outcome import Driven
from rehearsal.pipeline.conclusion import conclude
from rehearsal.pipeline.run_folder import reopen
from rehearsal.targets.base import Database
from tests.conftest import quiet
from tests.tiny_run import make_run


def test_reading_the_books_again_seals_nothing_but_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a record that somebody wrote into would be whole once more."""
    run = reopen(make_run(tmp_path / "run", judged=False))
    Driven(finished=True).save(run.folder)
    world = json.loads((run.folder / "world.json").read_text(encoding="utf-8"))
    world["book"][0][2] += 1
    (run.folder / "world.json").write_text(json.dumps(world), encoding="utf-8")
    for reads in ("_read", "observed_again"):  # what asks Odoo
        monkeypatch.setattr(load, reads, lambda *_: None)

    load.observed_by_hand(run, Database("http://127.0.0.1:9", "load", "admin"), quiet)
    summary = conclude(reopen(run.folder), quiet)
    assert (summary["exit_code"], summary["damages"]) == (5, ["world.json: is not what was written"])
