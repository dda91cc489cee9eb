"""Observing: what a row of Odoo's books costs beside Odoo's own work, and what a database with many orders takes for real."""

from __future__ import annotations

import time
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.fridays import CANONICAL
from rehearsal import project
from rehearsal.odoo.connect import factory
from rehearsal.odoo.observe import TABLES, observe
from rehearsal.pipeline.run import Options, ready_target, rehearse
from rehearsal.scenario import file as scenario_file
from rehearsal.targets.native.target import NativeTarget

ROW_MS_MAX = 0.1
ORDERS = (10_000, 100_000, 1_000_000)
PRODUCTS = (60, 10_000)
A_ORDER = {
    "sales": 0.6, "sale_lines": 0.84, "transfers": 0.6, "transfer_lines": 0.84, "payments": 0.66, "partners": 0.26,
    "tickets": 0.4, "ticket_lines": 0.68, "ticket_payments": 0.42,
}  # fmt: skip
"""Rows of each table for one order of the promotional weekend."""
PLACES = 8
"""Pairs of places between which each product moves."""
REAL_ORDERS = 20_000
TIMEOUT_S = 300.0
STEP = 1_000_000
"""Added to the ids of each copy of the rows that a rehearsal left."""
COPIED: Mapping[str, tuple[str, ...]] = {
    "res_partner": (),
    "sale_order": ("partner_id", "partner_invoice_id", "partner_shipping_id"),
    "sale_order_line": ("order_id",),
    "stock_picking": ("sale_id",),
    "account_payment": (),
    "pos_order": (),
    "pos_order_line": ("order_id",),
    "pos_payment": ("pos_order_id",),
}
"""Tables whose rows are copied, and their columns that refer to another copied row."""
OWN: Mapping[tuple[str, str], str] = {
    ("stock_picking", "name"): "r.name || '-' || k",
    ("pos_order", "uuid"): "gen_random_uuid()::text",
    ("pos_order_line", "uuid"): "gen_random_uuid()::text",
    ("pos_payment", "uuid"): "gen_random_uuid()::text",
}
"""Columns that no two rows may share."""


class Memory:
    """An Odoo that answers from memory at once, with as many rows as so many orders leave."""

    def __init__(self, orders: int, products: int) -> None:
        self._rows = {table.model: int(orders * A_ORDER.get(table.name, 0)) for table in TABLES if not table.grouped_by}
        self._products = products
        self._templates: dict[tuple[str, ...], dict[str, Any]] = {}
        self.spent_s = 0.0
        self.rows = self.calls = 0

    def call(
        self, model: str, method: str, ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Any:
        """Return a page of rows that are all the same but for their ids."""
        began = time.perf_counter()
        answer = self._records(model, arguments) if method == "search_read" else self._sums(arguments)
        self.calls += 1
        self.spent_s += time.perf_counter() - began
        return answer

    def version(self) -> str:
        """Be an Odoo."""
        return "19.0"

    def _records(self, model: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        last = next(term[2] for term in arguments["domain"] if term[:2] == ("id", ">"))
        there = self._products if model == "product.product" else self._rows[model]
        upto = min(last + arguments["limit"], there)
        row = dict.fromkeys(arguments["fields"], 12.5)
        self.rows += max(0, upto - last)
        return [{**row, "id": number} for number in range(last + 1, upto + 1)]

    def _sums(self, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        among = next((term[2] for term in arguments["domain"] if term[0] == "product_id"), ())
        places = {name: [1, "WH/Stock"] for name in arguments["groupby"]} | dict.fromkeys(arguments["aggregates"], 3.0)
        found = [{**places, "product_id": [product, "Tee"]} for product in among for _ in range(PLACES)]
        self.rows += len(found)
        return found


def measured() -> list[str]:
    """Return milliseconds per row beside the client for each size, and what a real database takes."""
    told = [f"{'orders':>9} {'products':>8} {'rows':>10} {'calls':>7} {'beside the client':>18} {'a row':>10}"]
    for orders in ORDERS:
        told.append(_line(orders, PRODUCTS[0]))
    told += [
        _line(ORDERS[0], PRODUCTS[1]),
        f"budget: at most {ROW_MS_MAX} ms a row beside Odoo's own work, whatever the size",
        *_real(),
    ]
    return told


def _line(orders: int, products: int) -> str:
    memory = Memory(orders, products)
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        observe(memory, Path(folder) / "snapshot")
        took_s = time.perf_counter() - began - memory.spent_s
    return f"{orders:9,} {products:8,} {memory.rows:10,} {memory.calls:7,} {took_s:16.1f} s {took_s / memory.rows * 1000:7.4f} ms"


class Watched:
    """A client that adds up how long it waits, and what it gets."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.spent_s = 0.0
        self.rows = self.calls = 0

    def call(self, *asked: Any) -> Any:
        """Ask the real one."""
        began = time.perf_counter()
        answer = self._client.call(*asked)
        self.spent_s += time.perf_counter() - began
        self.calls += 1
        self.rows += len(answer)
        return answer

    def version(self) -> str:
        """Return the server's."""
        return str(self._client.version())


def _real() -> list[str]:
    """Rehearse a Friday, copy what it left in the database until there are enough orders, and read all of it."""
    target = NativeTarget()
    ready_target(target, lambda _: None)
    overrides = {**CANONICAL, "connector": "governed"}
    scenario = scenario_file.load(project.scenario_path("promo_day"), project.scenario_path, overrides)
    with TemporaryDirectory() as folder:
        run, _ = rehearse(scenario, target, Options(out=Path(folder) / "run", keep=True), lambda _: None, lambda *_: None)
        database = target.database(run.manifest["target"]["database"])
        try:
            orders = _copied(target, database.name)
            client = Watched(factory(database, "odoorpc", TIMEOUT_S)())
            began = time.perf_counter()
            observe(client, Path(folder) / "books")
            took_s = time.perf_counter() - began
        finally:
            target.drop(database)
    ours_s = took_s - client.spent_s
    return [
        (
            f"a real Odoo with {orders:,} orders: {client.rows:,} rows in {client.calls} calls and {took_s:.1f} s, of which {ours_s:.1f} s are "
            f"not Odoo's: {ours_s / client.rows * 1000:.4f} ms a row, beside {client.spent_s / client.rows * 1000:.3f} ms of Odoo's and the client's"
        )
    ]


def _copied(target: NativeTarget, database: str) -> int:
    """Copy the rows of every document in *database*, with ids of their own, until there are enough orders; return how many."""
    orders = "SELECT (SELECT count(*) FROM sale_order) + (SELECT count(*) FROM pos_order)"
    times = ceil(REAL_ORDERS / int(target.sql(database, orders)[0][0]))
    for table, refers in COPIED.items():
        found = target.sql(
            database,
            f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' AND is_generated = 'NEVER' ORDER BY 1",
        )
        columns = [row[0] for row in found]
        values = [
            OWN.get((table, name), f"r.{name} + k * {STEP}" if name == "id" or name in refers else f'r."{name}"')
            for name in columns
        ]
        names = ", ".join(f'"{name}"' for name in columns)
        target.sql(
            database,
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table} r, generate_series(1, {times}) k WHERE r.id < {STEP}",
        )
    return int(target.sql(database, orders)[0][0])
