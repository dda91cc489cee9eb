"""A scenario fitted to the past of a database: what is asked for is checked before an Odoo is, and written after."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.model import Tell
from rehearsal.parts.bounds import SCENARIO_NAME
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.fitting import Past, Window, fitted, text

WEEKS_READ = 4
TIMES_MAX = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is fitted, to which days, and where it is written."""

    scenario: Scenario
    name: str
    """As the scenario was asked for, by name or path."""
    window: Window
    times: float
    path: Path


def asked(
    scenario: Scenario, name: str, since: str | None, until: str | None, times: float, zone: str, written_as: str | None
) -> Asked:
    """Return what is asked for; raises `UsageError` where it cannot be, ahead of any Odoo."""
    if scenario.world != "existing":
        raise UsageError(f"{name} makes its own world, which has no history; write world: existing, with what maps it")
    if scenario.fitted is not None:
        raise UsageError(f"{name} is fitted already; fit the scenario that it extends")
    if not 0 < times <= TIMES_MAX:
        raise UsageError(f"--times {times:g} is no factor; write one above 0, such as 2.5 (at most {TIMES_MAX})")
    first, last = _days(since, until)
    _require_zone(zone)
    return Asked(scenario, name, Window(first, last, zone), times, _place(written_as or f"{scenario.name}_fitted"))


def written(one: Asked, past: Past, told: Tell) -> None:
    """Write the scenario that is like *past*; raises `UsageError` where nothing could be fitted."""
    fit = fitted(one.scenario, past, one.times)
    for note in fit.notes:
        told(f"  {note}")
    if not fit.words:
        raise UsageError(f"nothing of {one.name} can be fitted {past.window}, for the reasons above; nothing was written")
    one.path.parent.mkdir(parents=True, exist_ok=True)
    one.path.write_text(text(fit, one.name, one.path.stem, one.scenario.title), encoding="utf-8")
    told(
        f"wrote {one.path}, from {fit.words['fitted']['orders']} orders; look at it with `rehearse plan {one.path.stem} --target …`"
    )
    scenario_file.load(one.path, project.scenario_path, {}, parts=True)  # what does not fit together is told, with its place in it


def _days(since: str | None, until: str | None) -> tuple[date, date]:
    """Return the first and the last day that are read."""
    last = _day("--until", until) if until else date.today() - timedelta(days=1)
    first = _day("--since", since) if since else last - timedelta(days=7 * WEEKS_READ - 1)
    if first > last:
        raise UsageError(f"--since {first} lies after --until {last}; write the first day, then the last one")
    return first, last


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r} is no day; write it as YEAR-MONTH-DAY, such as 2025-11-28") from None


def _require_zone(zone: str) -> None:
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"--zone {zone!r} is no time zone; write a name of the IANA list, such as Europe/Berlin") from None


def _place(name: str) -> Path:
    """Return where the scenario *name* is written; raises `UsageError` where one is that a person may have changed."""
    if not re.fullmatch(SCENARIO_NAME, name):
        raise UsageError(f"a scenario cannot be named {name!r}; expected small letters, digits and _, such as black_friday")
    path = project.own_scenario(name)
    if path.exists():
        raise UsageError(f"{path} exists already; choose another name with --as, or remove it")
    return path
