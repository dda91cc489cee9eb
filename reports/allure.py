"""Allure results: one per invariant, gate and exercise, with the ids that let Allure draw trends over runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import Attachment, Label, Parameter, Status, StatusDetails, TestResult
from allure_commons.types import AttachmentType, LabelType, Severity
from allure_commons.utils import md5

from rehearsal.model import counted
from rehearsal.verdict.cases import Case, cases
from rehearsal.verdict.judge import Judged
from rehearsal.verdict.record import Record
from reports import _wording as wording
from reports._wording import OVERSELL, Facts

new_logger: Any = AllureFileLogger  # the package says that it is typed, but these carry no annotations
digest: Any = md5
STATUS = {"pass": Status.PASSED, "fail": Status.FAILED, "undecided": Status.BROKEN}
SEVERITIES = {"critical": Severity.CRITICAL, "major": Severity.NORMAL, "minor": Severity.MINOR}
FINDINGS_MAX = 100
KINDS = {OVERSELL: "oversell", "orders": "stuck order", "finance": "reconciliation"}
"""By invariant or area: the kind of failure, told first in each message, so that the categories can find it."""
CATEGORIES = [
    {"name": "Oversell", "matchedStatuses": ["failed"], "messageRegex": "(?s)oversell:.*"},
    {"name": "Stuck order", "matchedStatuses": ["failed"], "messageRegex": "(?s)stuck order:.*"},
    {"name": "Reconciliation", "matchedStatuses": ["failed"], "messageRegex": "(?s)reconciliation:.*"},
    {"name": "Harness fault or undecided", "matchedStatuses": ["broken"]},
]


def write(record: Record, judged: Sequence[Judged], folder: Path) -> None:
    """Write the folder ``allure-results``, new each time."""
    run = wording.told(record, folder)
    results = folder / "allure-results"
    shutil.rmtree(results, ignore_errors=True)
    logger = new_logger(str(results))
    for case in cases(run.summary, run.verdicts):
        logger.report_result(_result(run, case, logger))
    (results / "environment.properties").write_text("".join(_environment(run)), encoding="utf-8")
    (results / "categories.json").write_text(json.dumps(CATEGORIES, indent=2) + "\n", encoding="utf-8")


def _result(run: Facts, case: Case, logger: Any) -> TestResult:
    scenario = run.summary["scenario"]
    # Area and name are of one case alone (`cases` numbers them), so nothing hides behind another as its retry.
    name = f"{scenario}.{case.area}.{case.name}"
    one = run.invariants[case.invariant] if case.invariant >= 0 else None
    found = run.findings_of(one["id"]) if one else []
    start, stop = _times(run)
    return TestResult(
        uuid=str(uuid5(NAMESPACE_URL, f"peak-rehearsal:{name}")),
        historyId=digest(name),
        testCaseId=digest(name),
        fullName=name,
        name=wording.in_words(case.name),
        titlePath=[scenario, case.area],
        description=one["sentence"] if one else None,
        status=STATUS[case.verdict],
        statusDetails=StatusDetails(message=_message(run, case, one, found), trace=(one or {}).get("traceback") or None)
        if case.verdict != "pass"
        else None,
        stage="finished",
        start=start,
        stop=stop,
        labels=[Label(kind, value) for kind, value in _labels(run, case, found)],
        # excluded: another seed or connector is still the same test, so that its history goes on
        parameters=[Parameter(key, str(run.summary[key]), excluded=True) for key in ("seed", "connector")],
        attachments=_attachments(run, one, found, logger) if one else [],
    )


def _labels(run: Facts, case: Case, found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    worst = next((level for level in SEVERITIES if any(finding["severity"] == level for finding in found)), "critical")
    yield LabelType.PARENT_SUITE, "peak-rehearsal"
    yield LabelType.SUITE, run.summary["scenario"]
    yield LabelType.SUB_SUITE, case.area
    yield LabelType.EPIC, "Peak rehearsal"
    yield LabelType.FEATURE, case.area
    yield LabelType.STORY, wording.in_words(case.name)
    yield LabelType.SEVERITY, SEVERITIES[worst].value
    yield LabelType.FRAMEWORK, "peak-rehearsal"
    tags = [run.summary["scenario"], run.summary["connector"], _kind(case)]
    yield from ((LabelType.TAG, tag) for tag in dict.fromkeys(tags))


def _kind(case: Case) -> str:
    return KINDS.get(case.name, KINDS.get(case.area, case.area))


def _message(run: Facts, case: Case, one: Mapping[str, Any] | None, found: Sequence[Mapping[str, Any]]) -> str:
    if case.verdict == "undecided" or one is None:
        return "\n".join([f"{case.verdict}: {case.message}", *case.details])
    dearest = "\n".join(finding["message"] for finding in found[:5])
    more = f"\nand {len(found) - 5} more" if len(found) > 5 else ""
    return f"{_kind(case)}: {counted(len(found), 'finding')}, {run.amount(one['money_at_risk'])} at risk\n{dearest}{more}"


def _attachments(run: Facts, one: Mapping[str, Any], found: Sequence[Mapping[str, Any]], logger: Any) -> list[Attachment]:
    if not found:
        return []
    texts = {
        ("findings", "txt"): "\n\n".join(wording.plain(run, finding) for finding in found[:FINDINGS_MAX]),
        ("findings as data", "json"): json.dumps(found[:FINDINGS_MAX], indent=2, ensure_ascii=False),
    }
    attached = []
    for (name, extension), text in texts.items():
        source = f"{one['area']}-{one['id']}-attachment.{extension}"
        logger.report_attached_data(text, source)
        kind = AttachmentType.TEXT if extension == "txt" else AttachmentType.JSON
        attached.append(Attachment(name=name, source=source, type=kind.mime_type))
    return attached


def _environment(run: Facts) -> Iterator[str]:
    target = run.summary["target"]
    facts = {
        "Scenario": run.summary["scenario"],
        "Connector": run.summary["connector"],
        "Seed": run.summary["seed"],
        "Demand": run.summary["demand_hash"],
        "Verdict": run.verdict,
        "Odoo": target.get("odoo_version", "not reached"),
        "Target": target.get("kind", "none"),
        "Client": target.get("client", ""),
        "Python": run.manifest.get("python", ""),
        "Harness": run.manifest.get("harness_version", ""),
    }
    for name, value in facts.items():
        escaped = str(value).replace("\\", "\\\\").replace("\n", " ")
        yield f"{name}={escaped}\n"


def _times(run: Facts) -> tuple[int | None, int | None]:
    if "started_at" not in run.manifest:
        return None, None
    start = int(datetime.fromisoformat(run.manifest["started_at"]).timestamp() * 1000)
    took_s = sum(took for phase, took in run.manifest.get("timings_s", {}).items() if phase not in ("judge", "report"))
    return start, start + int(took_s * 1000)
