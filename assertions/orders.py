"""Orders: each accepted one is in the ERP once, with its content, and comes to its end in time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from assertions._troubles import judged, some
from rehearsal.model import Judgement, Severity, counted
from rehearsal.verdict.record import Record
from rehearsal.vocabulary import Role, played

AREA = "orders"

IN_ERP = """
WITH erp AS (SELECT id, ref, 'sale.order' AS model FROM erp_sales UNION ALL SELECT id, ref, 'pos.order' FROM erp_tickets),
copies AS (SELECT ref, count(*) AS copies, list(id ORDER BY model, id) AS ids, any_value(model) AS model FROM erp GROUP BY ALL),
matched AS (
    SELECT coalesce(o.channel, 'unknown') AS channel, coalesce(o."order", c.ref) AS "order", o.i, o.at_s,
        coalesce(o.total_minor, 0) AS total_minor, coalesce(c.copies, 0) AS copies, c.ids, c.model,
        CASE WHEN o."order" IS NULL THEN 'in Odoo, but no channel accepted it'
            WHEN c.copies IS NULL THEN 'missing in Odoo' WHEN c.copies > 1 THEN 'more than once in Odoo' END AS wrong
    FROM orders o FULL JOIN copies c ON c.ref = o."order")
"""

CONTENT = """
WITH erp AS (
    SELECT 'sale.order' AS model, s.id, s.ref, s.total_minor, l.product, l.units
        FROM erp_sales s LEFT JOIN erp_sale_lines l ON l.sale = s.id
    UNION ALL SELECT 'pos.order', t.id, t.ref, t.total_minor, l.product, l.units
        FROM erp_tickets t LEFT JOIN erp_ticket_lines l ON l.ticket = t.id),
booked AS (
    SELECT e.model, e.id, e.ref, e.total_minor, p.sku, e.units < 0 AS back, round(sum(e.units), 3) AS units
    FROM erp e LEFT JOIN erp_products p ON p.id = e.product GROUP BY ALL),
told AS (
    SELECT model, id, ref, total_minor,
        list_sort(coalesce(list({'sku': sku, 'units': units}) FILTER (units <> 0), [])) AS basket FROM booked GROUP BY ALL),
last AS (
    SELECT p.channel, p."order", sum(p.units * l.price_minor) AS minor FROM promises p
    JOIN endings e ON e."order" = p."order" AND e.channel = p.channel AND e.how = 'cancelled' AND e.i = p.i
    JOIN order_lines l ON l."order" = p."order" AND l.channel = p.channel AND l.line = p.line WHERE p.how = 'cancelled' GROUP BY ALL),
wanted AS (
    SELECT o.i, o.at_s, o.channel, o."order", d.due_minor - coalesce(b.minor, 0) AS total_minor,
        p.sku, CAST(sum(p.units) AS DOUBLE) AS units
    FROM orders o JOIN promises p ON p."order" = o."order" AND p.channel = o.channel
    JOIN due d ON d."order" = o."order" AND d.channel = o.channel
    LEFT JOIN endings e ON e."order" = o."order" AND e.channel = o.channel
    LEFT JOIN last b ON b."order" = o."order" AND b.channel = o.channel
    WHERE e.how IS DISTINCT FROM 'cancelled' OR p.how <> 'cancelled' OR p.i < e.i GROUP BY ALL HAVING sum(p.units) <> 0),
agreed AS (
    SELECT i, at_s, channel, "order", total_minor, list_sort(list({'sku': sku, 'units': units})) AS basket FROM wanted GROUP BY ALL),
matched AS (
    SELECT a.i, a.at_s, a.channel, a."order", t.model, [t.id] AS ids, abs(a.total_minor - t.total_minor) AS total_minor,
        CASE WHEN a.basket <> t.basket THEN 'with other goods than agreed'
            WHEN a.total_minor <> t.total_minor THEN 'with another total than agreed' END AS wrong
    FROM agreed a JOIN told t ON t.ref = a."order")
"""

LIVENESS = """
WITH limits AS (SELECT * FROM (VALUES {limits}) d(mode, s)),
clock AS (
    SELECT max(at_s) AS now_s, bool_or(kind = 'phase' AND name = 'rest') AS rested, bool_or(kind = 'operation') AS asked FROM history),
needs AS (
    SELECT e.channel, e."order", e.id, bool_or({accepts}) AS first, min(d.at_s) AS at_s FROM events e JOIN deliveries d ON d.event = e.id
    WHERE {accepts} OR {declines} GROUP BY ALL),
told AS (
    SELECT channel, "order", min(at_s) AS at_s FROM needs WHERE first GROUP BY ALL),
replied AS (
    SELECT n.channel, n."order", n.at_s AS needed_s, min(r.at_s) AS at_s FROM needs n JOIN instructions r
        ON r.channel = n.channel AND r."order" = n."order" AND r.type IN ('fulfil', 'cancel') AND r.at_s >= n.at_s GROUP BY ALL),
own AS (SELECT channel, "order", sum(at_s - needed_s) AS s FROM replied GROUP BY ALL),
owing AS (
    SELECT n.channel, n."order", min(n.at_s) AS since_s FROM needs n LEFT JOIN replied r
        ON r.channel = n.channel AND r."order" = n."order" AND r.needed_s = n.at_s WHERE r.at_s IS NULL GROUP BY ALL),
ready AS (
    SELECT p.channel, p."order", max(CASE WHEN p.units > 0 THEN p.ready_s ELSE least(p.ready_s, p.cancelled_s) END) AS at_s FROM parts p
    GROUP BY ALL HAVING bool_and(p.units <= 0 OR p.ready_s IS NOT NULL)),
repaid AS (SELECT channel, "order", max(at_s) AS at_s FROM instructions WHERE type = 'refund' GROUP BY ALL),
asked AS (SELECT i, unnest(orders) AS "order" FROM history
    WHERE kind = 'operation' AND writes AND erp->>'model' IN ('sale.order', 'pos.order')),
imported AS (
    SELECT x."order", min(a.at_s) AS at_s FROM asked x JOIN answers a ON a.operation = x.i
    LEFT JOIN resolutions r ON r.operation = x.i WHERE a.outcome = 'ok' OR r.committed GROUP BY ALL),
owed AS (SELECT channel, "order", sum(amount_minor) AS open_minor FROM money GROUP BY ALL),
erp AS (
    SELECT ref, bool_and(state = 'cancel') AS cancelled, list(id ORDER BY id) AS ids,
        bool_and(state = 'sale' AND coalesce(delivery, '') = 'full') AS delivered FROM erp_sales GROUP BY ALL),
matched AS (
    SELECT o.i, o.channel, o."order", o.at_s, o.total_minor, s.ids, 'sale.order' AS model,
        NOT c.rested AND (e.at_s IS NULL OR e.how = 'cancelled' AND w.open_minor <> 0) AS undecided,
        CASE
        WHEN c.asked AND m.at_s IS NULL AND (c.rested OR c.now_s - t.at_s > {imported}) THEN 'never came into Odoo'
        WHEN m.at_s - coalesce(t.at_s, o.at_s) > {imported} THEN 'not in Odoo in time'
        WHEN e.at_s IS NULL AND c.rested THEN 'never handed over nor cancelled'
        WHEN e.at_s IS NULL AND c.now_s - o.at_s > d.s AND c.now_s - g.since_s > {handled}
            THEN 'not at its end in time, and the integration keeps it waiting'
        WHEN y.at_s - o.at_s > d.s AND n.s > {handled} THEN 'ended too late, and the integration had kept it waiting'
        WHEN e.how = 'cancelled' AND w.open_minor <> 0 AND c.rested THEN 'cancelled, and the money is not back'
        WHEN e.how = 'cancelled' AND w.open_minor <> 0 AND p.at_s IS NULL AND c.now_s - e.at_s > {refunded}
            THEN 'cancelled, and no refund is asked for'
        WHEN e.how = 'cancelled' AND p.at_s - e.at_s > {refunded} THEN 'cancelled, and its refund was asked for too late'
        WHEN NOT {observed} THEN NULL
        WHEN o.till THEN NULL
        WHEN e.how = 'cancelled' AND s.cancelled IS NOT TRUE THEN 'cancelled outside, still open in Odoo'
        WHEN e.how = 'handed_over' AND s.delivered IS NOT TRUE THEN 'handed over outside, still open in Odoo' END AS wrong
    FROM orders o CROSS JOIN clock c LEFT JOIN limits d ON d.mode = o.mode
    LEFT JOIN endings e ON e."order" = o."order" AND e.channel = o.channel LEFT JOIN imported m ON m."order" = o."order"
    LEFT JOIN told t ON t."order" = o."order" AND t.channel = o.channel LEFT JOIN own n ON n."order" = o."order" AND n.channel = o.channel
    LEFT JOIN owing g ON g."order" = o."order" AND g.channel = o.channel
    LEFT JOIN ready y ON y."order" = o."order" AND y.channel = o.channel LEFT JOIN repaid p ON p."order" = o."order" AND p.channel = o.channel
    LEFT JOIN owed w ON w."order" = o."order" AND w.channel = o.channel LEFT JOIN erp s ON s.ref = o."order")
"""
HANDLED_S = 3600
"""What an integration may itself take, over all its answers to one order, before a missed deadline counts as its doing."""


def every_accepted_order_is_in_the_erp_once(record: Record) -> Judgement:
    """Every order that a channel accepted is in Odoo exactly once, and Odoo has no order that no channel accepted."""
    return judged(record, IN_ERP, lambda group, wrong: (f"{wrong}: {some(group)}", Severity.CRITICAL))


def every_order_keeps_its_content(record: Record) -> Judgement:
    """An order in Odoo has the SKUs, quantities and total that the shopper agreed to on the channel, to the cent: those of the
    checkout, less what was cancelled since and with what was substituted; a cancelled order has those that it had last."""

    def told(group: list[dict[str, Any]], wrong: str) -> tuple[str, Severity]:
        apart = record.priced(sum(row["total_minor"] for row in group))
        return f"{wrong}, {apart} apart: {some(group)}", Severity.CRITICAL if "goods" in wrong else Severity.MINOR

    return judged(record, CONTENT, told)


def no_order_is_stuck_beyond_its_deadline(record: Record) -> Judgement:
    """Every accepted order reaches Odoo, and then its end (handed over, or cancelled and refunded); none is kept waiting by
    the integration beyond the scenario's deadlines; and when it has ended outside, it has ended in Odoo too.

    When the world has come to rest nothing will ever happen again, so whatever is not at its end is stuck, however young.
    A deadline counts what the integration does: word that travels, a picker's queue, the carrier's cut-off, and a shopper
    who comes late to collect what lies on the pickup shelf are the world's.
    """
    deadlines = record.scenario.deadlines
    limits = ", ".join(f"('{mode}', {deadlines.of(mode)})" for mode in record.scenario.modes)
    sql = LIVENESS.format(
        accepts=played(Role.ACCEPTS, row="e"),
        declines=played(Role.DECLINES, row="e"),
        limits=limits,
        imported=deadlines.imported,
        refunded=deadlines.refunded,
        handled=HANDLED_S,
        observed="true" if record.observed else "false",
    )
    judgement = judged(record, sql, lambda group, wrong: (f"{wrong}: {some(group)}", Severity.CRITICAL))
    young = record.value("SELECT count(*) FROM found WHERE undecided")
    if young and not judgement.findings:
        still = "was still open, and within its deadline" if young == 1 else "were still open, and within their deadlines"
        then = "when the time for settling was over" if record.finished else "when the run broke off"
        because = f"{counted(young, 'order')} {still}, {then}"
        return replace(judgement, undecided_because=because)
    return judgement


INVARIANTS = (every_accepted_order_is_in_the_erp_once, every_order_keeps_its_content, no_order_is_stuck_beyond_its_deadline)
FROM_HISTORY = (no_order_is_stuck_beyond_its_deadline,)
