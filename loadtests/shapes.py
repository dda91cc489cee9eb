"""Shapes of load: the same shoppers at other times, or more of them. Pure functions of the seed; no Locust here.

The kernel applies the scenario's shape when it draws the demand, so the demand's hash holds for every shape,
and for any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import sqrt

from rehearsal.draw import pick, stream
from rehearsal.model import Demand, World
from rehearsal.scenario import Scenario

Wanted = Mapping[str, Sequence[Demand]]
HOUR_S = 3600
DROP_UNITS = ((1, 0.9), (2, 0.1))
"""Pieces of the one article that a flash drop's shopper wants (assumption)."""


def shaped(scenario: Scenario, world: World, wanted: Wanted) -> Wanted:
    """Return the demand under the shape that *scenario* asks for."""
    shape: Callable[[Scenario, World, Wanted], Wanted] = {
        "curve": _curve,
        "ramp": _ramp,
        "soak": _soak,
        "spike": _spike,
        "breakpoint": _steps,
    }[scenario.load.shape]
    return shape(scenario, world, wanted)


def stretched(scenario: Scenario) -> Scenario:
    """Return *scenario* with the length and the number of orders that its shape needs: a search has as many as its steps."""
    if scenario.load.shape != "breakpoint":
        return scenario
    whole = sum(channel.orders for channel in scenario.channels.values())
    needed = sum(orders for _, _, orders in steps(scenario))
    channels = {
        code: channel.model_copy(update={"orders": round(channel.orders * needed / whole)})
        for code, channel in scenario.channels.items()
    }
    last = max(ends for _, ends, _ in steps(scenario))
    return scenario.model_copy(update={"lasts": int(last), "channels": channels})


def steps(scenario: Scenario) -> list[tuple[float, float, float]]:
    """Return begin, end (scenario seconds) and number of orders of every step of a breakpoint search."""
    search, speedup = scenario.load.breakpoint, scenario.clock.speedup
    long_s = search.step * speedup
    return [
        (number * long_s, (number + 1) * long_s, search.start * search.factor**number * search.step / 60)
        for number in range(search.steps)
    ]


def _curve(_: Scenario, __: World, wanted: Wanted) -> Wanted:
    return wanted


def _soak(scenario: Scenario, _: World, wanted: Wanted) -> Wanted:
    """The same number of shoppers at a constant rate, within the hours in which their channel sells at all."""
    return {code: _retimed(scenario, code, ones, "soak", lambda share: share) for code, ones in wanted.items()}


def _ramp(scenario: Scenario, _: World, wanted: Wanted) -> Wanted:
    """The same number of shoppers, from none to twice the mean rate: the density grows in proportion to time."""
    return {code: _retimed(scenario, code, ones, "ramp", sqrt) for code, ones in wanted.items()}


def _retimed(
    scenario: Scenario, code: str, ones: Sequence[Demand], purpose: str, warp: Callable[[float], float]
) -> tuple[Demand, ...]:
    """Give *ones* new times, in their order: uniform draws, warped, over the channel's open hours."""
    rng = stream(scenario.seed, code, purpose)
    shares = sorted(warp(rng.random()) for _ in ones)
    hours = [hour for hour, weight in enumerate(scenario.hourly(scenario.channels[code].curve)) if weight > 0]
    return tuple(replace(one, at_s=_within(hours, share)) for one, share in zip(ones, shares, strict=True))


def _within(hours: list[int], share: float) -> float:
    """Return the instant at *share* of the open *hours*."""
    place = min(share, 1 - 1e-12) * len(hours)
    return round(hours[int(place)] * HOUR_S + (place % 1) * HOUR_S, 3)


def _spike(scenario: Scenario, world: World, wanted: Wanted) -> Wanted:
    """The scenario's own shoppers, and a crowd within minutes that wants one promoted article each."""
    drop = scenario.load.spike
    begins = drop.at * scenario.lasts
    hot = [(p.sku, p.weight) for p in world.products if p.group in ("scarce", "promoted")]
    hot = hot or [(p.sku, p.weight) for p in world.products]
    return {
        code: tuple(sorted((*ones, *_crowd(scenario, code, ones, begins, hot)), key=lambda one: (one.at_s, one.number)))
        for code, ones in wanted.items()
    }


def _crowd(scenario: Scenario, code: str, ones: Sequence[Demand], begins: float, hot: list[tuple[str, float]]) -> list[Demand]:
    """Return the extra shoppers of one channel: like its own ones, but all at once and for one hot article."""
    drop, extra = scenario.load.spike, []
    for number in range(round(len(ones) * drop.times)):
        rng = stream(scenario.seed, code, f"spike:{number}")
        like = ones[int(rng.random() * len(ones))]
        wave, within = divmod(rng.random() * drop.waves, 1)
        after_s = (wave + within * drop.rush) * drop.lasts / drop.waves
        at_s = round(min(begins + after_s, scenario.lasts - 0.001), 3)
        mine = ones[-1].number + number + 1
        customer = f"guest:{code}:{mine}" if like.customer.startswith("guest:") else like.customer
        wanted = pick(rng, hot) if drop.waves == 1 else hot[int(wave) % len(hot)][0]
        lines = ((wanted, pick(rng, DROP_UNITS)),)
        extra.append(replace(like, number=mine, at_s=at_s, customer=customer, lines=lines))
    return extra


def _steps(scenario: Scenario, __: World, wanted: Wanted) -> Wanted:
    """The shoppers of each step at a constant rate within it; each step's rate is the last one's times the factor."""
    edges = steps(scenario)
    whole = sum(orders for _, _, orders in edges)
    passed = [0.0]
    for _, _, orders in edges:
        passed.append(passed[-1] + orders / whole)

    def at(share: float) -> float:
        for (begins, ends, _), (low, high) in zip(edges, pairwise(passed), strict=True):
            if share < high:
                return begins + (share - low) / (high - low) * (ends - begins)
        return edges[-1][1] - 0.001

    timed: dict[str, tuple[Demand, ...]] = {}
    for code, ones in wanted.items():
        rng = stream(scenario.seed, code, "breakpoint")
        times = sorted(round(at(rng.random()), 3) for _ in ones)
        timed[code] = tuple(replace(one, at_s=at_s) for one, at_s in zip(ones, times, strict=True))
    return timed
