"""What is said of a run while it goes on, when an invariant crashes or the run cannot be looked at: without Odoo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.history import History
from rehearsal.load import live
from rehearsal.load.live import Watcher, judged_so_far
from rehearsal.scenario import Scenario
from rehearsal.stage import demand
from tests.conftest import load
from tests.load.conftest import short

CRASHING = '''
from rehearsal.model import Judgement

def it_crashes(record):
    """Whatever it says, it never gets to it."""
    raise ZeroDivisionError("nobody came")

def it_doubts(record):
    """Says itself that it cannot tell."""
    return Judgement(1, undecided_because="the clocks differ")

def it_holds(record):
    """All is well."""
    return Judgement(1)

def it_has_nothing(record):
    """Nothing to look at so far."""
    return Judgement(0)

AREA = "house"
INVARIANTS = FROM_HISTORY = (it_crashes, it_doubts, it_holds, it_has_nothing)
'''


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """A short drive's, in a project of its own with invariants that misbehave, in the folder ``run``."""
    (tmp_path / "assertions").mkdir()
    (tmp_path / "assertions" / "live_rules.py").write_text(CRASHING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    drawn = load("flash_drop", **short())
    (tmp_path / "run" / "load").mkdir(parents=True)
    demand.store(demand.draw(drawn)[0], tmp_path / "run" / "world.json")
    return drawn


def test_an_invariant_that_crashes_is_undecided_with_its_reason(scenario: Scenario) -> None:
    """While the run goes on as at its end; the others are judged."""
    History(Path("run/history")).close()
    told = {line["id"]: line for line in judged_so_far(scenario, Path("run"))}

    assert told["it_crashes"]["state"] == "undecided"
    assert told["it_crashes"]["because"].endswith("crashed: ZeroDivisionError: nobody came, at assertions/live_rules.py:6")
    assert (told["it_doubts"]["state"], told["it_doubts"]["because"]) == ("undecided", "the clocks differ")
    assert (told["it_holds"]["state"], told["it_holds"]["because"]) == ("holds", "")
    assert told["it_has_nothing"]["state"] == "waits"
    assert told["reservations_cohere"]["state"] == "waits"


def test_a_look_that_fails_is_told_once_and_ends_nothing(scenario: Scenario) -> None:
    """A file that is torn, an invariant's module that cannot be loaded: the drive goes on, the reason is on the screen."""
    said: list[str] = []
    now = [0.0]
    watcher = Watcher(scenario, Path("run"), said.append, lambda: now[0])

    def later() -> None:
        now[0] += 1000
        watcher.look()

    later()
    assert (said, live.read(Path("run"))) == ([], []), "before the first line there is nothing to tell"

    History(Path("run/history")).close()
    Path("run/world.json").write_text("{", encoding="utf-8")
    later()
    later()
    (once,) = said
    assert "JSONDecodeError" in once and "the load goes on" in once

    demand.store(demand.draw(scenario)[0], Path("run/world.json"))
    later()
    assert {line["id"] for line in live.read(Path("run"))} >= {"it_crashes", "it_holds"}


def test_the_tab_shows_the_reason(tmp_path: Path) -> None:
    """In a process of its own, since Locust patches it."""
    line = {"id": "it_crashes", "state": "undecided", "because": "ZeroDivisionError: nobody came", "findings": 0, "examined": 0}
    words = f"import json; from rehearsal.locust import tab; print(json.dumps(tab._invariant({line!r}, 'EUR')))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"what": "it crashes", "state": "? undecided", "detail": "ZeroDivisionError: nobody came"}
