"""Two runs side by side: what is new, worse, ongoing, better or fixed, and what each puts at risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.model import Tell, amount, counted
from rehearsal.pipeline.conclusion import Conclusion, concluded, record_of
from rehearsal.pipeline.run_folder import reopen
from rehearsal.pipeline.terminal import release_lines, share
from rehearsal.strangers import raise_ours, said
from rehearsal.verdict.baseline import Baseline
from rehearsal.verdict.fingerprints import Known, either, known_of
from rehearsal.verdict.record import Record
from rehearsal.verdict.release import Terms, released
from rehearsal.verdict.waivers import Waiver


def compared(
    run_a: Path,
    run_b: Path,
    page: Path,
    told: Tell,
    waivers: tuple[Waiver, ...] = (),
    margin_units: int = 0,
    margin_minor: int = 0,
    noise: Path | None = None,
) -> dict[str, Any]:
    """Return the comparison of two judged runs, and write it to *page* as HTML; *run_a* is the older state of affairs.

    By invariant (``new``, ``ongoing``, ``fixed``, ``undecided``), and by trouble (``troubles``), which also tells worse from better.
    All are judged anew: a summary on the disk may be of another harness, or not be true any more. *noise* is another run of what
    *run_a* is a run of: what these two do not have in common is no news. Raises `UsageError` where it is a run of something else.
    """
    runs = reopen(run_a), reopen(run_b)
    if run_a.resolve() == run_b.resolve():
        raise UsageError(f"{run_a} would be compared with itself; name two runs")
    if runs[0].scenario.name != runs[1].scenario.name:
        one, other = (run.scenario.name for run in runs)
        raise UsageError(f"{run_a} is a run of {one}, and {run_b} of {other}; compare two runs of one scenario")
    with record_of(runs[0]) as record_a, record_of(runs[1]) as record_b:
        first, second = concluded(runs[0], record_a), concluded(runs[1], record_b)
        _paged([(record_a, first, run_a), (record_b, second, run_b)], page, told)
    terms = Terms(None, waivers, margin_units, margin_minor)
    return _compared(first, second, terms, _again(first, run_a, noise) if noise else None)


def _again(first: Conclusion, run: Path, noise: Path) -> Conclusion:
    """Return the conclusion of *noise*; raises `UsageError` unless it is a run of what *run* is one of."""
    with record_of(reopen(noise)) as record:
        again = concluded(reopen(noise), record)
    for word, what in (("scenario", "scenario"), ("design", "connector"), ("demand_hash", "demand")):
        if first.summary[word] != again.summary[word]:
            raise UsageError(
                f"--noise {noise} has {what} {again.summary[word]}, and {run} has {first.summary[word]}; noise is what two runs of the "
                "same differ in: repeat the first run with the command at its end, and name that"
            )
    if again.summary["damages"]:
        raise UsageError(f"--noise {noise} is no record of a run any more ({again.summary['damages'][0]}); take another one")
    return again


def _compared(first: Conclusion, second: Conclusion, terms: Terms, again: Conclusion | None) -> dict[str, Any]:
    before, after = first.summary, second.summary
    known = known_of(before, first.verdict)
    other = known_of(again.summary, again.verdict) if again else known
    baseline = Baseline(before["scenario"], before["seed"], before["demand_hash"], before["design"], either(known, other))
    troubles = released(after, second.verdict, replace(terms, baseline=baseline), datetime.now(UTC).date())
    broken_a = _broken(again.summary if again else before) | _broken(before)
    broken_b = _broken(after)
    decided_b = {one["id"] for one in after["invariants"] if one["verdict"] != "undecided"}
    return {
        "exit_code": _exit_code(before, after, troubles),
        "same_demand": before["demand_hash"] == after["demand_hash"],
        "currency": after["currency"],
        "verdicts": [before["verdict"], after["verdict"]],
        "connectors": [one.get("design", one["connector"]) for one in (before, after)],
        "sell_through": [before["kpis"]["sell_through"], after["kpis"]["sell_through"]],
        "money_at_risk": [_dearest(before), _dearest(after)],
        "new": [_row(key, None, broken_b[key]) for key in broken_b if key not in broken_a],
        "ongoing": [_row(key, broken_a[key], broken_b[key]) for key in broken_b if key in broken_a],
        "fixed": [_row(key, broken_a[key], None) for key in broken_a if key in decided_b and key not in broken_b],
        "undecided": [_row(one["id"], broken_a.get(one["id"]), None) for one in after["invariants"] if one["id"] not in decided_b],
        "troubles": troubles,
        **({"noise": _noise(before, again.summary, known, other)} if again else {}),
    }


def _broken(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {one["id"]: one for one in summary["invariants"] if one["verdict"] == "fail"}


def _noise(
    before: Mapping[str, Any], again: Mapping[str, Any], known: Mapping[str, Known], other: Mapping[str, Known]
) -> dict[str, Any]:
    """Return in what two runs of one build differ, which is therefore no difference between two builds."""
    return {
        "troubles": sorted(name for name in {*known, *other} if known.get(name) != other.get(name)),
        "sell_through": [one["kpis"]["sell_through"] for one in (before, again)],
        "money_at_risk": [_dearest(one) for one in (before, again)],
    }


def page_of(run_a: Path, run_b: Path) -> Path:
    """Return where the page of two runs goes unless somebody says otherwise: beside the second one."""
    return run_b.absolute().parent / f"{run_a.absolute().name}-and-{run_b.absolute().name}.html"


def _paged(both: Sequence[tuple[Record, Conclusion, Path]], page: Path, told: Tell) -> None:
    """Write one HTML page for both runs to *page*; like any report, one that fails is told and takes nothing else down."""
    write = getattr(project.module("reports", "html"), "compare", None)
    if write is None:
        told("no page for both runs: reports/html.py of this project has no function compare(both, path)")
        return
    try:
        write([(record, found.summary, found.verdict, folder) for record, found, folder in both], page)
        told(f"page: {page}")
    except BaseException as error:
        raise_ours(error)
        told(f"the page for both runs could not be written to {page} ({said(error)}); name another file: --page FILE")


def _exit_code(before: Mapping[str, Any], after: Mapping[str, Any], troubles: Mapping[str, Any]) -> int:
    """Return 1 for a trouble that is new or worse, 5 where either run is undecided, 4 for a newly missed gate, else 0.

    Of a run that was undecided as a whole, what its invariants passed is known all the same.
    """
    code: int = troubles["exit_code"]
    if before["verdict"] != "undecided":
        return code
    held = {one["id"] for one in before["invariants"] if one["verdict"] == "pass"}
    return 1 if code == 1 and any(row["fingerprint"].partition(":")[0] in held for row in troubles["new"]) else 5


def table(told: Mapping[str, Any]) -> str:
    """Return the comparison as text."""
    lines = [f"{told['connectors'][0]}: {told['verdicts'][0]}   →   {told['connectors'][1]}: {told['verdicts'][1]}"]
    currency = told["currency"]
    sums = " → ".join(amount(one, currency) for one in told["money_at_risk"])
    lines.append(f"  at risk      {sums} in the dearest invariant of each")
    lines.append(
        f"  sell-through {' → '.join(map(share, told['sell_through']))} of the units that one perfect counter would have kept"
    )
    if noise := told.get("noise"):
        both = " and ".join(map(share, noise["sell_through"]))
        sums = " and ".join(amount(one, currency) for one in noise["money_at_risk"])
        lines.append(
            f"  noise        two runs of the first differ in {counted(len(noise['troubles']), 'trouble')}: {both} sell-through, {sums} at risk"
        )
    if not told["same_demand"]:
        lines.append("the two runs met different shoppers (demand_hash differs): compare with care")
    for kind in ("new", "ongoing", "fixed", "undecided"):
        for row in told[kind]:
            before, after = (amount(sum_at, currency) if sum_at else "-" for sum_at in (row["before"], row["after"]))
            lines.append(f"  {kind:9} {row['id'].replace('_', ' ')}: {before} → {after} at risk")
    return "\n".join([*lines, *release_lines(told["troubles"], currency)])


def _dearest(summary: Mapping[str, Any]) -> str:
    """Return the most that one invariant puts at risk; one order can break several, so they are not added up."""
    return max((one["money_at_risk"] for one in summary["invariants"]), key=float, default="0.00")


def _row(key: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"id": key, "before": before["money_at_risk"] if before else None, "after": after["money_at_risk"] if after else None}
