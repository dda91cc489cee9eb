"""The paced clock without Locust: a wall clock that the test turns, a bell that turns it while somebody waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import simpy

from rehearsal.clock import Steps
from rehearsal.clock.meter import Meter
from rehearsal.clock.paced import Asked, Paced, PacedRoad, TimedHistory, business_name
from rehearsal.errors import HarnessFault
from rehearsal.history import lines
from rehearsal.model import Answer, Event, EventKind, Operation, Outcome

CONFIRM = Operation("confirm sale order", "sale.order", "action_confirm", (1,), orders=("WEBSHOP-0001",))


class Wall:
    """A wall clock that stands still unless somebody waits."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waited: list[float] = []
        self.due: list[tuple[float, Any]] = []
        """What happens at which wall instant while the clock waits."""

    def __call__(self) -> float:
        return self.now_s

    def ring(self) -> None:
        """Nobody sleeps here."""

    def wait(self, seconds: float) -> None:
        """Pass until the next thing happens, at most *seconds*."""
        self.waited.append(round(seconds, 6))
        until = self.now_s + seconds
        if self.due and self.due[0][0] <= until:
            self.now_s, act = self.due.pop(0)
            act()
        else:
            self.now_s = max(until, self.now_s + 1e-7)  # a real clock never stands still

    def breathe(self) -> None:
        """Nobody else runs."""


class Crew:
    """Keeps what it was dealt."""

    def __init__(self) -> None:
        self.dealt: list[Asked] = []

    def deal(self, asked: Asked) -> None:
        self.dealt.append(asked)


class Stage:
    """A road with everything that it needs."""

    def __init__(self, folder: Path) -> None:
        self.wall, self.crew = Wall(), Crew()
        self.env = Paced(self.wall, self.wall)
        self.meter = Meter(self.wall)
        self.history = TimedHistory(folder, self.env, self.meter)
        self.road = PacedRoad(self.env, self.crew, 2.0, 1.0, self.history, self.meter, frozenset({"webshop"}))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A road whose history lies in a folder of its own."""
    return Stage(tmp_path)


def test_steps_wait_for_the_wall_clock_and_no_longer(stage: Stage) -> None:
    """A minute at sixty times the speed takes a second, whatever lies in between."""
    stage.env.pace(60)
    for at_s in (6, 30, 60):
        stage.env.timeout(at_s)

    stage.env.run(until=60)

    assert round(stage.wall.now_s - 100, 6) == 1.0
    assert [wait for wait in stage.wall.waited if wait] == [0.1, 0.4, 0.5]


def test_a_clock_that_is_not_paced_waits_for_nothing(stage: Stage) -> None:
    """Before the pace and after it, time leaps."""
    stage.env.run(until=86_400)

    assert (stage.env.now, stage.wall.waited) == (86_400, [])


def test_another_speed_goes_on_from_where_the_clock_is(stage: Stage) -> None:
    """Neither a leap nor a pause at the change."""
    stage.env.pace(60)
    stage.env.run(until=60)
    stage.env.pace(600)
    stage.env.run(until=660)

    assert round(stage.wall.now_s - 100, 6) == 2.0


def test_an_answer_lands_when_it_comes_and_its_latency_counts_from_when_it_was_due(stage: Stage) -> None:
    """Asked at scenario second 60 (wall 1 s), told at wall 1.5 s: half a second, and the connector hears of it at 90."""
    heard: list[tuple[float, Answer]] = []

    def connector() -> Steps:
        yield stage.env.timeout(60)
        answer = yield stage.road.ask(CONFIRM, "order.placed:webshop:WEBSHOP-0001#1")
        heard.append((round(stage.env.now, 3), answer))

    stage.env.pace(60)
    stage.meter.begin()
    stage.wall.due.append((101.5, lambda: stage.road.tell(stage.crew.dealt[0].index, Answer(Outcome.OK, True), 0.4)))
    stage.env.process(connector())
    stage.env.run(until=120)

    assert heard == [(90.0, Answer(Outcome.OK, True))]
    assert stage.meter.figures().latency_ms_max == 500.0
    assert stage.crew.dealt[0].name == "webshop: confirm sale order"
    assert stage.env.open == 0


def test_a_clock_that_is_behind_counts_its_own_lateness_as_latency(stage: Stage) -> None:
    """Something held the stepping up for two seconds: what was due meanwhile was late, and says so."""
    stage.env.pace(1)
    stage.meter.begin()

    def shopper() -> Steps:
        yield stage.env.timeout(1)
        stage.history.event(Event("a#1", EventKind.ORDER_PLACED, stage.env.now, "webshop", "WEBSHOP-0001", "dc", {}))
        stage.road.ask(CONFIRM, "a#1")

    stage.env.process(shopper())
    stage.wall.now_s += 3.0
    stage.env.step()
    stage.env.step()
    stage.road.tell(stage.crew.dealt[0].index, Answer(Outcome.OK, True), 0.0)

    figures = stage.meter.figures()
    assert (figures.lateness_ms_max, figures.latency_ms_max) == (2000.0, 2000.0)
    (event,) = [line for line in lines(stage.history.path.parent) if line["kind"] == "event"]
    assert event["wall"] == {"late_ms": 2000.0}


def test_in_a_hurry_the_clock_leaps_to_the_modelled_round_trip_and_waits_there_for_the_answer(stage: Stage) -> None:
    """Settling takes as long as Odoo's answers and no longer."""
    stage.env.pace(60)
    asked = stage.road.ask(CONFIRM)
    stage.road.hurry()
    stage.wall.due.append((100.3, lambda: stage.road.tell(0, Answer(Outcome.OK, True), 0.3)))

    answer = stage.env.run(until=asked)

    assert answer == Answer(Outcome.OK, True)
    assert (stage.env.now, round(stage.wall.now_s, 3)) == (2.0, 100.3)


def test_an_answer_that_never_comes_ends_the_run_with_a_sentence(stage: Stage) -> None:
    """Every wait has a bound."""
    asked = stage.road.ask(CONFIRM)

    with pytest.raises(HarnessFault, match="no lane answered operation 0"):
        stage.env.run(until=asked)


def test_what_a_lost_worker_had_under_way_is_unknown_and_a_late_answer_changes_nothing(stage: Stage) -> None:
    """It may have been done; it is looked up later like any other doubt."""
    stage.env.pace(60)
    asked = stage.road.ask(CONFIRM)

    assert stage.road.give_up({0, 7}, "worker-1 was lost") == 1
    stage.road.tell(0, Answer(Outcome.OK, True), 0.1)
    answer = stage.env.run(until=asked)

    assert isinstance(answer, Answer)
    assert (answer.outcome, answer.message) == (Outcome.UNKNOWN, "worker-1 was lost")
    assert stage.road.doubtful == [(0, CONFIRM)]


def test_closing_writes_down_what_is_still_on_its_way(stage: Stage) -> None:
    """A history without an answer to an operation would look like a crash."""
    stage.env.pace(60)
    stage.road.ask(CONFIRM)
    stage.road.close("the run ended")

    told = [line for line in lines(stage.history.path.parent) if line["kind"] == "answer"]
    assert [(line["operation"], line["outcome"], line["erp"]["message"]) for line in told] == [(0, "unknown", "the run ended")]


@pytest.mark.parametrize(
    ("cause", "name"),
    [
        ("order.placed:webshop:WEBSHOP-0001:dc#1", "webshop: confirm"),
        ("publish:webshop:dc", "webshop: confirm"),
        ("settle", "settle: confirm"),
        ("", "harness: confirm"),
    ],
)
def test_operations_are_named_in_business_words(cause: str, name: str) -> None:
    """The channel that made it necessary, and what is done."""
    assert business_name("confirm", cause, frozenset({"webshop"})) == name


def test_a_paced_environment_is_a_simpy_environment(stage: Stage) -> None:
    """Simulators and connectors run unchanged."""
    assert isinstance(stage.env, simpy.Environment)
