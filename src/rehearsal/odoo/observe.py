"""Observe: Odoo's own books, read once after everything came to rest, into one Parquet file per table.

Reads by keyset pagination, or grouped by the server where only sums matter, so memory stays bounded.
Amounts become integer minor units here; many2one values become bare ids.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from rehearsal.errors import EnvironmentNotReady, UsageError
from rehearsal.odoo.client import Client, ClientFactory, NoAnswer, NotAllowed, NotSent, ServerRefused

PAGE = 1000
"""Records per call; of sums, products per call."""
PRODUCT = "product_id"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the snapshot: which records, and their columns as DuckDB types."""

    name: str
    columns: Mapping[str, str]
    model: str
    fields: Mapping[str, str]
    """Column to field of the model; a field that ends in ``:minor`` is an amount in currency units."""
    domain: tuple[Any, ...] = ()
    grouped_by: tuple[str, ...] = ()
    """Fields of the model; the rest of *fields* are then aggregates."""
    since: bool = False
    """Whether records are left out that are older than the rehearsal, in books that others had begun."""
    named: bool = False
    """Whether older records are read after all that the rehearsal has named, since they take part in it."""


ID, NUM, TEXT, WHOLE, TIME = "BIGINT", "DOUBLE", "VARCHAR", "BIGINT", "TIMESTAMP"
RESERVING = ("assigned", "partially_available", "waiting", "confirmed")

STEMS = ("product", "warehouse", "journal", "till", "method")
"""Kinds of external ids that are read: those that translate Odoo's ids into words of the scenario. Each order has one, too."""

TABLES = (
    Table("names", {"name": TEXT, "model": TEXT, "res_id": ID}, "ir.model.data",
          {"name": "name", "model": "model", "res_id": "res_id"},
          (("module", "=", "rehearsal"), *("|" for _ in STEMS[1:]), *(("name", "=like", f"{stem}\\_\\_%") for stem in STEMS))),
    Table("locations", {"id": ID, "usage": TEXT, "warehouse": ID}, "stock.location",
          {"id": "id", "usage": "usage", "warehouse": "warehouse_id"}, (("active", "in", [True, False]),)),
    Table("quants", {"product": ID, "location": ID, "units": NUM, "reserved": NUM, "rows": WHOLE}, "stock.quant",
          {"product": "product_id", "location": "location_id", "units": "quantity:sum", "reserved": "reserved_quantity:sum",
           "rows": "__count"}, (), ("product_id", "location_id")),
    Table("moved", {"product": ID, "source": ID, "destination": ID, "units": NUM}, "stock.move.line",
          {"product": "product_id", "source": "location_id", "destination": "location_dest_id", "units": "quantity_product_uom:sum"},
          (("state", "=", "done"),), ("product_id", "location_id", "location_dest_id")),
    Table("held", {"product": ID, "location": ID, "units": NUM}, "stock.move.line",
          {"product": "product_id", "location": "location_id", "units": "quantity_product_uom:sum"},
          (("state", "in", RESERVING),), ("product_id", "location_id")),
    Table("sales", {"id": ID, "name": TEXT, "ref": TEXT, "channel": TEXT, "state": TEXT, "total_minor": WHOLE, "tax_minor": WHOLE,
                    "partner": ID, "warehouse": ID, "delivery": TEXT}, "sale.order",
          {"id": "id", "name": "name", "ref": "client_order_ref", "channel": "origin", "state": "state",
           "total_minor": "amount_total:minor", "tax_minor": "amount_tax:minor", "partner": "partner_id",
           "warehouse": "warehouse_id", "delivery": "delivery_status"}, (("client_order_ref", "!=", False),), since=True),
    Table("sale_lines", {"id": ID, "sale": ID, "product": ID, "units": NUM, "delivered": NUM, "price_minor": WHOLE, "discount": NUM,
                         "total_minor": WHOLE}, "sale.order.line",
          {"id": "id", "sale": "order_id", "product": "product_id", "units": "product_uom_qty", "delivered": "qty_delivered",
           "price_minor": "price_unit:minor", "discount": "discount", "total_minor": "price_total:minor"},
          (("order_id.client_order_ref", "!=", False), ("display_type", "=", False)), since=True),
    Table("transfers", {"id": ID, "name": TEXT, "state": TEXT, "sale": ID, "kind": TEXT, "tracking": TEXT, "created": TIME, "done": TIME,
                        "written": TIME}, "stock.picking",
          {"id": "id", "name": "name", "state": "state", "sale": "sale_id", "kind": "picking_type_code", "tracking": "carrier_tracking_ref",
           "created": "create_date", "done": "date_done", "written": "write_date"}, (("sale_id", "!=", False),), since=True),
    Table("transfer_lines", {"id": ID, "transfer": ID, "product": ID, "source": ID, "destination": ID, "units": NUM}, "stock.move.line",
          {"id": "id", "transfer": "picking_id", "product": "product_id", "source": "location_id", "destination": "location_dest_id",
           "units": "quantity_product_uom"},
          (("state", "=", "done"), ("picking_id.sale_id", "!=", False)), since=True),
    Table("payments", {"id": ID, "name": TEXT, "state": TEXT, "direction": TEXT, "amount_minor": WHOLE, "journal": ID, "ref": TEXT,
                       "reference": TEXT, "move": ID}, "account.payment",
          {"id": "id", "name": "name", "state": "state", "direction": "payment_type", "amount_minor": "amount:minor",
           "journal": "journal_id", "ref": "memo", "reference": "payment_reference", "move": "move_id"},
          (("partner_type", "=", "customer"), ("payment_reference", "!=", False)), since=True),
    Table("tickets", {"id": ID, "name": TEXT, "ref": TEXT, "uuid": TEXT, "state": TEXT, "total_minor": WHOLE, "session": ID, "till": ID},
          "pos.order",
          {"id": "id", "name": "name", "ref": "pos_reference", "uuid": "uuid", "state": "state", "total_minor": "amount_total:minor",
           "session": "session_id", "till": "config_id"}, since=True),
    Table("ticket_lines", {"id": ID, "ticket": ID, "product": ID, "units": NUM, "price_minor": WHOLE, "total_minor": WHOLE},
          "pos.order.line",
          {"id": "id", "ticket": "order_id", "product": "product_id", "units": "qty", "price_minor": "price_unit:minor",
           "total_minor": "price_subtotal_incl:minor"}, since=True),
    Table("ticket_payments", {"id": ID, "ticket": ID, "method": ID, "amount_minor": WHOLE}, "pos.payment",
          {"id": "id", "ticket": "pos_order_id", "method": "payment_method_id", "amount_minor": "amount:minor"}, since=True),
    Table("sessions", {"id": ID, "name": TEXT, "state": TEXT, "till": ID, "opening_minor": WHOLE, "closing_minor": WHOLE,
                       "difference_minor": WHOLE}, "pos.session",
          {"id": "id", "name": "name", "state": "state", "till": "config_id", "opening_minor": "cash_register_balance_start:minor",
           "closing_minor": "cash_register_balance_end_real:minor", "difference_minor": "cash_register_difference:minor"}, since=True),
    Table("partners", {"id": ID, "name": TEXT, "email": TEXT, "ref": TEXT}, "res.partner",
          {"id": "id", "name": "name", "email": "email_normalized", "ref": "ref"}, (("email", "!=", False), ("user_ids", "=", False)), since=True, named=True),
)  # fmt: skip


MIDWAY = (
    Table("open_quants", {"at_s": NUM, "product": ID, "location": ID, "units": NUM, "reserved": NUM}, "stock.quant",
          {"product": "product_id", "location": "location_id", "units": "quantity:sum", "reserved": "reserved_quantity:sum"},
          (("location_id.usage", "=", "internal"),), ("product_id", "location_id")),
    Table("open_held", {"at_s": NUM, "product": ID, "location": ID, "units": NUM}, "stock.move.line",
          {"product": "product_id", "location": "location_id", "units": "quantity_product_uom:sum"},
          (("state", "in", RESERVING), ("location_id.usage", "=", "internal")), ("product_id", "location_id")),
)  # fmt: skip
"""Tables that are read while orders are open, at instants at which nobody writes: at rest every reservation is 0."""


LOOKS_MAX = 5
"""How often the books are read midway until two readings agree."""


class Midway:
    """What the books said while orders were open, reading by reading; `observe` puts it into the snapshot."""

    def __init__(self, clients: ClientFactory) -> None:
        self._clients = clients
        self._client: Client | None = None
        self.rows: dict[str, list[Row]] = {table.name: [] for table in MIDWAY}
        self.missed = 0
        """Looks without a reading, since a fault had Odoo just then, or somebody wrote all the time."""

    def look(self, at_s: float) -> None:
        """Read once, at scenario time *at_s*; the caller sees to it that nothing is under way.

        Odoo may still be at a request that its client has given up, and has crons of its own. So it is read until two
        readings agree, which are then of an instant at which nobody wrote; a bounded number of times.
        """
        try:
            last = self._read()
            for _ in range(LOOKS_MAX):
                before, last = last, self._read()
                if before == last:
                    for name, rows in last.items():
                        self.rows[name] += [{"at_s": at_s, **row} for row in rows]
                    return
        except (NoAnswer, NotAllowed, NotSent, ServerRefused):
            self._client = None
        self.missed += 1

    def _read(self) -> dict[str, list[Row]]:
        client = self._client = self._client or self._clients()
        return {table.name: list(_rows(client, table)) for table in MIDWAY}


def observe(
    client: Client,
    folder: Path,
    told: Callable[[str], None] = lambda _: None,
    midway: Midway | None = None,
    tables: Sequence[Table] = TABLES,
    watermark: Mapping[str, int] | None = None,
) -> None:
    """Read every one of *tables* into *folder*, which appears whole or not at all; with what was read *midway*.

    *watermark* holds the highest id of each model before the rehearsal, where there were others before it.

    A second reading of the same books keeps the first one's tables of then.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for table in tables:
            told(f"reading {table.name}")
            _store(table, _rows(client, _newer(client, table, watermark or {})), partial)
        for table in MIDWAY:
            before = folder / f"{table.name}.parquet"
            if midway is None and before.is_file():
                shutil.copyfile(before, partial / before.name)
            else:
                _store(table, iter(midway.rows[table.name] if midway else ()), partial)
    except (NoAnswer, NotSent, NotAllowed, ServerRefused) as error:
        raise EnvironmentNotReady(
            f"Odoo's books could not be read ({error}); start Odoo again (`rehearse up`) and repeat with `rehearse observe latest`"
        ) from error
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def require(client: Client, tables: Sequence[Table]) -> None:
    """Raise `UsageError` for the first of *tables* that this Odoo cannot be asked for, in Odoo's words: ahead of the weekend."""
    for table in tables:
        try:
            next(_rows(client, table, 1), None)
        except (ServerRefused, KeyError) as error:
            raise UsageError(
                f"table {table.name}, which an invariant brings, cannot be read of {table.model}: {_first_line(error)}; expected a "
                "model, fields and a domain that this Odoo has"
            ) from error


def _newer(client: Client, table: Table, watermark: Mapping[str, int]) -> Table:
    """Return *table* without what is older than the rehearsal, and takes no part in it."""
    mark = watermark.get(table.model, 0) if table.since else 0
    if not mark:
        return table
    taking_part = _named(client, table.model) if table.named else []
    newer: tuple[Any, ...] = ("|", ("id", ">", mark), ("id", "in", taking_part)) if taking_part else (("id", ">", mark),)
    return replace(table, domain=(*table.domain, *newer))


def _named(client: Client, model: str) -> list[int]:
    """Return the records of *model* that the rehearsal has named by external ids."""
    domain = [("module", "=", "rehearsal"), ("model", "=", model)]
    rows = client.call("ir.model.data", "search_read", None, {"domain": domain, "fields": ["res_id"]}, {})
    return sorted(row["res_id"] for row in rows)


def _rows(client: Client, table: Table, page_size: int = PAGE) -> Iterator[Row]:
    if table.grouped_by:
        yield from _grouped(client, table, page_size)
        return
    wanted = sorted({field.removesuffix(":minor") for field in table.fields.values()})
    last = 0
    while True:
        domain = [*table.domain, ("id", ">", last)]
        page = client.call(
            table.model,
            "search_read",
            None,
            # `load` is for read: without it Odoo makes a display name for every id that another record is meant by.
            {"domain": domain, "fields": wanted, "order": "id", "limit": page_size, "load": ""},
            {},
        )
        for record in page:
            yield {column: _value(record, field, table.columns[column]) for column, field in table.fields.items()}
        if len(page) < page_size:
            return
        last = page[-1]["id"]


def _grouped(client: Client, table: Table, page_size: int) -> Iterator[Row]:
    """Yield sums; by product, where there are many, some products at a time: Odoo adds up everything anew for each page of groups.

    At last come those of no product, and of products that our login may not see.
    """
    if PRODUCT not in table.grouped_by:
        yield from _sums(client, table, (), page_size)
        return
    seen: list[int] = []
    while True:
        wanted = {
            "domain": [("active", "in", [True, False]), ("id", ">", seen[-1] if seen else 0)],
            "fields": ["id"],
            "order": "id",
            "limit": page_size,
        }
        products = [row["id"] for row in client.call("product.product", "search_read", None, wanted, {})]
        if not seen and len(products) < page_size:
            yield from _sums(client, table, (), 0)
            return
        if products:
            yield from _sums(client, table, ((PRODUCT, "in", products),), 0)
        seen += products
        if len(products) < page_size:
            yield from _sums(client, table, ((PRODUCT, "not in", seen),), 0)
            return


def _sums(client: Client, table: Table, among: tuple[Any, ...], page_size: int) -> Iterator[Row]:
    """Yield the groups of *table* in a domain; *page_size* of them per call, or all at once for 0."""
    aggregates = [field for field in table.fields.values() if field not in table.grouped_by]
    asked = {"domain": [*table.domain, *among], "groupby": list(table.grouped_by), "aggregates": aggregates}
    offset = 0
    while True:
        paged = {"offset": offset, "limit": page_size} if page_size else {}
        arguments = {**asked, "order": ", ".join(table.grouped_by), **paged}
        page = client.call(table.model, "formatted_read_group", None, arguments, {})
        for record in page:
            yield {column: _value(record, field, table.columns[column]) for column, field in table.fields.items()}
        if not page_size or len(page) < page_size:
            return
        offset += page_size


def _value(record: Mapping[str, Any], field: str, kind: str) -> Any:
    if field.endswith(":minor"):
        return round((record[field.removesuffix(":minor")] or 0) * 100)
    value = record[field]
    if isinstance(value, list | tuple):
        return value[0] if value else None
    return None if value is False and kind != "BOOLEAN" else value


def _store(table: Table, rows: Iterator[Row], folder: Path) -> None:
    raw = folder / f"{table.name}.ndjson"
    with raw.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in table.columns.items())
    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT * FROM read_json('{_quoted(raw)}', format='newline_delimited', columns={{{columns}}})) "
            f"TO '{_quoted(folder / table.name)}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    raw.unlink()


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
