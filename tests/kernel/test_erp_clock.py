"""The ERP's clock on paper: never back, never behind the scenario, moved only when it must be."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.clock.erp_clock import BACKLASH_S, ErpClock, left_behind
from rehearsal.clock.lanes import Lanes
from rehearsal.errors import EnvironmentNotReady, NoScenarioTime, ScenarioError
from rehearsal.history import History
from rehearsal.model import Operation, Tell
from rehearsal.targets.base import quiet
from tests.conftest import load

REAL_S = 1_795_000_000.0
"""Some day in 2026, in seconds since 1970."""
SCENARIOS = {erp_clock: load("promo_day", erp_clock=erp_clock) for erp_clock in ("wall", "scenario")}


@dataclass
class Servers:
    """A target whose clock can be read; setting it takes *slow_s* of the real time."""

    wall_s: float = REAL_S
    slow_s: float = 0.0
    refuses: Exception | None = None
    kind: str = "native"
    offset_s: float = 0.0
    calls: list[datetime | None] = field(default_factory=list)

    def set_clock(self, at: datetime | None, progress: Tell = quiet) -> None:
        if self.refuses:
            raise self.refuses
        self.calls.append(at)
        self.offset_s = 0.0 if at is None else at.timestamp() - self.wall_s
        self.wall_s += self.slow_s

    def wall(self) -> float:
        return self.wall_s

    @property
    def tells_s(self) -> float:
        return self.wall_s + self.offset_s


def clock_of(servers: Servers, told: list[str] | None = None, erp_clock: str = "scenario") -> ErpClock:
    """Return the clock of a small Friday on *servers*."""
    say = quiet if told is None else told.append
    return ErpClock(SCENARIOS[erp_clock], servers, say, servers.wall)  # type: ignore[arg-type]


def test_a_scenario_says_which_clock_odoo_has() -> None:
    """The real one, unless it asks for its own; nothing else is a clock."""
    assert load("promo_day").erp_clock == "wall"
    assert load("promo_day", erp_clock="scenario").erp_clock == "scenario"
    with pytest.raises(ScenarioError, match="erp_clock"):
        load("promo_day", erp_clock="lunar")


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 7200), st.floats(0, 90)), max_size=40), st.floats(0, 0.005))
def test_it_never_goes_back_and_is_not_behind_when_an_operation_is_sent(steps: list[tuple[float, float]], slow_s: float) -> None:
    """Whatever the scenario and the real time do between two operations, and however long the write takes."""
    servers = Servers(slow_s=slow_s)
    clock = clock_of(servers)
    clock.start()
    begins_s, at_s, told = clock._scenario.begins.timestamp(), 0.0, [servers.tells_s]
    for scenario_s, real_s in steps:
        at_s += scenario_s
        servers.wall_s += real_s
        told.append(servers.tells_s)
        clock.follow(at_s)
        told.append(servers.tells_s)
        assert servers.tells_s >= begins_s + at_s - BACKLASH_S - 1e-6
    assert all(earlier <= later + 1e-6 for earlier, later in itertools.pairwise(told))


def test_it_is_moved_for_scenario_time_alone() -> None:
    """While the scenario stands still it ticks on by itself, and how far it got ahead is noted."""
    servers = Servers()
    clock = clock_of(servers)
    clock.start()
    clock.follow(0.0)
    servers.wall_s += 4.0
    clock.follow(0.0)
    clock.follow(3.0)

    assert len(servers.calls) == clock.moves == 2
    assert clock.figures()["ahead_s_max"] == 4.0


def test_the_world_is_written_before_the_doors_open() -> None:
    """So that what it is made of is older than the first order."""
    servers = Servers()
    clock = clock_of(servers)
    clock.start()

    assert (clock._scenario.begins.timestamp() - servers.tells_s, clock.kind) == (3600.0, "scenario")


def test_on_the_wall_clock_no_target_is_asked() -> None:
    """Neither at the start, nor for an operation, nor at the end."""
    servers = Servers(refuses=AssertionError("asked"))
    clock = clock_of(servers, erp_clock="wall")
    clock.start()
    clock.follow(5.0)
    clock.stop()

    assert clock.figures() == {"kind": "wall", "reason": "", "restored": True, "moves": 0, "ahead_s_max": 0.0}


def test_without_the_library_it_says_so_and_stays_on_the_wall_clock() -> None:
    """The run goes on; what is missing stands in what the manifest gets."""
    told: list[str] = []
    servers = Servers(refuses=NoScenarioTime("libfaketime is not here; run: apt-get install libfaketime"))
    clock = clock_of(servers, told)
    clock.start()
    clock.follow(5.0)

    (said,) = told
    assert said.startswith("erp_clock: scenario is off, Odoo keeps the real time: libfaketime is not here")
    assert (clock.kind, clock.restored) == ("wall", True)
    assert clock.figures()["reason"].endswith("apt-get install libfaketime")


def test_a_way_back_that_fails_is_told_and_can_be_healed() -> None:
    """What was rehearsed is still judged."""
    told: list[str] = []
    servers = Servers()
    clock = clock_of(servers, told)
    clock.start()
    servers.refuses = EnvironmentNotReady("PostgreSQL does not start")
    clock.stop()

    assert told == ["Odoo could not be taken back to the real time (PostgreSQL does not start); run: rehearse heal"]
    assert left_behind({"erp_clock": clock.figures()})
    servers.refuses = None
    clock.stop()
    assert not left_behind({"erp_clock": clock.figures()})
    assert servers.calls[-1] is None


def test_the_clock_is_moved_before_the_operation_is_sent(tmp_path: Path) -> None:
    """In the order in which they are asked, each with the scenario's instant."""
    seen: list[object] = []

    class Client:
        def call(self, model: str, *_: object) -> bool:
            seen.append(model)
            return True

        def version(self) -> str:
            return "19.0"

    with History(tmp_path / "history") as history:
        env = simpy.Environment()
        lanes = Lanes(env, Client, 1, 2.0, 5.0, history, seen.append)
        for at_s, model in ((7.0, "res.partner"), (9.5, "sale.order")):
            env.run(until=at_s)
            env.run(until=lanes.ask(Operation("look", model, "read", (1,), writes=False)))
        lanes.close()

    assert seen == [7.0, "res.partner", 9.5, "sale.order"]
