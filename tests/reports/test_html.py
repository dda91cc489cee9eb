"""The HTML report is one safe, self-contained file that says what failed and why."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from math import ceil
from pathlib import Path

import pytest

from rehearsal.pipeline.run import conclude, reopen
from reports._chart import in_words, step_of
from reports.html import whole

VOID = {"meta", "br", "line", "rect", "path"}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and notices tags that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"{tag} closes something else, at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.text += data


def read(folder: Path) -> tuple[str, Reader]:
    text = (folder / "report.html").read_text(encoding="utf-8")
    return text, Reader(text)


def test_is_one_file_without_scripts_or_references(run: Path) -> None:
    text, reader = read(run)
    assert not re.search(r"https?://", text)
    assert "url(" not in text and "@import" not in text
    assert not {"script", "link", "img", "iframe", "object"} & set(reader.tags)
    assert not reader.open
    assert all(value.startswith("#finding-") for name, value in reader.attributes if name in ("href", "src"))
    assert not [name for name, _ in reader.attributes if name.startswith("on")]


def test_links_lead_somewhere(run: Path) -> None:
    _, reader = read(run)
    targets = {value for name, value in reader.attributes if name == "id"}
    assert {value[1:] for name, value in reader.attributes if name == "href"} <= targets


def test_hostile_names_stay_text(run: Path) -> None:
    text, reader = read(run)
    assert "<script" not in text
    assert "<script>alert('x')</script>" in reader.text


def test_says_the_verdict_in_words_with_its_price(run: Path) -> None:
    _, reader = read(run)
    assert "This Friday would have failed." in reader.text
    assert "1 unit was sold that no stock covered" in reader.text
    assert "rehearse run promo_weekend --connector naive --seed 20261127" in reader.text


def test_the_story_shows_why(run: Path) -> None:
    _, reader = read(run)
    for told in (
        "DUPLICATE: arrival number 2",
        "LATE: 1 h 6 min after it happened",
        "OUT OF ORDER: “payment captured” came first",
        "The connector dropped “payment captured”: it did not find what it needed",
        "Never handed over, and never cancelled. Word of “payment captured” was dropped, and never handled. It never came into Odoo.",
        "REFUSED: Odoo says:",
        "Asks store_1 to fulfil SO7",
        "Fri 28 Nov 01:00",
    ):
        assert told in reader.text, told


def test_the_account_of_an_oversold_sku(run: Path) -> None:
    _, reader = read(run)
    assert "How the only unit of SKU-1" in reader.text
    assert "marketplace is told: 1 to sell" in reader.text
    assert "marketplace accepts MARKETPLACE-0001" in reader.text


def test_findings_of_one_cause_stand_in_one_chapter_with_its_cure(run: Path) -> None:
    """Both channels' dropped payments are one chapter; of what has no known cause nothing is claimed."""
    said = " ".join(read(run)[1].text.split())
    _, _, chapter = said.partition("Word came before what it needs, and was dropped (2 findings about 2 orders)")

    assert chapter.strip().startswith(
        "The cure: event sequencing, a policy of the connector governed. Events are ordered by what they need, not by when they arrive"
    )
    assert "8 findings in 5 chapters, one for each cause, the dearest first." in said
    assert "Every accepted order is in the erp once: the record does not show why (2 findings about 2 orders)" in said
    assert said.count("Story of order MARKETPLACE-0001") == 1
    assert "The story of order MARKETPLACE-0001 is told under finding 1." in said


def test_there_is_one_headline_sum_and_it_has_its_rule(run: Path) -> None:
    """Beside it, refused orders with their value, which is no harm done."""
    text, _ = read(run)
    tiles = text[text.index('<section class="tiles">') : text.index("<section>", text.index('<section class="tiles">'))]
    said = " ".join(Reader(tiles).text.split())

    assert "30.00 EUR at risk: the dearest broken invariant: money taken equals money booked" in said
    assert re.findall(r"[\d.,]+ EUR", said) == ["30.00 EUR", "0.00 EUR"]
    assert "2 accepted of 2 attempted orders; 0 orders refused by channels, worth 0.00 EUR" in said


def test_what_was_dropped_is_listed_and_the_head_is_in_words(run: Path) -> None:
    """Errors, methods and lines are in the list, for who mends them."""
    said = " ".join(read(run)[1].text.split())
    head, _, rest = said.partition("Next step")

    assert "The connector dropped 2 events, and nobody handled them afterwards." in head
    assert "LookupError" not in head
    assert "“payment captured”2it did not find what it needed" in rest and "LookupError" in rest


def test_wide_tables_become_cards_on_narrow_screens(run: Path) -> None:
    """What has more columns than a phone can show; each of its figures keeps its name."""
    text, _ = read(run)
    tables = re.findall(r"<table(.*?)>(.*?)</table>", text, flags=re.DOTALL)

    assert [head for head, body in tables if body.count("<th") - body.count("<thead") > 4 and "cards" not in head] == []
    assert sum("cards" in head for head, _ in tables) >= 4
    assert "overflow-wrap: anywhere" not in text and "word-break" not in text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("2 × SKU-00002 at dc", '<span class="whole">2 × SKU-00002</span> at dc'),
        ("worth 1,234.50 EUR.", 'worth <span class="whole">1,234.50 EUR</span>.'),
        ("<b>W-1</b>", '&lt;b&gt;<span class="whole">W-1</span>&lt;/b&gt;'),
        ("a" * 30 + "-" + "b" * 30, "a" * 30 + "-" + "b" * 30),
        ("nothing of it", "nothing of it"),
    ],
)
def test_no_line_breaks_an_id_or_an_amount(text: str, html: str) -> None:
    """What a template marks as whole is escaped all the same."""
    assert whole(text) == html


def test_every_word_of_the_trade_is_explained_in_a_line(run: Path) -> None:
    """Under a head of its own, in every report."""
    _, _, words = " ".join(read(run)[1].text.split()).partition("What the words mean")

    assert all(
        word in words for word in ("Seed", "Invariant", "At risk", "Perfect counter", "Dropped event", "Gate", "p95", "Witness")
    )


def test_a_killed_run_says_what_is_missing(killed: Path) -> None:
    _, reader = read(killed)
    assert "Undecided: this rehearsal did not reach its end." in reader.text
    assert "Odoo's books were not read" in reader.text
    assert "would have gone well" not in reader.text


def test_is_the_same_when_written_again(run: Path) -> None:
    before = (run / "report.html").read_bytes()
    conclude(reopen(run), lambda _: None)
    after = (run / "report.html").read_bytes()
    took = re.compile(rb"<td>(judge|report)</td>.*?</tr>")
    assert took.sub(b"", before) == took.sub(b"", after)


def test_stays_bounded(tmp_path: Path, make: object) -> None:
    folder = make(tmp_path / "many", orders=400)  # type: ignore[operator]
    text, _ = read(folder)
    assert len(text) < 600_000
    assert "and 387 more" in text, "399 orders are beyond the stock, 12 are named"


@pytest.mark.parametrize(
    ("hours", "words", "bars"),
    [(0.5, "minute", 30), (1, "minute", 60), (6, "5 minutes", 72), (10, "10 minutes", 60), (72, "hour", 72), (400, "3 hours", 134)],
)
def test_a_chart_has_as_many_bars_as_tell_something(hours: float, words: str, bars: int) -> None:
    """An hour in one bar would tell nothing, and neither would a thousand bars."""
    step_s = step_of(hours * 3600)

    assert (in_words(step_s), ceil(hours * 3600 / step_s)) == (words, bars)
