"""Two runs side by side: which broken invariants are new, ongoing or fixed, and what each puts at risk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.pipeline.conclusion import concluded, record_of
from rehearsal.pipeline.run_folder import reopen
from rehearsal.pipeline.terminal import share


def compared(run_a: Path, run_b: Path) -> dict[str, Any]:
    """Return the comparison of two judged runs; *run_a* is the older state of affairs."""
    before, after = _summary(run_a), _summary(run_b)
    broken_a = {one["id"]: one for one in before["invariants"] if one["verdict"] == "fail"}
    broken_b = {one["id"]: one for one in after["invariants"] if one["verdict"] == "fail"}
    decided_b = {one["id"] for one in after["invariants"] if one["verdict"] != "undecided"}
    return {
        "exit_code": _exit_code(before, after),
        "same_demand": before["demand_hash"] == after["demand_hash"],
        "verdicts": [before["verdict"], after["verdict"]],
        "connectors": [one.get("design", one["connector"]) for one in (before, after)],
        "sell_through": [before["kpis"]["sell_through"], after["kpis"]["sell_through"]],
        "money_at_risk": [_dearest(before), _dearest(after)],
        "new": [_row(key, None, broken_b[key]) for key in broken_b if key not in broken_a],
        "ongoing": [_row(key, broken_a[key], broken_b[key]) for key in broken_b if key in broken_a],
        "fixed": [_row(key, broken_a[key], None) for key in broken_a if key in decided_b and key not in broken_b],
        "undecided": [_row(one["id"], broken_a.get(one["id"]), None) for one in after["invariants"] if one["id"] not in decided_b],
    }


def _exit_code(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """Return 1 for an invariant that is newly broken, 5 where either run is undecided, 4 for a newly missed gate, else 0."""
    held = {one["id"] for one in before["invariants"] if one["verdict"] == "pass"}
    if any(one["verdict"] == "fail" and one["id"] in held for one in after["invariants"]) and after["exit_code"] != 5:
        return 1
    if 5 in (before["exit_code"], after["exit_code"]):
        return 5
    missed = {(gate["figure"], gate["limit"]) for gate in before["gates"] if gate["held"] is False}
    return 4 if any(g["held"] is False and (g["figure"], g["limit"]) not in missed for g in after["gates"]) else 0


def table(told: Mapping[str, Any]) -> str:
    """Return the comparison as text."""
    lines = [f"{told['connectors'][0]}: {told['verdicts'][0]}   →   {told['connectors'][1]}: {told['verdicts'][1]}"]
    lines.append(f"  at risk      {told['money_at_risk'][0]} → {told['money_at_risk'][1]} in the dearest invariant of each")
    lines.append(f"  sell-through {' → '.join(map(share, told['sell_through']))} of the units that an oracle keeps")
    if not told["same_demand"]:
        lines.append("the two runs met different shoppers (demand_hash differs): compare with care")
    for kind in ("new", "ongoing", "fixed", "undecided"):
        for row in told[kind]:
            lines.append(f"  {kind:9} {row['id'].replace('_', ' ')}: {row['before'] or '-'} → {row['after'] or '-'} at risk")
    return "\n".join(lines)


def _dearest(summary: Mapping[str, Any]) -> str:
    """Return the most that one invariant puts at risk; one order can break several, so they are not added up."""
    return max((one["money_at_risk"] for one in summary["invariants"]), key=float, default="0.00")


def _row(key: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"id": key, "before": before["money_at_risk"] if before else None, "after": after["money_at_risk"] if after else None}


def _summary(run: Path) -> dict[str, Any]:
    """Return what a run comes to, judged anew: a summary on the disk may be of another harness, or not be true any more."""
    found = reopen(run)
    with record_of(found) as record:
        return concluded(found, record).summary
