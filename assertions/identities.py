"""Identities: an order belongs to the person who placed it."""

from __future__ import annotations

from rehearsal.model import Finding, Judgement, Severity, counted
from rehearsal.verdict.record import CERTAIN, Record

AREA = "identities"
SHOWN = 5

SHOPPERS = f"""
WITH placed AS (SELECT i, at_s, channel, "order", email, total_minor FROM orders WHERE email <> ''),
matched AS (
    SELECT p.*, s.id, s.partner, a.email AS booked
    FROM placed p JOIN erp_sales s ON s.ref = p."order" LEFT JOIN erp_partners a ON a.id = s.partner
    WHERE {CERTAIN})
"""


def every_order_belongs_to_its_shopper(record: Record) -> Judgement:
    """The customer of an order in Odoo has the e-mail address of the shopper who placed it."""
    record.work_out(SHOPPERS + "SELECT * FROM matched")
    groups: dict[str, list[dict[str, object]]] = {}
    for row in record.rows("SELECT * FROM found WHERE booked IS DISTINCT FROM email ORDER BY channel, i, id"):
        groups.setdefault(row["channel"], []).append(row)
    return Judgement(
        examined=record.value("SELECT count(*) FROM found"),
        left_out=record.value("""SELECT count(*) FROM orders WHERE NOT till AND "order" IN (SELECT "order" FROM doubts)"""),
        findings=tuple(_finding(channel, group) for channel, group in groups.items()),
    )


def _finding(channel: str, group: list[dict[str, object]]) -> Finding:
    orders = list({str(row["order"]): row for row in reversed(group)}.values())[::-1]  # one may be in Odoo more than once
    # Addresses stay out of reports: they are made up here, and may be real in a customer's own demand.
    names = ", ".join(str(row["order"]) for row in orders[:SHOWN])
    more = f" and {len(orders) - SHOWN} more" if len(orders) > SHOWN else ""
    return Finding(
        message=f"{channel}: {counted(len(orders), 'order')} {'belongs' if len(orders) == 1 else 'belong'} to somebody else in Odoo: {names}{more}",
        severity=Severity.CRITICAL,
        money_at_risk_minor=sum(int(str(row["total_minor"])) for row in orders),
        witnesses=tuple(int(str(row["i"])) for row in (orders[0], orders[-1])[: len(orders)]),
        erp_records=tuple(("sale.order", int(str(row["id"]))) for row in group),
        orders=tuple((channel, str(row["order"])) for row in orders),
        at_s=float(str(group[0]["at_s"])),
        about={"channel": channel},
    )


INVARIANTS = (every_order_belongs_to_its_shopper,)
