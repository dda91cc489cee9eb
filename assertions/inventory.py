"""Inventory: what was promised, what the book says, what is reserved."""

from __future__ import annotations

from typing import Any

from rehearsal.model import Finding, Judgement, Severity, money
from rehearsal.record import Record

AREA = "inventory"
EPSILON = 0.001
"""Odoo keeps quantities as floats of two decimals; a thousandth is no piece."""

PROMISES = """
WITH RECURSIVE placed AS (
    SELECT o.i, o.at_s, o.node, l.sku, o.channel, o."order", l.units FROM orders o JOIN order_lines l ON l."order" = o."order" AND l.channel = o.channel),
moved AS (SELECT e.i, e.at_s, e.node AS goal, e.data->>'source' AS source, e.channel, e."order" FROM events e WHERE e.type = 'promise.moved'),
changes AS (
    SELECT i, at_s, node, sku, channel, "order", units FROM placed
    UNION ALL SELECT m.i, m.at_s, m.source, p.sku, p.channel, p."order", -p.units FROM moved m JOIN placed p ON p."order" = m."order" AND p.channel = m.channel
    UNION ALL SELECT m.i, m.at_s, m.goal, p.sku, p.channel, p."order", p.units FROM moved m JOIN placed p ON p."order" = m."order" AND p.channel = m.channel
    UNION ALL SELECT e.i, e.at_s, coalesce((SELECT last(m.goal ORDER BY m.i) FROM moved m WHERE m."order" = p."order" AND m.channel = p.channel), p.node),
        p.sku, p.channel, p."order", -p.units FROM endings e JOIN placed p ON p."order" = e."order" AND p.channel = e.channel WHERE e.how = 'cancelled'),
running AS (
    SELECT *, sum(units) OVER (PARTITION BY node, sku ORDER BY at_s, i ROWS UNBOUNDED PRECEDING) AS promised FROM changes)
SELECT r.node, r.sku, b.units AS book, r.i, r.at_s, r.channel, r."order", r.units, r.promised - b.units AS over
FROM running r JOIN book b ON b.node = r.node AND b.sku = r.sku ORDER BY r.node, r.sku, r.at_s, r.i
"""


def no_unit_is_promised_twice(record: Record) -> Judgement:
    """At no instant does a node owe more units of a SKU than its books ever held: what all channels accepted, less what was
    cancelled or moved elsewhere, stays within the opening stock.

    Judged over the outside history, in event time, per fulfilment node and SKU; units handed over have
    left both sides. A wrong stock record is no breach here: the promise was covered by the book.
    """
    products = {product.sku: product for product in record.world.products}
    stories: dict[tuple[str, str], list[dict[str, Any]]] = {}
    rows = record.rows(PROMISES)
    for row in rows:
        stories.setdefault((row["node"], row["sku"]), []).append(row)
    findings = []
    for (node, sku), story in stories.items():
        broken = [row for row in story if row["over"] > 0 and row["units"] > 0]
        if not broken:
            continue
        worst = max(broken, key=lambda row: row["over"])
        units, price = worst["over"], products[sku].promo_minor
        findings.append(
            Finding(
                message=(
                    f"{sku} at {node}: {worst['book']} in stock, {units} promised too many at {_hours(worst['at_s'])}; "
                    f"{len(broken)} order(s) were accepted beyond the stock, {money(units * price)} at risk"
                ),
                severity=Severity.CRITICAL,
                units=units,
                money_at_risk_minor=units * price,
                witnesses=tuple(dict.fromkeys(row["i"] for row in (broken[0], worst, broken[-1]))),
                orders=tuple(dict.fromkeys((row["channel"], row["order"]) for row in broken)),
                at_s=broken[0]["at_s"],
            )
        )
    return Judgement(examined=len(stories), findings=tuple(findings))


def stock_book_equals_its_movements(record: Record) -> Judgement:
    """For every product and location, on-hand stock is exactly what done movements brought in less what they took out."""
    rows = record.rows("""
        WITH flow AS (SELECT product, destination AS location, units FROM erp_moved UNION ALL SELECT product, source, -units FROM erp_moved),
        net AS (SELECT product, location, sum(units) AS units FROM flow GROUP BY ALL)
        SELECT coalesce(q.product, n.product) AS product, coalesce(q.location, n.location) AS location, p.sku, nd.node,
            coalesce(q.units, 0) AS book, coalesce(n.units, 0) AS moved
        FROM erp_quants q FULL JOIN net n ON n.product = q.product AND n.location = q.location
        LEFT JOIN erp_products p ON p.id = coalesce(q.product, n.product)
        LEFT JOIN erp_locations l ON l.id = coalesce(q.location, n.location) LEFT JOIN erp_nodes nd ON nd.id = l.warehouse""")
    findings = tuple(
        _book_finding(
            record,
            row,
            f"the book says {row['book']:g}, its movements sum to {row['moved']:g}",
            row["book"] - row["moved"],
        )
        for row in rows
        if abs(row["book"] - row["moved"]) > EPSILON
    )
    return Judgement(examined=len(rows), findings=findings)


def reservations_cohere(record: Record) -> Judgement:
    """For every product and internal location, what stock says is reserved is what open transfers hold, and no more than lies there."""
    rows = record.rows("""
        SELECT coalesce(q.product, h.product) AS product, coalesce(q.location, h.location) AS location, p.sku, nd.node,
            coalesce(q.units, 0) AS units, coalesce(q.reserved, 0) AS reserved, coalesce(h.units, 0) AS held
        FROM (SELECT q.* FROM erp_quants q JOIN erp_locations l ON l.id = q.location AND l.usage = 'internal') q
        FULL JOIN (SELECT h.* FROM erp_held h JOIN erp_locations l ON l.id = h.location AND l.usage = 'internal') h
            ON h.product = q.product AND h.location = q.location
        LEFT JOIN erp_products p ON p.id = coalesce(q.product, h.product)
        LEFT JOIN erp_locations l ON l.id = coalesce(q.location, h.location) LEFT JOIN erp_nodes nd ON nd.id = l.warehouse""")
    findings = []
    for row in rows:
        if abs(row["reserved"] - row["held"]) > EPSILON:
            said = f"stock says {row['reserved']:g} reserved, open transfers hold {row['held']:g}"
            findings.append(_book_finding(record, row, said, row["reserved"] - row["held"]))
        elif row["reserved"] > max(0.0, row["units"]) + EPSILON:
            said = f"{row['reserved']:g} reserved of {row['units']:g} on hand"
            findings.append(_book_finding(record, row, said, row["reserved"] - max(0.0, row["units"])))
    return Judgement(examined=len(rows), findings=tuple(findings))


def _book_finding(record: Record, row: dict[str, Any], said: str, off: float) -> Finding:
    units, prices = max(1, round(abs(off))), {product.sku: product.promo_minor for product in record.world.products}
    return Finding(
        message=f"{row['sku'] or 'product ' + str(row['product'])} at {row['node'] or 'location ' + str(row['location'])}: {said}",
        severity=Severity.CRITICAL,
        units=units,
        money_at_risk_minor=units * prices.get(row["sku"], 0),
        erp_records=(("product.product", row["product"]), ("stock.location", row["location"])),
    )


def _hours(at_s: float) -> str:
    seconds = int(at_s)
    return f"day {seconds // 86_400 + 1}, {seconds % 86_400 // 3600:02d}:{seconds % 3600 // 60:02d}"


INVARIANTS = (no_unit_is_promised_twice, stock_book_equals_its_movements, reservations_cohere)
FROM_HISTORY = (no_unit_is_promised_twice,)
