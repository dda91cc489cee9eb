"""The figures that a retailer steers by, each computed from the record; its docstring is its definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rehearsal.verdict.record import Record
from rehearsal.vocabulary import Role, played


def order_exception_rate(record: Record) -> float | None:
    """Share of accepted orders that needed a hand: declined by a picker, cancelled, or met by an error in the connector."""
    return _rounded(
        record.value(f"""
        WITH helped AS (
            SELECT channel, "order" FROM events WHERE {played(Role.DECLINES, Role.CANCELS)}
            UNION SELECT e.channel, e."order" FROM dead_letters d JOIN events e ON e.id = d.cause)
        SELECT avg(CASE WHEN h."order" IS NULL THEN 0.0 ELSE 1.0 END)
        FROM orders o LEFT JOIN helped h ON h.channel = o.channel AND h."order" = o."order" """)
    )


def inventory_variance_units(record: Record) -> int | None:
    """Units by which Odoo's on-hand stock differs from the shelves at the end, summed without sign over node and SKU."""
    if not record.observed:
        return None
    found = record.value("""
        WITH shelf AS (SELECT h.node, u.key AS sku, CAST(u.value AS BIGINT) AS units
                FROM history h, json_each(h.units) u WHERE h.kind = 'shelf'),
            erp AS (SELECT n.node, p.sku, sum(q.units) AS units FROM erp_quants q JOIN erp_locations l ON l.id = q.location
                JOIN erp_nodes n ON n.id = l.warehouse JOIN erp_products p ON p.id = q.product WHERE l.usage = 'internal' GROUP BY ALL)
        SELECT sum(abs(coalesce(e.units, 0) - s.units)) FROM shelf s LEFT JOIN erp e ON e.node = s.node AND e.sku = s.sku""")
    return None if found is None else int(found)


def sync_latency_s_p95(record: Record) -> float | None:
    """95th percentile, over events that made the ERP change, of the seconds from the event to the last answer it caused."""
    return _rounded(
        record.value("""
        SELECT quantile_cont(f.done_s - e.at_s, 0.95) FROM events e JOIN effects f ON f.cause = e.id""")
    )


def refund_aging_s_p95(record: Record) -> float | None:
    """95th percentile of the seconds from cancellation to the money being back; a refund still owed ages to the run's end."""
    return _rounded(
        record.value(f"""
        WITH owed AS (SELECT channel, "order", min(at_s) AS at_s FROM events WHERE {played(Role.CANCELS)} GROUP BY ALL),
            back AS (SELECT m.channel, m."order", sum(m.amount_minor) - any_value(CASE WHEN e.how = 'cancelled' THEN 0 ELSE d.due_minor END)
                AS open_minor, max(m.at_s) AS at_s FROM money m JOIN due d ON d.channel = m.channel AND d."order" = m."order"
                LEFT JOIN endings e ON e.channel = m.channel AND e."order" = m."order" GROUP BY ALL)
        SELECT quantile_cont(greatest(0, CASE WHEN b.open_minor <= 0 THEN b.at_s ELSE (SELECT max(at_s) FROM history) END - o.at_s), 0.95)
        FROM owed o JOIN back b ON b.channel = o.channel AND b."order" = o."order" """)
    )


def reconciliation_breaks(record: Record) -> int | None:
    """Number of (order, tender) pairs for which the money that moved is not the money that Odoo booked."""
    if not record.observed:
        return None
    return int(record.value("SELECT count(*) FROM money_breaks WHERE moved_minor <> booked_minor") or 0)


def duplicate_customer_rate(record: Record) -> float | None:
    """Share of Odoo's customers with an e-mail address that another, older customer has already."""
    if not record.observed:
        return None
    return _rounded(record.value("SELECT 1 - count(DISTINCT email) / nullif(count(*), 0) FROM erp_partners"))


def fulfilment_sla_adherence(record: Record) -> float | None:
    """Share of accepted orders that were handed over to the carrier or the customer, or lay ready on the pickup shelf, within
    the deadline of their mode; how long a shopper takes to collect is the shopper's business."""
    limits = ", ".join(f"('{mode}', {record.scenario.deadlines.of(mode)})" for mode in record.scenario.modes)
    return _rounded(
        record.value(f"""
        WITH ready AS (SELECT channel, "order", max(ready_s) FILTER (units > 0) AS at_s FROM parts
            GROUP BY ALL HAVING bool_and(units <= 0 OR ready_s IS NOT NULL))
        SELECT avg(CASE WHEN e.how IS DISTINCT FROM 'cancelled' AND r.at_s - o.at_s <= d.s THEN 1.0 ELSE 0.0 END)
        FROM orders o LEFT JOIN (VALUES {limits}) d(mode, s) ON d.mode = o.mode
        LEFT JOIN ready r ON r.channel = o.channel AND r."order" = o."order"
        LEFT JOIN endings e ON e.channel = o.channel AND e."order" = o."order" """)
    )


def close_effort_by_channel(record: Record) -> dict[str, int] | None:
    """Things a person must look into before a channel's books can be closed: money that does not reconcile, events the
    connector dropped, orders that ended outside and are still open in Odoo, till sessions that are not closed."""
    if not record.observed:
        return None
    effort = dict.fromkeys(record.scenario.channels, 0)
    for row in record.rows("""
        SELECT channel, count(*) AS n FROM (
            SELECT o.channel FROM money_breaks b JOIN orders o ON o."order" = b."order" AND coalesce(b.channel, o.channel) = o.channel
                WHERE b.moved_minor <> b.booked_minor
            UNION ALL SELECT e.channel FROM dead_letters d JOIN events e ON e.id = d.cause
            UNION ALL SELECT o.channel FROM orders o JOIN endings e ON e."order" = o."order" AND e.channel = o.channel
                JOIN erp_sales s ON s.ref = o."order" WHERE s.state <> 'cancel' AND coalesce(s.delivery, '') <> 'full'
            UNION ALL SELECT t.channel FROM erp_sessions s JOIN erp_tills t ON t.id = s.till WHERE s.state <> 'closed') GROUP BY ALL"""):
        if row["channel"] in effort:
            effort[row["channel"]] = row["n"]
    return effort


def sell_through(record: Record) -> float | None:
    """Units that were accepted and not cancelled, over those that a perfect counter keeps of the same demand: one for each
    node that starts at the book's stock, no delay, first come, first served, whole baskets. It is no upper bound."""
    best = record.value("SELECT TRY_CAST(data->>'units' AS BIGINT) FROM history WHERE kind = 'oracle'")
    if not best:
        return None
    return _rounded(record.value(f"SELECT coalesce(sum(units), 0) / {int(best)} FROM promises"))


CATCHING_UP = """
WITH heal AS (SELECT min(at_s) AS at_s FROM phases WHERE name = 'settle'),
late AS (
    SELECT e.id, f.done_s - h.at_s AS after_s FROM heal h, effects f JOIN events e ON e.id = f.cause
    WHERE f.done_s > h.at_s AND e.at_s <= h.at_s)
"""


def backlog_at_heal(record: Record) -> int:
    """Events from before the faults were healed (or the doors closed) whose last effect on the ERP came only after it."""
    return int(record.value(CATCHING_UP + "SELECT count(*) FROM late") or 0)


def recovery_s(record: Record) -> float | None:
    """Seconds of scenario time from healing until the last event of the backlog had its effect: the time to quiescence."""
    return _rounded(record.value(CATCHING_UP + "SELECT coalesce((SELECT max(after_s) FROM late), 0)"))


def events_never_handled(record: Record) -> int:
    """Events that the connector dropped with an error: what stayed stuck, however long one waits."""
    return int(record.value("SELECT count(*) FROM dead_letters") or 0)


def slowest_answer_s(record: Record) -> float | None:
    """Wall seconds from asking to the slowest answer, reconnecting included: how long an outage was felt."""
    return _rounded(record.value("SELECT max(took_s) FROM answers"))


KPIS: tuple[Callable[[Record], Any], ...] = (
    order_exception_rate,
    inventory_variance_units,
    sync_latency_s_p95,
    refund_aging_s_p95,
    reconciliation_breaks,
    duplicate_customer_rate,
    fulfilment_sla_adherence,
    sell_through,
    close_effort_by_channel,
    backlog_at_heal,
    recovery_s,
    events_never_handled,
    slowest_answer_s,
)


NAMES = tuple(figure.__name__ for figure in KPIS)


def kpis(record: Record) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return every figure by name, None where the record does not hold what it needs; and a sentence for each that crashed."""
    found: dict[str, Any] = {}
    crashed: list[str] = []
    for figure in KPIS:
        try:
            found[figure.__name__] = figure(record)
        except Exception as error:
            found[figure.__name__] = None
            crashed.append(f"figure {figure.__name__} could not be computed ({type(error).__name__}: {str(error).splitlines()[0]})")
    return found, tuple(crashed)


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 4)
