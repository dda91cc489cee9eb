"""The demand of a run beside the past that it was fitted to: how far the one is from the other, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rehearsal.model import counted
from rehearsal.stage.mix import Distance
from reports._wording import Facts

MEANT = {
    "articles": "Which articles",
    "hours": "Hours of the day",
    "articles per order": "Articles per order",
    "pieces per line": "Pieces of an article",
    "tenders": "Paid how",
}
OF = {"articles": "lines", "pieces per line": "lines"}
"""What was drawn, where it was not orders."""


@dataclass(frozen=True, slots=True)
class Respect:
    """One respect in which the demand was fitted."""

    what: str
    channel: str
    drawn: str
    distance: str
    by_chance: str
    far: bool


@dataclass(frozen=True, slots=True)
class Mix:
    """From what the demand was fitted, and how far what was drawn is from it."""

    source: str
    respects: tuple[Respect, ...]

    @property
    def far(self) -> int:
        """Return in how many respects it is farther than chance explains."""
        return sum(one.far for one in self.respects)


def mix(run: Facts) -> Mix | None:
    """Return the demand beside its past; None where the scenario was not fitted to any."""
    fitted = run.scenario.fitted
    told = run.manifest.get("mix")
    if fitted is None or not told:
        return None
    since, until = (date.fromisoformat(day) for day in (fitted.since, fitted.until))
    days = f"{until:%-d %B %Y}" if since == until else f"{since:%-d %B %Y} to {until:%-d %B %Y}"
    times = f", times {fitted.times:g}" if fitted.times != 1 else ""
    source = (
        f"Fitted to {counted(fitted.orders, 'order')} of {days}{times}. "
        f"The articles that are rehearsed were {fitted.units_share:.0%} of all units sold then."
    )
    return Mix(source, tuple(_respect(row) for row in told))


def _respect(row: Mapping[str, Any]) -> Respect:
    one = Distance(**row)
    drawn = counted(one.drawn, OF.get(one.what, "orders").removesuffix("s"))
    return Respect(MEANT.get(one.what, one.what), one.channel, drawn, f"{one.share:.0%}", f"{one.by_chance:.0%}", one.far)
