"""What the connector dropped or ignored: the event, how often, why in words, and the method and line where it happened."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rehearsal.model import counted
from rehearsal.verdict.record import Record
from rehearsal.verdict.summary import NUMBERED

ROWS_MAX = 50
PLACE = re.compile(r"^(?P<method>.*?) \((?P<line>.*)\)$")
WHY = {
    "CutOff": "it never came back, and was cut off",
    "Instruction": "it asked for something that nobody outside can do",
    "LookupError": "it did not find what it needed",
    "KeyError": "it did not find what it needed",
    "OperationFailed": "Odoo refused what it asked for, or did not answer",
    "SystemExit": "it tried to end the rehearsal",
    "TimeoutError": "it waited in vain for what must come first",
    "Unfinished": "it was still waiting when the doors had long closed",
}
"""What an error comes to, by its name; any other is a mistake in the connector's own code."""
MISTAKE = "its own code made a mistake"

LETTERS = f"""
WITH told AS (
    SELECT d.i, d.at_s, d.cause, d.error, coalesce(d.place, '') AS place, split_part(d.message, chr(10), 1) AS said,
        coalesce(e.type, '') AS type, coalesce(e."order", '') AS "order"
    FROM dead_letters d LEFT JOIN events e ON e.id = d.cause)
SELECT type, error, place, arg_min(said, i) AS said, arg_min("order", i) AS "order", arg_min(cause, i) AS cause, min(at_s) AS at_s,
    count(*) AS times FROM told GROUP BY type, error, place, regexp_replace(said, '{NUMBERED}', '#', 'g') ORDER BY times DESC, min(i)
"""
IGNORED = """
WITH named AS (SELECT unnest(orders) AS "order", i FROM history WHERE kind = 'operation'),
asked AS (SELECT "order", max(i) AS i FROM named GROUP BY ALL),
acted AS (SELECT DISTINCT cause FROM history WHERE cause IS NOT NULL),
heard AS (SELECT event, min(i) AS i, min(at_s) AS at_s FROM deliveries GROUP BY ALL)
SELECT e.type, arg_min(e."order", h.i) AS "order", min(h.at_s) AS at_s, count(*) AS times FROM heard h JOIN events e ON e.id = h.event
    LEFT JOIN acted c ON c.cause = e.id LEFT JOIN asked a ON a."order" = e."order"
WHERE c.cause IS NULL AND (a.i IS NULL OR a.i < h.i) GROUP BY e.type ORDER BY times DESC, e.type
"""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Events of one kind that failed at one line of the connector for one reason."""

    what: str
    times: int
    why: str
    """In words."""
    said: str
    """In the connector's own words, without the name of its error."""
    method: str
    line: str
    error: str
    first: str
    """The first order, or whatever else it was about."""
    at_s: float

    @property
    def place(self) -> str:
        """Return where in the connector, for who is to mend it."""
        return ", ".join(word for word in (self.method, self.line, self.error) if word)


@dataclass(frozen=True, slots=True)
class Ignored:
    """Events of one kind of which the connector heard, and after which nothing was asked for their orders any more."""

    what: str
    times: int
    first: str
    at_s: float


def dropped(record: Record) -> tuple[Dropped, ...]:
    """Return what the connector failed on, the most frequent first."""
    return tuple(
        Dropped(
            f"“{row['type'].replace('.', ' ')}”" if row["type"] else row["cause"].split(":")[0],
            row["times"],
            why(row["error"]),
            own_words(row["said"], row["place"], row["error"]),
            *placed(row["place"]),
            row["error"],
            row["order"] or row["cause"],
            row["at_s"],
        )
        for row in record.rows(LETTERS)[:ROWS_MAX]
    )


def ignored(record: Record) -> tuple[Ignored, ...]:
    """Return which events changed nothing, the most frequent first."""
    return tuple(
        Ignored(f"“{row['type'].replace('.', ' ')}”", row["times"], row["order"], row["at_s"])
        for row in record.rows(IGNORED)[:ROWS_MAX]
    )


def in_a_sentence(events: tuple[Dropped, ...]) -> str:
    """Return how many events were dropped, by kind, such as ``2 times “payment captured”``."""
    kinds: dict[str, int] = {}
    for one in events:
        kinds[one.what] = kinds.get(one.what, 0) + one.times
    return ", ".join(f"{what} {counted(times, 'time')}" for what, times in kinds.items())


def why(error: str) -> str:
    """Return in words what an error comes to."""
    return WHY.get(error, MISTAKE)


def placed(place: str) -> tuple[str, str]:
    """Return method and line of a place such as ``Shop.receive (shop.py:10)``."""
    found = PLACE.match(place)
    return (found["method"], found["line"]) if found else (place, "")


def own_words(said: str, place: str, error: str) -> str:
    """Return what an error says, without where it was raised and what it is called."""
    for prefix in (place, error):
        said = said.removeprefix(f"{prefix}: ").removeprefix(prefix)
    return said
