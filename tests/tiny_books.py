"""Odoo's books of a tiny record, written by hand: rows per table of the snapshot, in words instead of ids.

A row names products, nodes, tenders and tills as a story does; here they become the ids that the external ids
(table ``names``) and the locations of the snapshot know. A bare number stands for something that nobody named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from rehearsal.odoo.observe import MIDWAY, TABLES, Table

IDS = {
    "product": {"TEE": 101, "MUG": 102},
    "warehouse": {"dc": 11, "store": 12},
    "journal": {"card": 31, "gift_card": 32, "cash": 33},
    "till": {"till_1": 41, "till_2": 42},
    "method": {"till_1__card": 51, "till_1__cash": 52, "till_2__card": 53},
}
"""What has an external id ``<kind>__<word>``."""
LOCATIONS = {
    "dc": (21, "internal", 11),
    "store": (22, "internal", 12),
    "elsewhere": (23, "internal", 1),
    "customer": (24, "customer", None),
    "inventory": (25, "inventory", None),
    "supplier": (26, "supplier", None),
    "truck": (27, "transit", 11),
}
"""Word: id, usage, warehouse. ``elsewhere`` is of the new company's own warehouse, which no scenario names."""
MODELS = {
    "product": "product.product",
    "warehouse": "stock.warehouse",
    "journal": "account.journal",
    "till": "pos.config",
    "method": "pos.payment.method",
    "customer": "res.partner",
    "tax": "account.tax",
}
NAMES = [(kind, word, res_id) for kind, words in IDS.items() for word, res_id in words.items()]
NAMES += [("customer", "C1", 61), ("tax", "sale", 62)]
"""The last two are what a seed names as well, and no view asks for."""
KIND_OF = {**{kind: kind for kind in (*IDS, "location")}, "source": "location", "destination": "location"}
"""What the columns refer to that may hold a word."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one table of the snapshot; columns that are not named are NULL."""

    table: str
    values: dict[str, Any]


def id_of(kind: str, word: str | int | None) -> int | None:
    """Return the id that *word* has among its *kind*; a number is one already."""
    if word is None or isinstance(word, int):
        return word
    return LOCATIONS[word][0] if kind == "location" else IDS[kind][word]


def sale(ref: str, id: int, **values: Any) -> Row:
    """A sale order; unless told otherwise it is confirmed, delivered, and of one tee."""
    usual = {"state": "sale", "delivery": "full", "total_minor": 1500, "warehouse": "dc", "channel": "webshop"}
    return Row("sales", {"id": id, "name": f"S{id}", "ref": ref, **usual, **values})


def sale_line(sale: int, product: str | int = "TEE", units: float = 1, **values: Any) -> Row:
    """A line of the sale order with that id."""
    return Row("sale_lines", {"sale": sale, "product": product, "units": units, **values})


def transfer(sale: int, id: int, **values: Any) -> Row:
    """A transfer of the sale order with that id: done ten seconds after the doors opened, and just made, unless told otherwise."""
    usual = {
        "state": "done",
        "kind": "outgoing",
        "created": "2025-11-28 00:00:09",
        "done": "2025-11-28 00:00:10",
        "written": "2025-11-28 00:00:10",
    }
    return Row("transfers", {"id": id, "name": f"OUT{id}", "sale": sale, **usual, **values})


def transfer_line(transfer: int, product: str | int = "TEE", units: float = 1, **values: Any) -> Row:
    """What the transfer with that id took from the distribution centre to a customer, unless told otherwise."""
    usual = {"source": "dc", "destination": "customer"}
    return Row("transfer_lines", {"transfer": transfer, "product": product, "units": units, **usual, **values})


def payment(ref: str | None, id: int, amount_minor: int = 1500, journal: str | int | None = "card", **values: Any) -> Row:
    """A payment of a customer: money that came in and was posted, unless told otherwise."""
    usual = {"direction": "inbound", "state": "paid", "reference": f"PSP-{ref}"}
    return Row("payments", {"id": id, "ref": ref, "amount_minor": amount_minor, "journal": journal, **usual, **values})


def ticket(ref: str | None, id: int, **values: Any) -> Row:
    """A till's ticket, of one tee unless told otherwise."""
    return Row("tickets", {"id": id, "ref": ref, "state": "done", "total_minor": 1500, "till": "till_1", **values})


def ticket_line(ticket: int, product: str | int = "TEE", units: float = 1, **values: Any) -> Row:
    """A line of the ticket with that id."""
    return Row("ticket_lines", {"ticket": ticket, "product": product, "units": units, **values})


def ticket_payment(ticket: int, id: int, amount_minor: int = 1500, method: str | int | None = "till_1__card") -> Row:
    """How the ticket with that id was paid."""
    return Row("ticket_payments", {"id": id, "ticket": ticket, "method": method, "amount_minor": amount_minor})


def session(id: int, till: str | int = "till_1", **values: Any) -> Row:
    """A till's session: closed, with a float of 200.00 and a count of 215.00, unless told otherwise."""
    usual = {"state": "closed", "opening_minor": 20_000, "closing_minor": 21_500, "difference_minor": 0}
    return Row("sessions", {"id": id, "till": till, **usual, **values})


def partner(id: int, email: str) -> Row:
    """A customer with an address."""
    return Row("partners", {"id": id, "email": email})


def quant(product: str | int, location: str | int, units: float, reserved: float = 0) -> Row:
    """What lies at a location, and what of it is reserved, at rest."""
    return Row("quants", {"product": product, "location": location, "units": units, "reserved": reserved, "rows": 1})


def flow(product: str | int, units: float, source: str | int, destination: str | int) -> Row:
    """What done movements took from one location to another."""
    return Row("moved", {"product": product, "units": units, "source": source, "destination": destination})


def hold(product: str | int, location: str | int, units: float) -> Row:
    """What open transfers hold at a location, at rest."""
    return Row("held", {"product": product, "location": location, "units": units})


def open_quant(at_s: float, product: str | int, location: str | int, units: float, reserved: float = 0) -> Row:
    """What lay at a location, and what of it was reserved, at a look while orders were open."""
    return Row("open_quants", {"at_s": at_s, "product": product, "location": location, "units": units, "reserved": reserved})


def open_hold(at_s: float, product: str | int, location: str | int, units: float) -> Row:
    """What open transfers held at a location, at a look while orders were open."""
    return Row("open_held", {"at_s": at_s, **hold(product, location, units).values})


def bind(folder: Path, rows: Sequence[Row]) -> None:
    """Write the snapshot: every table as Parquet with its own column types, most of them empty."""
    strange = {row.table for row in rows} - set(TABLE_OF)
    assert not strange, f"no tables of the snapshot: {sorted(strange)}"
    folder.mkdir()
    for name, content in _blank().items():
        own = [row.values for row in rows if row.table == name]
        if own:
            _store(TABLE_OF[name], own, folder / f"{name}.parquet")
        else:
            (folder / f"{name}.parquet").write_bytes(content)


TABLE_OF = {table.name: table for table in (*TABLES, *MIDWAY)}


@cache
def _blank() -> dict[str, bytes]:
    """Return each table of a snapshot in which nothing was booked, as the bytes of its file: names and locations alone."""
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLE_OF}
    told["names"] = [{"name": f"{kind}__{word}", "model": MODELS[kind], "res_id": res_id} for kind, word, res_id in NAMES]
    told["locations"] = [{"id": i, "usage": usage, "warehouse": house} for i, usage, house in LOCATIONS.values()]
    with TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{name}.parquet" for name in told}
        for name, path in paths.items():
            _store(TABLE_OF[name], told[name], path)
        return {name: path.read_bytes() for name, path in paths.items()}


@cache
def _db() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def _store(table: Table, rows: Sequence[dict[str, Any]], path: Path) -> None:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns.items())
    _db().execute(f"CREATE OR REPLACE TABLE stored ({columns})")
    if rows:
        places = ", ".join("?" * len(table.columns))
        _db().executemany(f"INSERT INTO stored VALUES ({places})", [_bare(table, row) for row in rows])
    _db().execute(f"COPY stored TO '{path}' (FORMAT parquet)")


def _bare(table: Table, row: dict[str, Any]) -> list[Any]:
    """Return the values of a row in the order of its table's columns, with ids for words."""
    strange = set(row) - set(table.columns)
    assert not strange, f"table {table.name} has no column {sorted(strange)}"
    values = {column: row.get(column) for column in table.columns}
    return [id_of(KIND_OF[column], value) if column in KIND_OF else value for column, value in values.items()]
