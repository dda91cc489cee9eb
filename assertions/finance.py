"""Finance: the money that moved outside is the money in the books, order by order and tender by tender, and stays for a reason."""

from __future__ import annotations

from typing import Any

from rehearsal.model import Finding, Judgement, Severity, counted
from rehearsal.verdict.record import CERTAIN, Record

AREA = "finance"
ROWS = 'count(DISTINCT (channel, "order", tender, taken))'
"""How many sums were compared; one of an order number that two channels use has two sellers, and is one all the same."""


def money_taken_equals_money_booked(record: Record) -> Judgement:
    """For every order and tender, what was captured, and what was given back, is what Odoo's posted payments say, in the tender's own journal."""
    record.work_out(f"""
        SELECT b.*, coalesce(o.channel, 'unknown') AS seller,
            CASE WHEN abs(booked_minor) > abs(moved_minor) THEN 'more booked than moved' ELSE 'less booked than moved' END
                || CASE WHEN taken THEN '' ELSE ' back' END AS wrong, {CERTAIN} AS certain
        FROM money_breaks b LEFT JOIN (SELECT DISTINCT channel, "order" FROM orders) o USING ("order")
        """)
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in record.rows(
        'SELECT * FROM found WHERE moved_minor <> booked_minor AND certain ORDER BY seller, tender, wrong, first_i, "order"'
    ):
        groups.setdefault((row["seller"], row["tender"], row["wrong"]), []).append(row)
    return Judgement(
        examined=record.value(f"SELECT {ROWS} FROM found"),
        left_out=record.value(f"SELECT {ROWS} FROM found WHERE NOT certain"),
        findings=tuple(_finding(record, seller, tender, wrong, group) for (seller, tender, wrong), group in groups.items()),
    )


def _finding(record: Record, channel: str, tender: str, wrong: str, group: list[dict[str, Any]]) -> Finding:
    apart = [abs(row["moved_minor"] - row["booked_minor"]) for row in group]
    worst = group[apart.index(max(apart))]
    known = sorted((row for row in group if row["first_i"] is not None), key=lambda row: row["first_i"])
    return Finding(
        message=(
            f"{channel}, {tender}: {wrong} for {counted(len(group), 'order')}, {record.priced(sum(apart))} in all; worst {worst['order']}: "
            f"{record.priced(worst['moved_minor'])} moved, {record.priced(worst['booked_minor'])} booked"
        ),
        severity=Severity.CRITICAL,
        money_at_risk_minor=sum(apart),
        witnesses=tuple(dict.fromkeys(row["first_i"] for row in (known[0], worst, known[-1]) if row["first_i"] is not None))
        if known
        else (),
        erp_records=tuple((row["model"], res_id) for row in group for res_id in row["ids"] if row["model"]),
        orders=tuple((channel, row["order"]) for row in group),
        at_s=known[0]["at_s"] if known else None,
        about={"channel": channel, "tender": group[0]["tender"]},
        kind=wrong,
    )


KEPT = """
WITH paid AS (SELECT channel, "order", sum(amount_minor) AS paid_minor, max(i) AS last_i, max(at_s) AS at_s FROM money GROUP BY ALL),
matched AS (
    SELECT o.channel, o."order", o.i, d.due_minor AS total_minor, coalesce(p.paid_minor, 0) AS paid_minor, p.last_i, p.at_s
    FROM orders o JOIN due d ON d.channel = o.channel AND d."order" = o."order" JOIN endings e ON e.channel = o.channel AND e."order" = o."order" AND e.how = 'handed_over'
    LEFT JOIN paid p ON p.channel = o.channel AND p."order" = o."order")
"""


def what_was_handed_over_stays_paid(record: Record) -> Judgement:
    """An order that was handed over is paid with its total, less what was cancelled of it, no more and no less: nothing is
    given back without a reason."""
    record.work_out(KEPT + "SELECT * FROM matched")
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in record.rows("SELECT * FROM found WHERE paid_minor <> total_minor ORDER BY channel, i"):
        groups.setdefault(row["channel"], []).append(row)
    return Judgement(
        examined=record.value("SELECT count(*) FROM found"),
        findings=tuple(_unpaid(record, channel, group) for channel, group in groups.items()),
    )


def _unpaid(record: Record, channel: str, group: list[dict[str, Any]]) -> Finding:
    apart = [abs(row["total_minor"] - row["paid_minor"]) for row in group]
    worst = group[apart.index(max(apart))]
    return Finding(
        message=(
            f"{channel}: {counted(len(group), 'order')} handed over and not paid with {'its' if len(group) == 1 else 'their'} total, "
            f"{record.priced(sum(apart))} apart; worst {worst['order']}: {record.priced(worst['paid_minor'])} paid of "
            f"{record.priced(worst['total_minor'])}"
        ),
        severity=Severity.CRITICAL,
        money_at_risk_minor=sum(apart),
        witnesses=tuple(dict.fromkeys(row["last_i"] or row["i"] for row in (group[0], worst, group[-1]))),
        orders=tuple((channel, row["order"]) for row in group),
        at_s=group[0]["at_s"],
        about={"channel": channel},
    )


INVARIANTS = (money_taken_equals_money_booked, what_was_handed_over_stays_paid)
FROM_HISTORY = (what_was_handed_over_stays_paid,)
