"""What connectors that look at Odoo's answers share: to hand over, to write off, to take an order back."""

from __future__ import annotations

from rehearsal.clock import Erp, Steps
from rehearsal.model import Event, Instruction, InstructionKind
from rehearsal.odoo import verbs
from rehearsal.odoo.directory import Directory

CARD = "card"


def known_tender(directory: Directory) -> str:
    """Return the tender on which everything is given back where nobody thought of the others: the card, if there are any."""
    return CARD if CARD in directory.journals else next(iter(directory.journals), CARD)


def hand_over(erp: Erp, sale: int, event: Event) -> Steps:
    """Validate the reserved transfers of *sale*, with the parcel's number where *event* has one; return their ids.

    Raises LookupError when nothing is reserved yet.
    """
    order = (event.order,)
    rows = yield from verbs.insist(erp, verbs.transfers_of([sale], order))
    ready = [row["id"] for row in rows if row["state"] == "assigned"]
    if not ready:
        raise LookupError(f"no reserved transfer of {event.order} for {event.kind.value}: {rows}")
    if "tracking" in event.data:
        track = {"carrier_tracking_ref": event.data["tracking"]}
        yield from verbs.insist(erp, verbs.write("stock.picking", ready, track, "write tracking", order))
    yield from verbs.insist(erp, verbs.validate(ready, order))
    return ready


def write_off(erp: Erp, directory: Directory, node: str, event: Event) -> Steps:
    """Correct the stock record at *node* by what the picker of *event* did not find; return how many units that were."""
    missing: int = event.data["wanted"] - event.data["found"]
    product, place = directory.products[event.data["sku"]], directory.warehouses[node]["lot_stock_id"]
    domain, order = [("product_id", "=", product), ("location_id", "=", place)], (event.order,)
    rows = yield from verbs.insist(erp, verbs.search("stock.quant", domain, ["quantity"], "read quant", order))
    units = int(sum(row["quantity"] for row in rows)) - missing
    counted = yield from verbs.insist(erp, verbs.count_shelf(product, place, max(0, units), order))
    yield from verbs.insist(erp, verbs.apply_count(counted, order))
    return missing


def taken_back(placed: Event) -> list[Instruction]:
    """Return the instructions that end an order: tell the shopper, and give every tender back what it paid."""
    why = {"reason": "not found at the node"}
    return [
        Instruction(InstructionKind.CANCEL, placed.channel, placed.channel, placed.order, why),
        *(
            Instruction(
                InstructionKind.REFUND,
                "gateway",
                placed.channel,
                placed.order,
                {"tender": leg["tender"], "amount_minor": leg["amount_minor"], "reference": f"RF-{placed.order}-{leg['tender']}"},
            )
            for leg in placed.data["tenders"]
        ),
    ]
