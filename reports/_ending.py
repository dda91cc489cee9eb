"""The end of an order's story: what never happened to it, outside and in Odoo, in words."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.model import EventKind
from rehearsal.verdict.record import CERTAIN, Record
from rehearsal.vocabulary import Role, played

Order = tuple[str, str]
"""Channel and external id."""
HANDED = {
    str(EventKind.PICKUP_COLLECTED): "Collected",
    str(EventKind.GOODS_ISSUED): "Handed to the carrier",
    str(EventKind.TICKET_CLOSED): "Sold at the till",
}
"""How goods left, by the kind of the last event that says so; any other: handed over."""
WANTED = """wanted AS (SELECT value->>'$' AS "order" FROM json_each(?))"""
OURS = '"order" IN (SELECT "order" FROM wanted)'
"""Of a million orders, a report tells the stories of a few dozen."""

OUTSIDE = f"""
WITH {WANTED},
left_by AS (SELECT channel, "order", arg_max(type, i) AS type FROM events WHERE {played(Role.HANDS_OVER)} AND {OURS} GROUP BY ALL),
paid AS (SELECT channel, "order", sum(amount_minor) AS minor FROM money WHERE {OURS} GROUP BY ALL),
heard AS (SELECT DISTINCT channel, "order" FROM deliveries WHERE {OURS}),
erp AS (
    SELECT ref, count(*) AS copies, bool_and(cancelled) AS cancelled, bool_and(delivered) AS delivered FROM (
        SELECT ref, state = 'cancel' AS cancelled, state = 'sale' AND coalesce(delivery, '') = 'full' AS delivered FROM erp_sales
        UNION ALL SELECT ref, false, true FROM erp_tickets) WHERE ref IN (SELECT "order" FROM wanted) GROUP BY ALL),
asked AS (
    SELECT unnest(o.orders) AS "order", o.at_s FROM operations o JOIN answers a ON a.operation = o.i
    LEFT JOIN resolutions r ON r.operation = o.i WHERE o.writes AND (a.outcome = 'ok' OR r.committed)
        AND list_has_any(o.orders, (SELECT list("order") FROM wanted))),
done AS (SELECT "order", max(at_s) AS at_s FROM asked GROUP BY ALL)
SELECT o.channel, o."order", o.till, e.how, e.at_s AS ended_s, l.type, coalesce(p.minor, 0) - d.due_minor AS kept_minor,
    h."order" IS NOT NULL AS heard, coalesce(s.copies, 0) AS copies, coalesce(s.cancelled, false) AS cancelled,
    coalesce(s.delivered, false) AS delivered, n.at_s AS done_s, {CERTAIN.replace('"order"', 'o."order"', 1)} AS certain
FROM orders o JOIN wanted w ON w."order" = o."order" JOIN due d ON d.channel = o.channel AND d."order" = o."order"
LEFT JOIN endings e ON e.channel = o.channel AND e."order" = o."order"
LEFT JOIN left_by l ON l.channel = o.channel AND l."order" = o."order"
LEFT JOIN paid p ON p.channel = o.channel AND p."order" = o."order"
LEFT JOIN heard h ON h.channel = o.channel AND h."order" = o."order"
LEFT JOIN erp s ON s.ref = o."order" LEFT JOIN done n ON n."order" = o."order"
"""
BREAKS = f"""
WITH {WANTED} SELECT "order", tender, taken, abs(moved_minor) AS moved, abs(booked_minor) AS booked FROM money_breaks
WHERE abs(moved_minor) <> abs(booked_minor) AND {OURS} ORDER BY "order", taken DESC, tender
"""
DROPPED = f"""
WITH {WANTED}, last AS (SELECT cause, max(i) AS i FROM dead_letters GROUP BY ALL)
SELECT e.channel, e."order", e.type FROM events e JOIN last d ON d.cause = e.id
WHERE e.{OURS}
    AND NOT EXISTS (SELECT 1 FROM deliveries v WHERE v.event = e.id AND v.i > d.i) ORDER BY e.i
"""
BROKEN_OFF = "The rehearsal broke off here: what would have come next is not known."
NO_BOOKS = "Odoo's books were not read."
DOUBTFUL = "What Odoo did is in doubt: an answer never came."


@dataclass(frozen=True, slots=True)
class Ending:
    """How one order's story ends."""

    at_s: float
    what: str
    tone: str
    """``bad`` where something never happened that should have, ``quiet`` where nothing is missing."""
    note: str = ""


def endings(record: Record, wanted: Iterable[Order]) -> dict[Order, Ending]:
    """Return the end of each wanted order that a channel accepted; of any other there is nothing to end."""
    names = json.dumps(sorted({order for _, order in wanted}))
    end_s = float(record.value("SELECT max(at_s) FROM history") or 0.0)
    rows = record.rows(OUTSIDE, [names])
    if not record.finished:
        return {(row["channel"], row["order"]): Ending(end_s, BROKEN_OFF, "quiet") for row in rows}
    breaks, dropped = defaultdict[str, list[dict[str, Any]]](list), defaultdict[Order, list[str]](list)
    for row in record.rows(BREAKS, [names]) if record.observed else ():
        breaks[row["order"]].append(row)
    for row in record.rows(DROPPED, [names]):
        dropped[row["channel"], row["order"]].append(row["type"])
    note = "" if record.rested else "so it stood when the time for settling was over"
    found = {}
    for row in rows:
        pair = (row["channel"], row["order"])
        never = [*_outside(record, row), *_dropped(dropped[pair]), *_inside(record, row, breaks[row["order"]])]
        found[pair] = Ending(end_s, " ".join(never) or _whole(record, row), _tone(row, never), note)
    return found


def _tone(row: Mapping[str, Any], never: list[str]) -> str:
    """A shopper whose order was cancelled, and who has the money back, was let down; nobody was wronged."""
    if not never:
        return "quiet"
    return "warn" if row["how"] == "cancelled" and len(never) == 1 and row["kept_minor"] == 0 else "bad"


def _outside(record: Record, row: Mapping[str, Any]) -> list[str]:
    """Return what never happened outside: goods, money, and word of the order."""
    said = [] if row["heard"] else ["No word of it ever reached the connector."]
    if row["how"] is None:
        said.append("Never handed over, and never cancelled.")
    if row["how"] == "cancelled":
        said.append("Cancelled: the shopper never got the goods.")
    kept = row["kept_minor"]
    if kept > 0:
        said.append(f"{record.priced(kept)} were never given back.")
    if kept < 0:
        said.append(
            f"{record.priced(-kept)} " + ("were given back, and never owed." if row["how"] == "cancelled" else "were never paid.")
        )
    return said


def _dropped(kinds: list[str]) -> list[str]:
    return [f"Word of “{kind.replace('.', ' ')}” was dropped, and never handled." for kind in dict.fromkeys(kinds)]


def _inside(record: Record, row: Mapping[str, Any], breaks: list[dict[str, Any]]) -> list[str]:
    """Return what never happened in Odoo, as its books say; nothing where they do not."""
    if not record.observed:
        return []
    if not row["certain"]:
        return [DOUBTFUL]
    said = []
    if row["copies"] == 0:
        said.append("It never came into Odoo.")
    elif row["copies"] > 1:
        said.append(f"It is in Odoo {row['copies']} times, and that was never put right.")
    open_still = (
        row["how"] is not None and not row["till"] and not (row["cancelled"] if row["how"] == "cancelled" else row["delivered"])
    )
    if row["copies"] and open_still:
        ended = "Cancelled" if row["how"] == "cancelled" else HANDED.get(row["type"], "Handed over")
        if row["done_s"] is None or row["done_s"] <= row["ended_s"]:
            said.append(f"{ended}, and nothing was done in Odoo afterwards.")
        else:
            said.append(f"{ended}, and Odoo never {'cancelled it' if row['how'] == 'cancelled' else 'booked the goods out'}.")
    return said + [_break(record, one) for one in breaks]


def _break(record: Record, row: Mapping[str, Any]) -> str:
    apart, tender = record.priced(abs(row["moved"] - row["booked"])), row["tender"].replace("_", " ")
    if row["booked"] < row["moved"]:
        return f"{apart} {'taken by' if row['taken'] else 'given back on'} {tender} were never booked in Odoo."
    if row["taken"]:
        return f"{apart} that Odoo booked on {tender} were never taken."
    return f"{apart} that Odoo booked as given back on {tender} were never given back."


def _whole(record: Record, row: Mapping[str, Any]) -> str:
    """Return the end of an order to which nothing is missing."""
    handed = HANDED.get(row["type"], "Handed over").lower()
    return f"Nothing is missing: {handed} and paid" + (", and closed in Odoo." if record.observed else f". {NO_BOOKS}")
