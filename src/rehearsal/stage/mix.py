"""How far the shoppers that were drawn are from the mix that the scenario says, and how far chance alone would take them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

from rehearsal.model import Demand, World
from rehearsal.scenario import Scenario
from rehearsal.stage.demand import Wanted

FAR = 3.0
"""A distance of more than so many times what chance gives on average is worth a look: of two sides, chance passes it once in sixty."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far what was drawn is from what the scenario says, in one respect."""

    what: str
    channel: str
    """Empty for all of them."""
    drawn: int
    """How many draws there were: orders, or lines of them."""
    share: float
    """Total variation distance: the share of them that would have to be otherwise."""
    by_chance: float
    """Its expectation for so many independent draws."""

    @property
    def far(self) -> bool:
        """Whether chance alone hardly explains it."""
        return self.share > FAR * self.by_chance + 1e-9


def distances(scenario: Scenario, world: World, wanted: Wanted) -> tuple[Distance, ...]:
    """Return how far *wanted* is from the words of *scenario*: articles over all channels, the rest by channel."""
    lines = [line for ones in wanted.values() for one in ones for line in one.lines]
    articles = Counter(sku for sku, _ in lines)
    told = [_distance("articles", "", articles, {product.sku: product.weight for product in world.products})]
    for code, ones in wanted.items():
        told += _of_channel(scenario, code, ones)
    return tuple(one for one in told if one.drawn)


def _of_channel(scenario: Scenario, code: str, ones: Sequence[Demand]) -> Iterator[Distance]:
    channel = scenario.channels[code]
    hourly = scenario.hourly(channel.curve)
    hours = {hour: sum(hourly[hour::24]) for hour in range(24)}
    yield _distance("hours", code, Counter(int(one.at_s // 3600) % 24 for one in ones), hours)
    yield _distance("articles per order", code, Counter(len(one.lines) for one in ones), channel.basket)
    yield _distance("pieces per line", code, Counter(units for one in ones for _, units in one.lines), channel.pieces)
    yield _distance("tenders", code, Counter(one.tenders[0][0] for one in ones), channel.tenders)


def _distance(what: str, channel: str, drawn: Counter[Any], said: Mapping[Any, float]) -> Distance:
    count, total = drawn.total(), sum(said.values())
    if not count or not total:
        return Distance(what, channel, 0, 0.0, 0.0)
    keys: dict[Hashable, None] = dict.fromkeys((*said, *drawn))
    share = sum(abs(drawn[key] / count - said.get(key, 0.0) / total) for key in keys) / 2
    odds = [weight / total for weight in said.values()]
    chance = sum(sqrt(2 * p * (1 - p) / (pi * count)) for p in odds) / 2  # mean absolute deviation of a binomial, as a normal one
    return Distance(what, channel, count, round(share, 4), round(chance, 4))


def table(told: tuple[Distance, ...]) -> list[str]:
    """Return the distances as lines of text."""
    rows = [f"  {one.what:19} {one.channel or 'all channels':16} {one.share:6.1%}   {one.by_chance:6.1%} by chance" for one in told]
    return ["MIX  (share of what was drawn that would have to be otherwise to be as fitted)", *rows]
