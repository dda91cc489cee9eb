"""A retailer's own Odoo, made by hand: four warehouses, articles, price lists, points of sale, a history, a second company."""

from __future__ import annotations

from typing import Any

from rehearsal.odoo.connect import Caller

HOUSES = {"MAIN": "Lager Nord", "ST1": "Alexanderplatz", "ST2": "Hafen", "ST3": "Marktplatz"}
ARTICLES = 14
STOCK = {"MAIN": 40, "ST1": 12, "ST2": 12, "ST3": 12}
JOURNALS = {"PSP": "Card acquirer", "GIFT": "Gift cards", "MKT": "Marketplace payouts"}
WEB_PERCENT = 10.0
KNOWN = 5
KNOWN_CUSTOMERS = "customers: 5\ncustomer_domain: [[email, =ilike, known-%]]\n"
"""Words that let the retailer's own customers take part."""
SCENARIO = """
extends: promo_day
name: own
title: Our own articles on a small Friday
world: existing
seed: 4
currency: USD
connector: governed
catalogue: {products: 8, promoted: 2, scarce: 0, tax_percent: 19, domain: [[categ_id.name, =, Household]], hot: [H-003, H-005]}
nodes: {dc: {warehouse: MAIN}, store_1: {warehouse: ST1}, store_2: {warehouse: ST2}, store_3: {warehouse: ST3}}
tenders: {card: {journal: PSP}, gift_card: {journal: GIFT}, marketplace: {journal: MKT}}
channels:
  webshop: {orders: 8, pricelist: Web}
  marketplace: {orders: 3}
  till_1: {orders: 2, till: Alexanderplatz 1}
  till_2: {orders: 1, till: Hafen 1}
  till_3: {orders: 1, till: Marktplatz 1}
faults: []
exercised: {orders_per_channel: 0, orders_per_tender: 0, fault_fired: 0, examined: 1}
"""


def furnish(call: Caller) -> None:
    """Write the retailer into the empty Odoo behind *call*."""
    (tax,) = _create(call, "account.tax", [{
        "name": "USt 19 %", "amount": 19.0, "amount_type": "percent", "type_tax_use": "sale", "price_include_override": "tax_included",
    }])  # fmt: skip
    household, office = _create(call, "product.category", [{"name": "Household"}, {"name": "Office"}])
    articles = _create(
        call, "product.product", [_article(n, household if n <= 10 else office, tax) for n in range(1, ARTICLES + 1)]
    )
    houses = _create(call, "stock.warehouse", [{"name": name, "code": code} for code, name in HOUSES.items()])
    read = call("stock.warehouse", "read", houses, {"fields": ["code", "lot_stock_id", "pos_type_id"]})
    place = {row["code"]: row["lot_stock_id"][0] for row in read}
    quants = [
        {"product_id": article, "location_id": place[code], "inventory_quantity": units}
        for code, units in STOCK.items()
        for article in articles
    ]
    call(
        "stock.quant",
        "action_apply_inventory",
        call("stock.quant", "create", None, {"vals_list": quants}, {"inventory_mode": True}),
    )
    item = {"applied_on": "3_global", "compute_price": "percentage", "percent_price": WEB_PERCENT}
    _create(call, "product.pricelist", [{"name": "Web", "item_ids": [(0, 0, item)]}])
    journals = _create(call, "account.journal", [{"name": n, "code": c, "type": "bank"} for c, n in JOURNALS.items()])
    (card, gift, _) = journals
    for number, row in enumerate([row for row in read if row["code"] != "MAIN"], start=1):
        (cash,) = _create(call, "account.journal", [{"name": f"Kasse {number}", "code": f"K{number}", "type": "cash"}])
        methods = _create(call, "pos.payment.method", [
            {"name": f"{what} {number}", "journal_id": journal} for what, journal in (("Bar", cash), ("Karte", card), ("Gutschein", gift))
        ])  # fmt: skip
        name = f"{HOUSES[row['code']]} 1"
        house = {"warehouse_id": row["id"], "picking_type_id": row["pos_type_id"][0]}
        _create(call, "pos.config", [{"name": name, "payment_method_ids": [(6, 0, methods)], **house}])
    _create(call, "res.partner", [_customer(n) for n in range(1, KNOWN + 1)])
    _create(call, "res.partner", [_customer(KNOWN) | {"name": "The same, once more"}])
    _trade(call, articles, houses[0])
    _second_company(call)


def _article(number: int, category: int, tax: int) -> dict[str, Any]:
    return {
        "name": f"Article {number}", "default_code": f"H-{number:03d}", "type": "consu", "is_storable": True, "categ_id": category,
        "list_price": 10.0 * number, "standard_price": 4.0 * number, "available_in_pos": True, "invoice_policy": "delivery",
        "taxes_id": [(6, 0, [tax])],
    }  # fmt: skip


def _customer(number: int) -> dict[str, Any]:
    return {"name": f"Known {number}", "email": f"Known-{number}@own.example", "street": f"Street {number}", "city": "Hamburg"}


def _trade(call: Caller, articles: list[int], house: int) -> None:
    """A year's business before the rehearsal: two orders that were shipped, under references that channels use as well."""
    (buyer,) = _create(call, "res.partner", [{"name": "Ada Own", "email": "ada@own.example"}])
    for reference in ("WEBSHOP-0001", "OLD-2"):
        (sale,) = _create(call, "sale.order", [{
            "partner_id": buyer, "warehouse_id": house, "client_order_ref": reference, "origin": "webshop",
            "order_line": [(0, 0, {"product_id": articles[0], "product_uom_qty": 1})],
        }])  # fmt: skip
        call("sale.order", "action_confirm", [sale])
        pickings = call("stock.picking", "search", None, {"domain": [("sale_id", "=", sale)]})
        call("stock.picking", "button_validate", pickings)


def _second_company(call: Caller) -> None:
    """A sister company with a warehouse of its own, and a price list in another currency."""
    (sister,) = _create(call, "res.company", [{"name": "Sister"}])
    uid = call("res.users", "context_get")["uid"]
    call("res.users", "write", [uid], {"vals": {"company_ids": [(4, sister)]}})
    context = {"allowed_company_ids": [sister]}
    call("stock.warehouse", "create", None, {"vals_list": [{"name": "Sister", "code": "SIS", "company_id": sister}]}, context)
    (euro,) = call("res.currency", "search", None, {"domain": [("name", "=", "EUR")]}, {"active_test": False})
    call("res.currency", "write", [euro], {"vals": {"active": True}})
    _create(call, "product.pricelist", [{"name": "Euro", "currency_id": euro}])


def _create(call: Caller, model: str, rows: list[dict[str, Any]]) -> list[int]:
    ids: list[int] = call(model, "create", None, {"vals_list": rows})
    return ids
