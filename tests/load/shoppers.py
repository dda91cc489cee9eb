"""Who came, when and with what: as a drive's history tells it, and as the scenario's demand says it must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.model import Demand, World
from rehearsal.scenario import Scenario
from rehearsal.stage import demand
from simulators._checkout import order_id, tenders_of

TILL_MODE = "take_away"
AT_S_OFF = 0.001
"""Scenario seconds by which a shopper may be off: the history rounds to so many."""


@dataclass(frozen=True, slots=True)
class Shopper:
    """One shopper; a refused one never came to paying, so mode and tenders are not known."""

    channel: str
    order: str
    at_s: float
    lines: tuple[tuple[str, int], ...]
    mode: str = ""
    tenders: tuple[tuple[str, int], ...] = ()


def came(history: Iterable[Mapping[str, Any]]) -> list[Shopper]:
    """Return everybody who ordered, was refused, or paid at a till, in the order of the history."""
    found = []
    for line in history:
        if line["kind"] == "event" and line["type"] in ("order.placed", "order.refused", "ticket.closed"):
            data = line["data"]
            lines = tuple((one["sku"], one["units"]) for one in data["lines"])
            legs = tuple((leg["tender"], leg["amount_minor"]) for leg in data.get("tenders", ()))
            found.append(Shopper(line["channel"], line["order"], line["at_s"], lines, data.get("mode", ""), legs))
    return found


def wanted(scenario: Scenario) -> dict[str, Shopper]:
    """Return everybody whom the scenario's own demand sends, drawn here and now, by order id."""
    world, drawn = demand.draw(scenario)
    tills = {code for code, channel in scenario.channels.items() if channel.kind == "till"}
    ones = [_wanted(world, one, one.channel in tills) for many in drawn.values() for one in many]
    return {one.order: one for one in ones}


def _wanted(world: World, one: Demand, at_till: bool) -> Shopper:
    prices = {product.sku: product.promo_minor for product in world.products}
    total = sum(prices[sku] * units for sku, units in one.lines)
    legs = tuple((leg["tender"], leg["amount_minor"]) for leg in tenders_of(one, total))
    mode = TILL_MODE if at_till else one.mode
    return Shopper(one.channel, order_id(one.channel, one.number), one.at_s, one.lines, mode, legs)


def differences(history: Iterable[Mapping[str, Any]], scenario: Scenario) -> list[str]:
    """Return, in words, every shopper of *history* who is not the scenario's, and everybody who did not come.

    A channel opens with its first publication; who comes before waits at the door.
    """
    due, told, seen = wanted(scenario), [], list(history)
    opened = {line["channel"]: line["at_s"] for line in reversed(seen) if line["kind"] == "publication"}
    for one in came(seen):
        meant = due.pop(one.order, None)
        if meant is not None:
            meant = replace(meant, at_s=max(meant.at_s, opened.get(one.channel, 0.0)))
        if meant is None:
            told.append(f"{one.order} is nobody of this scenario, or came twice")
        elif not _same(one, meant):
            told.append(f"{one} came where {meant} was due")
    return told + [f"{order} did not come" for order in due]


def _same(one: Shopper, meant: Shopper) -> bool:
    what = (one.channel, one.lines) == (meant.channel, meant.lines) and abs(one.at_s - meant.at_s) <= AT_S_OFF
    return what and (not one.mode or (one.mode, one.tenders) == (meant.mode, meant.tenders))
