"""How long a scenario is, in the word that a retailer has for it: a weekend, a Friday, an hour, ten days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rehearsal.model import counted
from rehearsal.scenario import Scenario

HOUR_S, HALF_DAY_S, DAY_S = 3600, 43_200, 86_400
WEEKEND = {5, 6}
"""Saturday and Sunday, as Python counts the days of a week."""
WEEKEND_DAYS_MAX = 4
"""With both of them, so many days are still a weekend: Friday, or Monday, or both, belong to it."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a scenario covers."""

    noun: str
    """Such as ``weekend``, ``Friday`` or ``10 days``."""

    @property
    def many(self) -> bool:
        """Whether the noun is a plural."""
        return self.noun.endswith("s")

    @property
    def this(self) -> str:
        """Return it as the subject of a sentence, such as ``This weekend``."""
        return f"{'These' if self.many else 'This'} {self.noun}"

    @property
    def label(self) -> str:
        """Return it as the name of a fact, such as ``Weekend``."""
        word = self.noun.split()[-1]
        return word[:1].upper() + word[1:]


def span_of(scenario: Scenario) -> Span:
    """Return what to call the time of *scenario*: by its length, and by the days that it falls on."""
    if scenario.lasts < HOUR_S:
        return Span(_few(round(scenario.lasts / 60), "minute"))
    if scenario.lasts < HALF_DAY_S:
        return Span(_few(round(scenario.lasts / HOUR_S), "hour"))
    last = scenario.begins + timedelta(seconds=scenario.lasts - 1)
    days = [scenario.begins.date() + timedelta(days=n) for n in range((last.date() - scenario.begins.date()).days + 1)]
    if len(days) == 1:
        return Span(f"{days[0]:%A}")
    if len(days) <= WEEKEND_DAYS_MAX and {day.weekday() for day in days} >= WEEKEND:
        return Span("weekend")
    return Span(counted(len(days), "day"))


def _few(number: int, unit: str) -> str:
    return unit if number <= 1 else counted(number, unit)
