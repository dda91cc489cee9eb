"""A summary in Markdown, small enough for a CI job's summary page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rehearsal.pipeline.terminal import MARKS, release_lines
from rehearsal.verdict.judge import Judged
from rehearsal.verdict.record import Record
from reports import _causes as causes
from reports import _wording as wording
from reports._dropped import Dropped, dropped
from reports._missing import missing
from reports._steps import steps
from reports._wording import Facts

FINDINGS_MAX = 10
CELL_MAX = 400
"""Characters of one cell."""
BYTES_MAX = 60_000
CHAPTERS_OF_MAX = 200
"""Findings that are sorted by cause."""
SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#!$@&])")
CUT = "\n\n*Cut here: the rest is in report.html.*\n"


def write(record: Record, judged: Sequence[Judged], folder: Path) -> None:
    """Write ``summary.md`` into the run folder."""
    run = wording.told(record, folder)
    chapters = causes.chapters(record, run, CHAPTERS_OF_MAX)
    text = _bounded("\n".join(_lines(run, wording.hurt(record, run), chapters, dropped(record))) + "\n")
    draft = folder / ".summary.md.partial"
    draft.write_text(text, encoding="utf-8")
    draft.replace(folder / "summary.md")


def _lines(run: Facts, harmed: int, chapters: Sequence[causes.Chapter], letters: Sequence[Dropped]) -> Iterator[str]:
    summary = run.summary
    yield f"## {MARKS[wording.outcome(run)]} {wording.headline(run)}"
    yield ""
    yield _escaped(wording.lead(run, harmed))
    yield ""
    target = summary["target"]
    yield (
        f"Scenario {_code(summary['scenario'])}, connector {_code(summary.get('design', summary['connector']))}, seed {_code(summary['seed'])}, "
        f"Odoo {_escaped(target.get('odoo_version', 'not reached'))} ({_escaped(target.get('kind', 'no target'))})"
    )
    counts = summary["counts"]
    yield (
        f"\nOrders: {counts['orders_accepted']:,} accepted of {counts['orders_attempted']:,} attempted; {_escaped(wording.refused(run))}."
    )
    if said := missing(run):
        yield "\n**What is missing**\n"
        yield from (f"- {_escaped(one.text)}{_detail(one.detail)}" for one in said)
    yield "\n**Next step**\n"
    yield from (f"- {_escaped(step.text)}{f' {_code(step.command)}' if step.command else ''}" for step in steps(run))
    if release := summary.get("release"):
        yield "\n**Beside what is known already**\n"
        yield from (f"- {_escaped(' '.join(line.split()))}" for line in release_lines(release, run.scenario.currency))
    yield "\n| | Invariant | Area | Examined | Findings | Units | Money at risk |\n|---|---|---|--:|--:|--:|--:|"
    for one in run.invariants:
        because = f" – {_escaped(one['because'])}" if one["because"] else ""
        yield (
            f"| {MARKS[one['verdict']]} | {_escaped(wording.in_words(one['id']))}{because} | {_escaped(one['area'])} | {one['examined']} "
            f"| {one['findings']} | {one['units']} | {run.amount(one['money_at_risk'])} |"
        )
    yield "\nAn invariant is a sentence that must be true for every order and every unit. One order can break several: do not add up the money of different rows."
    yield from _causes(run, chapters)
    yield from _findings(run)
    yield from _letters(letters)
    yield "\n### Figures\n\n| Figure | Value | Unit |\n|---|--:|---|"
    for name, value in summary["kpis"].items():
        shown, unit = wording.figure(name, value)
        yield f"| {_escaped(wording.figure_name(name))} | {_escaped(shown)} | {_escaped(unit)} |"
    if summary["gates"]:
        yield "\n| | Gate | Value |\n|---|---|--:|"
        for gate in summary["gates"]:
            state = "undecided" if gate["held"] is None else "pass" if gate["held"] else "fail"
            yield f"| {MARKS[state]} | {_escaped(gate['figure'])} {_escaped(gate['limit'])} | {gate['value']} |"
    yield f"\nRepeat with:\n\n```sh\n{wording.repeat(run)}\n```"


def _findings(run: Facts) -> Iterator[str]:
    if not run.findings:
        return
    shown = min(FINDINGS_MAX, len(run.findings))
    yield f"\n### Dearest findings ({shown} of {len(run.findings)})\n\n| # | Finding | Severity | Units | Money at risk |\n|--:|---|---|--:|--:|"
    for number, finding in enumerate(run.findings[:shown], start=1):
        yield f"| {number} | {_escaped(finding['message'])} | {finding['severity']} | {finding['units']} | {run.amount(finding['money_at_risk'])} |"


def _causes(run: Facts, chapters: Sequence[causes.Chapter]) -> Iterator[str]:
    """Yield a line for each cause, with what prevents it."""
    known = [chapter for chapter in chapters if chapter.known]
    if not known:
        return
    yield "\n### Causes\n"
    for chapter in known:
        cures = "; ".join(f"{wording.in_words(cure.name)} of {cure.connector}" for cure in chapter.cures)
        yield f"- **{_escaped(chapter.title)}**: {_escaped(causes.said(chapter, run.findings))}" + (
            f"; prevented by {_escaped(cures)}" if cures else ""
        )


def _letters(letters: Sequence[Dropped]) -> Iterator[str]:
    """Yield what the connector dropped, with its method and line."""
    if not letters:
        return
    yield "\n### Dropped by the connector\n\n| Event | Times | Why | Where | First |\n|---|--:|---|---|---|"
    for one in letters[:FINDINGS_MAX]:
        yield f"| {_escaped(one.what)} | {one.times} | {_escaped(one.why)}: {_escaped(one.said)} | {_escaped(one.place)} | {_escaped(one.first)} |"
    if len(letters) > FINDINGS_MAX:
        yield f"\nand {len(letters) - FINDINGS_MAX} more, in report.html"


def _detail(text: str) -> str:
    return f" ({_code(text)})" if text else ""


def _escaped(text: object) -> str:
    """Return *text* for a table cell: what Markdown or HTML would read as more than text is escaped."""
    flat = " ".join(str(text).split())
    return SPECIAL.sub(r"\\\1", flat if len(flat) <= CELL_MAX else flat[: CELL_MAX - 1] + "…")


def _code(text: object) -> str:
    return f"`{' '.join(str(text).replace('`', '').split())}`"


def _bounded(text: str) -> str:
    if len(text.encode()) <= BYTES_MAX:
        return text
    kept = text.encode()[: BYTES_MAX - len(CUT.encode())].decode(errors="ignore")
    return kept[: kept.rfind("\n")] + CUT
