"""Troubles of orders: rows with a word for what is wrong become one finding per channel and word."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rehearsal.model import Finding, Judgement, Severity, counted
from rehearsal.verdict.record import CERTAIN, Record

Rows = list[dict[str, Any]]
Told = Callable[[Rows, str], tuple[str, Severity]]
"""What is said of orders with one trouble, after how many they are; and how grave it is."""
PRONOUN = re.compile(r"\bits?\b")
MANY = {"it": "them", "its": "their"}
"""The words of a trouble are of one order; these are of several."""
NAMED = 5
"""Orders whose names a message says."""


def judged(record: Record, sql: str, told: Told) -> Judgement:
    """Judge the rows of *matched* in *sql*, which stay ``found``: those with a word in *wrong* become one finding per
    channel and word. Each has ``channel``, ``order``, ``i``, ``at_s``, ``total_minor`` (money at risk), ``model`` and ``ids``
    (records of Odoo), and may have ``units``.

    Orders in doubt (an operation on them has no known outcome) are left out, and counted.
    """
    record.work_out(f"{sql} SELECT *, {CERTAIN} AS certain FROM matched")
    groups: dict[tuple[str, str], Rows] = {}
    for row in record.rows(
        'SELECT * FROM found WHERE wrong IS NOT NULL AND certain ORDER BY channel, wrong, i NULLS LAST, "order"'
    ):
        groups.setdefault((row["channel"], row["wrong"]), []).append(row)
    findings = []
    for (channel, wrong), group in groups.items():
        orders = len({row["order"] for row in group})
        said, severity = told(group, wrong if orders == 1 else PRONOUN.sub(lambda one: MANY[one[0]], wrong))
        findings.append(_grouped(f"{channel}: {counted(orders, 'order')} {said}", group, severity, wrong))
    return Judgement(
        examined=record.value("SELECT count(*) FROM found"),
        left_out=record.value("SELECT count(*) FROM found WHERE NOT certain"),
        findings=tuple(findings),
    )


def some(group: Rows) -> str:
    """Return the names of the first orders of *group*, and how many more there are."""
    names = sorted({str(row["order"]) for row in group})
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _grouped(message: str, group: Rows, severity: Severity, kind: str) -> Finding:
    """Return one finding for orders with the same trouble: witnesses are the first, the dearest and the last."""
    known = sorted((row for row in group if row.get("i") is not None), key=lambda row: row["i"])
    dearest = max(known, key=lambda row: row["total_minor"]) if known else None
    return Finding(
        message=message,
        severity=severity,
        units=round(sum(row.get("units") or 0 for row in group)),
        money_at_risk_minor=sum(row["total_minor"] for row in group),
        witnesses=tuple(dict.fromkeys(row["i"] for row in (known[0], dearest, known[-1]) if row)) if known else (),
        erp_records=tuple(dict.fromkeys((row["model"], one) for row in group for one in row["ids"] or () if one is not None)),
        orders=tuple(dict.fromkeys((row["channel"], row["order"]) for row in group)),
        at_s=known[0]["at_s"] if known else None,
        about={"channel": group[0]["channel"]},
        kind=kind,
    )
