"""The record: scenario + history + snapshot, as SQL views in DuckDB. All that an invariant may see.

Views of the outside ledger (from the history):
    events(i, id, type, at_s, channel, "order", node, data, roles)         deliveries, operations, answers, instructions,
    publications(at_s, channel, node, sku, units)                 phases, dead_letters, resolutions
    orders(i, channel, "order", node, mode, at_s, total_minor, till)      accepted orders and till tickets
    order_lines(i, at_s, channel, "order", line, node, sku, units, price_minor, total_minor)
    promises(i, at_s, channel, "order", line, node, sku, units, how)      what was accepted (+), moved (- and +), substituted (- and +)
                                                                          or cancelled (-), line by line; goods handed over stay in it
    handed(i, at_s, channel, "order", node, sku, units)                   goods that left a node, to a customer or a carrier
    handovers(channel, "order", node, ready_s, handed_s, handed_i)       when a node (NULL: any) first had an order ready, and handed it over
    parts(channel, "order", node, units, cancelled_i, cancelled_s, ready_s, handed_s, handed_i)   what a node keeps of an order
    endings(channel, "order", at_s, i, how)                               handed_over | cancelled, once no node owes a part any more
    due(channel, "order", due_minor)                                      the order's total less what was cancelled of it
    money(i, channel, "order", tender, amount_minor, taken, at_s)         captured (+, taken) and refunded (-)
    book(node, sku, units)                                                opening stock as the books say
    gone_before(node, sku, usage, units)                                  what had left a node by the time the doors opened, by the books
Views of the snapshot: one per table of `odoo.observe` and per table that an invariant brings, prefixed ``erp_``, plus
    erp_products(id, sku)  erp_nodes(id, node)  erp_journals(id, tender)  erp_methods(id, tender)  erp_tills(id, channel)
    money_booked("order", tender, amount_minor, taken, model, id)
    money_breaks: both sides of every (order, tender, taken or given back)
    doubts("order")          orders touched by an operation whose outcome stayed unknown
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from rehearsal.errors import UsageError
from rehearsal.model import World, priced
from rehearsal.odoo.observe import MIDWAY, Table
from rehearsal.scenario import Scenario
from rehearsal.seals import READ_AGAIN, Damage
from rehearsal.verdict.laws import areas, tables
from rehearsal.vocabulary import Role, played

MEMORY_LIMIT = "1500MB"
SPILL_LIMIT = "30GB"
SPILL = ".duckdb"
"""Where queries that do not fit the memory put what they cannot hold: in the run folder, and gone at the end."""

CERTAIN = 'coalesce("order" NOT IN (SELECT "order" FROM doubts), true)'
"""Whether a row's order is in no doubt; a row of Odoo's that names no order is in none."""

LINE_COLUMNS = {
    "i": "BIGINT", "kind": "VARCHAR", "at_s": "DOUBLE", "event": "VARCHAR", "type": "VARCHAR", "channel": "VARCHAR", "order": "VARCHAR",
    "node": "VARCHAR", "data": "JSON", "attempt": "INTEGER", "name": "VARCHAR", "cause": "VARCHAR", "orders": "VARCHAR[]",
    "writes": "BOOLEAN", "operation": "BIGINT", "outcome": "VARCHAR", "recipient": "VARCHAR", "units": "JSON", "committed": "BOOLEAN",
    "error": "VARCHAR", "wall": "JSON", "erp": "JSON", "roles": "VARCHAR[]",
}  # fmt: skip

ACCEPTS, HANDS_OVER, MONEY = played(Role.ACCEPTS), played(Role.HANDS_OVER), played(Role.CAPTURES, Role.GIVES_BACK)
CHANGES = played(Role.MOVES, Role.SUBSTITUTES, Role.CANCELS)
OF_ACCEPTED, OF_HANDED, OF_PAID = (played(role, row="e") for role in (Role.ACCEPTS, Role.HANDS_OVER, Role.PAID_AT_ONCE))
WITH_LINES = played(Role.ACCEPTS, Role.HANDS_OVER, Role.MOVES, Role.SUBSTITUTES, Role.CANCELS, row="e")
HISTORY_VIEWS = f"""
CREATE VIEW events AS SELECT i, event AS id, type, at_s, channel, "order", node, data, roles FROM history WHERE kind = 'event';
CREATE VIEW deliveries AS SELECT i, event, type, at_s, channel, "order", attempt FROM history WHERE kind = 'delivery';
CREATE VIEW operations AS SELECT i, name, at_s, cause, orders, writes FROM history WHERE kind = 'operation';
CREATE VIEW answers AS SELECT i, operation, name, at_s, cause, outcome, erp->>'message' AS message,
    TRY_CAST(wall->>'took_s' AS DOUBLE) AS took_s FROM history WHERE kind = 'answer';
CREATE VIEW instructions AS SELECT i, type, recipient, at_s, cause, channel, "order", data FROM history WHERE kind = 'instruction';
CREATE VIEW phases AS SELECT i, name, at_s FROM history WHERE kind = 'phase';
CREATE VIEW dead_letters AS SELECT i, at_s, cause, error, erp->>'message' AS message, erp->>'where' AS place FROM history WHERE kind = 'dead_letter';
CREATE VIEW resolutions AS SELECT i, operation, committed FROM history WHERE kind = 'resolution';
CREATE VIEW publications AS SELECT i, at_s, channel, node, u.key AS sku, TRY_CAST(u.value AS BIGINT) AS units
    FROM history, json_each(history.units) u WHERE kind = 'publication';
CREATE TABLE orders AS SELECT i, channel, "order", node, data->>'mode' AS mode, at_s,
    TRY_CAST(data->>'total_minor' AS BIGINT) AS total_minor, {HANDS_OVER} AS till,
    data->'customer'->>'id' AS customer
    FROM events WHERE {ACCEPTS};
CREATE TABLE order_lines AS SELECT e.i, e.at_s, e.channel, e."order", TRY_CAST(l.value->>'line' AS INTEGER) AS line,
    coalesce(l.value->>'node', e.node) AS node, l.value->>'sku' AS sku,
    TRY_CAST(l.value->>'units' AS BIGINT) AS units, TRY_CAST(l.value->>'price_minor' AS BIGINT) AS price_minor,
    TRY_CAST(l.value->>'total_minor' AS BIGINT) AS total_minor
    FROM events e, json_each(e.data, '$.lines') l WHERE {OF_ACCEPTED};
CREATE TABLE handed AS SELECT e.i, e.at_s, e.channel, e."order", e.node, l.value->>'sku' AS sku, TRY_CAST(l.value->>'units' AS BIGINT) AS units
    FROM events e, json_each(e.data, '$.lines') l WHERE {OF_HANDED};
CREATE TABLE money AS
    SELECT i, channel, "order", data->>'tender' AS tender, at_s, {played(Role.CAPTURES)} AS taken,
        CASE WHEN {played(Role.CAPTURES)} THEN 1 ELSE -1 END * TRY_CAST(data->>'amount_minor' AS BIGINT) AS amount_minor
    FROM events WHERE {MONEY}
    UNION ALL
    SELECT e.i, e.channel, e."order", t.value->>'tender', e.at_s, true, TRY_CAST(t.value->>'amount_minor' AS BIGINT)
    FROM events e, json_each(e.data, '$.tenders') t WHERE {OF_PAID};
CREATE VIEW doubts AS SELECT DISTINCT unnest(o.orders) AS "order" FROM answers a JOIN operations o ON o.i = a.operation
    LEFT JOIN resolutions r ON r.operation = o.i WHERE a.outcome = 'unknown' AND o.writes AND r.operation IS NULL
    UNION SELECT DISTINCT unnest(o.orders) FROM operations o LEFT JOIN answers a ON a.operation = o.i
    LEFT JOIN resolutions r ON r.operation = o.i WHERE o.writes AND a.operation IS NULL AND r.operation IS NULL;
"""

PROMISES = f"""
CREATE TABLE handovers AS SELECT channel, "order", node, min(at_s) AS ready_s, min(at_s) FILTER ({HANDS_OVER}) AS handed_s,
    min(i) FILTER ({HANDS_OVER}) AS handed_i
    FROM events WHERE {played(Role.STAGES, Role.HANDS_OVER)}
    GROUP BY GROUPING SETS ((channel, "order", node), (channel, "order"));
CREATE TABLE promises AS
    WITH said AS (
        SELECT *, CASE WHEN {played(Role.MOVES)} THEN 'moved' WHEN {played(Role.CANCELS)} THEN 'cancelled' ELSE 'substituted' END AS how
        FROM events WHERE {CHANGES}),
    changes AS (
        SELECT e.i, e.at_s, e.how, e.channel, e."order", e.node, e.data->>'source' AS source, l.value AS line
        FROM said e, json_each(e.data, '$.lines') l
        UNION ALL
        SELECT e.i, e.at_s, e.how, e.channel, e."order", CASE e.how WHEN 'moved' THEN e.node ELSE coalesce(k.node, o.node) END,
            e.data->>'source', json_object('line', o.line, 'sku', o.sku, 'units', o.units)
        FROM (SELECT * FROM said WHERE how <> 'substituted' AND (data->'lines') IS NULL
            QUALIFY how = 'moved' OR row_number() OVER (PARTITION BY channel, "order", how ORDER BY i) = 1) e
        JOIN order_lines o ON o.channel = e.channel AND o."order" = e."order"
        LEFT JOIN (SELECT channel, "order", last(node ORDER BY i) AS node FROM said WHERE how = 'moved' GROUP BY ALL) k
            ON k.channel = e.channel AND k."order" = e."order"
        LEFT JOIN handovers g ON g.channel = e.channel AND g."order" = e."order" AND g.node IS NULL
        WHERE e.how = 'moved' OR g.handed_i IS NULL OR e.i < g.handed_i),
    moves AS (
        SELECT i, at_s, channel, "order", line, node, sku, units, 'accepted' AS how FROM order_lines
        UNION ALL
        SELECT c.i, c.at_s, c.channel, c."order", TRY_CAST(c.line->>'line' AS INTEGER),
            CASE WHEN c.how = 'moved' AND s.side < 0 THEN c.source
                WHEN c.how = 'cancelled' THEN coalesce(c.line->>'node', c.node) ELSE c.node END,
            CASE WHEN c.how = 'substituted' AND s.side > 0 THEN c.line->>'by' ELSE c.line->>'sku' END,
            s.side * TRY_CAST(c.line->>'units' AS BIGINT), c.how
        FROM changes c, (VALUES (-1), (1)) s(side) WHERE s.side < 0 OR c.how <> 'cancelled'
        UNION ALL SELECT i, at_s, channel, "order", NULL, node, sku, -units, 'handed over' FROM handed),
    there AS (
        SELECT *, coalesce(sum(units) OVER (PARTITION BY channel, "order", node, sku ORDER BY i, how = 'handed over'
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS there FROM moves)
    SELECT i, at_s, channel, "order", line, node, sku,
        CASE how WHEN 'cancelled' THEN greatest(units, -greatest(0, there)) ELSE units END AS units, how
    FROM there WHERE how <> 'handed over' AND (how <> 'cancelled' OR there > 0);
CREATE TABLE parts AS
    WITH kept AS (SELECT channel, "order", node, sum(units) AS units, max(i) FILTER (how = 'cancelled') AS cancelled_i,
            max(at_s) FILTER (how = 'cancelled') AS cancelled_s FROM promises GROUP BY ALL),
    split AS (SELECT *, count(*) FILTER (units > 0) OVER (PARTITION BY channel, "order") > 1 AS split FROM kept)
    SELECT k.* EXCLUDE split, d.ready_s, d.handed_s, d.handed_i FROM split k LEFT JOIN handovers d
        ON d.channel = k.channel AND d."order" = k."order" AND d.node IS NOT DISTINCT FROM CASE WHEN k.split THEN k.node END;
CREATE VIEW endings AS SELECT channel, "order",
    max(CASE WHEN units > 0 THEN greatest(handed_s, cancelled_s) ELSE cancelled_s END) AS at_s,
    max(CASE WHEN units > 0 THEN greatest(handed_i, cancelled_i) ELSE cancelled_i END) AS i,
    CASE WHEN bool_or(units > 0) THEN 'handed_over' ELSE 'cancelled' END AS how
    FROM parts GROUP BY channel, "order" HAVING bool_and(units <= 0 OR handed_s IS NOT NULL);
CREATE VIEW due AS SELECT o.channel, o."order", o.total_minor + coalesce(c.minor, 0) AS due_minor FROM orders o LEFT JOIN (
    SELECT p.channel, p."order", sum(p.units * l.price_minor) AS minor FROM promises p JOIN order_lines l
        ON l.channel = p.channel AND l."order" = p."order" AND l.line = p.line WHERE p.how = 'cancelled' GROUP BY ALL) c
    ON c.channel = o.channel AND c."order" = o."order";
"""
"""A change that names no lines is of the whole order, as of a history that was written before promises were kept per line.
Of what has left a node nothing can be cancelled there any more: such a cancellation changes no promise. Who has handed something over owes no more of the
order: whether it was all is for `every_order_gets_what_it_asked_for`. Of an order that one node keeps, it does not matter
here which node handed it over; of one that is split, each node hands over its own part."""

FRACTIONS = f"""
WITH said AS (
    SELECT e.i, f.what, json_extract(l.value, '$.' || f.what) AS value
        FROM events e, json_each(e.data, '$.lines') l, (VALUES ('units'), ('total_minor')) f(what)
        WHERE CASE f.what WHEN 'units' THEN {WITH_LINES} ELSE {OF_ACCEPTED} END
    UNION ALL SELECT i, f.what, json_extract(data, '$.' || f.what)
        FROM events, (VALUES ('total_minor'), ('amount_minor'), ('counted_minor')) f(what)
        WHERE CASE f.what WHEN 'total_minor' THEN {ACCEPTS} WHEN 'amount_minor' THEN {MONEY} ELSE {played(Role.COUNTS)} END
    UNION ALL SELECT e.i, 'amount_minor', json_extract(t.value, '$.amount_minor')
        FROM events e, json_each(e.data, '$.tenders') t WHERE {OF_PAID}
    UNION ALL SELECT h.i, 'units', u.value FROM history h, json_each(h.units) u WHERE h.kind IN ('publication', 'shelf'))
SELECT i, what, CAST(value AS VARCHAR) AS value FROM said
WHERE value IS NULL OR json_type(value) NOT IN ('UBIGINT', 'BIGINT') ORDER BY i LIMIT 5
"""
"""What is no whole number where only whole ones make sense: DuckDB would cast it without a word."""

SNAPSHOT_VIEWS = """
CREATE VIEW erp_products AS SELECT res_id AS id, substr(name, 10) AS sku FROM erp_names WHERE starts_with(name, 'product__');
CREATE VIEW erp_nodes AS SELECT res_id AS id, substr(name, 12) AS node FROM erp_names WHERE starts_with(name, 'warehouse__');
CREATE VIEW erp_journals AS SELECT res_id AS id, substr(name, 10) AS tender FROM erp_names WHERE starts_with(name, 'journal__');
CREATE VIEW erp_tills AS SELECT res_id AS id, substr(name, 7) AS channel FROM erp_names WHERE starts_with(name, 'till__');
CREATE VIEW erp_methods AS SELECT res_id AS id, split_part(name, '__', 3) AS tender FROM erp_names WHERE starts_with(name, 'method__');
CREATE VIEW money_booked AS
    SELECT p.ref AS "order", j.tender, CASE p.direction WHEN 'inbound' THEN 1 ELSE -1 END * p.amount_minor AS amount_minor,
        p.direction = 'inbound' AS taken, 'account.payment' AS model, p.id
    FROM erp_payments p LEFT JOIN erp_journals j ON j.id = p.journal WHERE p.state NOT IN ('draft', 'canceled', 'rejected')
    UNION ALL
    SELECT t.ref, m.tender, p.amount_minor, true, 'pos.payment', p.id
    FROM erp_ticket_payments p JOIN erp_tickets t ON t.id = p.ticket LEFT JOIN erp_methods m ON m.id = p.method;
CREATE VIEW money_breaks AS
    SELECT coalesce(l."order", b."order") AS "order", coalesce(l.tender, b.tender) AS tender, coalesce(l.taken, b.taken) AS taken,
        coalesce(l.moved, 0) AS moved_minor,
        coalesce(b.booked, 0) AS booked_minor, l.channel, l.first_i, l.at_s, coalesce(b.ids, []) AS ids, b.model
    FROM (SELECT channel, "order", tender, taken, sum(amount_minor) AS moved, min(i) AS first_i, min(at_s) AS at_s FROM money GROUP BY ALL) l
    FULL JOIN (SELECT "order", coalesce(tender, '?') AS tender, taken, sum(amount_minor) AS booked, list(id ORDER BY model, id) AS ids, any_value(model) AS model
        FROM money_booked GROUP BY ALL) b ON b."order" = l."order" AND b.tender = l.tender AND b.taken = l.taken;
"""


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
        self.observed = (run / "snapshot").is_dir() and not blank
        """Whether Odoo's books were read; without them only the history can be judged."""
        self.damages: tuple[Damage, ...] = ()
        """What is not as it was written, so that nothing can be said of this run."""
        self.db = db or duckdb.connect()
        spill = _quoted(run / SPILL)
        self.db.execute(
            f"SET memory_limit = '{MEMORY_LIMIT}'; SET enable_progress_bar = false; SET temp_directory = '{spill}'; "
            f"SET max_temp_directory_size = '{SPILL_LIMIT}'"
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
        self.db.close()
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
            self.db.execute(
                f"CREATE TABLE history AS SELECT * FROM read_json('{_quoted(self.run / 'history')}/*.ndjson', "
                f"format='newline_delimited', columns={{{told}}}, ignore_errors=true, maximum_object_size=67108864) "
                "WHERE kind IS NOT NULL"
            )
        else:
            plain = ", ".join(f'"{name}" {kind}' for name, kind in LINE_COLUMNS.items())
            self.db.execute(f"CREATE TABLE history ({plain})")
            if not self._blank:
                self.damages += (Damage("history", "holds no lines: the run ended before its doors opened"),)
        self.lines = int(self.value("SELECT count(*) FROM history") or 0)
        """Lines of history that were read."""
        self._asked(HISTORY_VIEWS + PROMISES)
        self.damages += tuple(
            Damage(f"history (line index {row['i']})", f"{row['what']} is {row['value']}; expected a whole number")
            for row in self.rows(FRACTIONS)
        )
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
