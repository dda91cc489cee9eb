"""What a step of a breakpoint search must hold, and what the search says in the end."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from rehearsal.clock.meter import Figures
from rehearsal.load.breakpoint import interval, judged
from rehearsal.load.outcome import Step
from rehearsal.scenario import Scenario
from tests.conftest import load


@pytest.fixture
def scenario() -> Scenario:
    """A search with a gate."""
    return load("breakpoint", gates=["latency_ms_p99 <= 4000", "sync_latency_s_p95 <= 120"])


@pytest.mark.parametrize(
    ("figures", "failed"),
    [
        ({}, ""),
        ({"latency_ms_p95": 5001.0}, "latency p95 5001 ms > 5000 ms"),
        ({"lateness_ms_p99": 251.0}, "lateness p99 251 ms > 250 ms"),
        ({"error_rate": 0.02}, "2.0 % without an answer > 1 %"),
        ({"backlog": 51}, "backlog 51 of 100 orders"),
        ({"latency_ms_p99": 4500.0}, "gate latency_ms_p99 <= 4000 (is 4500)"),
    ],
)
def test_a_step_says_what_did_not_hold(figures: dict[str, Any], failed: str, scenario: Scenario) -> None:
    """A gate on a figure that only the end knows is not looked at here."""
    assert judged(1, 400, 100, Figures(**figures), scenario, in_time=True).failed == failed


def test_a_step_that_takes_for_ever_has_not_held(scenario: Scenario) -> None:
    """The harness itself cannot follow."""
    assert "3 times its time" in judged(1, 400, 100, Figures(), scenario, in_time=False).failed


def test_the_interval_is_the_last_rate_that_held_and_the_first_that_did_not() -> None:
    """With what was really reached at the last step that held."""
    steps = [
        asdict(Step(1, 60, 58.5, 90, 1, 0, 0)),
        asdict(Step(2, 90, 88.0, 200, 2, 0, 1)),
        asdict(Step(3, 135, 101.0, 6000, 2, 0, 40, "latency")),
    ]

    assert interval(steps) == {"orders_per_minute": 88.0, "held": 90, "failed": 135, "why": "latency"}
    assert interval(steps[:2]) == {"orders_per_minute": 88.0, "held": 90, "failed": None, "why": ""}
    assert interval(steps[2:]) == {"orders_per_minute": None, "held": None, "failed": 135, "why": "latency"}
