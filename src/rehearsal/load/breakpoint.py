"""The search for the breakpoint: the rate is raised step by step until something does not hold any more.

The steps are in the demand (loadtests/shapes.py); here the clock passes through them, and each is looked at
when it is over. Bounded by the number of steps and by the wall time of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rehearsal import project
from rehearsal.clock.meter import Figures, Meter
from rehearsal.clock.paced import Paced
from rehearsal.load.outcome import Step
from rehearsal.scenario import Scenario
from rehearsal.scenario.gates import evaluate, gate_figures
from rehearsal.stage.demand import Queue

PATIENCE = 3.0
"""A step that takes so many times its wall time has not held: the harness cannot follow."""
SLICES = 10
"""How often within a step its wall time is looked at."""


def search(
    env: Paced, meter: Meter, scenario: Scenario, queues: Mapping[str, Queue], told: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Pass through the steps until one does not hold; shoppers of later steps stay at home. Return what was seen."""
    seen: list[dict[str, Any]] = []
    for number, (begins, ends, orders) in enumerate(project.module("loadtests", "shapes").steps(scenario), start=1):
        began_s, in_time = env.wall(), True
        for part in range(1, SLICES + 1):
            until = begins + (ends - begins) * part / SLICES
            if env.now < until and in_time:
                env.run(until=until)
                in_time = env.wall() - began_s < PATIENCE * scenario.load.breakpoint.step
        figures = meter.figures(env.wall() - began_s)
        step = judged(number, orders * 60 / scenario.load.breakpoint.step, orders, figures, scenario, in_time)
        seen.append(asdict(step))
        told(
            f"step {number}: {step.wanted_per_minute:.0f} orders/min wanted, {step.orders_per_minute:.0f} reached Odoo, "
            f"latency p95 {step.latency_ms_p95:.0f} ms, backlog {step.backlog}: {step.failed or 'held'}"
        )
        if step.failed:
            break
    for queue in queues.values():
        queue.end_at(env.now)
    return seen


def judged(number: int, per_minute: float, orders: float, figures: Figures, scenario: Scenario, in_time: bool) -> Step:
    """Return a step with what did not hold in it, if anything."""
    limits = scenario.load.breakpoint
    problems = [] if in_time else [f"the step took over {PATIENCE:g} times its time"]
    if figures.lateness_ms_p99 > scenario.load.lateness_ms_p99:
        problems.append(f"lateness p99 {figures.lateness_ms_p99:.0f} ms > {scenario.load.lateness_ms_p99:g} ms")
    if figures.latency_ms_p95 > limits.latency_ms_p95:
        problems.append(f"latency p95 {figures.latency_ms_p95:.0f} ms > {limits.latency_ms_p95:g} ms")
    if figures.error_rate > limits.error_rate:
        problems.append(f"{100 * figures.error_rate:.1f} % without an answer > {100 * limits.error_rate:g} %")
    if figures.backlog > max(5.0, limits.backlog * orders):
        problems.append(f"backlog {figures.backlog} of {orders:.0f} orders")
    problems += [
        f"gate {gate.figure} {gate.limit} (is {gate.value:g})"
        for gate in evaluate(scenario.gates, gate_figures(figures.as_dict()))
        if gate.held is False and gate.value is not None
    ]
    return Step(
        number,
        round(per_minute, 1),
        figures.orders_per_minute,
        figures.latency_ms_p95,
        figures.lateness_ms_p99,
        figures.error_rate,
        figures.backlog,
        "; ".join(problems),
    )


def interval(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the highest sustained orders per minute with its interval: the last step that held, the first that failed."""
    held = [step for step in steps if not step["failed"]]
    failed = [step for step in steps if step["failed"]]
    return {
        "orders_per_minute": held[-1]["orders_per_minute"] if held else None,
        "held": held[-1]["wanted_per_minute"] if held else None,
        "failed": failed[0]["wanted_per_minute"] if failed else None,
        "why": failed[0]["failed"] if failed else "",
    }
