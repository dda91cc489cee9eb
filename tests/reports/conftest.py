"""Tiny, hand-written runs for the reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_run import MakeRun, make_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a finished run that fails."""
    return make_run(tmp_path / "run")


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """Return a run that was killed before Odoo's books were read."""
    return make_run(tmp_path / "killed", observed=False, finished=False)


@pytest.fixture
def make() -> MakeRun:
    """Return the function that writes a run folder."""
    return make_run
