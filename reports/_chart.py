"""Orders over time as stacked bars by channel, with the instants of overselling; plain geometry for an SVG."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from rehearsal.verdict.record import Record
from reports._wording import OVERSELL, Facts, when

WIDTH, HEIGHT = 960, 180
BARS_MAX = 168
FINE_BARS_MAX = 72
"""As many bars as three days have hours; a shorter scenario is drawn in spans of minutes."""
DAYS_MAX, NARROW_DAYS_MAX = 12, 4
"""Days that are named below a chart: as many as there is room for."""
HOUR_S = 3600
FINE_STEPS_S = (60, 300, 600, 900, 1800)


@dataclass(frozen=True, slots=True)
class Bar:
    """One channel's orders in one span of time."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at an instant: a day's beginning, or an oversell."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws."""

    bars: tuple[Bar, ...]
    days: tuple[Mark, ...]
    oversold: tuple[Mark, ...]
    channels: tuple[str, ...]
    peak: int
    span: str
    """What one bar covers, in words, such as ``hour`` or ``5 minutes``."""
    sparse: int
    """On a narrow screen every so many days are named, to be readable."""
    width: int = WIDTH
    height: int = HEIGHT


def step_of(whole_s: float) -> int:
    """Return the seconds of one bar of a chart over *whole_s* seconds."""
    coarse_s = HOUR_S * ceil(whole_s / HOUR_S / BARS_MAX)
    return next((step_s for step_s in FINE_STEPS_S if whole_s <= step_s * FINE_BARS_MAX), coarse_s)


def in_words(step_s: int) -> str:
    """Return a span of time as what one thing happens *per*."""
    count, unit = (step_s // HOUR_S, "hour") if step_s >= HOUR_S else (step_s // 60, "minute")
    return unit if count == 1 else f"{count} {unit}s"


def accepted_orders(record: Record, run: Facts) -> Chart:
    """Return the chart of accepted orders over time, by channel."""
    scenario = run.scenario
    whole_s = max(scenario.lasts, record.value("SELECT max(at_s) FROM orders") or 0, 60)
    step_s = step_of(whole_s)
    spans = ceil(whole_s / step_s)
    rows = record.rows("SELECT CAST(floor(at_s / ?) AS INTEGER) AS span, channel, count(*) AS n FROM orders GROUP BY ALL", [step_s])
    counts = {(row["span"], row["channel"]): row["n"] for row in rows}
    channels = tuple(scenario.channels)
    peak = max((sum(counts.get((span, code), 0) for code in channels) for span in range(spans)), default=0) or 1
    wide, bars = WIDTH / spans, []
    for span in range(spans):
        top = float(HEIGHT)
        for colour, code in enumerate(channels):
            if n := counts.get((span, code), 0):
                high = HEIGHT * n / peak
                top -= high
                title = f"{when(scenario, span * step_s)}: {code} {n}"
                bars.append(Bar(round(span * wide, 2), round(top, 2), round(wide * 0.86, 2), round(high, 2), colour % 8, title))
    scale = WIDTH / (spans * step_s)
    days = tuple(Mark(round(at * scale, 2), when(scenario, at).rsplit(" ", 1)[0]) for at in range(0, scenario.lasts, 86_400))
    days = days[:: ceil(len(days) / DAYS_MAX)]
    found = [f for f in run.findings if f["invariant"] == OVERSELL and f["at_s"] is not None]
    marks = tuple(
        Mark(round(f["at_s"] * scale, 2), f"{when(scenario, f['at_s'])}: {f['message']}")
        for f in sorted(found, key=lambda f: f["at_s"])[:100]
    )
    return Chart(tuple(bars), days, marks, channels, peak, in_words(step_s), ceil(len(days) / NARROW_DAYS_MAX))
