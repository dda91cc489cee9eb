"""Finance: the money that moved outside is the money in the books, order by order and tender by tender."""

from __future__ import annotations

from typing import Any

from rehearsal.model import Finding, Judgement, Severity, money
from rehearsal.record import Record

AREA = "finance"


def money_taken_equals_money_booked(record: Record) -> Judgement:
    """For every order and tender, what was captured less what was given back is what Odoo's posted payments say, in the tender's own journal."""
    rows = record.rows("SELECT * FROM money_breaks")
    doubted = {row["order"] for row in record.rows('SELECT "order" FROM doubts')}
    channels = {row["order"]: row["channel"] for row in record.rows('SELECT "order", channel FROM orders')}
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if row["order"] in doubted or row["moved_minor"] == row["booked_minor"]:
            continue
        wrong = "more booked than moved" if row["booked_minor"] > row["moved_minor"] else "less booked than moved"
        groups.setdefault((channels.get(row["order"], "unknown"), row["tender"], wrong), []).append(row)
    return Judgement(
        examined=len(rows),
        left_out=sum(row["order"] in doubted for row in rows),
        findings=tuple(_finding(channel, tender, wrong, group) for (channel, tender, wrong), group in groups.items()),
    )


def _finding(channel: str, tender: str, wrong: str, group: list[dict[str, Any]]) -> Finding:
    apart = [abs(row["moved_minor"] - row["booked_minor"]) for row in group]
    worst = group[apart.index(max(apart))]
    known = sorted((row for row in group if row["first_i"] is not None), key=lambda row: row["first_i"])
    return Finding(
        message=(
            f"{channel}, {tender}: {wrong} for {len(group)} order(s), {money(sum(apart))} in all; worst {worst['order']}: "
            f"{money(worst['moved_minor'])} moved, {money(worst['booked_minor'])} booked"
        ),
        severity=Severity.CRITICAL,
        money_at_risk_minor=sum(apart),
        witnesses=tuple(
            dict.fromkeys(row["first_i"] for row in (known[0], worst, known[-1]) if row["first_i"] is not None)
        )
        if known
        else (),
        erp_records=tuple((row["model"], res_id) for row in group for res_id in row["ids"] if row["model"]),
        orders=tuple((channel, row["order"]) for row in group),
        at_s=known[0]["at_s"] if known else None,
    )


INVARIANTS = (money_taken_equals_money_booked,)
