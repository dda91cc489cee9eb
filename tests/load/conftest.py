"""What the tests of load share: a short scenario, and a drive of it by Locust's real processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.load.drive import Drive, drivable, driven
from rehearsal.pipeline.run import Options, Run
from rehearsal.targets.native.target import NativeTarget
from tests.conftest import load, quiet

FEW = {"orders": 5, "publish_every": "20m"}
SHORT: dict[str, Any] = {
    "connector": "governed",
    "clock": {"speedup": 240},
    "catalogue": {"products": 6, "promoted": 3, "scarce": 2},
    "customers": 10,
    "services": ["gateway", "carrier"],
    "channels": {
        "webshop": {"orders": 24, "publish_every": "20m"},
        "marketplace": {"orders": 12, "publish_every": "20m"},
        "till_1": FEW,
        "till_2": FEW,
        "till_3": FEW,
    },
    "load": {"lateness_ms_p99": 2000},
    "exercised": {"orders_per_channel": 0, "orders_per_tender": 0, "fault_fired": 0, "examined": 1},
}
"""An hour in a quarter of a minute; punctual enough for a machine that runs other tests at the same time."""

DriveIt = Callable[..., tuple[Run, dict[str, Any]]]


def short(**overrides: Any) -> dict[str, Any]:
    """Return the overrides of a short drive, with others laid over them."""
    return {**SHORT, **overrides}


@pytest.fixture(scope="session")
def drive(target: NativeTarget, tmp_path_factory: pytest.TempPathFactory) -> DriveIt:
    """Drives flash_drop, shortened, on a clone of its own; returns the run and its summary."""

    def go(users: int = 6, workers: int = 0, **overrides: Any) -> tuple[Run, dict[str, Any]]:
        scenario = drivable(load("flash_drop", **short(**overrides)))
        folder: Path = tmp_path_factory.mktemp("load") / "run"
        return driven(scenario, target, Drive(users, workers), Options(out=folder), quiet)

    return go


@pytest.fixture(scope="session")
def alone(drive: DriveIt) -> tuple[Run, dict[str, Any]]:
    """A drive in one process that nothing ends, for tests that only look at it; they are of the xdist group "load"."""
    return drive(users=12, seed=1)
