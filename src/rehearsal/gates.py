"""Gates: limits on figures, declared in the scenario as strings such as ``sync_latency_s_p95 <= 120``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq,
}  # fmt: skip
GATE = re.compile(r"^\s*([a-z][a-z0-9_]*(?:\{[^}]*\})?)\s*(<=|>=|==|<|>)\s*(-?\d+(?:\.\d+)?)\s*$")


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate with the figure that it met."""

    figure: str
    limit: str
    value: float | None
    held: bool | None
    """None when the figure does not exist: then the run is undecided."""


def parsed(gate: str) -> tuple[str, str, float]:
    """Return figure, comparison and limit of a gate; raises ValueError with an example."""
    found = GATE.match(gate)
    if not found:
        raise ValueError(f"{gate!r} is not a gate; write for example 'sync_latency_s_p95 <= 120'")
    return found[1], found[2], float(found[3])


def evaluate(gates: tuple[str, ...], figures: Mapping[str, Any]) -> tuple[GateResult, ...]:
    """Hold every gate against *figures*."""
    results = []
    for gate in gates:
        figure, comparison, limit = parsed(gate)
        value = figures.get(figure)
        known = isinstance(value, int | float)
        held = COMPARISONS[comparison](float(value), limit) if known and value is not None else None
        results.append(
            GateResult(figure, f"{comparison} {limit:g}", float(value) if known and value is not None else None, held)
        )
    return tuple(results)
