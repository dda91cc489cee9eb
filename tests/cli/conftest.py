"""Finished runs for commands that read, without Odoo."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_run import make_run


@pytest.fixture(scope="session")
def oversold_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a judged run in which a unit is sold twice."""
    return make_run(tmp_path_factory.mktemp("oversold") / "run")
