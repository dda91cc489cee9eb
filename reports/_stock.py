"""How the stock of one SKU at one node was promised: the account behind an oversell, with what channels were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.verdict.record import Record

BEFORE, AFTER = 40, 12
"""Rows shown before and after the first promise beyond the stock."""

CHANGES = """
SELECT i, min(at_s) AS at_s, channel, "order", sum(units) AS units, how FROM promises
WHERE sku = $1 AND node = $2 GROUP BY i, channel, "order", how HAVING sum(units) <> 0
"""
PUBLISHED = """
SELECT i, at_s, channel, units FROM (SELECT i, at_s, channel, CAST(json_extract_string(units, '$."' || $1 || '"') AS BIGINT) AS units
    FROM history WHERE kind = 'publication' AND node = $2) WHERE units IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account."""

    at_s: float
    what: str
    change: int | None
    """None for a publication, which promises nothing."""
    left: int
    """Units of the opening stock that are not promised yet; below zero they are oversold."""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """The promises on one SKU at one node, around the first one beyond the stock."""

    sku: str
    name: str
    node: str
    book: int
    entries: tuple[Entry, ...]
    before: int
    """Entries left out before the first one shown."""
    after: int


def account(record: Record, finding: Mapping[str, Any]) -> Account | None:
    """Return the account behind an oversell finding; None where it does not say whose stock it means."""
    node, sku = (finding.get("about", {}).get(word) for word in ("node", "sku"))
    return account_of(record, node, sku) if node and sku else None


def account_of(record: Record, node: str, sku: str) -> Account:
    """Return how the units of *sku* at *node* were promised; where none was promised twice, the last of it."""
    changes = record.rows(CHANGES, [sku, node])
    published = record.rows(PUBLISHED, [sku, node])
    book = record.world.book.get((node, sku), 0)
    entries = entries_of(changes, published, book)
    broken = next((n for n, entry in enumerate(entries) if entry.change and entry.left < 0), len(entries))
    first, last = max(0, broken - BEFORE), min(len(entries), broken + AFTER)
    names = {product.sku: product.name for product in record.world.products}
    return Account(sku, names.get(sku, ""), node, book, tuple(entries[first:last]), first, len(entries) - last)


def entries_of(changes: list[dict[str, Any]], published: list[dict[str, Any]], book: int) -> list[Entry]:
    """Merge promises and publications by time.

    A publication is shown when it says something new, is wrong for the first time, or is the last word before a promise that no
    stock covers any more: what a channel was told again and again is why it sold.
    """
    entries, left, told = list[Entry](), book, dict[str, tuple[int, bool]]()
    again: dict[str, tuple[int, Entry]] = {}
    """By channel: the last publication that said nothing new, and before which entry it belongs."""
    merged = [*({**row, "change": True} for row in changes), *({**row, "change": False} for row in published)]
    for row in sorted(merged, key=lambda row: (row["at_s"], row["i"])):
        if row["change"]:
            left -= row["units"]
            verb = {"accepted": "accepts", "moved": "moves", "substituted": "substitutes in", "cancelled": "cancels"}[row["how"]]
            beyond = left < 0 and row["units"] > 0
            if beyond and row["channel"] in again:
                place, entry = again.pop(row["channel"])
                entries.insert(place, entry)
                again = {code: (at + (at >= place), other) for code, (at, other) in again.items()}
            entries.append(
                Entry(row["at_s"], f"{row['channel']} {verb} {row['order']}", -row["units"], left, "bad" if beyond else "")
            )
            continue
        there = max(left, 0)
        too_many = row["units"] > there
        new = told.get(row["channel"]) != (row["units"], too_many)
        told[row["channel"]] = (row["units"], too_many)
        but = f", though {there} {'is' if there == 1 else 'are'} left" if too_many else ""
        what = f"{row['channel']} is told{'' if new else ' again'}: {row['units']} to sell{but}"
        entry = Entry(row["at_s"], what, None, left, "warn" if too_many else "quiet")
        if new:
            again.pop(row["channel"], None)
            entries.append(entry)
        else:
            again[row["channel"]] = (len(entries), entry)
    return entries
