"""The rules for words that hold in every output: terminal, HTML, Markdown, JUnit, Allure, and the page for two runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.pipeline.compare import compared, page_of, table
from rehearsal.pipeline.terminal import verdict_lines
from tests.conftest import quiet
from tests.reports.test_html import Reader
from tests.tiny_run import make_run

AMOUNT = re.compile(r"(?<![\w.,:/])-?\d[\d,]*\.\d\d(?![\w.%])(?! (EUR|%|s\b|ms\b))")
"""An amount that no currency follows."""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every text that a failing run, a killed one and a comparison are told in."""
    folder = tmp_path_factory.mktemp("runs")
    failed = make_run(folder / "failed", orders=3)
    killed = make_run(folder / "killed", observed=False, finished=False)
    other = make_run(folder / "other", orders=1)
    comparison = compared(failed, other, page_of(failed, other), quiet)
    found = {f"{run.name} {name}": text for run in (failed, killed) for name, text in _told(run)}
    return found | {"comparison": table(comparison), "page": _text(page_of(failed, other))}


def _told(run: Path) -> Iterator[tuple[str, str]]:
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    yield "terminal", "\n".join(verdict_lines(run, summary))
    yield "html", _text(run / "report.html")
    yield "markdown", (run / "summary.md").read_text(encoding="utf-8")
    yield "junit", (run / "junit.xml").read_text(encoding="utf-8")
    for path in sorted((run / "allure-results").glob("*-result.json")):
        details = json.loads(path.read_text(encoding="utf-8")).get("statusDetails") or {}
        yield f"allure {path.name}", str(details.get("message", ""))
    for path in sorted((run / "allure-results").glob("*-attachment.txt")):
        yield f"attachment {path.name}", path.read_text(encoding="utf-8")


def _text(page: Path) -> str:
    html = page.read_text(encoding="utf-8")
    return Reader(re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)).text


def test_no_output_is_empty_that_must_say_something(outputs: dict[str, str]) -> None:
    """What follows looks for what must not be there, which nothing has."""
    assert all(
        "EUR" in text for name, text in outputs.items() if name.startswith(("failed terminal", "failed html", "failed mark"))
    )
    assert sum(name.startswith("failed attachment") for name in outputs) >= 4
    assert "15.00 EUR" in outputs["page"] and "45.00 EUR → 15.00 EUR" in outputs["comparison"]


def test_every_amount_names_its_currency(outputs: dict[str, str]) -> None:
    """In one form, and never in minor units."""
    assert {name: AMOUNT.findall(text) for name, text in outputs.items() if AMOUNT.search(text)} == {}
    assert [name for name, text in outputs.items() if re.search(r"_minor|\b1500\b|\b4500\b", text)] == []
    assert AMOUNT.search("15.00 at risk") and not AMOUNT.search("15.00 EUR at risk")


def test_things_are_told_in_the_singular_or_the_plural(outputs: dict[str, str]) -> None:
    """No output leaves it to the reader."""
    assert [name for name, text in outputs.items() if re.search(r"\w\(s\)|\b1 (orders|units|findings|events|times)\b", text)] == []


def test_a_terminal_says_where_the_fitting_next_step_is_of_an_undecided_run_alone(outputs: dict[str, str]) -> None:
    """The report has it; of a run that is decided, the cure and the command say enough."""
    said = "what to do:   the report says under “Next step” what fits the reason"

    assert said in outputs["killed terminal"] and said not in outputs["failed terminal"]


def test_the_terminal_has_one_sum_with_its_rule_and_the_worth_of_what_was_refused(outputs: dict[str, str]) -> None:
    """And each head says in its own line what it is about."""
    text = outputs["failed terminal"]

    assert (
        "  at risk     45.00 EUR: money taken equals money booked (the dearest broken invariant; one order can break several, so"
        in text
    )
    assert "  orders      3 accepted of 3 attempted; 0 refused by channels, worth 0.00 EUR" in text
    assert "INVARIANTS  (what must hold for every order and every unit)" in text
    assert "DROPPED BY THE CONNECTOR  (its method and line, then why)" in text


def test_a_friday_is_called_no_weekend(outputs: dict[str, str]) -> None:
    """The scenario's name is its own affair."""
    assert [name for name, text in outputs.items() if "weekend" in text.replace("promo_weekend", "").lower()] == []
    assert "This Friday would have failed." in outputs["failed html"]
