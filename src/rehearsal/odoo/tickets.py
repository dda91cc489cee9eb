"""A till's ticket in the shape that ``pos.order.sync_from_ui`` wants."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from rehearsal.model import Event
from rehearsal.odoo.directory import Directory


def ticket_uuid(event: Event) -> str:
    """Return the uuid that belongs to a ticket, however often it is handed over."""
    return str(uuid5(NAMESPACE_URL, f"{event.channel}/{event.order}"))


def tax_included_minor(total_minor: int, percent: float) -> int:
    """Return the tax within *total_minor*, rounded half up to a minor unit."""
    return int(total_minor * percent / (100 + percent) + 0.5)


def ticket(event: Event, session: int, directory: Directory, uuid: str, tax_percent: float, date_order: str) -> dict[str, Any]:
    """Return the payload of one ``ticket.closed`` event. Odoo trusts its totals, so they must be right."""
    lines, tax = [], 0
    for line in event.data["lines"]:
        line_tax = tax_included_minor(line["total_minor"], tax_percent)
        tax += line_tax
        lines.append(
            [
                0,
                0,
                {
                    "uuid": str(uuid5(NAMESPACE_URL, f"{uuid}/{line['line']}")),
                    "product_id": directory.products[line["sku"]],
                    "qty": line["units"],
                    "price_unit": line["price_minor"] / 100,
                    "price_subtotal": (line["total_minor"] - line_tax) / 100,
                    "price_subtotal_incl": line["total_minor"] / 100,
                    "tax_ids": [[6, 0, [directory.taxes["sale"]]]],
                },
            ]
        )
    paid = []
    for place, leg in enumerate(event.data["tenders"]):
        change = leg.get("change_minor", 0)
        method = directory.methods[event.channel, leg["tender"]]
        paid.append(
            [
                0,
                0,
                {
                    "uuid": str(uuid5(NAMESPACE_URL, f"{uuid}/pay/{place}")),
                    "payment_date": date_order,
                    "payment_method_id": method,
                    "amount": (leg["amount_minor"] + change) / 100,
                },
            ]
        )
    total = event.data["total_minor"] / 100
    return {
        "uuid": uuid, "session_id": session, "pos_reference": event.order, "date_order": date_order, "state": "paid",
        "amount_total": total, "amount_tax": tax / 100, "amount_paid": total, "amount_return": -event.data["change_minor"] / 100,
        "lines": lines, "payment_ids": paid, "to_invoice": False, "partner_id": False,
    }  # fmt: skip
