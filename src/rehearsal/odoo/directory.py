"""The directory: Odoo's ids of what a scenario names, resolved by external id, never written down as numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rehearsal.erp import Erp, Steps
from rehearsal.errors import EnvironmentNotReady
from rehearsal.odoo.verbs import EXTERNAL_MODULE, must, search

WAREHOUSE_FIELDS = [
    "id",
    "code",
    "name",
    "lot_stock_id",
    "view_location_id",
    "out_type_id",
    "int_type_id",
    "in_type_id",
    "pick_type_id",
]


@dataclass(slots=True)
class Directory:
    """Ids by the words of the scenario."""

    products: dict[str, int] = field(default_factory=dict)
    """sku to product.product."""
    warehouses: dict[str, dict[str, Any]] = field(default_factory=dict)
    """node to a row of stock.warehouse; many2one fields hold the bare id."""
    journals: dict[str, int] = field(default_factory=dict)
    """tender to account.journal."""
    tills: dict[str, int] = field(default_factory=dict)
    """channel to pos.config."""
    methods: dict[tuple[str, str], int] = field(default_factory=dict)
    """(channel, tender) to pos.payment.method."""
    customers: dict[str, int] = field(default_factory=dict)
    """customer id to res.partner."""
    taxes: dict[str, int] = field(default_factory=dict)
    routes: dict[str, int] = field(default_factory=dict)
    """node to its pickup route."""
    shelves: dict[str, int] = field(default_factory=dict)
    """node to its pickup shelf (stock.location)."""


def read_directory(erp: Erp) -> Steps:
    """Return the `Directory` of the database behind *erp*; two reads, whatever the catalogue's size."""
    rows = yield from must(erp, search("ir.model.data", [("module", "=", EXTERNAL_MODULE)], ["name", "res_id"], "read directory"))
    found = Directory()
    places: dict[int, str] = {}
    for row in rows:
        kind, _, name = row["name"].partition("__")
        match kind:
            case "product":
                found.products[name] = row["res_id"]
            case "warehouse":
                places[row["res_id"]] = name
            case "journal":
                found.journals[name] = row["res_id"]
            case "till":
                found.tills[name] = row["res_id"]
            case "method":
                channel, _, tender = name.partition("__")
                found.methods[channel, tender] = row["res_id"]
            case "customer":
                found.customers[name] = row["res_id"]
            case "tax":
                found.taxes[name] = row["res_id"]
            case "route":
                found.routes[name] = row["res_id"]
            case "shelf":
                found.shelves[name] = row["res_id"]
    if not found.products or not places:
        raise EnvironmentNotReady(
            "the database has no rehearsal world in it (no external ids of module 'rehearsal'); seed it with `rehearse run`"
        )
    houses = yield from must(erp, search("stock.warehouse", [("id", "in", list(places))], WAREHOUSE_FIELDS, "read warehouses"))
    for house in houses:
        found.warehouses[places[house["id"]]] = {k: v[0] if isinstance(v, list | tuple) else v for k, v in house.items()}
    return found
