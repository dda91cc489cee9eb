"""What is asked of Odoo, in business words: each function returns one `Operation`, so one transaction.

Every recipe here was run against Odoo 19.0 Community. Sequences that need more than one call are
generators (``yield from``), which return the last value or raise `OperationFailed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rehearsal.erp import Erp, Steps
from rehearsal.model import Answer, Operation, Outcome, Proof
from rehearsal.odoo.client import LOOK_UP, worth_retrying

RETRIES_MAX = 8
RETRY_PAUSE_S = 5.0
"""Scenario seconds between two tries after contention."""
EXTERNAL_MODULE = "rehearsal"
"""Module part of the external ids (ir.model.data) that the harness and its connectors give."""


class OperationFailed(Exception):
    """An operation was refused, or nobody knows; carries the `Answer`."""

    def __init__(self, operation: Operation, answer: Answer) -> None:
        super().__init__(operation, answer)  # SimPy makes a failed event's exception anew, from its arguments
        self.operation = operation
        self.answer = answer

    def __str__(self) -> str:
        return f"{self.operation.name}: {self.answer.outcome.value}: {self.answer.message}"


def must(erp: Erp, operation: Operation) -> Steps:
    """Ask, and return the value; raise `OperationFailed` unless the outcome is ok."""
    answer: Answer = yield erp.ask(operation)
    if not answer.ok:
        raise OperationFailed(operation, answer)
    return answer.value


def insist(erp: Erp, operation: Operation) -> Steps:
    """Like `must`, but ask again after contention, and find out what became of an unknown outcome.

    An operation with a proof is looked up until the look-up itself is answered; one that is repeatable is
    simply repeated. A request that was not done when it was looked up may still have been on its way, so a
    repetition that is refused is looked up as well: what refuses it may be that the first one was done meanwhile.
    """
    doubted = False
    may_repeat = operation.proof is not None or operation.repeatable or not operation.writes
    for _ in range(RETRIES_MAX):
        answer: Answer = yield erp.ask(operation)
        if answer.ok:
            return answer.value
        unknown = answer.outcome is Outcome.UNKNOWN
        doubted = doubted or unknown
        if doubted and operation.proof is not None:
            found = yield from _found(erp, operation, operation.proof)
            if len(found) >= operation.proof.found_min:
                return found
        if not (worth_retrying(answer) or (unknown and may_repeat)):
            raise OperationFailed(operation, answer)
        yield erp.env.timeout(RETRY_PAUSE_S)
    raise OperationFailed(operation, answer)


def _found(erp: Erp, operation: Operation, proof: Proof) -> Steps:
    """Return the ids that *proof* finds; asked again until it is answered, since guessing would do things twice."""
    for _ in range(RETRIES_MAX):
        answer: Answer = yield erp.ask(look_up(proof, operation.orders))
        if answer.ok:
            return [row["id"] for row in answer.value]
        yield erp.env.timeout(RETRY_PAUSE_S)
    raise OperationFailed(operation, answer)


def look_up(proof: Proof, orders: tuple[str, ...] = ()) -> Operation:
    """Find what *proof* says an operation would have left behind; value: rows with ``id``."""
    return search(proof.model, list(proof.domain), ["id"], name=LOOK_UP, orders=orders)


def search(
    model: str,
    domain: Sequence[Any],
    fields: Sequence[str],
    name: str = "",
    orders: tuple[str, ...] = (),
    context: Mapping[str, Any] | None = None,
    limit: int | None = None,
) -> Operation:
    """Read *fields* of the records in *domain*, in order of id; value: list of dicts."""
    arguments: dict[str, Any] = {"domain": list(domain), "fields": list(fields), "order": "id"}
    if limit is not None:
        arguments["limit"] = limit
    return Operation(name or f"read {model}", model, "search_read", None, arguments, context or {}, orders, writes=False)


def stamp(begins: datetime, at_s: float) -> str:
    """Return the scenario instant *at_s* as Odoo writes datetimes."""
    return (begins + timedelta(seconds=int(at_s))).strftime("%Y-%m-%d %H:%M:%S")


def day(begins: datetime, at_s: float) -> str:
    """Return the scenario day of *at_s* as Odoo writes dates."""
    return stamp(begins, at_s)[:10]


# -- stock -------------------------------------------------------------------------------------------


def stock_at(warehouse: int, products: Sequence[int], figure: str) -> Operation:
    """Read *figure* (``qty_available`` or ``free_qty``) of *products* in one warehouse.

    The context key is ``warehouse_id``; Odoo 19 silently ignores the old ``warehouse``.
    """
    return Operation(
        f"read stock ({figure})",
        "product.product",
        "read",
        tuple(products),
        {"fields": [figure]},
        {"warehouse_id": warehouse},
        writes=False,
    )


def count_shelf(product: int, location: int, units: int, orders: tuple[str, ...] = ()) -> Operation:
    """Write down a counted quantity; `apply_count` makes it stock. Value: quant ids."""
    vals = {"product_id": product, "location_id": location, "inventory_quantity": units}
    return Operation(
        "count shelf", "stock.quant", "create", None, {"vals_list": [vals]}, {"inventory_mode": True}, orders, repeatable=True
    )


def apply_count(quants: Sequence[int], orders: tuple[str, ...] = ()) -> Operation:
    """Turn counted quantities into inventory moves."""
    proof = Proof("stock.quant", (("id", "in", list(quants)), ("inventory_quantity_set", "=", False)), len(quants))
    return Operation("apply count", "stock.quant", "action_apply_inventory", tuple(quants), orders=orders, proof=proof)


def reserved_by_place() -> Operation:
    """Read quantity and reservation of every product at every internal location; value: rows with sums."""
    arguments = {
        "domain": [("location_id.usage", "=", "internal")],
        "groupby": ["product_id", "location_id"],
        "aggregates": ["quantity:sum", "reserved_quantity:sum"],
    }
    return Operation("read reservations", "stock.quant", "formatted_read_group", None, arguments, writes=False)


# -- sale orders -------------------------------------------------------------------------------------


def create_partner(vals: Mapping[str, Any], order: str) -> Operation:
    """Create a customer, whether or not Odoo has the same one already. Value: ids."""
    return Operation("create customer", "res.partner", "create", None, {"vals_list": [dict(vals)]}, orders=(order,))


def create_order(vals: Mapping[str, Any], order: str) -> Operation:
    """Create a quotation; Odoo does not mind a second one with the same ``client_order_ref``. Value: ids."""
    proof = Proof("sale.order", (("client_order_ref", "=", order),))
    return Operation("create sale order", "sale.order", "create", None, {"vals_list": [dict(vals)]}, orders=(order,), proof=proof)


def upsert(model: str, fields: Sequence[str], rows: Sequence[Sequence[Any]], name: str, orders: tuple[str, ...] = ()) -> Operation:
    """Create or update records by external id (``load``): the same rows twice leave one record. Value: dict with ids.

    Asking again is safe, whatever became of the first time.
    """
    return Operation(
        name, model, "load", None, {"fields": list(fields), "data": [list(row) for row in rows]}, orders=orders, repeatable=True
    )


def confirm(sales: Sequence[int], orders: tuple[str, ...]) -> Operation:
    """Confirm quotations; reserves what is free. Value: True or a notification, both mean done."""
    proof = Proof("sale.order", (("id", "in", list(sales)), ("state", "=", "sale")), len(sales))
    return Operation("confirm sale order", "sale.order", "action_confirm", tuple(sales), orders=orders, proof=proof)


def cancel(sales: Sequence[int], orders: tuple[str, ...]) -> Operation:
    """Cancel sale orders; their open transfers go with them, posted invoices do not."""
    proof = Proof("sale.order", (("id", "in", list(sales)), ("state", "=", "cancel")), len(sales))
    return Operation("cancel sale order", "sale.order", "action_cancel", tuple(sales), orders=orders, proof=proof)


def sales_of(orders: Sequence[str], fields: Sequence[str] = ("id", "name", "state", "client_order_ref")) -> Operation:
    """Read the sale orders with these external ids."""
    return search("sale.order", [("client_order_ref", "in", list(orders))], fields, "find sale order", tuple(orders))


def transfers_of(sales: Sequence[int], orders: tuple[str, ...]) -> Operation:
    """Read the transfers of sale orders, with state and operation type."""
    fields = ["id", "name", "state", "picking_type_id", "sale_id", "location_id"]
    return search("stock.picking", [("sale_id", "in", list(sales))], fields, "read transfers", orders)


def write(model: str, ids: Sequence[int], vals: Mapping[str, Any], name: str, orders: tuple[str, ...] = ()) -> Operation:
    """Write *vals* on records; asking twice does no harm."""
    return Operation(name, model, "write", tuple(ids), {"vals": dict(vals)}, orders=orders, repeatable=True)


def unreserve(pickings: Sequence[int], orders: tuple[str, ...]) -> Operation:
    """Give back what transfers have reserved."""
    return Operation("unreserve transfer", "stock.picking", "do_unreserve", tuple(pickings), orders=orders, repeatable=True)


def reserve(pickings: Sequence[int], orders: tuple[str, ...]) -> Operation:
    """Try to reserve for transfers; Odoo raises when nothing at all is to be had."""
    return Operation("reserve transfer", "stock.picking", "action_assign", tuple(pickings), orders=orders)


def cancel_transfers(pickings: Sequence[int], orders: tuple[str, ...]) -> Operation:
    """Cancel transfers; what they had reserved is free again."""
    proof = Proof("stock.picking", (("id", "in", list(pickings)), ("state", "=", "cancel")), len(pickings))
    return Operation("cancel transfer", "stock.picking", "action_cancel", tuple(pickings), orders=orders, proof=proof)


def validate(pickings: Sequence[int], orders: tuple[str, ...], name: str = "validate transfer") -> Operation:
    """Make transfers done with what they have reserved; refused if Odoo wants a wizard answered."""
    proof = Proof("stock.picking", (("id", "in", list(pickings)), ("state", "=", "done")), len(pickings))
    return Operation(name, "stock.picking", "button_validate", tuple(pickings), orders=orders, proof=proof)


# -- money -------------------------------------------------------------------------------------------


def payment(
    *, partner: int | None, amount_minor: int, journal: int, date: str, order: str, reference: str, inbound: bool
) -> dict[str, Any]:
    """Return the values of one ``account.payment``: money in from, or back to, a customer."""
    return {
        "payment_type": "inbound" if inbound else "outbound",
        "partner_type": "customer",
        "partner_id": partner,
        "amount": amount_minor / 100,
        "journal_id": journal,
        "date": date,
        "memo": order,
        "payment_reference": reference,
    }


def create_payments(vals: Sequence[Mapping[str, Any]], orders: tuple[str, ...], name: str = "book payment") -> Operation:
    """Create draft payments. Value: ids."""
    references = [row["payment_reference"] for row in vals]
    proof = Proof("account.payment", (("payment_reference", "in", references),), len(references))
    arguments = {"vals_list": [dict(row) for row in vals]}
    return Operation(name, "account.payment", "create", None, arguments, orders=orders, proof=proof)


def post_payments(payments: Sequence[int], orders: tuple[str, ...]) -> Operation:
    """Post payments: from here on they are in the books."""
    proof = Proof("account.payment", (("id", "in", list(payments)), ("state", "!=", "draft")), len(payments))
    return Operation("post payment", "account.payment", "action_post", tuple(payments), orders=orders, proof=proof)


# -- point of sale -----------------------------------------------------------------------------------


def open_session(config: int) -> Operation:
    """Open a till's session; Odoo returns the open one if there is one."""
    return Operation("open till", "pos.config", "open_ui", (config,), repeatable=True)


def session_of(config: int) -> Operation:
    """Read the current session of a till."""
    return search("pos.config", [("id", "=", config)], ["current_session_id"], "read till session")


def set_opening(session: int, float_minor: int) -> Operation:
    """Say what lies in the drawer at opening."""
    return Operation(
        "count opening cash",
        "pos.session",
        "set_opening_control",
        (session,),
        {"cashbox_value": float_minor / 100, "notes": ""},
        repeatable=True,
    )


def sync_tickets(tickets: Sequence[Mapping[str, Any]], orders: tuple[str, ...]) -> Operation:
    """Hand tickets over; Odoo knows a ``uuid`` again, so a repetition does no harm."""
    proof = Proof("pos.order", (("uuid", "in", [ticket["uuid"] for ticket in tickets]),), len(tickets))
    arguments = {"orders": [dict(ticket) for ticket in tickets]}
    return Operation("sync till tickets", "pos.order", "sync_from_ui", None, arguments, orders=orders, proof=proof)


def count_drawer(session: int, counted_minor: int) -> Operation:
    """Write down the cash counted at closing."""
    return Operation(
        "count closing cash",
        "pos.session",
        "post_closing_cash_details",
        (session,),
        {"counted_cash": counted_minor / 100},
        repeatable=True,
    )


def prepare_closing(session: int) -> Operation:
    """Move a session to closing control."""
    return Operation(
        "prepare till closing", "pos.session", "update_closing_control_state_session", (session,), {"notes": ""}, repeatable=True
    )


def close_session(session: int) -> Operation:
    """Close a till's session; value: dict with ``successful``."""
    proof = Proof("pos.session", (("id", "=", session), ("state", "=", "closed")))
    return Operation("close till", "pos.session", "close_session_from_ui", (session,), proof=proof)
