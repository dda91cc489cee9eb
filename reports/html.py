"""The HTML report: one file that opens offline and says what failed, what it costs and why."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from rehearsal.pipeline.terminal import MARKS, release_lines
from rehearsal.verdict.judge import Judged
from rehearsal.verdict.kpis import KPIS
from rehearsal.verdict.record import Record
from reports import _causes as causes
from reports import _comparison as comparison
from reports import _wording as wording
from reports._chart import accepted_orders
from reports._dropped import dropped, ignored
from reports._ending import Order
from reports._glossary import WORDS
from reports._missing import missing
from reports._mix import mix
from reports._span import span_of
from reports._steps import steps
from reports._stock import Account, account
from reports._story import Row, shortened, stories
from reports._wording import OVERSELL, Facts

TEMPLATES = Path(__file__).with_name("html")
FULL_MAX = 20
"""Findings told with their stories."""
ROWS_MAX = 200
"""Findings in all; the rest is a number."""
WHOLE = re.compile(r"(?:\d+ × )?\b\w+(?:-\w+)+\b|-?\d[\d,]*\.\d\d [A-Z]{3}\b")
"""What no line may break: ids such as ``SKU-00002``, and amounts with their currency."""
WHOLE_MAX = 40
"""Characters; what is longer would not fit a narrow screen, and is broken at its hyphens after all."""
STORIES_MAX = 3
STORY_ROWS_MAX = 60


@dataclass(frozen=True, slots=True)
class Story:
    """One order's story as far as it is shown."""

    channel: str
    order: str
    rows: tuple[Row, ...]
    more: int
    """Rows that are left out here."""
    end: tuple[Row, ...]
    """What follows after them."""


@dataclass(frozen=True, slots=True)
class Told:
    """One finding with the stories that show why it happened."""

    number: int
    finding: Mapping[str, Any]
    stories: tuple[Story, ...]
    elsewhere: tuple[tuple[str, int], ...]
    """Orders whose stories are told under another finding, with its number."""
    account: Account | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """The findings of one cause: some told with their stories, the others in a line each."""

    cause: causes.Chapter
    said: str
    told: tuple[Told, ...]
    brief: tuple[tuple[int, Mapping[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure with its unit and definition."""

    name: str
    value: str
    unit: str
    definition: str


def write(record: Record, judged: Sequence[Judged], folder: Path) -> None:
    """Write ``report.html`` into the run folder."""
    run = wording.told(record, folder)
    money, rule = wording.at_risk(run)
    first = {run.findings[place]["invariant"]: place + 1 for place in reversed(_in_full(run))}
    html = _template().render(
        run=run, first=first, summary=run.summary, scenario=run.scenario, title=run.scenario.title or wording.in_words(run.scenario.name),
        harmed=wording.hurt(record, run), oversold=wording.oversold(run), missing=missing(run), steps=steps(run), at_risk=money, rule=rule,
        chapters=list(_chapters(record, run)), more=max(0, len(run.findings) - ROWS_MAX), full=len(_in_full(run)),
        dropped=dropped(record), ignored=ignored(record), span=span_of(run.scenario), mix=mix(run), words=WORDS,
        kpis=_kpis(run), chart=accepted_orders(record, run), marks=MARKS,
        known=release_lines(run.summary["release"], run.scenario.currency) if "release" in run.summary else (), w=wording, when=partial(wording.when, run.scenario),
    )  # fmt: skip
    draft = folder / ".report.html.partial"
    draft.write_text(html, encoding="utf-8")
    draft.replace(folder / "report.html")


def compare(both: Sequence[tuple[Record, Mapping[str, Any], Mapping[str, Any], Path]], path: Path) -> None:
    """Write one page to *path* for two runs, each with its summary, its verdict and its folder.

    The first one is the older state of affairs, or the failure. Raises OSError.
    """
    records = [record for record, *_ in both]
    first, second = comparison.sides(records, [wording.facts(*one) for one in both], [folder for *_, folder in both])
    scenario = first.run.scenario
    html = _template("comparison.html").render(
        first=first, second=second, title=scenario.title or wording.in_words(scenario.name),
        headline=comparison.headline(first, second), words=WORDS, held=list(comparison.held(first.run, second.run)),
        shoppers=list(comparison.shoppers(records, first.run)), shortened=partial(shortened, most=STORY_ROWS_MAX), marks=MARKS, w=wording, when=partial(wording.when, scenario),
        link=lambda folder: os.path.relpath(folder / "report.html", path.absolute().parent),
    )  # fmt: skip
    path.write_text(html, encoding="utf-8")


def _template(name: str = "report.html") -> Any:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["whole"] = whole
    return environment.get_template(name)


def whole(text: object) -> Markup:
    """Return *text* for a page, with ids and amounts that stay on one line."""

    def kept(found: re.Match[str]) -> str:
        return f'<span class="whole">{found[0]}</span>' if len(found[0]) <= WHOLE_MAX else found[0]

    return Markup(WHOLE.sub(kept, str(escape(text))))  # noqa: S704 - it was escaped


def _chapters(record: Record, run: Facts) -> Iterator[Chapter]:
    """Yield the findings by cause; the dearest ones of all are told in full, wherever they stand."""
    full = {one.number: one for one in _told(record, run)}
    for cause in causes.chapters(record, run, ROWS_MAX):
        numbers = [place + 1 for place in cause.places]
        yield Chapter(
            cause,
            causes.said(cause, run.findings),
            tuple(full[number] for number in numbers if number in full),
            tuple((number, run.findings[number - 1]) for number in numbers if number not in full),
        )


def _in_full(run: Facts) -> list[int]:
    """Return the places of the findings that are told in full: the dearest one of each invariant, and then the dearest of all."""
    dearest = list({finding["invariant"]: place for place, finding in reversed(list(enumerate(run.findings)))}.values())
    places = dict.fromkeys([*sorted(dearest), *range(len(run.findings))])
    return sorted(list(places)[:FULL_MAX])


def _told(record: Record, run: Facts) -> Iterator[Told]:
    numbers = [place + 1 for place in _in_full(run)]
    told = [run.findings[number - 1] for number in numbers]
    witnessed = _witnessed(record, told)
    chosen = [_telling(finding, witnessed) for finding in told]
    known = stories(record, (pair for pairs in chosen for pair in pairs))
    first: dict[Order, int] = {}
    for number, finding, pairs in zip(numbers, told, chosen, strict=True):
        with_story = [pair for pair in pairs if known[pair]]
        own = [pair for pair in with_story if first.setdefault(pair, number) == number]
        yield Told(
            number,
            finding,
            tuple(_bounded(pair, known[pair]) for pair in own),
            tuple((pair[1], first[pair]) for pair in with_story if pair not in own),
            account(record, finding) if finding["invariant"] == OVERSELL else None,
        )


def _bounded(pair: Order, rows: tuple[Row, ...]) -> Story:
    shown, more, end = shortened(rows, STORY_ROWS_MAX)
    return Story(*pair, shown, more, end)


def _witnessed(record: Record, findings: Sequence[Mapping[str, Any]]) -> dict[int, Order]:
    """Return the order behind each witness that belongs to one."""
    wanted = json.dumps([witness for finding in findings for witness in finding["witnesses"]])
    rows = record.rows(
        """SELECT i, channel, "order" FROM history WHERE kind = 'event' AND "order" <> ''
        AND i IN (SELECT CAST(value AS BIGINT) FROM json_each(?))""",
        [wanted],
    )
    return {row["i"]: (row["channel"], row["order"]) for row in rows}


def _telling(finding: Mapping[str, Any], witnessed: Mapping[int, Order]) -> list[Order]:
    """Return the few orders that tell a finding best: its witnesses (first, worst, last), then the others."""
    own = [(order["channel"], order["external_id"]) for order in finding["orders"]]
    names, some = set(own), len(own) < wording.in_all(finding, "orders")
    seen = [witnessed[witness] for witness in finding["witnesses"] if witness in witnessed]
    first = [pair for pair in seen if some or pair in names]
    return list(dict.fromkeys([*first, *own]))[:STORIES_MAX]


def _kpis(run: Facts) -> list[Kpi]:
    meant = {figure.__name__: " ".join((figure.__doc__ or "").split()) for figure in KPIS}
    return [Kpi(name, *wording.figure(name, value), meant.get(name, "")) for name, value in run.summary["kpis"].items()]
