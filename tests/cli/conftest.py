"""Finished runs for commands that read, without Odoo; written by the code beside the reports' tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def _tiny() -> ModuleType:
    path = Path(__file__).parent.parent / "reports" / "conftest.py"
    spec = importlib.util.spec_from_file_location("tiny_run_for_commands", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def oversold_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a judged run in which a unit is sold twice."""
    folder: Path = _tiny().make_run(tmp_path_factory.mktemp("oversold") / "run")
    return folder
