"""Inventory: what was promised, what the book says, what is reserved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rehearsal.model import Finding, Judgement, Severity, counted
from rehearsal.verdict.record import Record

AREA = "inventory"
EPSILON = 0.001
"""Odoo keeps quantities as floats of two decimals; a thousandth is no piece."""

OWED = """
SELECT p.*, b.units AS book,
    sum(p.units) OVER (PARTITION BY p.node, p.sku ORDER BY p.at_s, p.i ROWS UNBOUNDED PRECEDING) - b.units AS over
FROM promises p JOIN book b ON b.node = p.node AND b.sku = p.sku
"""


BEYOND = """
WITH beyond AS (SELECT * FROM found WHERE over > 0 AND units > 0),
named AS (SELECT node, sku, channel, "order", min((at_s, i)) AS first FROM beyond GROUP BY ALL),
lists AS (SELECT node, sku, list(channel ORDER BY first) AS channels, list("order" ORDER BY first) AS orders FROM named GROUP BY ALL),
sums AS (
    SELECT node, sku, any_value(book) AS book, count(*) AS promises, max(over) AS over,
        arg_min({'i': i, 'at_s': at_s}, (at_s, i)) AS first, arg_max({'i': i, 'at_s': at_s}, (at_s, i)) AS last,
        arg_max({'i': i, 'at_s': at_s}, (over, -i)) AS worst FROM beyond GROUP BY ALL)
SELECT * FROM sums JOIN lists USING (node, sku) ORDER BY node, sku
"""
"""One row for each node and SKU of which too much was promised: grouped here, since of a bad weekend it is every order."""


def no_unit_is_promised_twice(record: Record) -> Judgement:
    """At no instant does a node owe more units of a SKU than its books ever held: what all channels accepted, less what
    was cancelled or moved elsewhere, stays within the opening stock.

    Judged over the outside history, in event time, per fulfilment node and SKU; units handed over have
    left both sides. A wrong stock record is no breach here: the promise was covered by the book.
    """
    record.work_out(OWED)
    return Judgement(
        examined=record.value("SELECT count(DISTINCT (node, sku)) FROM found"),
        findings=tuple(_oversold(record, row) for row in record.rows(BEYOND)),
    )


def _oversold(record: Record, row: dict[str, Any]) -> Finding:
    """Return the finding for one node and SKU."""
    units, worst = int(row["over"]), row["worst"]
    worth = units * record.prices[row["sku"]]
    return Finding(
        message=(
            f"{row['sku']} at {row['node']}: {row['book']} in stock, {units} promised too many at {_hours(worst['at_s'])}; "
            f"{counted(row['promises'], 'order')} {'was' if row['promises'] == 1 else 'were'} accepted beyond the stock, "
            f"{record.priced(worth)} at risk"
        ),
        severity=Severity.CRITICAL,
        units=units,
        money_at_risk_minor=worth,
        witnesses=tuple(dict.fromkeys((row["first"]["i"], worst["i"], row["last"]["i"]))),
        orders=tuple((row["channels"][place], order) for place, order in enumerate(row["orders"])),
        at_s=row["first"]["at_s"],
        about={"node": row["node"], "sku": row["sku"]},
    )


def stock_book_equals_its_movements(record: Record) -> Judgement:
    """For every product and location, on-hand stock is exactly what done movements brought in less what they took out."""
    sql = """
        WITH flow AS (
            SELECT product, destination AS location, units FROM erp_moved UNION ALL SELECT product, source, -units FROM erp_moved),
        net AS (SELECT product, location, sum(units) AS units FROM flow GROUP BY ALL)
        SELECT coalesce(q.product, n.product) AS product, coalesce(q.location, n.location) AS location, p.sku, nd.node,
            coalesce(q.units, 0) AS book, coalesce(n.units, 0) AS moved
        FROM erp_quants q FULL JOIN net n ON n.product = q.product AND n.location = q.location
        LEFT JOIN erp_products p ON p.id = coalesce(q.product, n.product)
        LEFT JOIN erp_locations l ON l.id = coalesce(q.location, n.location) LEFT JOIN erp_nodes nd ON nd.id = l.warehouse
        WHERE coalesce(q.units, 0) <> 0 OR coalesce(n.units, 0) <> 0"""
    record.work_out(sql)
    return Judgement(
        examined=record.value("SELECT count(*) FROM found"),
        findings=tuple(
            _book_finding(
                record, row, f"the book says {row['book']:g}, its movements sum to {row['moved']:g}", row["book"] - row["moved"]
            )
            for row in record.rows(f"SELECT * FROM found WHERE abs(book - moved) > {EPSILON}")
        ),
    )


RESERVED = """
WITH place AS (SELECT l.id, n.node FROM erp_locations l LEFT JOIN erp_nodes n ON n.id = l.warehouse WHERE l.usage = 'internal'),
quants AS (
    SELECT NULL AS at_s, product, location, units, reserved FROM erp_quants
    UNION ALL SELECT at_s, product, location, units, reserved FROM erp_open_quants),
held AS (
    SELECT NULL AS at_s, product, location, units FROM erp_held UNION ALL SELECT at_s, product, location, units FROM erp_open_held),
matched AS (
    SELECT coalesce(q.at_s, h.at_s) AS at_s, coalesce(q.product, h.product) AS product, coalesce(q.location, h.location) AS location,
        coalesce(q.units, 0) AS units, coalesce(q.reserved, 0) AS reserved, coalesce(h.units, 0) AS held
    FROM quants q FULL JOIN held h ON h.product = q.product AND h.location = q.location AND h.at_s IS NOT DISTINCT FROM q.at_s),
known AS (
    SELECT m.*, p.sku, l.node FROM matched m JOIN place l ON l.id = m.location LEFT JOIN erp_products p ON p.id = m.product
    WHERE m.reserved <> 0 OR m.held <> 0)
"""


def reservations_cohere(record: Record) -> Judgement:
    """For every product and internal location, what stock says is reserved is what open transfers hold, and no more than
    lies there; at rest, and at each look into the books while orders were open.

    Where nothing is reserved and nothing held there is nothing to compare, so that is not counted as examined.
    """
    wrong = f"abs(reserved - held) > {EPSILON} OR reserved > greatest(0, units) + {EPSILON}"
    record.work_out(RESERVED + "SELECT * FROM known")
    found: dict[tuple[int, int], Finding] = {}
    for row in record.rows(f"SELECT * FROM found WHERE {wrong} ORDER BY product, location, at_s NULLS LAST"):
        said, off = _incoherent(row)
        when = "at rest" if row["at_s"] is None else f"while orders were open, {_hours(row['at_s'])}"
        finding = replace(_book_finding(record, row, f"{said}, {when}", off), at_s=row["at_s"])
        found.setdefault((row["product"], row["location"]), finding)
    return Judgement(examined=record.value("SELECT count(*) FROM found"), findings=tuple(found.values()))


def _incoherent(row: dict[str, Any]) -> tuple[str, float]:
    """Return in words what does not fit together, and by how much."""
    if abs(row["reserved"] - row["held"]) > EPSILON:
        said = f"stock says {row['reserved']:g} reserved, open transfers hold {row['held']:g}"
        return said, float(row["reserved"] - row["held"])
    return f"{row['reserved']:g} reserved of {row['units']:g} on hand", float(row["reserved"] - max(0.0, row["units"]))


def _book_finding(record: Record, row: dict[str, Any], said: str, off: float) -> Finding:
    units = max(1, round(abs(off)))
    return Finding(
        message=f"{row['sku'] or 'product ' + str(row['product'])} at {row['node'] or 'location ' + str(row['location'])}: {said}",
        severity=Severity.CRITICAL,
        units=units,
        money_at_risk_minor=units * record.prices.get(row["sku"], 0),
        erp_records=(("product.product", row["product"]), ("stock.location", row["location"])),
        about={
            **({"sku": row["sku"]} if row["sku"] else {"product": str(row["product"])}),
            **({"node": row["node"]} if row["node"] else {"location": str(row["location"])}),
        },
        kind="too many" if off > 0 else "too few",
    )


def _hours(at_s: float) -> str:
    seconds = int(at_s)
    return f"day {seconds // 86_400 + 1}, {seconds % 86_400 // 3600:02d}:{seconds % 3600 // 60:02d}"


INVARIANTS = (no_unit_is_promised_twice, stock_book_equals_its_movements, reservations_cohere)
FROM_HISTORY = (no_unit_is_promised_twice,)
