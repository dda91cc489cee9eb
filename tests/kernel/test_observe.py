"""The books are read page by page: no page twice, nothing that nobody reads, and sums for some products at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from rehearsal.odoo import observe
from rehearsal.odoo.observe import TABLES, Table

(SALES,) = (table for table in TABLES if table.name == "sales")
(QUANTS,) = (table for table in TABLES if table.name == "quants")
(NAMES,) = (table for table in TABLES if table.name == "names")
TYPES = Table(
    "types", {"usage": "VARCHAR", "places": "BIGINT"}, "stock.location", {"usage": "usage", "places": "__count"}, (), ("usage",)
)


class Books:
    """An Odoo with five sales, five products at one place each, and three kinds of places; it writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def call(
        self, model: str, method: str, ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Any:
        """Answer as Odoo does."""
        self.asked.append((model, arguments))
        terms = {(term[0], term[1]): term[2] for term in arguments["domain"] if len(term) == 3}
        if method == "search_read":
            found = [number for number in range(1, 6) if number > terms["id", ">"]]
            return [{**dict.fromkeys(arguments["fields"], False), "id": number} for number in found][: arguments["limit"]]
        if model == "stock.quant":
            among = terms.get(("product_id", "in"), range(1, 6) if ("product_id", "not in") not in terms else ())
            hidden = [] if ("product_id", "in") in terms else [9]
            sums = {"location_id": [8, "Stock"], "reserved_quantity:sum": 0, "__count": 1}
            return [{"product_id": [n, "Tee"], "quantity:sum": n, **sums} for n in (*among, *hidden)]
        usages = [{"usage": usage, "__count": 1} for usage in ("customer", "internal", "supplier")]
        return usages[arguments["offset"] :][: arguments["limit"]]

    def version(self) -> str:
        """Be an Odoo."""
        return "19.0"


def read(table: Table, tmp_path: Path, monkeypatch: Any, page: int = 2) -> tuple[list[tuple[Any, ...]], Books]:
    """Return the rows of *table* as the snapshot has them, read in pages of so many; and what was asked for."""
    monkeypatch.setattr(observe, "PAGE", page)
    books = Books()
    rows = list(observe._rows(books, table, page))
    observe._store(table, iter(rows), tmp_path)
    return duckdb.connect().execute(f"SELECT * FROM read_parquet('{tmp_path / table.name}.parquet')").fetchall(), books


def test_records_are_read_from_the_last_one_on(tmp_path: Path, monkeypatch: Any) -> None:
    """Five of them in three pages; each begins after the last id of the one before it, and none has a display name made for it."""
    rows, books = read(SALES, tmp_path, monkeypatch)

    assert [row[0] for row in rows] == [1, 2, 3, 4, 5]
    assert [arguments["domain"][-1] for _, arguments in books.asked] == [("id", ">", 0), ("id", ">", 2), ("id", ">", 4)]
    assert {arguments["load"] for _, arguments in books.asked} == {""}


def test_sums_by_product_are_asked_for_some_products_at_a_time(tmp_path: Path, monkeypatch: Any) -> None:
    """Nothing is skipped by an offset, for which Odoo would add up everything again; archived products have stock, too, and so
    have products of which our login may not know."""
    rows, books = read(QUANTS, tmp_path, monkeypatch)

    assert [(row[0], row[2]) for row in rows] == [(n, float(n)) for n in (1, 2, 3, 4, 5, 9)]
    sums = [arguments for model, arguments in books.asked if model == "stock.quant"]
    assert [arguments["domain"] for arguments in sums] == [
        *([("product_id", "in", some)] for some in ([1, 2], [3, 4], [5])),
        [("product_id", "not in", [1, 2, 3, 4, 5])],
    ]
    assert not any("offset" in arguments for arguments in sums)
    assert books.asked[0][1]["domain"][0] == ("active", "in", [True, False])


def test_sums_of_a_small_catalogue_are_one_question(tmp_path: Path, monkeypatch: Any) -> None:
    """Of everything there is."""
    rows, books = read(QUANTS, tmp_path, monkeypatch, page=6)

    assert [row[0] for row in rows] == [1, 2, 3, 4, 5, 9]
    assert [arguments["domain"] for model, arguments in books.asked if model == "stock.quant"] == [[]]


def test_sums_by_anything_else_are_asked_for_page_by_page(tmp_path: Path, monkeypatch: Any) -> None:
    """A table that an invariant brings may be grouped by what it likes."""
    rows, books = read(TYPES, tmp_path, monkeypatch)

    assert [row[0] for row in rows] == ["customer", "internal", "supplier"]
    assert [arguments["offset"] for _, arguments in books.asked] == [0, 2]


def test_names_of_orders_and_customers_are_not_read() -> None:
    """There are as many as orders, and nobody looks at them."""
    stems = [term[2] for term in NAMES.domain if term[0] == "name"]

    assert stems == ["product\\_\\_%", "warehouse\\_\\_%", "journal\\_\\_%", "till\\_\\_%", "method\\_\\_%"]
    assert NAMES.domain.count("|") == len(stems) - 1
