"""Run folders of any size, with books that fit what happened: clean, with one order in a hundred broken, or with all oversold.

The weekend is played on paper by a connector that asks as the governed one does; what Odoo would then have in its books is
worked out of the history.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.scaled import NODES, scaled
from rehearsal.clock import Erp, Steps
from rehearsal.memory import settled
from rehearsal.model import Delivery, EventKind, Operation, World
from rehearsal.odoo.observe import MIDWAY, TABLES
from rehearsal.pipeline.run_folder import Run, open_run
from rehearsal.scenario import Scenario
from rehearsal.stage import demand, weekend
from rehearsal.stage.paper import PaperConnector, opened

Ask = tuple[str, str, bool]
"""Name, model, and whether it writes."""
ASKS: Mapping[str, tuple[Ask, ...]] = {
    EventKind.ORDER_PLACED: (
        ("find sale order", "sale.order", False),
        ("create customer", "res.partner", True),
        ("create sale order", "sale.order", True),
        ("confirm sale order", "sale.order", True),
        ("date sale order", "sale.order", True),
    ),
    EventKind.PAYMENT_CAPTURED: (("find payment", "account.payment", False), ("create payment", "account.payment", True)),
    EventKind.GOODS_ISSUED: (("read transfers", "stock.picking", False), ("validate transfer", "stock.picking", True)),
    EventKind.PICKUP_COLLECTED: (("read transfers", "stock.picking", False), ("validate transfer", "stock.picking", True)),
    EventKind.PARCEL_SCANNED: (("note tracking", "stock.picking", True),),
    EventKind.PARCEL_DELIVERED: (("note delivery", "stock.picking", True),),
    EventKind.TICKET_CLOSED: (
        ("find ticket", "pos.order", False),
        ("create ticket", "pos.order", True),
        ("create payment", "pos.payment", True),
        ("close ticket", "pos.order", True),
    ),
}
CUSTOMERS, INVENTORY = 900, 901
"""Ids of the locations where goods go to, and where the opening stock was counted in from."""


class Clerk(PaperConnector):
    """Asks Odoo for everything that has to be asked, once."""

    def __init__(self, market: Any) -> None:
        super().__init__(market)
        self._known: set[str] = set()

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Do what the event says; what was done already is not done again."""
        event = delivery.event
        if event.id in self._known:
            return None
        self._known.add(event.id)
        for name, model, writes in ASKS.get(event.kind, ()):
            arguments = {"vals": {"client_order_ref": event.order, "origin": event.channel}}
            asked = Operation(name, model, "write" if writes else "search_read", (7,), arguments, {}, (event.order,), None, writes)
            yield erp.ask(asked)
        return self.followed(delivery)


def recorded(orders: int, folder: Path) -> Run:
    """Return a finished run of so many *orders* in *folder*, sealed, not judged."""
    scenario = scaled(orders).model_copy(update={"faults": ()})
    run = open_run(scenario, folder)
    answers = dict.fromkeys({name for asks in ASKS.values() for name, *_ in asks}, True)
    with opened(scenario, folder, Clerk, answers) as market, settled(orders):
        env, history = market.env, market.history
        weekend.opened(env, market, history)
        env.run(until=scenario.lasts)
        history.phase("settle", env.now)
        env.run()
        history.phase("rest", env.now)
        history.phase("observe", env.now)
        weekend.shelved(market, history)
    demand.store(market.world, folder / "world.json")
    run.manifest |= {"demand_hash": "0" * 64, "command": "python -m benchmarks judge"}
    with Books(folder, scenario, market.world) as books:
        books.write()
    run.seal()
    return run


def oversold(run: Run, folder: Path) -> Run:
    """Return a copy of *run* in which there was one piece of each article at each node."""
    copy = _copied(run, folder)
    world = demand.stored(folder / "world.json")
    one = replace(world, book=dict.fromkeys(world.book, 1), shelf=dict.fromkeys(world.shelf, 1))
    demand.store(one, folder / "world.json")
    with Books(folder, run.scenario, one) as books:
        books.write()
    copy.seal()
    return copy


BROKEN = {
    "payments": "SELECT * FROM old WHERE id % 100 <> 0",
    "sales": """SELECT * REPLACE (CASE id % 100 WHEN 1 THEN 'pending' ELSE delivery END AS delivery,
        CASE id % 100 WHEN 3 THEN total_minor + 100 ELSE total_minor END AS total_minor) FROM old
        UNION ALL SELECT * REPLACE (id + 100000000 AS id) FROM old WHERE id % 100 = 2""",
    "transfer_lines": "SELECT * REPLACE (CASE id % 100 WHEN 4 THEN units + 1 ELSE units END AS units) FROM old",
    "ticket_lines": "SELECT * REPLACE (CASE id % 100 WHEN 0 THEN units + 1 ELSE units END AS units) FROM old",
}
"""What is wrong with the books where one order in a hundred is broken, in each of several ways."""


def broken(run: Run, folder: Path) -> Run:
    """Return a copy of *run* with one order in a hundred wrong in Odoo's books, in each of several ways."""
    copy = _copied(run, folder)
    with duckdb.connect() as db:
        for table, sql in BROKEN.items():
            path = folder / "snapshot" / f"{table}.parquet"
            db.execute(f"CREATE OR REPLACE TABLE old AS SELECT * FROM read_parquet('{path}')")
            db.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    copy.seal()
    return copy


def _copied(run: Run, folder: Path) -> Run:
    """Return a copy whose history is the same file."""
    shutil.copytree(run.folder, folder, copy_function=_linked)
    for name in ("manifest.json", "world.json"):
        text = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).write_bytes(text)
    for path in (folder / "snapshot").iterdir():
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)
    return Run(folder, run.scenario, json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def _linked(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


class Books:
    """What Odoo would have in its books at the end of a run, as the tables of the snapshot."""

    def __init__(self, folder: Path, scenario: Scenario, world: World) -> None:
        self._snapshot = folder / "snapshot"
        self._snapshot.mkdir(exist_ok=True)
        self._db = duckdb.connect()
        spill = folder / ".books"
        self._db.execute(f"SET memory_limit = '1500MB'; SET temp_directory = '{spill}'; SET preserve_insertion_order = false")
        self._db.execute(FACTS.format(path=folder / "history" / "main.ndjson"))
        self._id_tables(scenario, world)
        self._spill = spill

    def __enter__(self) -> Books:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def write(self) -> None:
        """Write every table."""
        self._db.execute(DOCUMENTS)
        for table in (*TABLES, *MIDWAY):
            columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in table.columns.items())
            path = self._snapshot / f"{table.name}.parquet"
            self._db.execute(f"COPY (SELECT {columns} FROM book_{table.name}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")

    def _id_tables(self, scenario: Scenario, world: World) -> None:
        tills = [code for code, channel in scenario.channels.items() if channel.kind == "till"]
        names = [(f"product__{product.sku}", "product.product", n) for n, product in enumerate(world.products, 1)]
        names += [(f"warehouse__{node}", "stock.warehouse", n) for n, node in enumerate(NODES, 1)]
        names += [(f"journal__{tender}", "account.journal", n) for n, tender in enumerate(scenario.tenders, 1)]
        names += [(f"till__{code}", "pos.config", n) for n, code in enumerate(tills, 1)]
        methods = [f"method__{code}__{tender}" for code in tills for tender in scenario.tenders]
        names += [(name, "pos.payment.method", n) for n, name in enumerate(methods, 1)]
        self._db.execute("CREATE TABLE book_names (name VARCHAR, model VARCHAR, res_id BIGINT)")
        self._db.executemany("INSERT INTO book_names VALUES (?, ?, ?)", names)
        self._db.execute("CREATE TABLE stock (node VARCHAR, sku VARCHAR, units BIGINT)")
        self._db.executemany("INSERT INTO stock VALUES (?, ?, ?)", [(*place, units) for place, units in world.book.items()])


FACTS = """
CREATE TABLE facts AS SELECT * FROM read_json('{path}', format = 'newline_delimited', columns = {{i: 'BIGINT', kind: 'VARCHAR',
    at_s: 'DOUBLE', type: 'VARCHAR', channel: 'VARCHAR', "order": 'VARCHAR', node: 'VARCHAR', data: 'STRUCT(customer STRUCT(email VARCHAR,
    "name" VARCHAR), lines STRUCT(sku VARCHAR, units BIGINT, price_minor BIGINT, total_minor BIGINT)[], tenders STRUCT(tender VARCHAR,
    amount_minor BIGINT)[], total_minor BIGINT, tender VARCHAR, tracking VARCHAR, amount_minor BIGINT, counted_minor BIGINT, float_minor BIGINT)'}})
    WHERE kind = 'event';
"""
THEN = "TIMESTAMP '2025-11-28 12:00:00'"
DOCUMENTS = f"""
CREATE TABLE named AS SELECT split_part(name, '__', 1) AS what, split_part(name, '__', 2) AS one, split_part(name, '__', 3) AS other, res_id FROM book_names;
CREATE VIEW skus AS SELECT one AS sku, res_id AS product FROM named WHERE what = 'product';
CREATE VIEW places AS SELECT one AS node, res_id AS place FROM named WHERE what = 'warehouse';
CREATE TABLE placed AS SELECT row_number() OVER (ORDER BY i) AS id, * FROM facts WHERE type = 'order.placed';
CREATE TABLE rung AS SELECT row_number() OVER (ORDER BY i) AS id, * FROM facts WHERE type = 'ticket.closed';
CREATE TABLE gone AS SELECT node, sku, sum(units) AS units FROM (SELECT node, unnest(data.lines, max_depth := 2) FROM facts
    WHERE type IN ('goods.issued', 'pickup.collected', 'ticket.closed')) GROUP BY ALL;
CREATE VIEW book_locations AS SELECT place AS id, 'internal' AS usage, place AS warehouse FROM places
    UNION ALL SELECT {CUSTOMERS}, 'customer', NULL UNION ALL SELECT {INVENTORY}, 'inventory', NULL;
CREATE VIEW book_moved AS SELECT product, {INVENTORY} AS source, place AS destination, units FROM stock JOIN skus USING (sku) JOIN places USING (node)
    UNION ALL SELECT product, place, {CUSTOMERS}, units FROM gone JOIN skus USING (sku) JOIN places USING (node);
CREATE VIEW book_quants AS SELECT product, location, sum(units) AS units, 0 AS reserved, 1 AS rows FROM (
    SELECT product, destination AS location, units FROM book_moved UNION ALL SELECT product, source, -units FROM book_moved) GROUP BY ALL;
CREATE VIEW book_held AS SELECT 0 AS product, 0 AS location, 0 AS units WHERE false;
CREATE VIEW book_open_quants AS SELECT 3600 AS at_s, product, place AS location, units, 1 AS reserved FROM stock JOIN skus USING (sku) JOIN places USING (node);
CREATE VIEW book_open_held AS SELECT at_s, product, location, reserved AS units FROM book_open_quants;
CREATE TABLE book_partners AS SELECT row_number() OVER (ORDER BY email) AS id, "name", email, NULL AS ref FROM (
    SELECT lower(trim(data.customer.email)) AS email, any_value(data.customer."name") AS "name" FROM placed GROUP BY ALL);
CREATE VIEW book_sales AS SELECT p.id, 'S' || p.id AS name, p."order" AS ref, p.channel, 'sale' AS state, p.data.total_minor AS total_minor,
    0 AS tax_minor, a.id AS partner, n.place AS warehouse, 'full' AS delivery
    FROM placed p JOIN book_partners a ON a.email = lower(trim(p.data.customer.email)) JOIN places n ON n.node = p.node;
CREATE VIEW book_sale_lines AS SELECT row_number() OVER () AS id, sale, product, units, units AS delivered, price_minor, 0 AS discount, total_minor
    FROM (SELECT id AS sale, unnest(data.lines, max_depth := 2) FROM placed) JOIN skus USING (sku);
CREATE VIEW parcels AS SELECT "order", any_value(data.tracking) AS tracking FROM facts WHERE type = 'goods.issued' GROUP BY ALL;
CREATE VIEW book_transfers AS SELECT id, 'OUT' || id AS name, 'done' AS state, id AS sale, 'outgoing' AS kind, tracking, {THEN} AS created,
    {THEN} AS done, {THEN} AS written FROM placed LEFT JOIN parcels USING ("order");
CREATE VIEW book_transfer_lines AS SELECT row_number() OVER () AS id, transfer, product, place AS source, {CUSTOMERS} AS destination, units
    FROM (SELECT p.id AS transfer, f.node, unnest(f.data.lines, max_depth := 2) FROM placed p JOIN facts f USING ("order")
    WHERE f.type IN ('goods.issued', 'pickup.collected')) JOIN skus USING (sku) JOIN places USING (node);
CREATE VIEW book_payments AS SELECT row_number() OVER (ORDER BY i) AS id, 'PAY' AS name, 'paid' AS state, 'inbound' AS direction,
    data.amount_minor AS amount_minor, j.res_id AS journal, "order" AS ref, 'PSP' AS reference, i AS move
    FROM facts JOIN named j ON j.what = 'journal' AND j.one = data.tender WHERE type = 'payment.captured';
CREATE VIEW book_tickets AS SELECT r.id, 'T' || r.id AS name, "order" AS ref, "order" AS uuid, 'done' AS state, data.total_minor AS total_minor,
    1 AS session, t.res_id AS till FROM rung r JOIN named t ON t.what = 'till' AND t.one = r.channel;
CREATE VIEW book_ticket_lines AS SELECT row_number() OVER () AS id, ticket, product, units, price_minor, total_minor
    FROM (SELECT id AS ticket, unnest(data.lines, max_depth := 2) FROM rung) JOIN skus USING (sku);
CREATE VIEW book_ticket_payments AS SELECT row_number() OVER () AS id, ticket, m.res_id AS method, amount_minor
    FROM (SELECT id AS ticket, channel, unnest(data.tenders, max_depth := 2) FROM rung) p
    JOIN named m ON m.what = 'method' AND m.one = p.channel AND m.other = p.tender;
CREATE VIEW book_sessions AS SELECT row_number() OVER (ORDER BY i) AS id, 'POS' AS name, 'closed' AS state, t.res_id AS till,
    data.float_minor AS opening_minor, data.counted_minor AS closing_minor, 0 AS difference_minor
    FROM facts f JOIN named t ON t.what = 'till' AND t.one = f.channel WHERE type = 'till.closed';
"""
