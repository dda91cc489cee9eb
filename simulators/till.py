"""A store's till: it sells what lies on the shelf, if the till shows it as available.

Tickets are facts at once and reach the connector when the till syncs. At closing the drawer is
counted; the ticket count in the closing event lets a careful connector wait for stragglers.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import simpy

from rehearsal.clock import Steps
from rehearsal.model import Demand, EventKind
from rehearsal.parts import actor
from rehearsal.parts.bounds import Duration, duration
from rehearsal.parts.mode import Handover, handed
from rehearsal.scenario import Scenario
from rehearsal.stage.market import LiveChannel, Market
from simulators._checkout import lines_of, order_id, tenders_of

FLOAT_MINOR = 20_000
"""Cash in the drawer when the till opens."""
NOTES_MINOR = 1_000
"""Cash is given in tens; the rest is change."""


class Settings(actor.Channel):
    """Beside what every channel has."""

    sync_every: Duration = 0
    """Time between two syncs, at which all tickets since the last one arrive in a burst; 0: each by itself."""


def run(env: simpy.Environment, market: Market, channel: LiveChannel) -> Steps:
    """Open and close with the store, and sell in between."""
    node = channel.nodes[0]
    wanted = iter(market.demand[channel.code])
    shopper = next(wanted, None)
    for day in range(ceil(market.scenario.lasts / 86_400)):
        spec = market.scenario.nodes[node]
        opens, closes = day * 86_400 + spec.opens, day * 86_400 + spec.closes
        yield env.timeout(max(0.0, opens - env.now))
        market.emit(EventKind.TILL_OPENED, channel.code, "", node, {"float_minor": FLOAT_MINOR, "day": day + 1})
        cash, tickets = FLOAT_MINOR, 0
        while shopper is not None and shopper.at_s < closes:
            if shopper.at_s > env.now:
                yield env.timeout(shopper.at_s - env.now)
            taken = _ring_up(market, channel, node, shopper)
            if taken is not None:
                cash, tickets = cash + taken, tickets + 1
            shopper = next(wanted, None)
        yield env.timeout(closes - env.now)
        market.emit(
            EventKind.TILL_CLOSED,
            channel.code,
            "",
            node,
            {"counted_minor": cash, "float_minor": FLOAT_MINOR, "tickets": tickets, "day": day + 1},
        )


def _ring_up(market: Market, channel: LiveChannel, node: str, wanted: Demand) -> int | None:
    """Sell to one shopper; return the cash that stays in the drawer, or None when there was no sale."""
    order, lines = order_id(channel.code, wanted.number, market.world.tag), lines_of(market, wanted)
    short = [line["sku"] for line in lines if channel.left(node, line["sku"]) < line["units"]]
    missing = [line["sku"] for line in lines if market.shelf[node, line["sku"]] < line["units"]]
    if short or missing:
        reason = "the till shows too few" if short else "not on the shelf"
        for sku in missing:
            market.missed(node, sku, f"{node}:{sku}", "not on the shelf for a shopper")
        market.emit(EventKind.ORDER_REFUSED, channel.code, order, node, {"lines": lines, "reason": reason})
        return None
    for line in lines:
        channel.take(node, line["sku"], line["units"])
        market.shelf[node, line["sku"]] -= line["units"]
    total = sum(line["total_minor"] for line in lines)
    tenders = tenders_of(wanted, total)
    coins = [leg for leg in tenders if market.scenario.tenders[leg["tender"]].drawer]
    cash: int = sum(leg["amount_minor"] for leg in coins)
    change, every = -cash % NOTES_MINOR, market.settings(channel.code, Settings).sync_every
    for leg in coins:
        leg["change_minor"] = change  # a till takes one tender into its drawer
    market.emit(
        EventKind.TICKET_CLOSED,
        channel.code,
        order,
        node,
        {"mode": wanted.mode, "lines": lines, "tenders": tenders, "total_minor": total, "change_minor": change},
        arrives_in_s=every - market.env.now % every if every else None,
    )
    return cash


def problems(settings: Settings, scenario: Scenario, code: str) -> Iterator[tuple[str, str]]:
    """A till sells what lies beside it, and syncs while somebody watches."""
    ways = handed(scenario.modes, scenario.modes, Handover.AT_ONCE)
    if not ways.keys() & settings.fulfilment:
        yield "fulfilment", f"a till needs {' or '.join(ways)}: what it sells is taken away at once"
    if settings.sync_every > scenario.settle.limit:
        yield (
            "sync_every",
            (
                f"{duration(settings.sync_every)} is longer than settle.limit ({duration(scenario.settle.limit)}): the last tickets would "
                "never arrive"
            ),
        )
