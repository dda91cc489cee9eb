"""The views of a record, in SQL: what an invariant, a figure or a report may ask.

Views of the outside ledger (from the history):
    events(i, id, type, at_s, channel, "order", node, data, roles)         deliveries, operations, answers, instructions,
    publications(at_s, channel, node, sku, units)                 phases, dead_letters, resolutions
    orders(i, channel, "order", node, mode, at_s, total_minor, till, customer, email)      accepted orders and till tickets
    order_lines(i, at_s, channel, "order", line, node, sku, units, price_minor, total_minor)
    promises(i, at_s, channel, "order", line, node, sku, units, how)      what was accepted (+), moved (- and +), substituted (- and +)
                                                                          or cancelled (-), line by line; goods handed over stay in it
    handed(i, at_s, channel, "order", node, sku, units)                   goods that left a node, to a customer or a carrier
    handovers(channel, "order", node, ready_s, handed_s, handed_i)       when a node (NULL: any) first had an order ready, and handed it over
    parts(channel, "order", node, units, cancelled_i, cancelled_s, ready_s, handed_s, handed_i)   what a node keeps of an order
    endings(channel, "order", at_s, i, how)                               handed_over | cancelled, once no node owes a part any more
    due(channel, "order", due_minor)                                      the order's total less what was cancelled of it
    money(i, channel, "order", tender, amount_minor, taken, at_s)         captured (+, taken) and refunded (-)
    effects(cause, done_s)                                        when the last writing operation of a cause was answered with success
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

from rehearsal.vocabulary import Role, played

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
HOW = f"CASE WHEN {played(Role.MOVES)} THEN 'moved' WHEN {played(Role.CANCELS)} THEN 'cancelled' ELSE 'substituted' END"
SAYS = json.dumps(
    {
        "mode": "VARCHAR",
        "source": "VARCHAR",
        "tender": "VARCHAR",
        "customer": {"id": "VARCHAR", "email": "VARCHAR"},
        "total_minor": "JSON",
        "amount_minor": "JSON",
        "counted_minor": "JSON",
        "tenders": [{"tender": "VARCHAR", "amount_minor": "JSON"}],
    }
)
"""What is read of an event's data, in one pass; figures stay as they were written, so that what is no whole number is seen."""
LISTS = json.dumps(
    {
        "source": "VARCHAR",
        "lines": [
            {
                "line": "JSON",
                "node": "VARCHAR",
                "sku": "VARCHAR",
                "by": "VARCHAR",
                "units": "JSON",
                "price_minor": "JSON",
                "total_minor": "JSON",
            }
        ],
    }
)
"""What is read of its lines, in another pass: both at once would need twice the memory."""
HISTORY_VIEWS = """
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
"""
PASSES = {
    "said": f"""
SELECT * EXCLUDE said, said.* FROM (
    SELECT i, at_s, type, roles, channel, "order", node, CASE WHEN {CHANGES} THEN json_type(data, '$.lines') = 'ARRAY' END AS listed,
        from_json(data, '{SAYS}') AS said
    FROM events WHERE {ACCEPTS} OR {CHANGES} OR {MONEY} OR {played(Role.COUNTS, Role.PAID_AT_ONCE)})
""",
    "lines": f"""
SELECT * EXCLUDE l, l.line, l.node AS own, l.sku, l.by, l.units AS said_units,
        TRY_CAST(l.units AS BIGINT) AS units, TRY_CAST(l.price_minor AS BIGINT) AS price_minor, l.total_minor AS said_minor
    FROM (SELECT * EXCLUDE told, told.source, unnest(told.lines) AS l FROM (
        SELECT i, at_s, channel, "order", node, {ACCEPTS} AS accepted, {HANDS_OVER} AS given, CASE WHEN {CHANGES} THEN {HOW} END AS how,
            from_json(data, '{LISTS}') AS told
        FROM events WHERE {ACCEPTS} OR {HANDS_OVER} OR {CHANGES}))
""",
}
"""Tables of what events say, worked out once for all views that read it, and gone when the record is open."""
HISTORY_TABLES = f"""
CREATE TABLE orders AS SELECT i, channel, "order", node, mode, at_s, TRY_CAST(total_minor AS BIGINT) AS total_minor, {HANDS_OVER} AS till,
    customer.id AS customer, lower(trim(customer.email)) AS email FROM said WHERE {ACCEPTS};
CREATE TABLE order_lines AS SELECT i, at_s, channel, "order", TRY_CAST(line AS INTEGER) AS line, coalesce(own, node) AS node, sku, units,
    price_minor, TRY_CAST(said_minor AS BIGINT) AS total_minor FROM lines WHERE accepted;
CREATE TABLE handed AS SELECT i, at_s, channel, "order", node, sku, units FROM lines WHERE given;
CREATE TABLE money AS
    SELECT i, channel, "order", tender, at_s, {played(Role.CAPTURES)} AS taken,
        CASE WHEN {played(Role.CAPTURES)} THEN 1 ELSE -1 END * TRY_CAST(amount_minor AS BIGINT) AS amount_minor FROM said WHERE {MONEY}
    UNION ALL
    SELECT i, channel, "order", t.tender, at_s, true, TRY_CAST(t.amount_minor AS BIGINT)
    FROM (SELECT i, channel, "order", at_s, unnest(tenders) AS t FROM said WHERE {played(Role.PAID_AT_ONCE)});
CREATE TABLE effects AS SELECT o.cause, max(a.at_s) AS done_s FROM operations o
    JOIN (SELECT operation, at_s FROM history WHERE kind = 'answer' AND outcome = 'ok') a ON a.operation = o.i WHERE o.writes GROUP BY o.cause;
CREATE TABLE doubts AS SELECT DISTINCT unnest(o.orders) AS "order" FROM operations o
    LEFT JOIN (SELECT operation, outcome FROM history WHERE kind = 'answer') a ON a.operation = o.i
    LEFT JOIN resolutions r ON r.operation = o.i WHERE o.writes AND coalesce(a.outcome, 'unknown') = 'unknown' AND r.operation IS NULL;
"""

PROMISES = f"""
CREATE TABLE handovers AS SELECT channel, "order", node, min(at_s) AS ready_s, min(at_s) FILTER ({HANDS_OVER}) AS handed_s,
    min(i) FILTER ({HANDS_OVER}) AS handed_i
    FROM events WHERE {played(Role.STAGES, Role.HANDS_OVER)}
    GROUP BY GROUPING SETS ((channel, "order", node), (channel, "order"));
CREATE TABLE promises AS
    WITH whole AS (SELECT *, {HOW} AS how FROM said WHERE {CHANGES}),
    changes AS (
        SELECT i, at_s, how, channel, "order", node, source, TRY_CAST(line AS INTEGER) AS line, own, sku, "by", units FROM lines WHERE how IS NOT NULL
        UNION ALL
        SELECT e.i, e.at_s, e.how, e.channel, e."order", CASE e.how WHEN 'moved' THEN e.node ELSE coalesce(k.node, o.node) END,
            e.source, o.line, NULL, o.sku, NULL, o.units
        FROM (SELECT * FROM whole WHERE how <> 'substituted' AND listed IS NOT TRUE
            QUALIFY how = 'moved' OR row_number() OVER (PARTITION BY channel, "order", how ORDER BY i) = 1) e
        JOIN order_lines o ON o.channel = e.channel AND o."order" = e."order"
        LEFT JOIN (SELECT channel, "order", last(node ORDER BY i) AS node FROM whole WHERE how = 'moved' GROUP BY ALL) k
            ON k.channel = e.channel AND k."order" = e."order"
        LEFT JOIN handovers g ON g.channel = e.channel AND g."order" = e."order" AND g.node IS NULL
        WHERE e.how = 'moved' OR g.handed_i IS NULL OR e.i < g.handed_i),
    moves AS (
        SELECT i, at_s, channel, "order", line, node, sku, units, 'accepted' AS how FROM order_lines
        UNION ALL
        SELECT c.i, c.at_s, c.channel, c."order", c.line,
            CASE WHEN c.how = 'moved' AND s.side < 0 THEN c.source WHEN c.how = 'cancelled' THEN coalesce(c.own, c.node) ELSE c.node END,
            CASE WHEN c.how = 'substituted' AND s.side > 0 THEN c.by ELSE c.sku END, s.side * c.units, c.how
        FROM changes c, (VALUES (-1), (1)) s(side) WHERE s.side < 0 OR c.how <> 'cancelled'
        UNION ALL SELECT i, at_s, channel, "order", NULL, node, sku, -units, 'handed over' FROM handed
            WHERE (channel, "order") IN (SELECT (channel, "order") FROM changes WHERE how = 'cancelled')),
    there AS (
        SELECT *, coalesce(sum(units) OVER (PARTITION BY channel, "order", node, sku ORDER BY i, how = 'handed over'
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS there
        FROM moves WHERE (channel, "order") IN (SELECT (channel, "order") FROM changes WHERE how = 'cancelled'))
    SELECT * FROM moves WHERE (channel, "order") NOT IN (SELECT (channel, "order") FROM changes WHERE how = 'cancelled')
    UNION ALL
    SELECT i, at_s, channel, "order", line, node, sku,
        CASE how WHEN 'cancelled' THEN greatest(units, -greatest(0, there)) ELSE units END AS units, how
    FROM there WHERE how <> 'handed over' AND (how <> 'cancelled' OR there > 0);
CREATE TABLE parts AS
    WITH kept AS (SELECT channel, "order", node, sum(units) AS units, max(i) FILTER (how = 'cancelled') AS cancelled_i,
            max(at_s) FILTER (how = 'cancelled') AS cancelled_s FROM promises GROUP BY ALL),
    split AS (SELECT *, count(*) FILTER (units > 0) OVER (PARTITION BY channel, "order") > 1 AS split FROM kept)
    SELECT k.* EXCLUDE split, d.ready_s, d.handed_s, d.handed_i FROM split k LEFT JOIN handovers d
        ON d.channel = k.channel AND d."order" = k."order" AND d.node IS NOT DISTINCT FROM CASE WHEN k.split THEN k.node END;
CREATE TABLE endings AS SELECT channel, "order",
    max(CASE WHEN units > 0 THEN greatest(handed_s, cancelled_s) ELSE cancelled_s END) AS at_s,
    max(CASE WHEN units > 0 THEN greatest(handed_i, cancelled_i) ELSE cancelled_i END) AS i,
    CASE WHEN bool_or(units > 0) THEN 'handed_over' ELSE 'cancelled' END AS how
    FROM parts GROUP BY channel, "order" HAVING bool_and(units <= 0 OR handed_s IS NOT NULL);
CREATE TABLE due AS SELECT o.channel, o."order", o.total_minor + coalesce(c.minor, 0) AS due_minor FROM orders o LEFT JOIN (
    SELECT p.channel, p."order", sum(p.units * l.price_minor) AS minor FROM promises p JOIN order_lines l
        ON l.channel = p.channel AND l."order" = p."order" AND l.line = p.line WHERE p.how = 'cancelled' GROUP BY ALL) c
    ON c.channel = o.channel AND c."order" = o."order";
"""
"""A change that names no lines is of the whole order, as of a history that was written before promises were kept per line.
Of what has left a node nothing can be cancelled there any more: such a cancellation changes no promise. Who has handed something over owes no more of the
order: whether it was all is for `every_order_gets_what_it_asked_for`. Of an order that one node keeps, it does not matter
here which node handed it over; of one that is split, each node hands over its own part."""

FRACTIONS = f"""
WITH figures AS (
    SELECT i, 'units' AS what, said_units AS value FROM lines
    UNION ALL SELECT i, 'total_minor', said_minor FROM lines WHERE accepted
    UNION ALL SELECT i, 'total_minor', total_minor FROM said WHERE {ACCEPTS}
    UNION ALL SELECT i, 'amount_minor', amount_minor FROM said WHERE {MONEY}
    UNION ALL SELECT i, 'counted_minor', counted_minor FROM said WHERE {played(Role.COUNTS)}
    UNION ALL SELECT i, 'amount_minor', t.amount_minor FROM (SELECT i, unnest(tenders) AS t FROM said WHERE {played(Role.PAID_AT_ONCE)})
    UNION ALL SELECT i, f.what, json_extract(data, '$.' || f.what) FROM events, (VALUES ('lines'), ('tenders')) f(what)
        WHERE CASE f.what WHEN 'lines' THEN {ACCEPTS} OR {HANDS_OVER} OR {CHANGES} ELSE {played(Role.PAID_AT_ONCE)} END
            AND json_type(data, '$.' || f.what) NOT IN ('ARRAY', 'NULL')
    UNION ALL SELECT h.i, 'units', u.value FROM history h, json_each(h.units) u WHERE h.kind IN ('publication', 'shelf'))
SELECT i, what, coalesce(CAST(value AS VARCHAR), 'null') AS value FROM figures
WHERE value IS NULL OR json_type(value) NOT IN ('UBIGINT', 'BIGINT') ORDER BY i LIMIT 5
"""
"""What is no whole number where only whole ones make sense, and what is no list where one is read: DuckDB would cast the one,
and find nothing in the other, without a word."""

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
CREATE TABLE money_breaks AS
    SELECT coalesce(l."order", b."order") AS "order", coalesce(l.tender, b.tender) AS tender, coalesce(l.taken, b.taken) AS taken,
        coalesce(l.moved, 0) AS moved_minor,
        coalesce(b.booked, 0) AS booked_minor, l.channel, l.first_i, l.at_s, coalesce(b.ids, []) AS ids, b.model
    FROM (SELECT channel, "order", tender, taken, sum(amount_minor) AS moved, min(i) AS first_i, min(at_s) AS at_s FROM money GROUP BY ALL) l
    FULL JOIN (SELECT "order", coalesce(tender, '?') AS tender, taken, sum(amount_minor) AS booked, list(id ORDER BY model, id) AS ids, any_value(model) AS model
        FROM money_booked GROUP BY ALL) b ON b."order" = l."order" AND b.tender = l.tender AND b.taken = l.taken;
"""
