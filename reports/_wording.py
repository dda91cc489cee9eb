"""What every report says in the same words: the run as its files tell it, its verdict, and what was broken in numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rehearsal.model import Severity, amount
from rehearsal.model import counted as counted
from rehearsal.scenario import Scenario
from rehearsal.verdict.record import Record
from rehearsal.verdict.repeat import of_summary, with_connector
from reports._span import span_of

OVERSELL = "no_unit_is_promised_twice"
"""The invariant whose units are oversold units."""
MINUTE_S = 60
SECONDS = ((86_400, "d"), (3600, "h"), (60, "min"))


@dataclass(frozen=True, slots=True)
class Facts:
    """One finished run, as ``summary.json``, ``verdict.json`` and ``manifest.json`` tell it."""

    summary: Mapping[str, Any]
    invariants: Sequence[Mapping[str, Any]]
    """In order of area; each with its sentence and, when undecided, why."""
    findings: Sequence[Mapping[str, Any]]
    """The dearest first."""
    manifest: Mapping[str, Any]
    scenario: Scenario

    @property
    def verdicts(self) -> Mapping[str, Any]:
        """Return invariants and findings as ``verdict.json`` has them."""
        return {"invariants": self.invariants, "findings": self.findings}

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``undecided``."""
        return str(self.summary["verdict"])

    @property
    def dearest(self) -> Mapping[str, Any] | None:
        """The broken invariant that puts most at risk: its sum is the headline sum; None where none is broken."""
        broken = [one for one in self.invariants if one["findings"]]
        return max(broken, key=lambda one: float(one["money_at_risk"]), default=None)

    def amount(self, text: str) -> str:
        """Return money of ``summary.json`` or ``verdict.json`` as people read it, with its currency."""
        return amount(text, self.scenario.currency)

    def findings_of(self, invariant: str) -> list[Mapping[str, Any]]:
        """Return the findings of one invariant, the dearest first."""
        return [finding for finding in self.findings if finding["invariant"] == invariant]


def told(record: Record, folder: Path) -> Facts:
    """Return what the files of the run *folder* tell."""
    return facts(record, _json(folder / "summary.json"), _json(folder / "verdict.json"), folder)


def facts(record: Record, summary: Mapping[str, Any], verdict: Mapping[str, Any], folder: Path) -> Facts:
    """Return what *summary* and *verdict* tell of the run in *folder*, which may have been made just now."""
    manifest = {} if record.damages else _json(folder / "manifest.json")  # a damaged one may hold anything
    return Facts(summary, verdict["invariants"], verdict["findings"], manifest, record.scenario)


def hurt(record: Record, run: Facts) -> int:
    """Return how many accepted orders critical and major findings name, each counted once however many name it."""
    if "hurt" in run.summary:
        return int(run.summary["hurt"])
    named = [  # of a summary that an older harness wrote, which named every order
        [order["channel"], order["external_id"]]
        for finding in run.findings
        if finding["severity"] != Severity.MINOR
        for order in finding["orders"]
    ]
    sql = """SELECT count(*) FROM orders WHERE (channel, "order") IN (SELECT (value->>0, value->>1) FROM json_each(?))"""
    return int(record.value(sql, [json.dumps(named)]) or 0)


def at_risk(run: Facts) -> tuple[str, str]:
    """Return the headline sum of a run, and by what rule it is made: one order can break several invariants, so none are added up."""
    one = run.dearest
    if one is None:
        return run.amount("0.00"), "no invariant is broken"
    return run.amount(one["money_at_risk"]), f"the dearest broken invariant: {in_words(one['id'])}"


def refused(run: Facts) -> str:
    """Return how many orders channels refused, and what those would have been worth."""
    orders = counted(run.summary["counts"]["orders_refused"], "order")
    return f"{orders} refused by channels, worth {run.amount(run.summary['refused_worth'])}"


def oversold(run: Facts) -> int:
    """Return how many units were promised that no stock covered."""
    return sum(int(one["units"]) for one in run.invariants if one["id"] == OVERSELL)


def outcome(run: Facts) -> str:
    """Return what the exit code says: ``pass``, ``fail`` or ``undecided``, of the release where there are terms for one."""
    release = run.summary.get("release")
    return {0: "pass", 5: "undecided"}.get(release["exit_code"], "fail") if release else run.verdict


def tone(run: Facts) -> str:
    """Return the colour of a report: a build that may go out with troubles that are known is no reason to be glad."""
    told = outcome(run)
    return "undecided" if told == "pass" and run.verdict != "pass" else told


def headline(run: Facts) -> str:
    """Return the verdict as one sentence; before it, whether the build may go out, where the run has terms for that."""
    release = run.summary.get("release")
    if not release:
        return _verdict(run)
    return f"{_release(release)} {_verdict(run).replace('would have failed', 'would still have failed')}"


def _release(release: Mapping[str, Any]) -> str:
    parts = [(part, len(release[part])) for part in ("new", "worse", "expired") if release[part]]
    if release["exit_code"] == 0:
        waived = len(release["waived"])
        rest = f", beside {counted(waived, 'trouble')} that somebody waived" if waived else ""
        return f"The build may go out: nothing is new or worse than what is known{rest}."
    if release["exit_code"] == 5:
        return "Whether the build may go out is undecided."
    words = {"new": "new", "worse": "worse than before", "expired": "waived too long ago"}
    return f"The build is held back: {', '.join(f'{n} {words[part]}' for part, n in parts) or 'a limit was missed'}."


def _verdict(run: Facts) -> str:
    if run.summary["damages"]:
        return "Undecided: the record of this rehearsal is damaged."
    if not run.summary.get("finished", True):
        return "Undecided: this rehearsal did not reach its end."
    if run.verdict == "pass":
        return f"{span_of(run.scenario).this} would have gone well."
    if run.verdict == "fail":
        broken = any(one["verdict"] == "fail" for one in run.invariants)
        if (run.summary.get("load") or {}).get("aborted_by"):
            return "Ended early: a limit was missed."
        return f"{span_of(run.scenario).this} would have failed." if broken else "Every invariant held, but a limit was missed."
    return "Undecided: this run proves nothing yet."


def lead(run: Facts, harmed: int) -> str:
    """Return the sentences that follow the headline: what was broken, in numbers."""
    accepted = run.summary["counts"]["orders_accepted"]
    broken = [one for one in run.invariants if one["findings"]]
    if run.summary["damages"]:
        return "Nothing can be said of it, neither good nor bad."
    if run.verdict == "pass":
        return f"All {len(run.invariants)} invariants held for {counted(accepted, 'accepted order')}, and everything was exercised."
    if not broken:
        return f"No breach was found among {counted(accepted, 'accepted order')}.{missed(run)}"
    said = [f"{len(broken)} of {counted(len(run.invariants), 'invariant')} {'is' if len(broken) == 1 else 'are'} broken"]
    if units := oversold(run):
        said.append(f"{counted(units, 'unit')} {'was' if units == 1 else 'were'} sold that no stock covered")
    if harmed:
        said.append(f"{harmed:,} of {counted(accepted, 'accepted order')} {'is' if harmed == 1 else 'are'} hurt")
    money, rule = at_risk(run)
    said.append(f"{money} are at risk ({rule})")
    so_far = "" if run.verdict == "fail" else "What is known so far: "
    return so_far + "; ".join(said) + "." + missed(run)


def missed(run: Facts) -> str:
    """Return which limits were missed, as a sentence after others; empty where none was."""
    told = [
        f"{figure_name(gate['figure'])} is {gate['value']}, wanted {gate['limit']}"
        for gate in run.summary["gates"]
        if gate["held"] is False
    ]
    return f" Missed: {'; '.join(told)}." if told else ""


def repeat(run: Facts, connector: str = "") -> str:
    """Return the command that plays the same rehearsal again, with the same or another connector."""
    told = of_summary(run.summary)
    return with_connector(told, connector) if connector else told


def when(scenario: Scenario, at_s: float) -> str:
    """Return a scenario time as a retailer says it, such as ``Fri 28 Nov 11:42``."""
    instant = scenario.begins + timedelta(seconds=at_s)
    return f"{instant:%a} {instant.day} {instant:%b %H:%M}"


def lasting(seconds: float) -> str:
    """Return a duration in its two largest parts, such as ``6 h 40 min``."""
    whole = round(seconds)
    parts: list[str] = []
    for size, unit in SECONDS:
        amount, whole = divmod(whole, size)
        if amount or parts:
            parts.append(f"{amount} {unit}")
    parts.append(f"{whole} s" if parts else f"{seconds:.3g} s")
    first, *rest = parts
    return f"{first} {rest[0]}" if rest and not rest[0].startswith("0 ") else first


def figure(name: str, value: Any) -> tuple[str, str]:
    """Return a figure's value as text, and its unit."""
    if value is None:
        return "not known", ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {amount}" for key, amount in value.items()), "things per channel"
    if name.endswith(("_rate", "_adherence")):
        return f"{100 * value:.1f}", "%"
    if name == "sell_through":
        return f"{100 * value:.1f}", "% of what one perfect counter keeps"
    if "_s_" in name or name.endswith("_s"):
        return (f"{value:,.0f}", f"s ({lasting(value)})") if value >= MINUTE_S else (f"{value:.1f}", "s")
    return f"{value:,}", "units" if name.endswith("_units") else "count"


def figure_name(name: str) -> str:
    """Return a figure's name as words, without its unit."""
    return in_words(name.replace("_s_p95", ", p95").removesuffix("_s").removesuffix("_units"))


def in_words(identifier: str) -> str:
    """Return an identifier as words."""
    return identifier.replace("_", " ")


def some(names: Sequence[str], most: int, separator: str = "; ") -> str:
    """Return the first *most* of *names*, and how many more there are."""
    return separator.join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def records(finding: Mapping[str, Any], most: int = 12) -> str:
    """Return the ERP records of a finding, by model, bounded."""
    ids: dict[str, list[int]] = {}
    for record in finding["erp_records"][:most]:
        ids.setdefault(record["model"], []).append(record["id"])
    shown = "; ".join(f"{model} {', '.join(map(str, numbers))}" for model, numbers in ids.items())
    more = in_all(finding, "erp_records") - most
    return shown + (f" and {more} more" if more > 0 else "")


def orders(finding: Mapping[str, Any], most: int = 12) -> str:
    """Return the external ids of a finding's orders, bounded."""
    more = in_all(finding, "orders") - most
    return ", ".join(order["external_id"] for order in finding["orders"][:most]) + (f" and {more:,} more" if more > 0 else "")


def in_all(finding: Mapping[str, Any], what: str) -> int:
    """Return how many ``orders`` or ``erp_records`` a finding is about; it names the first hundred."""
    return int(finding.get(f"{what}_in_all", len(finding[what])))


def plain(run: Facts, finding: Mapping[str, Any]) -> str:
    """Return a finding as one bounded paragraph of text."""
    said = [f"[{finding['severity']}] {finding['message']}"]
    said += [counted(finding["units"], "unit")] if finding["units"] else []
    said += [f"{run.amount(finding['money_at_risk'])} at risk"]
    said += [f"orders {orders(finding)}"] if finding["orders"] else []
    said += [f"Odoo {records(finding)}"] if finding["erp_records"] else []
    return "; ".join(said)


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
