"""The demand: who wants what, when and how, drawn before the doors open, whatever will be in stock."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from random import Random
from typing import overload

from rehearsal.draw import Odds, arrivals, lognormal, restarted, stream
from rehearsal.model import Demand, World
from rehearsal.parts.tender import second_tender
from rehearsal.scenario import Scenario

COLLECTS_AFTER = (5 * 3600.0, 26 * 3600.0)
"""Median and p95 of the time from staging to the customer at the counter (assumption)."""
SPLIT_FIRST = (0.35, 0.8)
"""Range of the first tender's share of a split order (assumption)."""


def demand(scenario: Scenario, world: World) -> dict[str, Sequence[Demand]]:
    """Return the demand of every channel, each in order of time."""
    articles = Odds([(product.sku, product.weight) for product in world.products])
    return {code: Shoppers(scenario, world, articles, code) for code in scenario.channels}


class Shoppers(Sequence[Demand]):
    """The shoppers of one channel. When each comes is drawn at once; the rest of it, from a stream of the shopper's own, whenever
    somebody asks: a million of them cost eight megabytes."""

    def __init__(self, scenario: Scenario, world: World, articles: Odds[str], code: str) -> None:
        spec = scenario.channels[code]
        self._seed = scenario.seed
        self._rng = stream(scenario.seed, code, "order")
        self._code = code
        self._times = array("d", arrivals(stream(scenario.seed, code, "arrivals"), scenario.hourly(spec.curve), spec.orders))
        self._customers = world.customers
        self._guests, self._split, self._split_with = spec.guests, spec.split, spec.split_with
        self._paid = dict(spec.tenders)
        self._articles = articles
        self._modes = Odds([(mode, way.share) for mode, way in spec.fulfilment.items()])
        self._nodes = {mode: way.nodes for mode, way in spec.fulfilment.items()}
        self._sizes = Odds(list(spec.basket.items()))
        self._pieces = Odds(list(spec.pieces.items()))
        self._tenders = Odds(list(spec.tenders.items()))

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[Demand]:
        return map(self._one, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, place: int) -> Demand: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Demand, ...]: ...
    def __getitem__(self, place: int | slice) -> Demand | tuple[Demand, ...]:
        if isinstance(place, slice):
            return tuple(self._one(one) for one in range(*place.indices(len(self))))
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return self._one(place % len(self))

    def _one(self, place: int) -> Demand:
        code, number = self._code, place + 1
        rng = restarted(self._rng, self._seed, code, f"order:{number}")
        mode = self._modes.pick(rng)
        nodes = list(self._nodes[mode])
        if len(nodes) > 1:
            rng.shuffle(nodes)
        guest = rng.random() < self._guests
        known = self._customers[int(rng.random() * len(self._customers))].id
        return Demand(
            channel=code,
            number=number,
            at_s=self._times[place],
            customer=f"guest:{code}:{number}" if guest else known,
            mode=mode,
            nodes=tuple(nodes),
            lines=self._basket(rng),
            tenders=self._legs(rng),
            patience_s=lognormal(rng, *COLLECTS_AFTER),
        )

    def _basket(self, rng: Random) -> tuple[tuple[str, int], ...]:
        lines: dict[str, int] = {}
        for _ in range(self._sizes.pick(rng)):
            sku = self._articles.pick(rng)
            lines[sku] = lines.get(sku, 0) + self._pieces.pick(rng)
        return tuple(lines.items())

    def _legs(self, rng: Random) -> tuple[tuple[str, float], ...]:
        first = self._tenders.pick(rng)
        splits, share = rng.random() < self._split, rng.uniform(*SPLIT_FIRST)
        if not splits or self._split_with is None:
            return ((first, 1.0),)
        second = second_tender(self._paid, self._split_with, first)
        assert second is not None, "a channel with split orders and one tender passed validation"
        return ((first, round(share, 4)), (second, round(1 - share, 4)))
