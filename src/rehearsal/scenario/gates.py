"""Gates: limits on figures, declared in the scenario as ``figure comparison number``.

A figure is a KPI or, under load, what `rehearse load` measures. Braces narrow it to some rows::

    sync_latency_s_p95 <= 120
    orders_per_minute >= 120
    latency_ms_p95{operation: confirm} <= 1500
    latency_ms_p95{channel: marketplace, operation: import*} <= 4000
    close_effort_by_channel{channel: webshop} <= 10

An operation is written as it is shown (``webshop: confirm``), without its channel, or as a pattern. Where
several rows are meant, every one of them must hold, and the worst is told.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Protocol

from rehearsal.parts.bounds import nearest

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
}
GATE = re.compile(r"^\s*([a-z][a-z0-9_]*)\s*(?:\{([^}]*)\})?\s*(<=|>=|==|<|>)\s*(-?\d{1,15}(?:\.\d{1,15})?)\s*$")
EXAMPLES = "'sync_latency_s_p95 <= 120' or 'latency_ms_p95{operation: confirm} <= 1500'"
SELECTORS = ("channel", "operation")
OPERATION_FIGURES = ("latency_ms_p50", "latency_ms_p95", "latency_ms_p99", "error_rate", "refusal_rate", "operations_per_minute")
"""What is measured for each operation as well as for all of them together."""
LIVE_FIGURES = frozenset(
    {
        *OPERATION_FIGURES,
        "wall_s",
        "orders_per_minute",
        "latency_ms_max",
        "lateness_ms_p50",
        "lateness_ms_p95",
        "lateness_ms_p99",
        "lateness_ms_max",
        "stimuli",
        "backlog",
    }
)
"""What `meter` tells while a run goes on: only these can end it."""
VITAL_FIGURES = frozenset(
    {
        "seconds", "odoo_cpu_cores", "odoo_cpu_cores_max", "odoo_memory_mb_max", "postgres_cpu_cores", "postgres_cpu_cores_max",
        "postgres_memory_mb_max", "serialization_retries", "retries_given_up", "commits", "rollbacks", "deadlocks",
        "lock_waits_max", "lock_waits_mean", "active_sessions_max",
    }
)  # fmt: skip
"""What `vitals` tells at the end."""
LOAD_FIGURES = (
    LIVE_FIGURES | VITAL_FIGURES | {"over_reserved_units", "speedup", "workers", "lanes", "lateness_ms_p99_allowed", "now_s"}
)
"""Figures of pressure: only `rehearse load` has them."""

CHANNEL_FIGURES = frozenset({"close_effort_by_channel"})
"""KPIs that are told for each channel."""
KPI_FIGURES = CHANNEL_FIGURES | {
    "order_exception_rate",
    "inventory_variance_units",
    "sync_latency_s_p95",
    "refund_aging_s_p95",
    "reconciliation_breaks",
    "duplicate_customer_rate",
    "fulfilment_sla_adherence",
    "sell_through",
    "backlog_at_heal",
    "recovery_s",
    "events_never_handled",
    "slowest_answer_s",
}
"""What `kpis` computes of a record."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A gate, taken apart."""

    figure: str
    selector: tuple[tuple[str, str], ...]
    comparison: str
    number: float

    @property
    def shown(self) -> str:
        """Return the figure with its selector, as it was meant."""
        inside = ", ".join(f"{key}: {pattern}" for key, pattern in self.selector)
        return f"{self.figure}{{{inside}}}" if inside else self.figure

    @property
    def under_load_only(self) -> bool:
        """Whether a run without load cannot have this figure."""
        return self.figure in LOAD_FIGURES

    def holds(self, value: float) -> bool:
        """Return whether *value* is within the limit."""
        return COMPARISONS[self.comparison](value, self.number)


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate with the figure that it met."""

    figure: str
    limit: str
    value: float | None
    held: bool | None
    """None when the figure does not exist: then the run is undecided."""
    aborted: bool = False
    """Whether the run was ended early because of it."""


def parsed(gate: str) -> Limit:
    """Return *gate* taken apart; raises ValueError with an example."""
    found = GATE.match(gate)
    if not found:
        raise ValueError(f"{gate!r} is not a gate; write for example {EXAMPLES}")
    return Limit(found[1], tuple(_selected(gate, found[2])) if found[2] is not None else (), found[3], float(found[4]))


def _selected(gate: str, text: str) -> Iterable[tuple[str, str]]:
    for part in text.split(",", len(SELECTORS) - 1):
        key, colon, pattern = (word.strip() for word in part.partition(":"))
        if not colon or not pattern or key not in SELECTORS:
            raise ValueError(
                f"{gate!r}: {part.strip()!r} selects nothing; write channel: NAME or operation: NAME in the braces, "
                f"for example {EXAMPLES}"
            )
        yield key, pattern


def misuse(limit: Limit, kpis: Mapping[str, bool], channels: Iterable[str]) -> str:
    """Return why *limit* can be held against nothing, or an empty text; *kpis* tells of each whether it is by channel."""
    figure, selector = limit.figure, dict(limit.selector)
    if figure not in kpis and figure not in LOAD_FIGURES:
        near = nearest(figure, {*kpis, *LOAD_FIGURES})
        return f"there is no figure {figure!r}{near if 'did you mean' in near else nearest(figure, kpis)}"
    by_channel = kpis.get(figure, False)
    if by_channel and set(selector) != {"channel"}:
        return f"{figure} is told for each channel; write {figure}{{channel: NAME}}, or {{channel: *}} for all of them"
    if selector and not by_channel and figure not in OPERATION_FIGURES:
        can = ", ".join((*OPERATION_FIGURES, *(name for name in kpis if kpis[name])))
        return f"{figure} is one number for the whole run, and cannot be narrowed to {limit.shown}; the figures that can be: {can}"
    known = sorted(channels)
    if "channel" in selector and not any(fnmatchcase(code, selector["channel"]) for code in known):
        return f"no channel is named {selector['channel']!r}{nearest(selector['channel'], known)}"
    return ""


class Declared(Protocol):
    """A gate as a scenario declares it."""

    @property
    def limit(self) -> str:
        """Figure, comparison and number."""

    @property
    def abort_on_fail(self) -> bool:
        """Whether a run under load ends when it fails."""


def evaluate(gates: Iterable[Declared], figures: Mapping[str, Any], under_load: bool = True) -> tuple[GateResult, ...]:
    """Hold every gate against *figures*; one of pressure has none unless *under_load*, and so leaves the run undecided."""
    results = []
    for gate in gates:
        limit = parsed(gate.limit)
        found = values(limit, figures) if under_load or not limit.under_load_only else []
        missed = [value for value in found if not limit.holds(value)]
        worst = max(missed, key=lambda value: abs(value - limit.number)) if missed else _nearest(limit, found)
        held = limit.holds(worst) if worst is not None else None
        results.append(GateResult(limit.shown, f"{limit.comparison} {limit.number:g}", worst, held))
    return tuple(results)


def values(limit: Limit, figures: Mapping[str, Any]) -> list[float]:
    """Return every number that *limit* is about; empty when there is no such figure."""
    if not limit.selector:
        return _numbers([figures.get(limit.figure)])
    wanted = dict(limit.selector)
    by_channel = figures.get(limit.figure)
    if isinstance(by_channel, Mapping) and set(wanted) == {"channel"}:
        return _numbers(value for channel, value in by_channel.items() if fnmatchcase(str(channel), wanted["channel"]))
    return _numbers(row.get(limit.figure) for row in figures.get("operations", ()) if _meant(row["operation"], wanted))


def _meant(operation: str, wanted: Mapping[str, str]) -> bool:
    channel, colon, bare = operation.partition(": ")
    names = (operation, bare) if colon else (operation,)
    return fnmatchcase(channel if colon else "", wanted.get("channel", "*")) and any(
        fnmatchcase(name, wanted.get("operation", "*")) for name in names
    )


def _numbers(found: Iterable[Any]) -> list[float]:
    return [float(value) for value in found if isinstance(value, int | float) and not isinstance(value, bool)]


def _nearest(limit: Limit, found: list[float]) -> float | None:
    """Of values that all hold, return the one nearest to failing."""
    return min(found, key=lambda value: abs(value - limit.number), default=None)


def with_abort(results: Iterable[GateResult], aborted_by: Mapping[str, Any] | None) -> tuple[GateResult, ...]:
    """Return *results* with the gate that ended the run as it was then."""
    if not aborted_by:
        return tuple(results)
    ended = replace(GateResult(**aborted_by), aborted=True)
    return tuple(ended if (one.figure, one.limit) == (ended.figure, ended.limit) else one for one in results)


def gate_figures(load: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `meter` measured (as ``summary.json`` has it) in the shape that gates are held against."""
    rows = []
    for name, told in load.get("by_operation", {}).items():
        latency_ms, count = told["latency_ms"], max(1, told["count"])
        rows.append(
            {
                "operation": name,
                "latency_ms_p50": latency_ms["p50"],
                "latency_ms_p95": latency_ms["p95"],
                "latency_ms_p99": latency_ms["p99"],
                "error_rate": told["unknown"] / count,
                "refusal_rate": told["refused"] / count,
                "operations_per_minute": told["per_minute"],
            }
        )
    return {**(load.get("vitals") or {}), **load, "operations": rows}
