"""Causes: what the orders of several findings have in common, by what the record shows went before; one cause, one chapter.

A cause is evidence, not a guess: a finding belongs to the first one that at least half of its orders show. A finding whose
orders show none stays a chapter of its own invariant, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.model import EventKind, counted
from rehearsal.parts.policies import PolicyKind, policies
from rehearsal.scenario import Scenario
from rehearsal.verdict.record import Record
from rehearsal.vocabulary import Role, played
from reports._ending import Order
from reports._wording import OVERSELL, Facts, in_all, in_words

Shown = tuple[str, str, str]
"""Channel, order, and what of it a cause has spoilt: ``money``, ``order`` or ``all``."""
ORDERS_MAX = 200
"""Orders of one finding that are looked at."""

OURS = '"order" IN (SELECT "order" FROM suspects)'
"""Of a million orders, a report looks at those that findings name."""
MONEY = played(Role.CAPTURES, Role.GIVES_BACK, row="e")
ABOUT = f"CASE WHEN {played(Role.PAID_AT_ONCE, row='e')} THEN 'all' WHEN {MONEY} THEN 'money' ELSE 'order' END AS about"
"""What an event can have spoilt: an order's money, the order itself, or both."""
TOO_EARLY = f"""
SELECT DISTINCT e.channel, e."order", {ABOUT} FROM dead_letters l JOIN events e ON e.id = l.cause
JOIN (SELECT a.channel, a."order", min(d.i) AS i FROM events a JOIN deliveries d ON d.event = a.id
    WHERE {played(Role.ACCEPTS, row="a")} AND a.{OURS} GROUP BY ALL) f ON f.channel = e.channel AND f."order" = e."order"
JOIN (SELECT event, min(i) AS i FROM deliveries WHERE {OURS} GROUP BY ALL) h ON h.event = e.id WHERE h.i < f.i
"""
DONE_TWICE = f"""
WITH again AS (SELECT event, min(i) FILTER (attempt > 1) AS i FROM deliveries WHERE {OURS} GROUP BY event HAVING max(attempt) > 1),
done AS (
    SELECT o.cause, o.name, o.i FROM operations o JOIN answers a ON a.operation = o.i LEFT JOIN resolutions r ON r.operation = o.i
    WHERE o.writes AND (a.outcome = 'ok' OR r.committed) AND o.cause IN (SELECT event FROM again))
SELECT DISTINCT e.channel, e."order", {ABOUT} FROM again g JOIN events e ON e.id = g.event JOIN done f ON f.cause = g.event AND f.i < g.i
JOIN done s ON s.cause = g.event AND s.name = f.name AND s.i > g.i
UNION SELECT e.channel, e."order", 'money' FROM again g JOIN events e ON e.id = g.event AND {MONEY}
JOIN money_breaks b ON b."order" = e."order" AND b.tender = e.data->>'tender' AND b.taken = {played(Role.CAPTURES, row="e")}
    AND abs(b.booked_minor) - abs(b.moved_minor) = TRY_CAST(e.data->>'amount_minor' AS BIGINT)
"""
"""An operation was asked for again after the second arrival; or, of what was asked for in a batch, the books hold the amount once more."""
OTHER_TENDER = f"""
SELECT channel, "order", 'all' AS about FROM money WHERE {OURS} GROUP BY channel, "order", tender HAVING sum(amount_minor) < 0
UNION SELECT channel, "order", 'all' FROM events WHERE type = '{EventKind.REFUND_REJECTED.value}'
"""
BROKEN = (
    f"""SELECT DISTINCT e.channel, e."order", {ABOUT} FROM dead_letters l JOIN events e ON e.id = l.cause WHERE e."order" <> ''"""
)
EMPTY_AT = f"SELECT DISTINCT node, data->>'sku' AS sku FROM events WHERE {played(Role.DECLINES)}"
EMPTY = f"""SELECT DISTINCT channel, "order", 'all' AS about FROM events WHERE {played(Role.DECLINES)}"""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that the record shows of an order, and that findings come of."""

    id: str
    """By which a policy says that it cures it (its ``CURES``)."""
    title: str
    sql: str = ""
    """Channel and order of each that shows it, and whether it is about money, the order, or all; empty for what the findings
    themselves say."""


CAUSES = (
    Cause("too_early", "Word came before what it needs, and was dropped", TOO_EARLY),
    Cause("done_twice", "An event came twice, and was booked twice", DONE_TWICE),
    Cause("other_tender", "Money went back another way than it came", OTHER_TENDER),
    Cause("promised_twice", "The same stock was promised to several orders"),
    Cause("empty_shelf", "A shelf was empty, and the books said otherwise", EMPTY),
    Cause("dropped", "The connector failed on events, and dropped them", BROKEN),
)
"""In the order in which a finding is asked for them."""
OF_STOCK = ("promised_twice", "empty_shelf")
NO_MATTER_OF_STOCK = ("every_accepted_order_is_in_the_erp_once", "every_order_belongs_to_its_shopper")
"""Whether an order is in Odoo, and whose it is there, has nothing to do with how much there was."""
NO_MATTER_OF_PROMISES = ("stock_corrections_are_accounted_for",)
"""What is written off or not has nothing to do with who was promised what."""


@dataclass(frozen=True, slots=True)
class Cure:
    """A policy that prevents a cause."""

    name: str
    connector: str
    sentence: str
    off: bool
    """Whether the connector under test has it, switched off."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """The findings of one cause."""

    title: str
    known: bool
    """Whether the record shows the cause."""
    places: tuple[int, ...]
    """Of its findings, in the list of all, the dearest first."""
    cures: tuple[Cure, ...]


def chapters(record: Record, run: Facts, most: int) -> tuple[Chapter, ...]:
    """Return the first *most* findings by cause, the chapter of the dearest finding first."""
    found = run.findings[:most]
    if not found:
        return ()  # nor is there anything to look for in a record that may be damaged
    shown, areas = _shown(record, run, found), {one["id"]: one["area"] for one in run.invariants}
    names = [_cause_of(finding, areas.get(finding["invariant"], ""), shown) for finding in found]
    kept = _kept_at(record, found, names)
    by: dict[str, list[int]] = {}
    for place, (finding, name) in enumerate(zip(found, names, strict=True)):
        by.setdefault(_cause_at(finding, kept) or name if name == finding["invariant"] else name, []).append(place)
    titles = {cause.id: cause.title for cause in CAUSES}
    return tuple(
        Chapter(
            titles.get(name, f"{in_words(name).capitalize()}: the record does not show why"),
            name in titles,
            tuple(places),
            cures(run.scenario, name) if name in titles else (),
        )
        for name, places in by.items()
    )


def said(chapter: Chapter, findings: Sequence[Mapping[str, Any]]) -> str:
    """Return what a chapter comes to, in words."""
    own = [findings[place] for place in chapter.places]
    named = {(order["channel"], order["external_id"]) for finding in own for order in finding["orders"]}
    most = max((in_all(finding, "orders") for finding in own), default=0)
    some = all(in_all(finding, "orders") == len(finding["orders"]) for finding in own)  # each is named, so that none counts twice
    about = counted(len(named), "order") if some else f"{counted(max(len(named), most), 'order')} or more"
    return counted(len(own), "finding") + (f" about {about}" if named else "")


def cures(scenario: Scenario, cause: str) -> tuple[Cure, ...]:
    """Return the policies that prevent *cause*: those of the connector under test that are off, and those of its cure.

    Of several, only those that the scenario is known to fail without.
    """
    off = [kind for kind in _policies(scenario.connector) if kind.name in scenario.policies_off]
    theirs = _policies(scenario.cure) if scenario.cure != scenario.connector else ()
    fit = [kind for kind in (*off, *theirs) if cause in kind.cures]
    named = [kind for kind in fit if scenario.name in kind.prevents] or fit
    return tuple(Cure(kind.name, kind.connector, kind.sentence, kind in off) for kind in named)


def _policies(connector: str) -> Iterable[PolicyKind]:
    """Return the policies of a connector in connectors/; a class of one's own is in no such folder."""
    return () if not connector or ":" in connector else policies(connector).values()


def _shown(record: Record, run: Facts, found: Sequence[Mapping[str, Any]]) -> dict[str, set[Shown]]:
    """Return by cause which orders of *found* show it, and in what; and which SKUs at which nodes do."""
    named = json.dumps([[*pair] for pair in {pair for finding in found for pair in _orders(finding)}])
    record.db.execute(
        """CREATE OR REPLACE TEMP TABLE suspects AS SELECT value->>0 AS channel, value->>1 AS "order" FROM json_each(?)""", [named]
    )
    shown = {
        cause.id: {
            (row["channel"], row["order"], row["about"])
            for row in record.rows(
                f'SELECT s.* FROM ({cause.sql}) s JOIN suspects w ON w.channel = s.channel AND w."order" = s."order"'
            )
        }
        for cause in CAUSES
        if cause.sql
    }
    oversold = {(*pair, "order") for finding in run.findings_of(OVERSELL) for pair in _orders(finding)}
    at = {(finding["about"].get("node", ""), finding["about"].get("sku", ""), "order") for finding in run.findings_of(OVERSELL)}
    empty = {(row["node"], row["sku"], "order") for row in record.rows(EMPTY_AT)}
    return shown | {"promised_twice": oversold | at, "empty_shelf": shown["empty_shelf"] | empty}


def _cause_of(finding: Mapping[str, Any], area: str, shown: Mapping[str, set[Shown]]) -> str:
    """Return the id of the cause that at least half of a finding's orders show; else the name of its invariant.

    What spoilt an order's money is no reason why its goods never came, nor the other way round.
    """
    if finding["invariant"] == OVERSELL:
        return "promised_twice"
    own, about = _orders(finding) or _place(finding), ("money" if area == "finance" else "order")
    for cause in CAUSES:
        if cause.id in OF_STOCK and finding["invariant"] in NO_MATTER_OF_STOCK:
            continue
        if cause.id == "promised_twice" and finding["invariant"] in NO_MATTER_OF_PROMISES:
            continue
        if own and 2 * sum(bool({(*pair, about), (*pair, "all")} & shown[cause.id]) for pair in own) >= len(own):
            return cause.id
    return str(finding["invariant"])


def _kept_at(record: Record, found: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, set[Order]]:
    """Return by cause at which nodes which SKUs were kept for the orders of its findings."""
    known = {cause.id for cause in CAUSES}
    wanted = [[name, *pair] for name, finding in zip(names, found, strict=True) if name in known for pair in _orders(finding)]
    kept: dict[str, set[Order]] = {}
    for row in record.rows(
        """SELECT DISTINCT w.value->>0 AS cause, p.node, p.sku FROM json_each(?) w
        JOIN promises p ON p.channel = w.value->>1 AND p."order" = w.value->>2""",
        [json.dumps(wanted)],
    ):
        kept.setdefault(row["cause"], set()).add((row["node"], row["sku"]))
    return kept


def _cause_at(finding: Mapping[str, Any], kept: Mapping[str, set[Order]]) -> str:
    """Return the cause of a finding that names a node and a SKU, and no orders: that of an order which was kept there; else nothing."""
    if finding["orders"] or finding["invariant"] in NO_MATTER_OF_PROMISES:
        return ""
    return next((cause.id for cause in CAUSES if set(_place(finding)) & kept.get(cause.id, set())), "")


def _place(finding: Mapping[str, Any]) -> list[Order]:
    """Return the node and SKU that a finding without orders is about."""
    about = finding["about"]
    return [(about["node"], about["sku"])] if "node" in about and "sku" in about else []


def _orders(finding: Mapping[str, Any]) -> list[Order]:
    return [(order["channel"], order["external_id"]) for order in finding["orders"][:ORDERS_MAX]]
