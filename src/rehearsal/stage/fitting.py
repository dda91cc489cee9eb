"""Demand fitted from the past: what orders were like in a database, as sums, and the words of a scenario that say the same.

Nothing here does I/O, and nothing of it is about a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from rehearsal.parts.bounds import DAY_S, HOUR_S
from rehearsal.scenario import Channel, Scenario
from rehearsal.scenario.channels import till_way

BASKET_MAX = 100
PIECES_MAX = 1000
TITLE_MAX = 300
DIGITS = 4
LONGEST = 24
"""Letters of a channel after whose name a curve may be called."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Window:
    """The days that are read, both included, and the IANA name of the time zone that they are days of; empty: the login's."""

    since: date
    until: date
    zone: str = ""

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """Return the first instant, and the one after the last, in UTC."""
        ends = (self.since, self.until + timedelta(days=1))
        first, last = (datetime.combine(day, time(), ZoneInfo(self.zone)).astimezone(UTC) for day in ends)
        return first, last

    @property
    def days(self) -> Iterator[date]:
        """Yield each of the days."""
        yield from (self.since + timedelta(days=n) for n in range((self.until - self.since).days + 1))

    def __str__(self) -> str:
        return f"from {self.since} to {self.until}"


@dataclass(frozen=True, slots=True)
class Habits:
    """What the orders of one channel were like."""

    hours: Mapping[tuple[date, int], int]
    """Orders by local day and hour of the day."""
    lines: Mapping[int, int]
    """Orders by how many different articles they had."""
    pieces: Mapping[int, int]
    """Lines by how many pieces they had."""
    tenders: Mapping[str, int]
    """Payments by tender; empty where nothing tells."""

    @property
    def orders(self) -> int:
        """Return how many orders there were."""
        return sum(self.hours.values())


@dataclass(frozen=True, slots=True)
class Past:
    """What was sold in a database within a window."""

    window: Window
    channels: Mapping[str, Habits]
    sold: Mapping[str, int]
    """Pieces by internal reference, of the articles that the scenario may sell."""
    units: int
    """Pieces of all articles that have stock, over the same orders."""


@dataclass(slots=True)
class Fit:
    """The words, and in plain sentences what could not be fitted."""

    words: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def fitted(scenario: Scenario, past: Past, times: float = 1.0) -> Fit:
    """Return the words to lay over *scenario*, so that its demand is like the *past*, *times* as many orders."""
    fit = Fit()
    channels: dict[str, Any] = {}
    curves: dict[str, Any] = {}
    for code, channel in scenario.channels.items():
        habits = past.channels.get(code)
        if habits is None:
            fit.notes.append(
                f"{code}: nothing says which orders were this channel's, so its words stay; write history: [[field, =, value]]"
            )
        elif not habits.orders:
            fit.notes.append(f"{code}: no order {past.window}, so its words stay")
        elif (curve := _curve(scenario, code, habits, past, fit.notes)) is not None:
            hours, days = curve
            name = f"{code}_fitted" if len(code) <= LONGEST else f"fitted_{len(curves) + 1}"
            curves[name] = {"hours": _rounded(hours), "days": _rounded(days)}
            orders = max(1, round(times * _expected(scenario, hours, days)))
            channels[code] = {"orders": orders, "curve": name, **_baskets(channel, habits)}
    if channels:
        fit.words = {
            "fitted": _source(scenario, past, channels, times),
            "exercised": _exercised(scenario, channels),
            "curves": curves,
            "channels": channels,
        }
        fit.words |= _catalogue(scenario, past, fit.notes)
        fit.words["fitted"]["units_share"] = _units_share(fit.words, past)
    return fit


def _curve(scenario: Scenario, code: str, habits: Habits, past: Past, notes: list[str]) -> tuple[list[float], list[float]] | None:
    """Return the weight of each hour of a day (they sum to 1), and the orders of each day of the scenario."""
    hours = [float(sum(n for (_, hour), n in habits.hours.items() if hour == h)) for h in range(24)]
    hours, lost = _while_open(scenario, code, hours)
    if lost:
        notes.append(f"{code}: {lost:.0%} of its tickets are of hours when the scenario has it closed, and are left out")
    if not sum(hours):
        notes.append(f"{code}: no ticket is of an hour when the scenario has it open, so its words stay")
        return None
    of_weekday = Counter(day.weekday() for day in past.window.days)
    mean = {w: sum(n for (day, _), n in habits.hours.items() if day.weekday() == w) / count for w, count in of_weekday.items()}
    usual = habits.orders / sum(of_weekday.values())
    first = scenario.begins.date()
    wanted = [(first + timedelta(days=n)).weekday() for n in range(max(1, -(-scenario.lasts // DAY_S)))]
    for w in sorted(set(wanted) - set(mean)):
        notes.append(f"{code}: no {WEEKDAYS[w]} lies {past.window}; the mean day of that time is taken")
    days = [mean.get(w, usual) * (1 - lost) for w in wanted]
    if not sum(days):
        names = ", ".join(dict.fromkeys(WEEKDAYS[w] for w in wanted))
        notes.append(f"{code}: no order {past.window} is of a {names}, as this scenario's days are, so its words stay")
        return None
    return [n / sum(hours) for n in hours], days


def _while_open(scenario: Scenario, code: str, hours: list[float]) -> tuple[list[float], float]:
    """Return *hours* without those when a till's store is closed, and the share that goes with them."""
    way = till_way(scenario, scenario.channels[code])
    if way is None:
        return hours, 0.0
    node = scenario.nodes[way.nodes[0]]
    kept = [n if node.opens < (h + 1) * HOUR_S and h * HOUR_S < node.closes else 0.0 for h, n in enumerate(hours)]
    return kept, 1 - sum(kept) / sum(hours)


def _expected(scenario: Scenario, hours: list[float], days: list[float]) -> float:
    """Return the orders of the scenario's own length; its last day may be a part of one."""
    return sum(days[h // 24] * hours[h % 24] for h in range(max(1, scenario.lasts // HOUR_S)))


def _baskets(channel: Channel, habits: Habits) -> dict[str, Any]:
    """Return the shares of lines, pieces and tenders; what the scenario has beside them becomes 0, since mappings merge."""
    words: dict[str, Any] = {}
    if habits.lines:
        words["basket"] = _shares(channel.basket, _capped(habits.lines, BASKET_MAX))
    if habits.pieces:
        words["pieces"] = _shares(channel.pieces, _capped(habits.pieces, PIECES_MAX))
    if sum(habits.tenders.values()):
        words["tenders"] = _shares(channel.tenders, habits.tenders)
    return words


def _capped(counts: Mapping[int, int], most: int) -> dict[int, int]:
    capped: Counter[int] = Counter()
    for value, n in counts.items():
        capped[min(max(1, value), most)] += n
    return dict(sorted(capped.items()))


def _shares(before: Mapping[Any, float], counts: Mapping[Any, int]) -> dict[Any, float]:
    total = sum(counts.values())
    shares = {key: round(n / total, DIGITS) for key, n in counts.items() if n}
    largest = max(shares, key=lambda key: shares[key])
    shares[largest] = round(shares[largest] + 1 - sum(shares.values()), DIGITS)  # they sum to 1 as they are written
    every = {**dict.fromkeys(before, 0.0), **shares}
    return {key: every[key] for key in (sorted(every) if all(isinstance(key, int) for key in every) else every)}


def _catalogue(scenario: Scenario, past: Past, notes: list[str]) -> dict[str, Any]:
    """Return the shares of the articles that sold most, as many as the scenario has; the hot ones are those it names, or the first."""
    best = sorted((sku for sku, n in past.sold.items() if n > 0), key=lambda sku: (-past.sold[sku], sku))
    chosen = best[: scenario.catalogue.products]
    if not chosen:
        notes.append("catalogue: none of its articles was sold in that time, so its words stay")
        return {}
    total = sum(past.sold[sku] for sku in chosen)
    named = scenario.catalogue.hot
    hot = [sku for sku in named if sku in chosen] or chosen[: max(1, scenario.catalogue.promoted)]
    if dropped := [sku for sku in named if sku not in chosen]:
        notes.append(f"catalogue.hot: {', '.join(dropped)} sold too little to be among the {len(chosen)} articles, and is left out")
    return {"catalogue": {"hot": hot, "shares": {sku: round(past.sold[sku] / total, 6) for sku in chosen}}}


def _units_share(words: Mapping[str, Any], past: Past) -> float:
    chosen = words.get("catalogue", {}).get("shares", {})
    return round(min(1.0, sum(past.sold[sku] for sku in chosen) / past.units), DIGITS) if past.units else 0.0


def _source(scenario: Scenario, past: Past, channels: Mapping[str, Any], times: float) -> dict[str, Any]:
    orders = sum(past.channels[code].orders for code in channels)
    return {"since": past.window.since.isoformat(), "until": past.window.until.isoformat(), "orders": orders, "times": times}


def _exercised(scenario: Scenario, channels: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must have happened: no more than comes, or the run could only be undecided."""
    least = min(one["orders"] for one in channels.values())
    spec = scenario.exercised
    return {
        "orders_per_channel": min(spec.orders_per_channel, least // 2),
        "orders_per_tender": min(spec.orders_per_tender, least // 10),
    }


def _rounded(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]


def text(fit: Fit, extends: str, name: str, title: str) -> str:
    """Return the scenario *name* with the words of *fit* over those of *extends*, as YAML."""
    source = fit.words["fitted"]
    head = (
        f"# Demand as it was from {source['since']} to {source['until']}, {source['times']:g} times as many orders; written by `rehearse fit`.\n"
        "# The words of the scenario below it that are 0 here did not happen then.\n"
        + "".join(f"# Not fitted: {note}\n" for note in fit.notes)
    )
    yaml = YAML()
    yaml.default_flow_style = None  # a mapping of single values in one line
    yaml.width = 120
    out = StringIO()
    named = f"{title or extends}, with demand of {source['since']} to {source['until']}"
    yaml.dump({"extends": extends, "name": name, "title": named[:TITLE_MAX], **fit.words}, out)
    return head + out.getvalue()
