"""The record: scenario + history + snapshot, as SQL views in DuckDB (`rehearsal.verdict.views`). All that an invariant may see."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from rehearsal.errors import UsageError
from rehearsal.model import Sku, World, priced
from rehearsal.odoo.observe import MIDWAY, Table
from rehearsal.scenario import Scenario
from rehearsal.seals import READ_AGAIN, Damage
from rehearsal.verdict.laws import areas, tables
from rehearsal.verdict.views import CERTAIN as CERTAIN
from rehearsal.verdict.views import FRACTIONS, HISTORY_TABLES, HISTORY_VIEWS, LINE_COLUMNS, PASSES, PROMISES, SNAPSHOT_VIEWS

MEMORY_LIMIT = "1300MB"
SPILL_LIMIT = "30GB"
THREADS_MAX = 4
"""Each keeps buffers of its own: a machine with sixteen cores needs no more memory than one with four."""
IN_MEMORY_BYTES = 64 << 20
"""History up to which its lines are kept in memory as they are."""
LINE_BYTES_MAX = 1 << 26
LINE_BYTES = 1 << 24
"""How long lines usually are at most: each thread keeps a buffer of several of them."""
LISTED = dict.fromkeys(("lines", "tenders"), "a list")
"""Words of an event's data that are none."""
SPILL = ".duckdb"
"""Where queries that do not fit the memory put what they cannot hold: in the run folder, and gone at the end."""


class Record:
    """One run, open for questions; close it, or use it in a ``with``."""

    def __init__(
        self, scenario: Scenario, world: World, run: Path, blank: bool = False, db: duckdb.DuckDBPyConnection | None = None
    ) -> None:
        """*blank* opens it with nothing in it: for a run whose files are so damaged that not even a part can be shown.
        *db* is an empty database to use, and to be closed with the record, instead of an instance of its own (which takes
        longer to start than a small run takes to be judged)."""
        self.scenario = scenario
        self.world = world
        self.run = run
        self._blank = blank
        self._laid_out: list[Path] = []
        self.prices: dict[Sku, int] = {product.sku: product.promo_minor for product in world.products}
        """What a piece of each article is worth, in minor units, wherever it was sold."""
        self.observed = (run / "snapshot").is_dir() and not blank
        """Whether Odoo's books were read; without them only the history can be judged."""
        self.damages: tuple[Damage, ...] = ()
        """What is not as it was written, so that nothing can be said of this run."""
        self.db = db or duckdb.connect()
        spill = _quoted(run / SPILL)
        self.db.execute(
            f"SET memory_limit = '{MEMORY_LIMIT}'; SET enable_progress_bar = false; SET temp_directory = '{spill}'; "
            f"SET max_temp_directory_size = '{SPILL_LIMIT}'; SET threads = {min(THREADS_MAX, os.cpu_count() or 1)}"
        )
        self._open_history()
        self._open_snapshot()
        self.finished = bool(self.rows("SELECT 1 FROM phases WHERE name = 'observe'"))
        """Whether the run reached its end; a killed or interrupted one did not."""
        self.rested = bool(self.rows("SELECT 1 FROM phases WHERE name = 'rest'"))
        """Whether the world came to rest: nothing would ever have happened again."""

    def __enter__(self) -> Record:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what it holds, in memory and in the run folder."""
        self.db.close()
        for path in self._laid_out:
            path.unlink(missing_ok=True)
        if not any((self.run / SPILL).glob("*.parquet")):  # of somebody else who looks at this run just now
            shutil.rmtree(self.run / SPILL, ignore_errors=True)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query as dicts."""
        answer = self._asked(sql, values)
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row of a query."""
        row = self._asked(sql, values).fetchone()
        return row[0] if row else None

    def priced(self, minor: int) -> str:
        """Return *minor* units as people read them, in the scenario's currency."""
        return priced(minor, self.scenario.currency)

    def work_out(self, sql: str) -> None:
        """Hold the rows of a query as table ``found`` until the next call: worked out once, however often it is asked."""
        self._asked(f"CREATE OR REPLACE TEMP TABLE found AS {sql}")

    def _asked(self, sql: str, values: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Execute the statements of *sql*, of which the last one may take *values*."""
        statements, answer = _statements(sql), self.db
        for place, statement in enumerate(statements, start=1):
            answer = self.db.execute(statement, list(values) if place == len(statements) else [])
        return answer

    def _open_history(self) -> None:
        told = ", ".join(f"'{name}': '{kind}'" for name, kind in LINE_COLUMNS.items())
        if not self._blank and any((self.run / "history").glob("*.ndjson")):
            # Broken lines are left out here; `seals` has looked at each, and `lines` tells how many were read.
            read, longer = (
                f"SELECT * FROM read_json('{_quoted(self.run / 'history')}/*.ndjson', format='newline_delimited', columns={{{told}}}, "
                f"ignore_errors=true, maximum_object_size={size}) WHERE kind IS NOT NULL"
                for size in (LINE_BYTES, LINE_BYTES_MAX)
            )
            if sum(path.stat().st_size for path in (self.run / "history").glob("*.ndjson")) <= IN_MEMORY_BYTES:
                self.db.execute(f"CREATE TABLE history AS {longer}")
            else:
                self._attach()
                try:
                    self._lay_out("history", read)
                except duckdb.InvalidInputException:  # a line is longer
                    self._lay_out("history", longer)
        else:
            plain = ", ".join(f'"{name}" {kind}' for name, kind in LINE_COLUMNS.items())
            self.db.execute(f"CREATE TABLE history ({plain})")
            if not self._blank:
                self.damages += (Damage("history", "holds no lines: the run ended before its doors opened"),)
        self.lines = int(self.value("SELECT count(*) FROM history") or 0)
        """Lines of history that were read."""
        self._asked(HISTORY_VIEWS)
        large = bool(self._laid_out)
        for name, worked_out in PASSES.items():
            if large:
                self._lay_out(name, worked_out)
            else:
                self._asked(f"CREATE TABLE {name} AS {worked_out}")
        self._asked(HISTORY_TABLES + PROMISES)
        self.damages += tuple(
            Damage(
                f"history (line index {row['i']})",
                f"{row['what']} is {row['value']}; expected {LISTED.get(row['what'], 'a whole number')}",
            )
            for row in self.rows(FRACTIONS)
        )
        for name in PASSES:
            self.db.execute(f"DROP {'VIEW' if large else 'TABLE'} {name}")
            for file in (file for file in self._laid_out if file.name.startswith(f"{name}.")):
                file.unlink()
        self.db.execute("CREATE TABLE book (node VARCHAR, sku VARCHAR, units BIGINT)")
        rows = [{"node": node, "sku": sku, "units": units} for (node, sku), units in self.world.book.items()]
        self.db.execute(
            "INSERT INTO book SELECT b.value->>'node', b.value->>'sku', CAST(b.value->>'units' AS BIGINT) FROM json_each(?) b",
            [json.dumps(rows)],
        )
        # The stock of a made world is counted in at its opening; of one that exists, that is long past.
        self.db.execute("CREATE TABLE gone_before AS SELECT node, sku, 'inventory' AS usage, -units AS units FROM book")
        if self.scenario.world == "existing":
            gone = [[*key, units] for key, units in self.world.gone.items()]
            self.db.execute("DELETE FROM gone_before")
            self.db.execute(
                "INSERT INTO gone_before SELECT g->>0, g->>1, g->>2, CAST(g->>3 AS BIGINT) FROM (SELECT unnest(CAST(? AS JSON[])) g)",
                [json.dumps(gone)],
            )

    def _attach(self) -> None:
        """Keep tables in a file beside the run from now on: there they are compressed, as those in memory and their spill are not."""
        (self.run / SPILL).mkdir(exist_ok=True)
        file = self.run / SPILL / f"record.{os.getpid()}.{id(self)}.duckdb"
        self.db.execute(f"ATTACH '{_quoted(file)}' AS record; USE record")
        self._laid_out += [file, file.with_name(f"{file.name}.wal")]

    def _lay_out(self, name: str, rows: str) -> None:
        """Write *rows*, a query, beside the run, column by column: a tenth of what they would need in memory; *name* is then a view."""
        file = self.run / SPILL / f"{name}.{os.getpid()}.{id(self)}.parquet"
        path = _quoted(file)
        self.db.execute("SET preserve_insertion_order = false")  # each line has its index; keeping their order costs memory
        self.db.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
        self.db.execute("SET preserve_insertion_order = true")
        self.db.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")
        self._laid_out.append(file)

    def _open_snapshot(self) -> None:
        for table in (*tables(), *MIDWAY):
            path = self.run / "snapshot" / f"{table.name}.parquet"
            columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns.items())
            if not self.observed:
                self.db.execute(f"CREATE TABLE erp_{table.name} ({columns})")
            elif said := self._unopened(table, path):
                self.damages += (Damage(f"snapshot/{path.name}", said, READ_AGAIN),)
                because = f"table {table.name} was not read; {READ_AGAIN}"
                error = ", ".join(f"CAST(error('{because}') AS {kind}) AS \"{name}\"" for name, kind in table.columns.items())
                # also of a query that wants none of its columns, such as a count
                self.db.execute(f"CREATE VIEW erp_{table.name} AS SELECT {error} WHERE CAST(error('{because}') AS BOOLEAN)")
        self._asked(SNAPSHOT_VIEWS)
        for area in (area for area in areas() if area.views):
            try:
                self._asked(area.views)
            except duckdb.Error as error:
                raise UsageError(f"{area.path}: its VIEWS are not what DuckDB takes: {error}") from error

    def _unopened(self, table: Table, path: Path) -> str:
        """Open a table of the snapshot; return why it could not be opened with all its columns, in words."""
        names = ", ".join(f'"{name}"' for name in table.columns)
        try:
            self.db.execute(f"CREATE VIEW erp_{table.name} AS SELECT {names} FROM read_parquet('{_quoted(path)}')")
        except (duckdb.Error, ValueError) as error:  # a broken file may break the message about it as well
            return "is missing" if not path.is_file() else f"cannot be read ({str(error).splitlines()[0][:120]})"
        return ""


@lru_cache(maxsize=512)
def _statements(sql: str) -> tuple[Any, ...]:
    """Return the statements of *sql*, parsed once however many records a process opens: a third of the time an opening takes."""
    return tuple(duckdb.extract_statements(sql))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
