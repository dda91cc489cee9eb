"""Orders: each accepted one is in the ERP once, with its content, and comes to its end in time."""

from __future__ import annotations

from typing import Any

from rehearsal.model import Finding, Judgement, Severity, money
from rehearsal.record import Record

AREA = "orders"
TIMELY_MODES = ("home_delivery", "ship_from_store", "pickup_in_store", "take_away")

IN_ERP = """
WITH erp AS (SELECT id, ref, 'sale.order' AS model FROM erp_sales UNION ALL SELECT id, ref, 'pos.order' FROM erp_tickets)
"""


def every_accepted_order_is_in_the_erp_once(record: Record) -> Judgement:
    """Every order that a channel accepted is in Odoo exactly once, and Odoo has no order that no channel accepted."""
    rows = record.rows(
        IN_ERP
        + """SELECT coalesce(o.channel, 'unknown') AS channel, coalesce(o."order", e.ref) AS "order", o.i, o.at_s, coalesce(o.total_minor, 0) AS total_minor,
            o."order" IS NULL AS phantom, count(e.id) AS copies, list(e.id) AS ids, any_value(e.model) AS model
        FROM orders o FULL JOIN erp e ON e.ref = o."order" GROUP BY ALL"""
    )
    doubted = _doubts(record)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if row["order"] in doubted:
            continue
        wrong = (
            "in Odoo, but no channel accepted it"
            if row["phantom"]
            else {0: "missing in Odoo", 1: ""}.get(row["copies"], "more than once in Odoo")
        )
        if wrong:
            groups.setdefault((row["channel"], wrong), []).append(row)
    return Judgement(
        examined=len(rows),
        left_out=sum(row["order"] in doubted for row in rows),
        findings=tuple(
            _grouped(f"{channel}: {len(group)} order(s) {wrong}: {_some(group)}", group, Severity.CRITICAL)
            for (channel, wrong), group in groups.items()
        ),
    )


def every_order_keeps_its_content(record: Record) -> Judgement:
    """An order in Odoo has the SKUs, quantities and total that the shopper agreed to on the channel, to the cent."""
    rows = record.rows("""
        WITH erp AS (
            SELECT 'sale.order' AS model, s.id, s.ref, s.total_minor, l.product, l.units, l.total_minor AS line_minor
                FROM erp_sales s LEFT JOIN erp_sale_lines l ON l.sale = s.id
            UNION ALL SELECT 'pos.order', t.id, t.ref, t.total_minor, l.product, l.units, l.total_minor
                FROM erp_tickets t LEFT JOIN erp_ticket_lines l ON l.ticket = t.id),
        told AS (SELECT e.model, e.id, e.ref, any_value(e.total_minor) AS total_minor,
                list_sort(list({'sku': p.sku, 'units': CAST(e.units AS BIGINT)})) AS basket FROM erp e LEFT JOIN erp_products p ON p.id = e.product GROUP BY ALL),
        agreed AS (SELECT o.i, o.at_s, o.channel, o."order", o.total_minor, list_sort(list({'sku': l.sku, 'units': l.units})) AS basket
                FROM orders o JOIN order_lines l ON l."order" = o."order" AND l.channel = o.channel GROUP BY ALL)
        SELECT a.i, a.at_s, a.channel, a."order", a.total_minor AS agreed_minor, t.total_minor AS told_minor, t.model, [t.id] AS ids,
            a.basket = t.basket AS same, abs(a.total_minor - t.total_minor) AS total_minor
        FROM agreed a JOIN told t ON t.ref = a."order" """)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    doubted = _doubts(record)
    for row in rows:
        if row["order"] in doubted:
            continue
        if not row["same"]:
            groups.setdefault((row["channel"], "with other goods than agreed"), []).append(row)
        elif row["total_minor"]:
            groups.setdefault((row["channel"], "with another total than agreed"), []).append(row)
    return Judgement(
        examined=len(rows),
        left_out=sum(row["order"] in doubted for row in rows),
        findings=tuple(
            _grouped(
                f"{channel}: {len(group)} order(s) {wrong}, {money(sum(r['total_minor'] for r in group))} apart: {_some(group)}",
                group, Severity.CRITICAL if "goods" in wrong else Severity.MINOR,
            )
            for (channel, wrong), group in groups.items()
        ),
    )  # fmt: skip


def no_order_is_stuck_beyond_its_deadline(record: Record) -> Judgement:
    """Every accepted order reaches Odoo, and then its end (handed over, or cancelled and refunded), within the scenario's deadlines;
    and when it has ended outside, it has ended in Odoo too."""
    limits = record.scenario.deadlines
    deadline_s = {mode: getattr(limits, mode) for mode in TIMELY_MODES}
    rows = record.rows("""
        WITH imported AS (SELECT x."order", min(a.at_s) AS at_s FROM (
                SELECT i, unnest(orders) AS "order", erp->>'model' AS model, writes FROM history WHERE kind = 'operation') x
            JOIN answers a ON a.operation = x.i LEFT JOIN resolutions r ON r.operation = x.i
            WHERE (a.outcome = 'ok' OR r.committed) AND x.writes AND x.model IN ('sale.order', 'pos.order') GROUP BY ALL),
        owed AS (SELECT channel, "order", sum(amount_minor) AS open_minor, max(at_s) AS at_s FROM money GROUP BY ALL),
        erp AS (SELECT ref, bool_and(state = 'cancel') AS cancelled, bool_and(state = 'sale' AND coalesce(delivery, '') = 'full') AS delivered,
                bool_or(state IN ('draft', 'sent')) AS draft, list(id) AS ids FROM erp_sales GROUP BY ALL)
        SELECT o.i, o.channel, o."order", o.mode, o.at_s, o.total_minor, o.till, e.how, e.at_s AS ended_at_s, m.at_s AS imported_at_s,
            w.open_minor, w.at_s AS money_at_s, s.cancelled, s.delivered, s.draft, s.ids, 'sale.order' AS model
        FROM orders o LEFT JOIN endings e ON e."order" = o."order" AND e.channel = o.channel LEFT JOIN imported m ON m."order" = o."order"
        LEFT JOIN owed w ON w."order" = o."order" AND w.channel = o.channel LEFT JOIN erp s ON s.ref = o."order" """)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    doubted, ended_s = _doubts(record), record.value("SELECT max(at_s) FROM history") or 0.0
    for row in rows:
        if row["order"] not in doubted and (
            wrong := _stuck(row, deadline_s[row["mode"]], limits.imported, limits.refunded, ended_s)
        ):
            groups.setdefault((row["channel"], wrong), []).append(row)
    return Judgement(
        examined=len(rows),
        left_out=sum(row["order"] in doubted for row in rows),
        findings=tuple(
            _grouped(f"{channel}: {len(group)} order(s) {wrong}: {_some(group)}", group, Severity.CRITICAL)
            for (channel, wrong), group in groups.items()
        ),
    )


def _stuck(row: dict[str, Any], deadline_s: int, imported_s: int, refunded_s: int, now_s: float) -> str:
    """Return at which station an order is stuck, or nothing."""
    began = row["at_s"]
    if row["imported_at_s"] is None or row["imported_at_s"] - began > imported_s:
        return "not in Odoo in time"
    if row["ended_at_s"] is None:
        return "never handed over nor cancelled" if now_s - began > deadline_s else ""
    if row["ended_at_s"] - began > deadline_s:
        return "ended too late"
    if row["how"] == "cancelled":
        back_s = row["money_at_s"] - row["ended_at_s"] if row["open_minor"] == 0 else now_s - row["ended_at_s"]
        if back_s > refunded_s:
            return "cancelled, and the money is not back in time"
    if row["till"]:
        return ""
    if row["how"] == "cancelled" and not row["cancelled"]:
        return "cancelled outside, still open in Odoo"
    if row["how"] == "handed_over" and not row["delivered"]:
        return "handed over outside, still open in Odoo"
    return ""


def _grouped(message: str, group: list[dict[str, Any]], severity: Severity) -> Finding:
    """Return one finding for orders with the same trouble: witnesses are the first, the dearest and the last."""
    known = sorted((row for row in group if row.get("i") is not None), key=lambda row: row["i"])
    dearest = max(known, key=lambda row: row["total_minor"]) if known else None
    return Finding(
        message=message,
        severity=severity,
        money_at_risk_minor=sum(row["total_minor"] for row in group),
        witnesses=tuple(dict.fromkeys(row["i"] for row in (known[0], dearest, known[-1]) if row)) if known else (),
        erp_records=tuple((row["model"], res_id) for row in group for res_id in row["ids"] or () if res_id is not None),
        orders=tuple((row["channel"], row["order"]) for row in group),
        at_s=known[0]["at_s"] if known else None,
    )


def _some(group: list[dict[str, Any]]) -> str:
    names = sorted(str(row["order"]) for row in group)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _doubts(record: Record) -> set[str]:
    """Return the orders in doubt: an operation on them has no known outcome."""
    return {row["order"] for row in record.rows('SELECT "order" FROM doubts')}


INVARIANTS = (
    every_accepted_order_is_in_the_erp_once,
    every_order_keeps_its_content,
    no_order_is_stuck_beyond_its_deadline,
)
