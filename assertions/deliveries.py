"""Deliveries: each order's transfers say what left for it, from where, when, and in which parcel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assertions._troubles import NAMED, Rows, judged, some
from rehearsal.model import Judgement, Severity, counted
from rehearsal.verdict.record import Record
from rehearsal.vocabulary import Role, played

AREA = "deliveries"
EPSILON = 0.001
SLACK_S = 3600
"""A transfer says the second at which it was done, its row when the transaction began: minutes apart at most, even under load."""

OUTSIDE = """
WITH outside AS (
    SELECT h.channel, h."order", h.node, h.sku, sum(h.units) AS units, min(h.i) AS i, min(h.at_s) AS at_s
    FROM handed h JOIN orders o ON o.channel = h.channel AND o."order" = h."order" AND NOT o.till GROUP BY ALL),
prices AS (SELECT channel, "order", sku, max(price_minor) AS price_minor FROM order_lines GROUP BY ALL),
"""
"""What was handed over of each order that a web channel took, node by node."""
AT_RISK = "CAST(round(units * coalesce(price_minor, 0)) AS BIGINT) AS total_minor"

LEFT = f"""
{OUTSIDE}
flows AS (
    SELECT t.sale, t.id, l.product, f.usage = 'internal' AS gone, CASE f.usage WHEN 'internal' THEN f.warehouse ELSE g.warehouse END AS warehouse,
        l.units
    FROM erp_transfer_lines l JOIN erp_transfers t ON t.id = l.transfer
    JOIN erp_locations f ON f.id = l.source JOIN erp_locations g ON g.id = l.destination
    WHERE (f.usage, g.usage) IN (('internal', 'customer'), ('customer', 'internal'))),
booked AS (
    SELECT e.ref AS "order", coalesce(n.node, 'a warehouse of no node') AS node, coalesce(p.sku, 'something else') AS sku,
        sum(CASE WHEN f.gone THEN f.units ELSE -f.units END) AS units, list(DISTINCT f.id ORDER BY f.id) AS ids
    FROM flows f JOIN erp_sales e ON e.id = f.sale LEFT JOIN erp_nodes n ON n.id = f.warehouse LEFT JOIN erp_products p ON p.id = f.product
    GROUP BY ALL),
sides AS (
    SELECT coalesce(h.channel, o.channel) AS channel, coalesce(h."order", b."order") AS "order", coalesce(h.node, b.node) AS node,
        coalesce(h.sku, b.sku) AS sku, coalesce(h.units, 0) AS handed, coalesce(b.units, 0) AS booked, coalesce(h.i, o.i) AS i,
        coalesce(h.at_s, o.at_s) AS at_s, b.ids
    FROM outside h FULL JOIN booked b ON b."order" = h."order" AND b.node = h.node AND b.sku = h.sku
    JOIN orders o ON o."order" = coalesce(h."order", b."order") AND o.channel = coalesce(h.channel, o.channel) AND NOT o.till
    WHERE o."order" IN (SELECT ref FROM erp_sales)),
told AS (
    SELECT *, sum(handed - booked) OVER (PARTITION BY channel, "order", sku) AS short, CASE WHEN abs(handed - booked) > {EPSILON} THEN
        CASE WHEN abs(short) <= {EPSILON} THEN 'with goods booked out elsewhere than they left'
            WHEN booked < handed THEN 'with goods handed over that were not booked out'
            WHEN booked > handed THEN 'with goods booked out that were not handed over' END END AS wrong
    FROM sides),
matched AS (
    SELECT t.*, 'stock.picking' AS model, CASE WHEN abs(short) <= {EPSILON} THEN greatest(booked - handed, 0) ELSE abs(handed - booked) END AS units,
        {AT_RISK}
    FROM told t LEFT JOIN prices p ON p.channel = t.channel AND p."order" = t."order" AND p.sku = t.sku)
"""

DELIVERED = f"""
{OUTSIDE}
given AS (SELECT channel, "order", sku, sum(units) AS units, min(i) AS i, min(at_s) AS at_s FROM outside GROUP BY ALL),
noted AS (
    SELECT e.ref AS "order", p.sku, sum(l.delivered) AS units, list(DISTINCT e.id ORDER BY e.id) AS ids
    FROM erp_sale_lines l JOIN erp_sales e ON e.id = l.sale JOIN erp_products p ON p.id = l.product GROUP BY ALL),
sides AS (
    SELECT o.channel, o."order", n.sku, coalesce(g.units, 0) AS handed, coalesce(n.units, 0) AS booked, coalesce(g.i, o.i) AS i,
        coalesce(g.at_s, o.at_s) AS at_s, n.ids
    FROM noted n JOIN orders o ON o."order" = n."order" AND NOT o.till
    LEFT JOIN given g ON g.channel = o.channel AND g."order" = o."order" AND g.sku = n.sku),
matched AS (
    SELECT b.*, 'sale.order' AS model, abs(handed - booked) AS units, {AT_RISK},
        CASE WHEN booked > handed + {EPSILON} THEN 'with more delivered than was handed over'
            WHEN booked < handed - {EPSILON} THEN 'with less delivered than was handed over' END AS wrong
    FROM sides b LEFT JOIN prices p ON p.channel = b.channel AND p."order" = b."order" AND p.sku = b.sku)
"""

DONE = """
WITH done AS (
    SELECT o.channel, o."order", o.i, o.at_s, 0 AS total_minor, 'stock.picking' AS model, [t.id] AS ids, t.tracking, t.created, t.done, t.written
    FROM erp_transfers t JOIN erp_sales e ON e.id = t.sale JOIN orders o ON o."order" = e.ref AND NOT o.till WHERE t.state = 'done'),
"""

TRACKED = f"""
{DONE}
parcels AS (SELECT DISTINCT channel, "order", data->>'tracking' AS tracking FROM events WHERE {played(Role.HANDS_OVER)} AND data->>'tracking' <> ''),
noted AS (
    SELECT * EXCLUDE tracking, trim(unnest(CASE WHEN tracking IS NULL THEN [''] ELSE string_split(tracking, ',') END)) AS tracking FROM done),
matched AS (
    SELECT n.*, CASE WHEN n.tracking = '' OR own.tracking IS NOT NULL THEN NULL
            WHEN n.tracking IN (SELECT tracking FROM parcels) THEN 'with the tracking reference of another parcel'
            WHEN own.tracking IS NULL THEN 'with a tracking reference that no parcel has' END AS wrong
    FROM noted n LEFT JOIN parcels own ON own.channel = n.channel AND own."order" = n."order" AND own.tracking = n.tracking)
"""

DATED = f"""
{DONE}
life AS (
    SELECT channel, "order", TIMESTAMP '{{begins}}' + to_seconds(ready_s - {SLACK_S}) AS ready,
        TIMESTAMP '{{begins}}' + to_seconds((SELECT max(at_s) FROM history) + {SLACK_S}) AS over
    FROM handovers WHERE node IS NULL),
matched AS (
    SELECT d.*, CASE WHEN d.done IS NULL THEN 'with a done transfer that has no date'
        WHEN d.done BETWEEN d.created - INTERVAL {SLACK_S} SECOND AND d.written + INTERVAL {SLACK_S} SECOND THEN NULL
        WHEN coalesce(d.done NOT BETWEEN l.ready AND l.over, true) THEN 'with a transfer dated when it cannot have been done' END AS wrong
    FROM done d LEFT JOIN life l ON l.channel = d.channel AND l."order" = d."order")
"""
"""An integration may leave the date to Odoo, whose clock is then the one of the row; or write the instant at which goods were
staged or handed over outside, or at which it heard of that."""


def every_order_leaves_the_books_where_it_left_the_shelf(record: Record) -> Judgement:
    """For each order of a web channel, node and SKU, what its done transfers took out of that node is what was handed over there."""

    def told(group: Rows, wrong: str) -> tuple[str, Severity]:
        return _units(record, group, wrong, lambda row: f"{row['sku']} at {row['node']}")

    return judged(record, LEFT, told)


def delivered_quantities_are_what_was_handed_over(record: Record) -> Judgement:
    """What an order's lines in Odoo say was delivered is what was handed over of it, SKU by SKU."""

    def told(group: Rows, wrong: str) -> tuple[str, Severity]:
        return _units(record, group, wrong, lambda row: str(row["sku"]))

    return judged(record, DELIVERED, told)


def tracking_references_are_of_the_orders_own_parcels(record: Record) -> Judgement:
    """A done transfer has no other tracking references than those of its own order's parcels; who writes none is never wrong."""
    return judged(record, TRACKED, lambda group, wrong: (f"{wrong}: {some(group)}", Severity.MAJOR))


def done_transfers_are_dated_when_they_were_done(record: Record) -> Judgement:
    """A done transfer has a date on which it can have been done: by Odoo's clock while it was written, or by the scenario's once
    its goods were staged or handed over outside."""
    return judged(
        record,
        DATED.format(begins=f"{record.scenario.begins:%Y-%m-%d %H:%M:%S}"),
        lambda group, wrong: (f"{wrong}: {some(group)}", Severity.MAJOR),
    )


def _units(record: Record, group: Rows, wrong: str, what: Callable[[dict[str, Any]], str]) -> tuple[str, Severity]:
    units, worth = round(sum(row["units"] for row in group)), sum(row["total_minor"] for row in group)
    named = ", ".join(f"{row['order']} ({row['booked']:g} of {row['handed']:g} {what(row)})" for row in group[:NAMED])
    more = f" and {len(group) - NAMED} more" if len(group) > NAMED else ""
    return f"{wrong}, {counted(units, 'unit')}, {record.priced(worth)} at risk: {named}{more}", Severity.CRITICAL


INVARIANTS = (
    every_order_leaves_the_books_where_it_left_the_shelf,
    delivered_quantities_are_what_was_handed_over,
    tracking_references_are_of_the_orders_own_parcels,
    done_transfers_are_dated_when_they_were_done,
)
