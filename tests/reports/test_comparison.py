"""Two runs on one page: a failure and its cure, the same stock and the same shoppers in both."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import project
from rehearsal.pipeline.compare import compared, page_of
from reports._comparison import Side, introduced
from reports._stock import entries_of
from reports._wording import Facts
from tests.conftest import load, quiet
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
    assert "Sold and kept 45.00 EUR accepted and not cancelled;" in said
    assert "a perfect counter would have kept" not in said, "the record is from before that was written"
    assert (
        "At risk 45.00 EUR the dearest broken invariant: money taken equals money booked; wrong in the books, or to be given"
        in said
    )
    assert "The naive connector: how integrations are often first written." in said
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


def test_who_sells_more_than_can_be_kept_is_set_beside_a_perfect_counter(tmp_path: Path) -> None:
    """In money and in orders: a cure that turns more shoppers away than a failure may still keep more sales."""
    counts = {"orders_attempted": 293, "orders_accepted": 231}
    summary = {
        "kept_worth": "89761.29",
        "perfect": {"orders": 235, "worth": "91020.10"},
        "counts": counts,
        "kpis": {"sell_through": 0.986},
    }
    side = Side(Facts(summary, (), (), {}, load("promo_weekend")), tmp_path, 0, 0, None)

    assert (side.worth, side.kept) == ("89,761.29 EUR", "98.6 %")
    assert side.perfect == "a perfect counter would have kept 91,020.10 EUR, and turned 58 away"


def test_what_a_channel_was_told_again_and_again_stands_before_what_it_sold_too_many(tmp_path: Path) -> None:
    """Two units; the shop is told 2 at the start and once more after a till has taken both, which nobody had told it."""
    changes = [
        {"i": 2, "at_s": 10.0, "channel": "till_1", "order": "T1", "units": 1, "how": "accepted"},
        {"i": 5, "at_s": 40.0, "channel": "till_1", "order": "T2", "units": 1, "how": "accepted"},
        {"i": 9, "at_s": 90.0, "channel": "webshop", "order": "W1", "units": 2, "how": "accepted"},
    ]
    published = [
        {"i": i, "at_s": at_s, "channel": "webshop", "units": 2} for i, at_s in ((1, 0.0), (3, 20.0), (6, 50.0), (8, 80.0))
    ]
    told = [(entry.at_s, entry.what, entry.tone) for entry in entries_of(changes, published, 2)]

    assert told == [
        (0.0, "webshop is told: 2 to sell", "quiet"),
        (10.0, "till_1 accepts T1", ""),
        (20.0, "webshop is told: 2 to sell, though 1 is left", "warn"),
        (40.0, "till_1 accepts T2", ""),
        (80.0, "webshop is told again: 2 to sell, though 0 are left", "warn"),
        (90.0, "webshop accepts W1", "bad"),
    ]


def test_a_connector_and_what_it_does_without_are_introduced_in_their_own_words() -> None:
    """One that is not on the project path is named, and nothing else is said of it."""
    said = introduced("governed", ("deduplication",))
    assert said[0] == "The governed connector: the same technology as the naive one, under another operating design."
    assert said[1].startswith("Without this: ") and len(said) == 2
    assert introduced("my_shop.connector:Shop", ()) == []
