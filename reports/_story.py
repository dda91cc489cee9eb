"""The story of an order: what happened outside, what reached the connector, what it asked of Odoo, in order of time, and at
its end what never happened.

One pass over the history serves all orders that a report wants, so the cost does not grow with their number.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal import project
from rehearsal.verdict.record import Record
from rehearsal.vocabulary import Kind
from reports._dropped import own_words, placed, why
from reports._ending import Ending, Order, endings
from reports._wording import in_words, lasting

LATE = 2.0
"""A delivery is called late when it took this many times the 95th percentile of its channel's lag."""

LINES = """
SELECT i, kind, type, at_s, channel, "order", node, data, attempt, event, recipient FROM history
WHERE kind IN ('event', 'delivery', 'instruction') AND "order" IN (SELECT value->>'$' FROM json_each(?))
"""
OPERATIONS = """
SELECT o.i, o.at_s, o.name, o.orders, o.writes, o.erp->>'model' AS model, o.erp->'ids' AS ids, a.outcome, a.erp->>'message' AS message, r.committed
FROM history o LEFT JOIN history a ON a.kind = 'answer' AND a.operation = o.i
LEFT JOIN history r ON r.kind = 'resolution' AND r.operation = o.i
WHERE o.kind = 'operation' AND list_has_any(o.orders, CAST(? AS VARCHAR[]))
"""
DROPPED = """
SELECT d.i, d.at_s, d.error, d.erp->>'message' AS message, d.erp->>'where' AS place, e.channel, e."order", e.type FROM history d
JOIN history e ON e.kind = 'event' AND e.event = d.cause
WHERE d.kind = 'dead_letter' AND e."order" IN (SELECT value->>'$' FROM json_each(?))
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a story."""

    i: int
    at_s: float
    who: str
    """Who acted: outside, connector, Odoo; ``end`` where nobody did any more."""
    what: str
    note: str = ""
    tone: str = ""
    """``bad``, ``warn``, ``quiet`` or nothing."""


def stories(record: Record, wanted: Iterable[Order]) -> dict[Order, tuple[Row, ...]]:
    """Return the story of each wanted order."""
    pairs = set(wanted)
    names = json.dumps(sorted({order for _, order in pairs}))
    kinds, channels = project.kinds(), defaultdict[str, list[str]](list)
    for channel, order in pairs:
        channels[order].append(channel)
    lines = [_parsed(row) for row in record.rows(LINES, [names])]
    happened = {line["event"]: line for line in lines if line["kind"] == "event"}
    told: dict[Order, list[Row]] = {pair: [] for pair in pairs}
    youngest: dict[Order, Mapping[str, Any]] = {}
    for line in sorted(lines, key=lambda line: line["i"]):
        pair = (line["channel"], line["order"])
        if pair not in told:
            continue
        if line["kind"] == "delivery":
            event = happened.get(line["event"])
            told[pair].append(_delivery(record, line, event, youngest.get(pair)))
            if event is not None:
                youngest[pair] = max(youngest.get(pair, event), event, key=lambda one: one["i"])
        else:
            told[pair].append(_outside(record, line, kinds) if line["kind"] == "event" else _instruction(record, line))
    for row in record.rows(DROPPED, [names]):
        if (row["channel"], row["order"]) in told:
            told[row["channel"], row["order"]].append(_letter(row))
    for row in record.rows(OPERATIONS, [sorted(channels)]):
        for order in row["orders"]:
            for channel in channels.get(order, ()):
                told[channel, order].append(_operation(row))
    ends = endings(record, pairs)
    return {pair: (*sorted(rows, key=lambda row: (row.at_s, row.i)), *_end(ends.get(pair), rows)) for pair, rows in told.items()}


def shortened(rows: tuple[Row, ...], most: int) -> tuple[tuple[Row, ...], int, tuple[Row, ...]]:
    """Return the rows of a story before a gap, how many the gap hides, and those after it: its end is always shown."""
    if len(rows) <= most:
        return rows, 0, ()
    return rows[: most - 1], len(rows) - most, rows[-1:]


def basket(lines: Iterable[Mapping[str, Any]]) -> str:
    """Return order lines as text, such as ``2 × SKU-1, 1 × SKU-2``."""
    return ", ".join(f"{line.get('units', '?')} × {line.get('sku', '?')}" for line in lines)


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    data = json.loads(row["data"]) if row["data"] else {}
    return {**row, "data": data if isinstance(data, dict) else {}}


def _fact(kind: str) -> str:
    return kind.replace(".", " ")


def _outside(record: Record, line: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Row:
    """Tell a fact in the words of its kind; of one that nobody here knows, its name."""
    kind = kinds.get(line["type"]) or Kind(line["type"])
    words = _Words(_words(record, line))
    what = kind.story.format_map(words) if kind.story else _fact(kind).capitalize()
    return Row(line["i"], line["at_s"], "outside", what, kind.note.format_map(words), kind.tone)


def _words(record: Record, line: Mapping[str, Any]) -> dict[str, object]:
    """Return what a kind's sentence may speak of: the words of its data, and some of them made readable."""
    data = line["data"]
    goods = basket(data.get("lines") or ())
    return {
        **data,
        "channel": line["channel"],
        "order": line["order"],
        "node": line["node"],
        "goods": goods,
        "what": goods or "the order",
        "amount": _money(record, data.get("amount_minor")),
        "total": _money(record, data.get("total_minor")),
        "paid": " + ".join(
            f"{in_words(str(t.get('tender')))} {_money(record, t.get('amount_minor'))}" for t in data.get("tenders") or ()
        ),
        "mode": in_words(str(data.get("mode", ""))),
        "tender": in_words(str(data.get("tender", "?"))),
        "reason": data.get("reason", ""),
        "reference": data.get("reference", ""),
        "tracking": data.get("tracking", ""),
        "status": data.get("status", ""),
        "substitutes": basket({**one, "sku": one.get("by")} for one in data.get("lines") or ()),
    }


class _Words(dict[str, object]):
    """Words of a sentence; one that an event does not have is a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"


def _money(record: Record, amount: object) -> str:
    return record.priced(amount) if isinstance(amount, int) else "?"


def _delivery(record: Record, line: Mapping[str, Any], event: Mapping[str, Any] | None, youngest: Mapping[str, Any] | None) -> Row:
    """Tell an arrival: how long after its event, whether again, and whether a younger event had come before it."""
    notes, tone = [], "quiet"
    if event is not None:
        lag_s = line["at_s"] - event["at_s"]
        notes.append(f"{lasting(lag_s)} after it happened")
        channel = record.scenario.channels.get(line["channel"])
        if channel is not None and lag_s > LATE * channel.lag.p95:
            notes, tone = [f"LATE: {notes[0]}"], "warn"
        if youngest is not None and event["i"] < youngest["i"] and line["attempt"] == 1:
            notes, tone = [*notes, f"OUT OF ORDER: “{_fact(youngest['type'])}” came first"], "warn"
    if line["attempt"] > 1:
        notes, tone = [f"DUPLICATE: arrival number {line['attempt']}", *notes], "warn"
    return Row(line["i"], line["at_s"], "connector", f"Learns “{_fact(line['type'])}”", "; ".join(notes), tone)


def _instruction(record: Record, line: Mapping[str, Any]) -> Row:
    data, to = line["data"], line["recipient"]
    what = {
        "fulfil": f"Asks {to} to fulfil {data.get('request', '')}: {basket(data.get('lines') or ())}",
        "cancel": f"Asks {to} to cancel",
        "refund": f"Asks the {to} to give back {record.priced(data.get('amount_minor') or 0)} on {in_words(str(data.get('tender', '?')))}",
    }.get(line["type"], f"Asks {to}: {line['type']}")
    return Row(line["i"], line["at_s"], "connector", what, str(data.get("reason", "")))


def _letter(row: Mapping[str, Any]) -> Row:
    """Tell in words that an event was dropped, and why; method and line of the connector are the detail."""
    what = f"The connector dropped “{_fact(row['type'])}”: {why(row['error'])}"
    said = own_words((row["message"] or "").partition("\n")[0], row["place"] or "", row["error"] or "")
    place = ", ".join(word for word in (*placed(row["place"] or ""), row["error"]) if word)
    return Row(row["i"], row["at_s"], "connector", what, f"{said} ({place})", "bad")


def _end(ending: Ending | None, rows: list[Row]) -> tuple[Row, ...]:
    """Return the last row of a story; none where nothing happened that could have had an end."""
    if ending is None or not rows:
        return ()
    last = max(rows, key=lambda row: row.i)
    return (Row(last.i + 1, max(ending.at_s, last.at_s), "end", ending.what, ending.note, ending.tone),)


def _operation(row: Mapping[str, Any]) -> Row:
    outcome, committed = row["outcome"] or "unknown", row["committed"]
    doubt = "" if committed is None else "; found committed later" if committed else "; found not committed later"
    ids = json.loads(row["ids"]) if row["ids"] else None
    where = f"{row['model'] or ''}{' ' + ', '.join(map(str, ids[:5])) if ids else ''}"
    note = where if outcome == "ok" else f"{outcome.upper()}{doubt}: {row['message'] or 'no answer came'} ({where})"
    tone = {"ok": "" if row["writes"] else "quiet", "refused": "bad"}.get(outcome, "warn")
    return Row(row["i"], row["at_s"], "Odoo", f"{row['name']}", note, tone)
