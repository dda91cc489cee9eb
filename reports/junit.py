"""JUnit XML for CI: one test case per invariant, gate and exercise; undecided is an error, so that nobody takes it for a pass."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from rehearsal.verdict.cases import Case, cases
from rehearsal.verdict.judge import Judged
from rehearsal.verdict.record import Record
from reports import _wording as wording
from reports._wording import Facts

FINDINGS_MAX = 20
TEXT_MAX = 20_000
"""Characters of one failure's text; CI servers show it whole."""
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def write(record: Record, judged: Sequence[Judged], folder: Path) -> None:
    """Write ``junit.xml`` into the run folder."""
    run = wording.told(record, folder)
    tree = Xml.ElementTree(_suite(run, cases(run.summary, run.verdicts)))
    Xml.indent(tree)
    draft = folder / ".junit.xml.partial"
    tree.write(draft, encoding="utf-8", xml_declaration=True)
    draft.replace(folder / "junit.xml")


def _text(run: Facts, case: Case) -> str:
    """Return what stands below a case that is no pass."""
    if case.invariant < 0:
        return "\n".join([case.message, *case.details])
    one = run.invariants[case.invariant]
    found = run.findings_of(one["id"])
    said = [wording.plain(run, finding) for finding in found[:FINDINGS_MAX]]
    said += [f"and {len(found) - FINDINGS_MAX} more, in verdict.json"] if len(found) > FINDINGS_MAX else []
    said += [f"repeat with: {wording.repeat(run)}"] if found else []
    said += [one["traceback"]] if one["traceback"] else []
    return "\n".join(said) or case.message


def _suite(run: Facts, cases: Sequence[Case]) -> Xml.Element:
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
        element = Xml.SubElement(suite, "testcase", {"classname": _clean(case.area), "name": _clean(case.name), "time": "0"})
        if case.verdict == "pass" and case.message:
            Xml.SubElement(element, "system-out").text = _clean(_text(run, case))[:TEXT_MAX]
        if case.verdict != "pass":
            tag, kind = ("failure", "broken") if case.verdict == "fail" else ("error", "undecided")
            told = Xml.SubElement(element, tag, {"message": _clean(case.message), "type": kind})
            told.text = _clean(_text(run, case))[:TEXT_MAX]
    return root


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
