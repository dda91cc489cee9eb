"""How big a scenario may be as a whole: what several of its words make together, with what it would need."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.parts.bounds import (
    ORDER_CPU_MS,
    ORDER_KB,
    ORDERS_MAX,
    PLACE_KB,
    PLACES_MAX,
    PUBLICATIONS_MAX,
    PUBLISHED_BYTES,
    PUBLISHED_MAX,
    much,
    number,
)
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import Problem, Rule, expected, length_s

GROWS = {"breakpoint": ("load", "breakpoint"), "spike": ("load", "spike", "times")}
"""Shapes that have more orders than the channels say, and the words that make them so many."""


def _orders(s: Scenario) -> Iterator[Problem]:
    total = sum(expected(s).values())
    if total > ORDERS_MAX:
        yield Problem.at(
            f"{number(total)} orders in all are too much; at most {ORDERS_MAX} can be played: "
            f"{much(total, ORDER_CPU_MS, ORDER_KB)}",
            *GROWS.get(s.load.shape, ("channels",)),
        )


def _search_has_orders(s: Scenario) -> Iterator[Problem]:
    if s.load.shape == "breakpoint" and not sum(channel.orders for channel in s.channels.values()):
        yield Problem.at(
            "a breakpoint search deals its orders to the channels in proportion to theirs, and they have none; write orders "
            "above 0 for one of them",
            "channels",
        )


def _places(s: Scenario) -> Iterator[Problem]:
    places = s.catalogue.products * len(s.nodes)
    if places > PLACES_MAX:
        yield Problem(
            (("catalogue", "products"), ("nodes",)),
            f"{s.catalogue.products} products at {len(s.nodes)} nodes are {places} figures of stock, at most {PLACES_MAX} are "
            f"kept: {much(places, kb=PLACE_KB)}; fewer products, or fewer nodes",
        )


def _publications(s: Scenario) -> Iterator[Problem]:
    for code, channel in s.channels.items():
        nodes = {node for way in channel.fulfilment.values() for node in way.nodes}
        times = (length_s(s) // channel.publish_every + 1) * len(nodes)
        gigabytes = times * s.catalogue.products * PUBLISHED_BYTES / 1e9
        if times > PUBLICATIONS_MAX or times * s.catalogue.products > PUBLISHED_MAX:
            yield Problem.at(
                f"the connector would be asked {times} times what this channel may sell, of {s.catalogue.products} products at "
                f"{len(nodes)} node(s); at most {PUBLICATIONS_MAX} times and {PUBLISHED_MAX} figures are written down: it would "
                f"need about {gigabytes:.3g} GB of history; write a longer publish_every",
                "channels",
                code,
                "publish_every",
            )


RULES: tuple[Rule, ...] = (_orders, _search_has_orders, _places, _publications)
