"""What a run looks like in a terminal: progress while it goes on, and the verdict at its end."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rehearsal.model import amount, counted
from rehearsal.verdict.fingerprints import LETTER
from rehearsal.verdict.repeat import first, of_summary, with_connector

MARKS = {"pass": "✓", "fail": "✗", "undecided": "?"}
COLOURS = {"pass": "32", "fail": "31", "undecided": "33"}
DEAREST = 3
SHOWN = 6
"""Troubles under a head that keeps nobody back."""


class Progress:
    """A bar on a terminal, plain lines elsewhere."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[clock]}"), TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tell(self, text: str) -> None:
        """Say what goes on."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            self._tell(text)

    def advance(self, now_s: float, whole_s: float) -> None:
        """Show how much of the scenario has passed."""
        if self._bar is None:
            return
        if self._task is None:
            self._task = self._bar.add_task("rehearsal", total=whole_s, clock="")
        day, rest = divmod(int(now_s), 86_400)
        self._bar.update(self._task, completed=now_s, clock=f"day {day + 1} {rest // 3600:02d}:00")


def verdict_lines(run: Path, summary: Mapping[str, Any], cure: str = "") -> list[str]:
    """Return the end of a run: invariants, gates, totals, dearest findings, files, and how to repeat it."""
    lines, because = ["", "INVARIANTS  (what must hold for every order and every unit)"], _because(run)
    currency = summary.get("currency", "")
    if summary["damages"]:
        lines = ["", "THE RECORD IS NOT WHAT WAS WRITTEN, so nothing is decided", *_asked(summary["damages"]), *lines[1:]]
    elif not summary["finished"]:
        why = f": {summary['aborted']}" if summary["aborted"] else "; this is what is known so far"
        lines = ["", f"THE RUN DID NOT REACH ITS END{why}", *lines[1:]]
    for one in summary["invariants"]:
        tail = f"{one['examined']} examined"
        if one["findings"]:
            tail += (
                f", {counted(one['findings'], 'finding')}"
                + (f", {counted(one['units'], 'unit')}" if one["units"] else "")
                + f", {amount(one['money_at_risk'], currency)} at risk"
            )
        if one["verdict"] == "undecided" and summary["finished"] and because.get(one["id"]):
            tail += f"; {because[one['id']]}"
        lines.append(f"  {_coloured(MARKS[one['verdict']], one['verdict'])} {one['id'].replace('_', ' ')}  ({tail})")
    if summary["gates"]:
        lines.append("GATES")
        for gate in summary["gates"]:
            verdict = {True: "pass", False: "fail", None: "undecided"}[gate["held"]]
            lines.append(f"  {_coloured(MARKS[verdict], verdict)} {gate['figure']} {gate['limit']}  (is {gate['value']})")
    if summary["idle"]:
        lines += ["NOT EXERCISED ENOUGH", *_asked(summary["idle"])]
    if summary["dead_letters"]:
        lines += ["DROPPED BY THE CONNECTOR  (its method and line, then why)", *_asked(summary["dead_letters"])]
    if summary["crashed"]:
        lines += ["NOT COMPUTED", *_asked(summary["crashed"])]
    if summary["finished"] and not summary["rested"]:
        lines += ["NOT AT REST", *_asked(["something was still under way when the time for settling was over"])]
    counts = summary["counts"]
    lines += [
        "TOTALS",
        f"  orders      {counts['orders_accepted']:,} accepted of {counts['orders_attempted']:,} attempted; {_refused(summary, currency)}",
        (
            f"  operations  {counts['operations_ok']} ok, {counts['operations_refused']} refused, {counts['operations_unknown']} unknown;"
            f" the connector dropped {counted(counts['dead_letters'], 'event')}"
        ),
        _headline_sum(summary, currency),
        f"  sell-through {share(summary['kpis'].get('sell_through'))} of the units that one perfect counter would have sold and kept{_beyond(summary)}",
        *_kept(summary, currency),
        "  wall time   " + ", ".join(f"{phase} {took:.1f} s" for phase, took in summary["timings_s"].items()),
    ]
    lines += _load_lines(summary.get("load"))
    lines += _dearest(run, currency)
    release = summary.get("release")
    lines += ["RELEASE", *release_lines(release, currency)] if release else []
    lines += [
        "",
        (
            f"VERDICT  {_coloured(summary['verdict'].upper(), summary['verdict'])}   "
            f"({summary['scenario']}, connector {summary.get('design', summary['connector'])}, seed {summary['seed']})"
        ),
        f"report:       {run / 'report.html'}",
    ]
    if release:
        lines.insert(-1, f"RELEASE  {release_line(release)}")
    repeat = of_summary(summary)
    if before := first(summary["target"]):
        lines.append(f"to repeat:    {before}")
    if summary["verdict"] == "undecided":
        lines.append("what to do:   the report says under “Next step” what fits the reason")
    lines.append(f"repeat with:  {repeat}")
    if cure and cure != summary["connector"] and summary["verdict"] == "fail":
        lines.append(f"see the cure: {with_connector(repeat, cure)}")
    return lines


def _kept(summary: Mapping[str, Any], currency: str) -> list[str]:
    """Return what was sold and kept in money; nothing of a run that is older than that figure."""
    if "kept_worth" not in summary:
        return []
    best = (
        f" of {amount(summary['perfect']['worth'], currency)} that a perfect counter would have kept"
        if "perfect" in summary
        else ""
    )
    return [f"  kept        {amount(summary['kept_worth'], currency)}{best}: accepted, and not cancelled"]


def _beyond(summary: Mapping[str, Any]) -> str:
    """Return why there may be more than all."""
    more = (summary["kpis"].get("sell_through") or 0) > 1
    return " (it serves first come, first served, and whole baskets: no upper bound)" if more else ""


def _refused(summary: Mapping[str, Any], currency: str) -> str:
    worth = f", worth {amount(summary['refused_worth'], currency)}" if "refused_worth" in summary else ""
    return f"{summary['counts']['orders_refused']:,} refused by channels{worth}"


def _headline_sum(summary: Mapping[str, Any], currency: str) -> str:
    """Return the one sum of a run with its rule: one order can break several invariants, so sums are not added up."""
    broken = [one for one in summary["invariants"] if one["findings"]]
    dearest = max(broken, key=lambda one: float(one["money_at_risk"]), default=None)
    if dearest is None:
        return f"  at risk     {amount('0.00', currency)}: no invariant is broken"
    rule = "the dearest broken invariant; one order can break several, so sums are not added up"
    return f"  at risk     {amount(dearest['money_at_risk'], currency)}: {dearest['id'].replace('_', ' ')} ({rule})"


def release_line(told: Mapping[str, Any]) -> str:
    """Return in a line whether a build may go out, and why, or why not."""
    parts = (("new", "new"), ("worse", "worse"), ("expired", "waived too long ago"))
    held = ", ".join(f"{len(told[part])} {word}" for part, word in parts if told[part])
    if told["exit_code"] == 5:
        return "UNDECIDED"
    if told["exit_code"]:
        return f"FAIL: {held or 'a limit was missed'}"
    waived = len(told["waived"])
    return f"PASS: nothing else is new or worse; {counted(waived, 'trouble')} waived" if waived else "PASS: nothing is new or worse"


def release_lines(told: Mapping[str, Any], currency: str = "") -> list[str]:
    """Return what is new, worse, ongoing, better, fixed and waived: one line per trouble, with units and money before and after."""
    lines = []
    for part in ("new", "worse", "ongoing", "better", "fixed", "waived"):
        rows = told[part]
        most = len(rows) if part in ("new", "worse", "waived") else SHOWN
        lines += [f"  {part:9} {row['fingerprint']}{_apart(row, currency)}" for row in rows[:most]]
        lines += [f"  {part:9} and {len(rows) - most} more"] if len(rows) > most else []
    for one in told["expired"]:
        lines.append(
            f"  expired   {one['match']}: waived by {one['owner']} until {one['expires']} ({one['reason']}); mend it, or renew it"
        )
    lines += [
        f"  idle      the waiver of {match} matches nothing; take it out{'' if ':' in match else f', or write {match}: *'}"
        for match in told["unmatched"]
    ]
    if not told["same_demand"]:
        lines.append("  the two met different shoppers, so troubles are compared without nodes and SKUs")
    return lines


def _apart(row: Mapping[str, Any], currency: str) -> str:
    """Return in brackets what a trouble comes to, before and after; empty where nothing can be counted."""
    noun = "time" if row["fingerprint"].startswith(f"{LETTER}:") else "unit"
    said = [f"{row['units'][0]} → {counted(row['units'][1], noun)}"] if any(row["units"]) else []
    said += [" → ".join("none" if one is None else f"{one:g}" for one in row["figures"])] if "figures" in row else []
    sums = [amount(one, currency) for one in row["money_at_risk"]]
    said += [" → ".join(sums) + " at risk"] if set(row["money_at_risk"]) != {"0.00"} else []
    return f"  ({', '.join(said)})" if said else ""


def share(figure: float | None) -> str:
    """Return a share in per cent, such as the figure `sell_through`."""
    return "not known" if figure is None else f"{100 * figure:.1f} %"


def _asked(said: Sequence[str]) -> list[str]:
    return [f"  ? {one}" for one in said]


def _load_lines(load: Mapping[str, Any] | None) -> list[str]:
    """Return what a load run adds: what Odoo took, how fast, how punctual the harness was."""
    if load is None:
        return []
    return [
        f"LOAD  ({load['shape']}, {load['speedup']:g} times the speed, {counted(load['lanes'], 'lane')}, {counted(load['workers'], 'worker')})",
        f"  throughput  {load['orders_per_minute']:.1f} orders/min, {load['operations_per_minute'] / 60:.1f} operations/s",
        (
            f"  latency     p50 {load['latency_ms_p50']:.0f} ms, p95 {load['latency_ms_p95']:.0f} ms, "
            f"p99 {load['latency_ms_p99']:.0f} ms, from when the scenario asked"
        ),
        (
            f"  lateness    p50 {load['lateness_ms_p50']:.1f} ms, p99 {load['lateness_ms_p99']:.1f} ms, "
            f"max {load['lateness_ms_max']:.1f} ms: how late {counted(load['stimuli'], 'thing')} of the scenario happened"
        ),
        f"  errors      {100 * load['error_rate']:.2f} % without an answer, {100 * load['refusal_rate']:.2f} % refused",
        *(
            [
                f"  reserved    {counted(load['over_reserved_units'], 'unit')} beyond the stock, in Odoo itself, when the doors closed"
            ]
            if load.get("over_reserved_units")
            else []
        ),
        *_vitals_lines(load.get("vitals")),
        *_breakpoint_lines(load.get("breakpoint")),
        *(f"  ? {said}" for said in load["trouble"]),
    ]


def _vitals_lines(felt: Mapping[str, Any] | None) -> list[str]:
    if felt is None:
        return []
    return [
        (
            f"  contention  {counted(felt['serialization_retries'], 'transaction')} that Odoo ran again, {felt['retries_given_up']} given up, "
            f"{felt['lock_waits_max']} waiting for a lock at most, {counted(felt['deadlocks'], 'deadlock')}"
        ),
        (
            f"  machine     Odoo {felt['odoo_cpu_cores']:.1f} cores (at most {felt['odoo_cpu_cores_max']:.1f}), {felt['odoo_memory_mb_max']} MB; "
            f"PostgreSQL {felt['postgres_cpu_cores']:.1f} cores, {felt['postgres_memory_mb_max']} MB"
        ),
    ]


def _breakpoint_lines(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return []
    if found["held"] is None:
        return [f"  breakpoint  not even the first step held: {found['why']}"]
    reached = f"  breakpoint  {found['orders_per_minute']:.0f} orders/min sustained; {found['held']:.0f} wanted held, "
    return [reached + (f"{found['failed']:.0f} did not: {found['why']}" if found["failed"] else "and no step failed")]


def _because(run: Path) -> dict[str, str]:
    """Return why each undecided invariant is undecided."""
    return {one["id"]: one["because"] for one in _verdict(run).get("invariants", ()) if one.get("because")}


def _verdict(run: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((run / "verdict.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _worth(finding: Mapping[str, Any], currency: str) -> str:
    """Return the money at risk of a finding whose sentence does not name it."""
    told = amount(finding["money_at_risk"], currency)
    return "" if finding["money_at_risk"] == "0.00" or told in finding["message"] else f" ({told} at risk)"


def _dearest(run: Path, currency: str) -> list[str]:
    found = _verdict(run).get("findings")
    if not found:
        return []
    head = f"DEAREST FINDINGS  ({min(DEAREST, len(found))} of {len(found)})"
    return [
        head,
        *(f"  {n}. {finding['message']}{_worth(finding, currency)}" for n, finding in enumerate(found[:DEAREST], start=1)),
    ]


def _coloured(text: str, verdict: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{COLOURS[verdict]}m{text}\033[0m"
