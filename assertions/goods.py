"""Goods: what was handed over is what was ordered, and it left the books where it left the shelf."""

from __future__ import annotations

from typing import Any

from rehearsal.model import Finding, Judgement, Severity, counted
from rehearsal.verdict.record import Record
from rehearsal.vocabulary import Role, played

AREA = "goods"
EPSILON = 0.001
SHOWN = 5

CONTENT = """
WITH given AS (SELECT channel, "order", sku, sum(units) AS units, min(i) AS i, min(at_s) AS at_s FROM handed GROUP BY ALL),
prices AS (SELECT channel, "order", sku, max(price_minor) AS price_minor FROM order_lines GROUP BY ALL),
asked AS (
    SELECT channel, "order", sku, coalesce(sum(units) FILTER (how <> 'cancelled'), 0) AS asked, sum(units) AS owed FROM promises GROUP BY ALL),
matched AS (
    SELECT coalesce(a.channel, g.channel) AS channel, coalesce(a."order", g."order") AS "order", coalesce(a.sku, g.sku) AS sku,
        coalesce(a.asked, 0) AS asked, coalesce(a.owed, 0) AS owed, coalesce(g.units, 0) AS given, g.i, g.at_s, p.price_minor,
        e.how, e.i AS ended_i
    FROM asked a FULL JOIN given g ON g.channel = a.channel AND g."order" = a."order" AND g.sku = a.sku
    LEFT JOIN prices p ON p.channel = coalesce(a.channel, g.channel) AND p."order" = coalesce(a."order", g."order") AND p.sku = coalesce(a.sku, g.sku)
    LEFT JOIN endings e ON e.channel = coalesce(a.channel, g.channel) AND e."order" = coalesce(a."order", g."order")
    WHERE e.how IS NOT NULL OR a.sku IS NULL),
told AS (
    SELECT *, CASE WHEN asked <= 0 AND given > 0 THEN 'goods that nobody ordered'
        WHEN how = 'cancelled' AND given > 0 THEN 'goods of a cancelled order' WHEN given > asked THEN 'more than was ordered'
        WHEN given > owed THEN 'goods of a cancelled line'
        WHEN how = 'handed_over' AND given < owed THEN 'less than was ordered' END AS wrong
    FROM matched)
"""


def every_order_gets_what_it_asked_for(record: Record) -> Judgement:
    """An order that was handed over was handed over once, with every SKU and quantity that it asked for, but for what was
    cancelled of it or consented to be another; one that was cancelled was not handed over."""
    record.work_out(CONTENT + "SELECT * FROM told")
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in record.rows('SELECT * FROM found WHERE wrong IS NOT NULL ORDER BY channel, wrong, "order", sku'):
        groups.setdefault((row["channel"], row["wrong"]), []).append(row)
    return Judgement(
        examined=record.value("SELECT count(*) FROM found"),
        findings=tuple(_given(record, channel, wrong, group) for (channel, wrong), group in groups.items()),
    )


def _given(record: Record, channel: str, wrong: str, group: list[dict[str, Any]]) -> Finding:
    units = sum(abs(row["given"] - row["owed"]) for row in group)
    worth = sum(abs(row["given"] - row["owed"]) * (row["price_minor"] or 0) for row in group)
    first = min(group, key=lambda row: row["i"] or row["ended_i"])
    named = ", ".join(f"{row['order']} ({row['given']} of {row['asked']} {row['sku']})" for row in group[:SHOWN]) + (
        f" and {len(group) - SHOWN} more" if len(group) > SHOWN else ""
    )
    return Finding(
        message=f"{channel}: {wrong}, {counted(units, 'unit')}, {record.priced(worth)} at risk: {named}",
        severity=Severity.CRITICAL,
        units=units,
        money_at_risk_minor=worth,
        witnesses=(first["i"] or first["ended_i"],),
        orders=tuple(dict.fromkeys((row["channel"], row["order"]) for row in group)),
        at_s=first["at_s"],
        about={"channel": channel},
        kind=wrong,
    )


GONE = """
flow AS (
    SELECT m.product, s.warehouse, m.units FROM erp_moved m JOIN erp_locations s ON s.id = m.source AND s.usage = 'internal'
        JOIN erp_locations d ON d.id = m.destination AND d.usage = '{usage}'
    UNION ALL SELECT m.product, d.warehouse, -m.units FROM erp_moved m JOIN erp_locations s ON s.id = m.source AND s.usage = '{usage}'
        JOIN erp_locations d ON d.id = m.destination AND d.usage = 'internal'),
gone AS (
    SELECT node, sku, sum(units) AS units FROM (
        SELECT n.node, p.sku, f.units FROM flow f JOIN erp_nodes n ON n.id = f.warehouse JOIN erp_products p ON p.id = f.product
        UNION ALL SELECT node, sku, -units FROM gone_before WHERE usage = '{usage}') GROUP BY ALL),
"""
"""Per node and SKU, the units that done movements took out of a node to locations of one usage since the opening, less what
they brought back."""

LEFT = (
    """
WITH outside AS (SELECT node, sku, sum(units) AS units FROM handed GROUP BY ALL),
"""
    + GONE.format(usage="customer")
    + """
matched AS (
    SELECT coalesce(o.node, g.node) AS node, coalesce(o.sku, g.sku) AS sku, coalesce(o.units, 0) AS handed, coalesce(g.units, 0) AS booked
    FROM outside o FULL JOIN gone g ON g.node = o.node AND g.sku = o.sku),
unsure AS (
    SELECT DISTINCT l.sku FROM order_lines l WHERE l."order" IN (SELECT "order" FROM doubts))
"""
)


def goods_out_equal_goods_handed_over(record: Record) -> Judgement:
    """For every node and SKU, the units that the books say went out to customers are those that were handed over there.

    SKUs of orders with an operation of unknown outcome are left out.
    """
    record.work_out(LEFT + "SELECT *, coalesce(sku NOT IN (SELECT sku FROM unsure), true) AS certain FROM matched")
    rows = record.rows(f"SELECT * FROM found WHERE abs(handed - booked) > {EPSILON} AND certain ORDER BY node, sku")
    return Judgement(
        examined=record.value("SELECT count(*) FROM found WHERE handed <> 0 OR booked <> 0"),
        left_out=record.value("SELECT count(*) FROM found WHERE NOT certain"),
        findings=tuple(
            _at_node(
                record,
                row,
                row["booked"] - row["handed"],
                f"{counted(row['handed'], 'unit')} handed over, {row['booked']:g} booked out to customers",
            )
            for row in rows
        ),
    )


CORRECTED = (
    f"""
WITH missing AS (
    SELECT node, data->>'sku' AS sku, sum(TRY_CAST(data->>'wanted' AS BIGINT) - TRY_CAST(data->>'found' AS BIGINT)) AS units
    FROM events WHERE {played(Role.DECLINES)} GROUP BY ALL),
"""
    + GONE.format(usage="inventory")
    + """
on_hand AS (
    SELECT n.node, p.sku, sum(q.units) AS units FROM erp_quants q JOIN erp_products p ON p.id = q.product
    JOIN erp_locations l ON l.id = q.location AND l.usage = 'internal' JOIN erp_nodes n ON n.id = l.warehouse GROUP BY ALL),
matched AS (
    SELECT b.node, b.sku, coalesce(g.units, 0) AS written_off, coalesce(m.units, 0) AS missed,
        least(missed - written_off, coalesce(h.units, 0)) AS known_missing
    FROM book b LEFT JOIN on_hand h ON h.node = b.node AND h.sku = b.sku LEFT JOIN gone g ON g.node = b.node AND g.sku = b.sku LEFT JOIN missing m ON m.node = b.node AND m.sku = b.sku)
"""
)


def stock_corrections_are_accounted_for(record: Record) -> Judgement:
    """What stock corrections took out of a node's books since the opening is what its pickers did not find: nothing else was
    written off, nothing was added, and nothing that is known to be missing is on hand in the end."""
    wrong = f"written_off < -{EPSILON} OR written_off > missed + {EPSILON} OR known_missing > {EPSILON}"
    record.work_out(CORRECTED + "SELECT * FROM matched")
    return Judgement(
        examined=record.value("SELECT count(*) FROM found"),
        findings=tuple(
            _at_node(
                record,
                row,
                row["written_off"] - row["missed"],
                f"{counted(row['written_off'], 'unit')} written off, {row['missed']:g} not found by pickers",
            )
            for row in record.rows(f"SELECT * FROM found WHERE {wrong} ORDER BY node, sku")
        ),
    )


def _at_node(record: Record, row: dict[str, Any], off: float, said: str) -> Finding:
    units = max(1, round(abs(off)))
    return Finding(
        message=f"{row['sku']} at {row['node']}: {said}",
        severity=Severity.CRITICAL,
        units=units,
        money_at_risk_minor=units * record.prices.get(row["sku"], 0),
        about={"node": row["node"], "sku": row["sku"]},
        kind="too many" if off > 0 else "too few",
    )


INVARIANTS = (every_order_gets_what_it_asked_for, goods_out_equal_goods_handed_over, stock_corrections_are_accounted_for)
FROM_HISTORY = (every_order_gets_what_it_asked_for,)
