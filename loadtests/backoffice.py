"""The back office while the peak goes on: people with pick lists, dashboards and reports, and Odoo's own crons.

How many of each there are is the scenario's word (``load: {backoffice: {pickers: 2, dashboards: 1}}``); a class
says which word by its ``role``. Records are found by external id or by search, never by number. Nobody here
sells or moves anything, so the invariants need not know of them.
"""

from __future__ import annotations

import os
from itertools import cycle
from typing import Any

from locust import between, task

from rehearsal.locust import OdooUser
from rehearsal.odoo.verbs import EXTERNAL_MODULE

PAGE = 80
"""Records on one page of a list, as Odoo's own web client asks for."""


class BackOffice(OdooUser):
    """What the roles share: finding records by name."""

    abstract = True
    role = ""

    def named(self, kind: str) -> list[int]:
        """Return the ids behind the external ids ``rehearsal.<kind>__…``; empty before the world is there."""
        domain = [["module", "=", EXTERNAL_MODULE], ["name", "=like", f"{kind}__%"]]
        found = self.call("ir.model.data", "search_read", domain=domain, fields=["res_id"], name="back office: find by name")
        return [row["res_id"] for row in found.value] if found.ok else []

    def on_start(self) -> None:
        """Log in and learn the warehouses and products."""
        super().on_start()
        self.warehouses = cycle(self.named("warehouse") or [0])
        self.products = self.named("product")


class Picker(BackOffice):
    """Opens the list of a warehouse's ready transfers, then one of them."""

    role = "pickers"
    wait_time = between(1, 4)

    @task
    def work_through_the_pick_list(self) -> None:
        """List, then open the oldest."""
        domain = [["state", "=", "assigned"], ["picking_type_id.warehouse_id", "=", next(self.warehouses)]]
        fields = ["name", "partner_id", "scheduled_date", "origin", "state", "products_availability"]
        listed = self.call(
            "stock.picking",
            "search_read",
            domain=domain,
            fields=fields,
            limit=PAGE,
            order="scheduled_date, id",
            name="picker: open pick list",
        )
        if listed.ok and listed.value:
            picking = listed.value[0]["id"]
            fields = ["product_id", "product_uom_qty", "quantity", "location_id", "state"]
            self.call(
                "stock.move", "search_read", domain=[["picking_id", "=", picking]], fields=fields, name="picker: open transfer"
            )


class Dashboard(BackOffice):
    """Looks at sales per day and at what is still to be delivered."""

    role = "dashboards"
    wait_time = between(2, 6)

    @task(2)
    def see_sales(self) -> None:
        """Sum of sales by channel and state."""
        self.call(
            "sale.order",
            "formatted_read_group",
            domain=[],
            groupby=["origin", "state"],
            aggregates=["amount_total:sum", "__count"],
            name="dashboard: sales by channel",
        )

    @task
    def see_deliveries(self) -> None:
        """Open transfers by operation type and state."""
        self.call(
            "stock.picking",
            "formatted_read_group",
            domain=[["state", "not in", ["done", "cancel"]]],
            groupby=["picking_type_id", "state"],
            aggregates=["__count"],
            name="dashboard: open transfers",
        )


class StockReport(BackOffice):
    """Reads the stock of every product in one warehouse after the other: dear for Odoo, and usual."""

    role = "stock_reports"
    wait_time = between(5, 10)

    @task
    def read_stock(self) -> None:
        """On hand, free and forecast."""
        if self.products:
            fields = ["qty_available", "free_qty", "virtual_available"]
            self.call(
                "product.product",
                "read",
                self.products[:PAGE],
                fields=fields,
                context={"warehouse_id": next(self.warehouses)},
                name="stock report: one warehouse",
            )


class Printer(BackOffice):
    """Prints delivery slips: as PDF where Odoo can make one, else as the HTML page that the PDF is made from."""

    role = "printers"
    wait_time = between(2, 5)

    def on_start(self) -> None:
        """Ask Odoo once whether it can make PDFs; without wkhtmltopdf it cannot."""
        super().on_start()
        state = self.call("ir.actions.report", "get_wkhtmltopdf_state", name="printer: can PDFs be made")
        self.kind = "pdf" if state.ok and state.value in ("ok", "workers") else "html"

    @task
    def print_a_slip(self) -> None:
        """Print the slip of the youngest transfer that is done."""
        domain = [["state", "=", "done"], ["picking_type_code", "=", "outgoing"]]
        found = self.call(
            "stock.picking", "search_read", domain=domain, fields=["id"], limit=1, order="id desc", name="printer: find transfer"
        )
        if found.ok and found.value:
            shows = b"%PDF-" if self.kind == "pdf" else b"</html>"
            path = f"/report/{self.kind}/stock.report_deliveryslip/{found.value[0]['id']}"
            self.fetch(path, name=f"printer: delivery slip ({self.kind})", shows=shows)


class Scheduler(BackOffice):
    """Runs Odoo's scheduled actions again and again, as its cron threads would (``load: {crons: […]}``)."""

    role = "crons"
    wait_time = between(10, 20)

    def on_start(self) -> None:
        """Find the scheduled actions by their external ids."""
        super().on_start()
        self.actions: Any = cycle(self._found(name) for name in os.environ.get("REHEARSE_CRONS", "").split() if name)

    def _found(self, name: str) -> tuple[str, int]:
        module, _, record = name.partition(".")
        domain = [["module", "=", module], ["name", "=", record], ["model", "=", "ir.cron"]]
        found = self.call("ir.model.data", "search_read", domain=domain, fields=["res_id"], name="cron: find by name")
        return name, found.value[0]["res_id"] if found.ok and found.value else 0

    @task
    def run_one(self) -> None:
        """Trigger the next one."""
        name, action = next(self.actions, ("", 0))
        if action:
            self.call("ir.cron", "method_direct_trigger", [action], name=f"cron: {name}")
