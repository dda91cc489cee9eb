"""Finance: the money that moved outside is the money in the books, order by order and tender by tender."""

from __future__ import annotations

from typing import Any

from rehearsal.model import Finding, Judgement, Severity, money
from rehearsal.record import Record

AREA = "finance"


def money_taken_equals_money_booked(record: Record) -> Judgement:
    """For every order and tender, what was captured less what was given back is what Odoo's posted payments say, in the tender's own journal."""
    certain = '"order" NOT IN (SELECT "order" FROM doubts)'
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in record.rows(f"""
        SELECT b.*, coalesce(o.channel, 'unknown') AS seller,
            CASE WHEN booked_minor > moved_minor THEN 'more booked than moved' ELSE 'less booked than moved' END AS wrong
        FROM money_breaks b LEFT JOIN (SELECT DISTINCT channel, "order" FROM orders) o USING ("order")
        WHERE moved_minor <> booked_minor AND {certain} ORDER BY seller, tender, wrong, first_i, "order" """):
        groups.setdefault((row["seller"], row["tender"], row["wrong"]), []).append(row)
    return Judgement(
        examined=record.value("SELECT count(*) FROM money_breaks"),
        left_out=record.value(f"SELECT count(*) FROM money_breaks WHERE NOT {certain}"),
        findings=tuple(_finding(seller, tender, wrong, group) for (seller, tender, wrong), group in groups.items()),
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
