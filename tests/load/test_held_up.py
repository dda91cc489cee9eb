"""A worker that is held up for longer than Locust waits for its heartbeat, and then goes on: its load must not count unseen."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from rehearsal.history import lines
from rehearsal.load.drive import Drive, drivable, driven
from rehearsal.load.shards import dealing
from rehearsal.pipeline.run import Options
from rehearsal.targets.native.target import NativeTarget
from tests.conftest import load, quiet
from tests.load.conftest import short

pytestmark = pytest.mark.xdist_group("load")
HELD_S = 9.0
"""Locust gives a worker up after four to five seconds without a heartbeat."""
UNDER_WAY = 200
"""Lines of a short drive's history after which the doors are open and shoppers come."""
BEGIN_S_MAX = 90.0


def hold_up(folder: Path, told: dict[str, float]) -> None:
    """Stop one worker of this very process once shoppers come, and let it go on after HELD_S."""
    until, path = time.monotonic() + BEGIN_S_MAX, folder / "history" / "main.ndjson"
    while time.monotonic() < until and not (path.is_file() and path.read_bytes().count(b"\n") >= UNDER_WAY):
        time.sleep(0.05)
    worker = next(child for child in psutil.Process().children() if "--worker" in child.cmdline())
    worker.send_signal(signal.SIGSTOP)
    told["stopped_s"] = time.time()
    time.sleep(HELD_S)
    told["went_on_s"] = time.time()
    worker.send_signal(signal.SIGCONT)


def test_a_worker_that_was_given_up_sends_nothing_any_more(target: NativeTarget, tmp_path: Path) -> None:
    """Its orders were dealt anew; what lay in its queue is left undone, the run is undecided, and says so by name.

    It takes more than a minute: Locust's limit must pass while shoppers still come, and all that they ordered settles.
    """
    scenario = drivable(load("flash_drop", **short(clock={"speedup": 120})))
    folder, told = tmp_path / "run", dict[str, float]()
    holder = threading.Thread(target=hold_up, args=(folder, told))
    holder.start()
    _, summary = driven(scenario, target, Drive(6, workers=3), Options(out=folder), quiet)
    holder.join()

    assert (summary["verdict"], summary["exit_code"], summary["finished"]) == ("undecided", 5, True)
    lost, back = (next(said for said in summary["load"]["trouble"] if words in said) for words in ("was lost", "came back"))
    name = lost.split()[0]
    assert back.split()[0] == name
    assert [line["worker"] for line in lines(folder / "history", "main") if line["kind"] == "worker_lost"] == [name]
    files = {path.stem: list(lines(path.parent, path.stem)) for path in (folder / "history").glob("worker-*.ndjson")}
    assert len(files) == 3, "what the one that came back did is not known"
    late = [line for line in files[name] if line["kind"] == "sent" and line["wall"]["at_s"] > told["went_on_s"]]
    assert late == []
    assert dealing(asked(folder), files).twice == ()


def asked(folder: Path) -> list[Any]:
    """Return the indices of all operations."""
    return [line["i"] for line in lines(folder / "history", "main") if line["kind"] == "operation"]
