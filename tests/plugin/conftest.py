"""Run folders for the plug-in, judged by nobody yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_run import make_run


@pytest.fixture(scope="session")
def broken_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a finished run in which a unit is sold twice."""
    return make_run(tmp_path_factory.mktemp("broken") / "run", judged=False)


@pytest.fixture(scope="session")
def killed_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that was killed before Odoo's books were read."""
    return make_run(tmp_path_factory.mktemp("killed") / "run", judged=False, observed=False, finished=False)
