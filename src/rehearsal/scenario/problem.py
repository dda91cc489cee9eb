"""What the rules about a scenario share: how a problem is told, and what several of them count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rehearsal.parts.actor import Carrier, Gateway
from rehearsal.parts.bounds import LAG_RATIO_MAX, LASTS_MAX_S, duration, nearest
from rehearsal.parts.mode import Handover, handed
from rehearsal.parts.part import Lag, Part
from rehearsal.scenario import Scenario

Place = tuple[int | str, ...]
NO_WORDS = ("stands_for", "written")
"""What a part that is readable in part has beside its words (see `readable`)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A sentence, and the words of the scenario that it is about; the first of *places* that a file has is shown."""

    places: tuple[Place, ...]
    sentence: str

    @classmethod
    def at(cls, sentence: str, *place: int | str) -> Problem:
        """Return the problem with the one value at *place*."""
        return cls((place,), sentence)


Rule = Callable[..., Iterator[Problem]]


def length_s(scenario: Scenario) -> int:
    """Return how long *scenario* lasts under its shape: a breakpoint search is as long as its steps."""
    if scenario.load.shape != "breakpoint":
        return scenario.lasts
    search = scenario.load.breakpoint
    return int(search.steps * search.step * scenario.clock.speedup)


def searched(scenario: Scenario) -> float:
    """Return how many orders all steps of a breakpoint search have together."""
    search = scenario.load.breakpoint
    return sum(search.start * search.factor**number * search.step / 60 for number in range(search.steps))


def expected(scenario: Scenario) -> dict[str, float]:
    """Return how many shoppers each channel expects under the scenario's shape."""
    own = {code: channel.orders for code, channel in scenario.channels.items()}
    factor = 1.0
    if scenario.load.shape == "breakpoint":
        factor = searched(scenario) / max(1, sum(own.values()))
    elif scenario.load.shape == "spike":
        factor = 1 + scenario.load.spike.times
    return {code: orders * factor for code, orders in own.items()}


def ordered(scenario: Scenario, *modes: str) -> bool:
    """Return whether some channel has orders that are fulfilled in one of *modes*."""
    return any(
        channel.orders and way.share and mode in modes
        for channel in scenario.channels.values()
        for mode, way in channel.fulfilment.items()
    )


def has_parcels(scenario: Scenario) -> bool:
    """Return whether some channel has orders that a carrier takes."""
    return ordered(scenario, *handed(scenario.modes, scenario.modes, Handover.PARCEL))


def words_of(part: Part) -> dict[str, Any]:
    """Return the words of *part* with their values, those included that it allows beside its own; those that can be read."""
    told = part if isinstance(part, Part) else vars(part).items()
    return {name: value for name, value in told if name not in NO_WORDS}


def unknown_tenders(scenario: Scenario, word: str, tenders: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield *word* with a sentence for each of *tenders* that nobody declared: for the rules of gateways and channels."""
    for tender in tenders:
        if tender not in scenario.tenders:
            yield word, f"no tender is called {tender!r}{nearest(tender, scenario.tenders)}"


def gateways(scenario: Scenario) -> dict[str, Any]:
    """Return the services of *scenario* that take payments."""
    return {code: one for code, one in scenario.services.items() if is_a(one, Gateway)}


def carriers(scenario: Scenario) -> dict[str, Any]:
    """Return the services of *scenario* that take parcels."""
    return {code: one for code, one in scenario.services.items() if is_a(one, Carrier)}


def is_a(part: object, kind: type[Part]) -> bool:
    """Return whether *part*, or what it stands for as far as it can be read, is a *kind*."""
    return issubclass(getattr(part, "stands_for", type(part)), kind)


def weights(scenario: Scenario, curve: str) -> list[float]:
    """Return one arrival weight per hour that *scenario* really has, under its shape."""
    shape = scenario.curves[curve]
    hours = max(1, length_s(scenario) // 3600)
    return [shape.hours[h % 24] * shape.days[min(h // 24, len(shape.days) - 1)] for h in range(hours)]


def lag_problems(scenario: Scenario, lag: Lag, *place: int | str) -> Iterator[Problem]:
    """Yield what makes no sense of a log-normal delay."""
    if lag.median >= lag.p95:
        yield Problem.at(f"median ({duration(lag.median)}) must be below p95 ({duration(lag.p95)})", *place)
    elif lag.p95 > LAG_RATIO_MAX * lag.median:
        yield Problem.at(
            f"p95 ({duration(lag.p95)}) is over {LAG_RATIO_MAX} times the median ({duration(lag.median)}): one in a thousand "
            f"would take {lag.p95 * lag.p95 // lag.median // 86_400} days and more; write a smaller p95, or a larger median",
            *place,
        )
    elif lag.p95 > scenario.settle.limit:
        yield Problem(
            ((*place, "p95"), place, ("settle", "limit")),
            f"{duration(lag.p95)} is longer than settle.limit ({duration(scenario.settle.limit)}): what is under way would "
            f"not come to rest; write settle: {{limit: {duration(min(2 * lag.p95, LASTS_MAX_S))}}}, or a shorter p95",
        )
