"""Two runs on one page: a failure and its cure, the same stock and the same shoppers in both."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import project
from rehearsal.pipeline.compare import compared, page_of
from tests.conftest import quiet
from tests.reports.test_html import Reader
from tests.tiny_run import NODE, SKU, make_run


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Reader]:
    """The page of a run that sells one unit three times, beside one that sells it once."""
    folder = tmp_path_factory.mktemp("runs")
    failure, cure = make_run(folder / "failure", orders=3), make_run(folder / "cure", orders=1)
    where = page_of(failure, cure)
    compared(failure, cure, where, quiet)
    text = where.read_text(encoding="utf-8")
    return text, Reader(text)


def words(reader: Reader) -> str:
    """Return the text of a page with single spaces."""
    return " ".join(reader.text.split())


def test_it_is_one_safe_file_that_links_to_both_reports(page: tuple[str, Reader]) -> None:
    """Without scripts, nothing left open, and nothing of a title or an article is taken for markup."""
    text, reader = page

    assert reader.open == []
    assert not {"script", "img", "link"} & set(reader.tags)
    assert "<script>alert" not in text
    assert [value for name, value in reader.attributes if name == "href"] == ["failure/report.html", "cure/report.html"]


def test_the_failure_and_the_cure_stand_side_by_side_with_what_each_costs(page: tuple[str, Reader]) -> None:
    """Each sum with its rule; what was sold, kept and refused; every rule with its sentence."""
    said = words(page[1])

    assert "With the same shoppers, naive breaks and naive breaks, too." in said
    assert "At risk 45.00 EUR the dearest broken invariant: money taken equals money booked" in said
    assert "Sold twice 2 units promised, and no stock covered them" in said
    assert "Sold twice 0 units promised, and no stock covered them" in said
    assert "Turned away 0 orders refused by channels, worth 0.00 EUR" in said
    assert "3 of 3 orders accepted" in said and "1 of 1 order accepted" in said
    assert "no unit is promised twice At no instant does a node owe more units of a SKU than its books ever held" in said
    assert "✗ broken 30.00 EUR ✓ holds –" in said


def test_the_stock_that_was_promised_twice_is_shown_in_both(page: tuple[str, Reader]) -> None:
    """With what is left to promise after each order."""
    said = words(page[1])

    assert f"{SKU} at {NODE}: the first stock that naive promised twice." in said
    assert said.count(f"How the only unit of {SKU}") == 2


def test_the_same_shopper_is_followed_through_both(page: tuple[str, Reader]) -> None:
    """One that the second run never accepted has no story there."""
    said = words(page[1])

    assert "The same shopper, twice" in said
    assert "This shopper never came to an order here." in said


def test_a_page_that_cannot_be_written_takes_the_comparison_not_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline may keep its runs where nobody writes, and a team's own report may know nothing of two runs."""
    run, other = make_run(tmp_path / "run"), make_run(tmp_path / "other")
    before: list[str] = []
    first = compared(run, other, tmp_path / "nowhere" / "page.html", before.append)
    monkeypatch.delattr(project.module("reports", "html"), "compare")
    second = compared(run, other, tmp_path / "page.html", before.append)

    assert first == second and first["verdicts"] == ["fail", "fail"]
    assert "could not be written to" in before[0] and "name another file: --page FILE" in before[0]
    assert before[1] == "no page for both runs: reports/html.py of this project has no function compare(both, path)"
