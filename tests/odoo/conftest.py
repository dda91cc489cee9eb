"""Two small Fridays on a real Odoo that several tests look at: one passes, one fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.pipeline.run import Run
from tests.liars.club import scenario

Play = Callable[..., tuple[Run, dict[str, Any]]]


@pytest.fixture(scope="session")
def whole(play: Play) -> dict[str, Path]:
    """Return the folder of a run that passes and of one that fails; its tests are of the xdist group "governed"."""
    return {connector: play(scenario(connector))[0].folder for connector in ("governed", "naive")}
