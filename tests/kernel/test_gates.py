"""Gates: what can be written, what it is held against, and what is undecided."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.clock.meter import Figures
from rehearsal.errors import ScenarioError, UsageError
from rehearsal.load import vitals
from rehearsal.pipeline.run import require_measured
from rehearsal.scenario import Gate
from rehearsal.scenario.gates import LIVE_FIGURES, VITAL_FIGURES, evaluate, gate_figures, parsed
from rehearsal.targets.sensor import Reading
from rehearsal.verdict.kpis import KPIS
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


def test_a_gate_of_pressure_is_not_held_without_load() -> None:
    """A functional run has no orders per minute that mean anything: whoever asks for them gets no pass, and no run either."""
    gates = [Gate(limit="orders_per_minute >= 1"), Gate(limit="sync_latency_s_p95 <= 120")]

    assert [result.held is None for result in evaluate(gates, FIGURES, under_load=False)] == [True, False]
    assert [result.held is None for result in evaluate(gates, FIGURES)] == [False, False]
    with pytest.raises(
        UsageError, match="gates on pressure, which only `rehearse load promo_day` measures: orders_per_minute >= 1;"
    ):
        require_measured(load("promo_day", gates=["orders_per_minute >= 1", "sync_latency_s_p95 <= 120"]))
    require_measured(load("promo_day", gates=["sync_latency_s_p95 <= 120"]))


def test_of_several_rows_that_miss_a_limit_the_worst_is_told() -> None:
    """Whoever knows that one is missed must see another get worse."""
    rows = {"operations": [{"operation": name, "error_rate": rate} for name, rate in (("a", 0.2), ("b", 0.9), ("c", 0.0))]}
    (found,) = evaluate([Gate(limit="error_rate{operation: *} <= 0.1")], rows)

    assert (found.value, found.held) == (0.9, False)


def test_a_scenario_takes_strings_and_objects() -> None:
    """The short form is the long form's limit."""
    scenario = load("promo_day", gates=["recovery_s <= 1", {"limit": "backlog <= 2", "abort_on_fail": True, "after": "1m"}])

    assert scenario.gates == (Gate(limit="recovery_s <= 1"), Gate(limit="backlog <= 2", abort_on_fail=True, after=60))


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


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("sync_latency_s_p59 <= 1", "there is no figure 'sync_latency_s_p59' (did you mean 'sync_latency_s_p95'?)"),
        ("xyzzy <= 1", "there is no figure 'xyzzy' (there are: backlog_at_heal, "),
        (
            "close_effort_by_channel <= 1",
            "close_effort_by_channel is told for each channel; write close_effort_by_channel{channel: NAME}",
        ),
        ("close_effort_by_channel{operation: confirm} <= 1", "close_effort_by_channel is told for each channel"),
        ("sync_latency_s_p95{channel: webshop} <= 1", "sync_latency_s_p95 is one number for the whole run, and cannot be narrowed"),
        ("orders_per_minute{operation: confirm} <= 1", "orders_per_minute is one number for the whole run"),
        ("close_effort_by_channel{channel: webshp} <= 1", "no channel is named 'webshp' (did you mean 'webshop'?)"),
        ("latency_ms_p95{channel: bazaar*} <= 1", "no channel is named 'bazaar*' (there are: marketplace, till_1, "),
    ],
)
def test_a_gate_on_what_no_run_has_is_refused(gate: str, said: str) -> None:
    """It would be undecided after the weekend; it is told before."""
    with pytest.raises(ScenarioError) as refused:
        load("promo_day", gates=["recovery_s <= 1", gate])

    assert refused.value.problems[0].startswith(f"override gates.1: {said}")
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize(
    "gate",
    [
        *(f"{kpi.__name__} <= 1" for kpi in KPIS if "dict" not in kpi.__annotations__["return"]),
        *(f"{name} <= 1" for name in sorted(VITAL_FIGURES)),
        "close_effort_by_channel{channel: *} <= 1",
        "latency_ms_p95{channel: till_*, operation: never asked} <= 1",
        "over_reserved_units <= 1",
    ],
)
def test_a_gate_on_what_some_run_has_is_taken(gate: str) -> None:
    """Every KPI, and everything that load adds."""
    assert [one.limit for one in load("promo_day", gates=[gate]).gates] == [gate]


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        (
            {"limit": "recovery_s <= 1"},
            "override gates.0.abort_on_fail: recovery_s is known at the end only, so it cannot end a run",
        ),
        ({"limit": "deadlocks <= 1"}, "override gates.0.abort_on_fail: deadlocks is known at the end only"),
        (
            {"limit": "backlog <= 1", "after": "24m"},
            "override gates.0.after: it is first held after 24m, and at 60 times the speed the load is over in 24m",
        ),
        ({"limit": "backlog <= 1", "after": "23m"}, ""),
    ],
)
def test_a_gate_that_can_end_no_run_is_refused(gate: dict[str, Any], said: str) -> None:
    """Only what is measured meanwhile can, and only while there is load."""
    try:
        found = str(load("promo_day", gates=[{**gate, "abort_on_fail": True}]).gates and "")
    except ScenarioError as refused:
        (found,) = refused.problems

    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_the_names_of_figures_are_those_that_are_measured() -> None:
    """Neither list may drift from what `meter` and `vitals` tell."""
    nothing = Reading(**dict.fromkeys(Reading.__dataclass_fields__, 0))
    measured = gate_figures(Figures().as_dict())
    (row,) = gate_figures(
        {
            "by_operation": {
                "x": {"count": 1, "per_minute": 1, "refused": 0, "unknown": 0, "latency_ms": {"p50": 1, "p95": 1, "p99": 1}}
            }
        }
    )["operations"]

    assert {name for name, value in measured.items() if isinstance(value, int | float)} == LIVE_FIGURES
    assert set(row) - {"operation"} <= LIVE_FIGURES
    assert set(vitals.figures([vitals.Sample(0.0, nothing), vitals.Sample(1.0, nothing)]) or ()) == VITAL_FIGURES
