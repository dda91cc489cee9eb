"""Gates: what can be written, what it is held against, and what is undecided."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.gates import evaluate, parsed
from rehearsal.scenario import Gate
from tests.conftest import load

FIGURES: dict[str, Any] = {
    "sync_latency_s_p95": 90.0,
    "latency_ms_p95": 800.0,
    "orders_per_minute": 130.0,
    "close_effort_by_channel": {"webshop": 3, "till_1": 0},
    "operations": [
        {"operation": "webshop: confirm", "latency_ms_p95": 1200.0},
        {"operation": "marketplace: confirm", "latency_ms_p95": 1600.0},
        {"operation": "marketplace: import order page", "latency_ms_p95": 300.0},
        {"operation": "run scheduler", "latency_ms_p95": 9000.0},
    ],
}


@pytest.mark.parametrize(
    ("gate", "value", "held"),
    [
        ("sync_latency_s_p95 <= 120", 90.0, True),
        ("orders_per_minute >= 140", 130.0, False),
        ("latency_ms_p95{operation: confirm} <= 1500", 1600.0, False),
        ("latency_ms_p95{operation: webshop: confirm} <= 1500", 1200.0, True),
        ("latency_ms_p95{channel: marketplace, operation: import*} <= 1500", 300.0, True),
        ("latency_ms_p95{operation: confirm} <= 1700", 1600.0, True),
        ("latency_ms_p95 {channel: market*} < 1600", 1600.0, False),
        ("latency_ms_p95{operation: run scheduler} <= 1500", 9000.0, False),
        ("close_effort_by_channel{channel: webshop} <= 2", 3.0, False),
        ("close_effort_by_channel{channel: *} <= 3", 3.0, True),
        ("latency_ms_p95{operation: import order} <= 1500", None, None),
        ("never_measured <= 1", None, None),
        ("close_effort_by_channel <= 1", None, None),
    ],
)
def test_a_gate_tells_the_worst_value_of_what_it_means(gate: str, value: float | None, held: bool | None) -> None:
    """All rows must hold; without any there's no answer."""
    (result,) = evaluate([Gate(limit=gate)], FIGURES)

    assert (result.value, result.held) == (value, held)


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("a is small", "is not a gate"),
        ("latency_ms_p95{confirm} <= 1", "'confirm' selects nothing"),
        ("latency_ms_p95{store: x} <= 1", "'store: x' selects nothing"),
        ("latency_ms_p95{} <= 1", "selects nothing"),
        ("a <= 1 ms", "is not a gate"),
    ],
)
def test_what_is_no_gate_is_refused_with_an_example(gate: str, said: str) -> None:
    """In the scenario, with its place in the file."""
    with pytest.raises(ValueError, match=said) as refused:
        parsed(gate)
    assert "for example" in str(refused.value)


def test_gates_of_pressure_wait_for_load() -> None:
    """A functional run has no orders per minute that mean anything."""
    gates = [Gate(limit="orders_per_minute >= 1"), Gate(limit="sync_latency_s_p95 <= 120")]

    assert [result.figure for result in evaluate(gates, FIGURES, under_load=False)] == ["sync_latency_s_p95"]
    assert len(evaluate(gates, FIGURES)) == 2


def test_a_scenario_takes_strings_and_objects() -> None:
    """The short form is the long form's limit."""
    scenario = load("promo_day", gates=["a <= 1", {"limit": "b >= 2", "abort_on_fail": True, "after": "1m"}])

    assert scenario.gates == (Gate(limit="a <= 1"), Gate(limit="b >= 2", abort_on_fail=True, after=60))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.sampled_from(["<=", ">=", "<", ">"]), st.integers(-100, 100))
def test_many_rows_hold_only_if_each_does(numbers: list[float], comparison: str, limit: int) -> None:
    """The result of a pattern is the result of all its rows alone, and its value is one of theirs."""
    rows = [{"operation": f"o{n}", "error_rate": number} for n, number in enumerate(numbers)]
    (whole,) = evaluate([Gate(limit=f"error_rate{{operation: *}} {comparison} {limit}")], {"operations": rows})
    alone = [
        evaluate([Gate(limit=f"error_rate{{operation: o{n}}} {comparison} {limit}")], {"operations": rows})[0].held
        for n in range(len(rows))
    ]

    assert whole.held == all(alone)
    assert whole.value in numbers
