"""The demand: who wants what, when and how, drawn before the doors open, whatever will be in stock."""

from __future__ import annotations

from random import Random

from rehearsal.draw import Odds, arrivals, lognormal, pick, stream
from rehearsal.model import Demand, World
from rehearsal.parts.tender import second_tender
from rehearsal.scenario import Channel, Scenario

COLLECTS_AFTER = (5 * 3600.0, 26 * 3600.0)
"""Median and p95 of the time from staging to the customer at the counter (assumption)."""
SPLIT_FIRST = (0.35, 0.8)
"""Range of the first tender's share of a split order (assumption)."""


def demand(scenario: Scenario, world: World) -> dict[str, tuple[Demand, ...]]:
    """Return the demand of every channel, each in order of time."""
    articles = Odds([(product.sku, product.weight) for product in world.products])
    return {code: tuple(_of_channel(scenario, world, articles, code, spec)) for code, spec in scenario.channels.items()}


def _of_channel(scenario: Scenario, world: World, articles: Odds[str], code: str, spec: Channel) -> list[Demand]:
    times = arrivals(stream(scenario.seed, code, "arrivals"), scenario.hourly(spec.curve), spec.orders)
    return [_one(scenario, world, articles, code, spec, number, at_s) for number, at_s in enumerate(times, start=1)]


def _one(scenario: Scenario, world: World, articles: Odds[str], code: str, spec: Channel, number: int, at_s: float) -> Demand:
    rng = stream(scenario.seed, code, f"order:{number}")
    mode = pick(rng, [(mode, way.share) for mode, way in spec.fulfilment.items()])
    nodes = list(spec.fulfilment[mode].nodes)
    rng.shuffle(nodes)
    guest = rng.random() < spec.guests
    known = world.customers[int(rng.random() * len(world.customers))].id
    return Demand(
        channel=code,
        number=number,
        at_s=at_s,
        customer=f"guest:{code}:{number}" if guest else known,
        mode=mode,
        nodes=tuple(nodes),
        lines=_basket(rng, articles, spec, pick(rng, list(spec.basket.items()))),
        tenders=_tenders(rng, spec),
        patience_s=lognormal(rng, *COLLECTS_AFTER),
    )


def _basket(rng: Random, articles: Odds[str], spec: Channel, size: int) -> tuple[tuple[str, int], ...]:
    pieces = list(spec.pieces.items())
    lines: dict[str, int] = {}
    for _ in range(size):
        sku = articles.pick(rng)
        lines[sku] = lines.get(sku, 0) + pick(rng, pieces)
    return tuple(lines.items())


def _tenders(rng: Random, spec: Channel) -> tuple[tuple[str, float], ...]:
    first = pick(rng, list(spec.tenders.items()))
    splits, share = rng.random() < spec.split, rng.uniform(*SPLIT_FIRST)
    if not splits or spec.split_with is None:
        return ((first, 1.0),)
    second = second_tender(spec.tenders, spec.split_with, first)
    assert second is not None, "a channel with split orders and one tender passed validation"
    return ((first, round(share, 4)), (second, round(1 - share, 4)))
