"""JUnit XML for CI: one test case per invariant and gate; undecided is an error, so that nobody takes it for a pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from rehearsal.judge import Judged
from rehearsal.record import Record
from reports import wording
from reports.wording import Told

FINDINGS_MAX = 20
TEXT_MAX = 20_000
"""Characters of one failure's text; CI servers show it whole."""
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test case: a thing that must hold, and what became of it."""

    area: str
    name: str
    verdict: str
    message: str = ""
    text: str = ""


def write(record: Record, judged: Sequence[Judged], folder: Path) -> None:
    """Write ``junit.xml`` into the run folder."""
    run = wording.told(record, folder)
    tree = Xml.ElementTree(_suite(run, list(_unique(_cases(run)))))
    Xml.indent(tree)
    draft = folder / ".junit.xml.partial"
    tree.write(draft, encoding="utf-8", xml_declaration=True)
    draft.replace(folder / "junit.xml")


def _cases(run: Told) -> Iterator[Case]:
    for one in run.invariants:
        yield _invariant(run, one)
    for gate in run.summary["gates"]:
        message = f"{gate['figure']} is {gate['value']}, wanted {gate['limit']}"
        verdict = "undecided" if gate["held"] is None else "pass" if gate["held"] else "fail"
        yield Case("gates", f"{gate['figure']} {gate['limit']}", verdict, message)
    idle = run.summary["idle"]
    yield Case(
        "rehearsal", "everything_was_exercised", "undecided" if idle else "pass", wording.some(idle, 4), "\n".join(idle)
    )
    finished = run.summary.get("finished", True)
    yield Case(
        "rehearsal", "the_run_reached_its_end", "pass" if finished else "undecided", "the run was killed or interrupted"
    )


def _invariant(run: Told, one: Mapping[str, Any]) -> Case:
    found = run.findings_of(one["id"])
    message = f"{wording.count(len(found), 'finding')}, {one['money_at_risk']} at risk: {one['sentence']}"
    if one["verdict"] == "undecided":
        message = one["because"] or "nothing was examined"
    said = [wording.plain(finding) for finding in found[:FINDINGS_MAX]]
    said += [f"and {len(found) - FINDINGS_MAX} more, in verdict.json"] if len(found) > FINDINGS_MAX else []
    said += [f"repeat with: {wording.repeat(run)}"] if found else []
    said += [one["traceback"]] if one["traceback"] else []
    return Case(one["area"], one["id"], one["verdict"], message, "\n".join(said))


def _unique(cases: Iterator[Case]) -> Iterator[Case]:
    """Number what shares area and name: CI servers merge such cases silently."""
    seen: dict[tuple[str, str], int] = {}
    for case in cases:
        nth = seen[case.area, case.name] = seen.get((case.area, case.name), 0) + 1
        yield case if nth == 1 else Case(case.area, f"{case.name} ({nth})", case.verdict, case.message, case.text)


def _suite(run: Told, cases: Sequence[Case]) -> Xml.Element:
    summary = run.summary
    figures = {
        "tests": str(len(cases)),
        "failures": str(sum(case.verdict == "fail" for case in cases)),
        "errors": str(sum(case.verdict == "undecided" for case in cases)),
        "skipped": "0",
        "time": f"{sum(summary['timings_s'].values()):.3f}",
    }
    root = Xml.Element("testsuites", {"name": "peak-rehearsal", **figures})
    stamp = {"timestamp": run.manifest["started_at"][:19]} if "started_at" in run.manifest else {}
    suite = Xml.SubElement(root, "testsuite", {"name": _clean(summary["scenario"]), **figures, **stamp})
    properties = Xml.SubElement(suite, "properties")
    for name in ("scenario", "seed", "connector", "demand_hash", "verdict"):
        Xml.SubElement(properties, "property", {"name": name, "value": _clean(str(summary[name]))})
    for case in cases:
        element = Xml.SubElement(
            suite, "testcase", {"classname": _clean(case.area), "name": _clean(case.name), "time": "0"}
        )
        if case.verdict != "pass":
            tag, kind = ("failure", "broken") if case.verdict == "fail" else ("error", "undecided")
            Xml.SubElement(element, tag, {"message": _clean(case.message), "type": kind}).text = _clean(
                case.text or case.message
            )[:TEXT_MAX]
    return root


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
