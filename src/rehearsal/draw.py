"""Randomness that is keyed, never shared: one stream per (seed, actor, purpose).

Adding a channel or removing an order leaves all other draws alone. Only the standard library's
Mersenne Twister is used, which gives the same bits on every machine and Python version.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate
from math import exp, log
from random import Random
from statistics import NormalDist
from typing import Generic, TypeVar

T = TypeVar("T")
_quantile = NormalDist().inv_cdf


def stream(seed: int, actor: str, purpose: str) -> Random:
    """Return the stream of *actor* for *purpose*; the same arguments always give the same draws."""
    digest = sha256(f"{seed}:{actor}:{purpose}".encode()).digest()
    return Random(int.from_bytes(digest[:16], "big"))


def restarted(rng: Random, seed: int, actor: str, purpose: str) -> Random:
    """Return *rng* as the stream of *actor* for *purpose*: half the price of a new one, for whoever is done with it soon
    and asks for no ``gauss``, which keeps a half of its last pair."""
    digest = sha256(f"{seed}:{actor}:{purpose}".encode()).digest()
    super(Random, rng).seed(int.from_bytes(digest[:16], "big"))
    return rng


def chance(seed: int, actor: str, purpose: str) -> float:
    """Return one draw in [0, 1) of *actor* for *purpose*; cheaper than a stream where a single one is wanted."""
    digest = sha256(f"{seed}:{actor}:{purpose}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def delay(seed: int, actor: str, purpose: str, median: float, p95: float) -> float:
    """Return one log-normal draw of *actor* for *purpose*, as `lognormal` does; a fifth of the price of a stream for a single one."""
    digest = sha256(f"{seed}:{actor}:{purpose}".encode()).digest()
    share = (int.from_bytes(digest[:6], "big") + 0.5) / 2**48
    return round(median * exp(_sigma(median, p95) * _quantile(share)), 3)


def arrivals(rng: Random, intensity_per_hour: Sequence[float], rate_total: float) -> list[float]:
    """Return arrival times in seconds of a non-homogeneous Poisson process.

    *intensity_per_hour* has one weight per hour of the scenario, of any scale; *rate_total* is the
    expected number of arrivals. The time is warped through the cumulated intensity (inversion),
    so an hour of weight zero has no arrivals.
    """
    total = sum(intensity_per_hour)
    if total <= 0 or rate_total <= 0:
        return []
    times: list[float] = []
    due, passed, hour = rng.expovariate(1.0), 0.0, 0
    while hour < len(intensity_per_hour):
        width = intensity_per_hour[hour] / total * rate_total
        if passed + width < due:
            passed += width
            hour += 1
            continue
        times.append(round((hour + (due - passed) / width) * 3600, 3))
        due += rng.expovariate(1.0)
    return times


def lognormal(rng: Random, median: float, p95: float) -> float:
    """Return a log-normal draw with the given *median* and 95th percentile, in their unit."""
    return round(median * exp(_sigma(median, p95) * rng.normalvariate(0.0, 1.0)), 3)


@lru_cache(maxsize=10_000)
def _sigma(median: float, p95: float) -> float:
    return log(p95 / median) / 1.6448536269514722


def pick(rng: Random, weights: Sequence[tuple[T, float]]) -> T:
    """Return one of the values with probability proportional to its weight."""
    mark = rng.random() * sum(weight for _, weight in weights)
    for value, weight in weights:
        mark -= weight
        if mark < 0:
            return value
    return weights[-1][0]


class Odds(Generic[T]):
    """Values with their weights, for many draws: the same values as `pick`, each at the cost of the logarithm of how many there are."""

    def __init__(self, weights: Sequence[tuple[T, float]]) -> None:
        self._values = [value for value, _ in weights]
        self._up_to = list(accumulate(weight for _, weight in weights))
        self._total = sum(weight for _, weight in weights)
        self._last = len(weights) - 1

    def pick(self, rng: Random) -> T:
        """Return one of the values with probability proportional to its weight."""
        return self._values[bisect_right(self._up_to, rng.random() * self._total, 0, self._last)]
