"""The small nouns: draws, gates, money, history."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.draw import arrivals, lognormal, pick, stream
from rehearsal.history import HELD_BYTES, History, comparable, lines
from rehearsal.model import Answer, Event, EventKind, Judgement, Operation, Outcome, Verdict, amount, counted, money, priced


@given(st.integers(0, 2**32), st.lists(st.floats(0, 5), min_size=1, max_size=48).filter(sum), st.floats(1, 300))
def test_arrivals_are_ordered_lie_in_the_hours_that_have_weight_and_repeat(seed: int, hours: list[float], total: float) -> None:
    """A non-homogeneous Poisson process by inversion."""
    times = arrivals(stream(seed, "c", "a"), hours, total)

    assert times == sorted(times)
    assert all(hours[min(int(t // 3600), len(hours) - 1)] > 0 or t % 3600 == 0 for t in times)
    assert times == arrivals(stream(seed, "c", "a"), hours, total)


def test_arrivals_follow_their_curve() -> None:
    """Four times the weight, four times the arrivals, within five standard deviations."""
    times = arrivals(stream(1, "c", "a"), [1.0, 4.0], 10_000)
    early = sum(t < 3600 for t in times)

    assert abs(early - 2000) < 5 * 2000**0.5
    assert abs(len(times) - 10_000) < 5 * 100


@given(st.integers(0, 2**32), st.text(max_size=8), st.text(max_size=8))
def test_a_stream_belongs_to_its_actor_and_purpose(seed: int, actor: str, purpose: str) -> None:
    """Draws of one actor are not moved by another one's."""
    first = stream(seed, actor, purpose).random()
    stream(seed, actor + "x", purpose).random()

    assert first == stream(seed, actor, purpose).random()


def test_lognormal_has_its_median_and_its_95th_percentile() -> None:
    """The two numbers that a scenario gives are the two that come out."""
    rng = stream(1, "a", "b")
    drawn = sorted(lognormal(rng, 60, 300) for _ in range(20_000))

    assert drawn[10_000] == pytest.approx(60, rel=0.05)
    assert drawn[19_000] == pytest.approx(300, rel=0.08)


def test_pick_respects_weights() -> None:
    """Never what weighs nothing."""
    rng = stream(1, "a", "b")

    assert {pick(rng, [("a", 1.0), ("b", 0.0), ("c", 2.0)]) for _ in range(500)} == {"a", "c"}


@pytest.mark.parametrize(("minor", "text"), [(0, "0.00"), (5, "0.05"), (-1205, "-12.05"), (123456, "1234.56")])
def test_money_is_told_with_two_decimals(minor: int, text: str) -> None:
    """Integers in, text out; no float in between."""
    assert text == money(minor)
    assert priced(minor, "EUR") == amount(text, "EUR")


@pytest.mark.parametrize(("minor", "text"), [(0, "0.00 EUR"), (-1205, "-12.05 EUR"), (123456, "1,234.56 EUR")])
def test_people_read_money_with_its_currency(minor: int, text: str) -> None:
    """Thousands are set apart; without a currency, which an older summary has not, it is the figure alone."""
    assert priced(minor, "EUR") == text
    assert priced(minor, "") == text.removesuffix(" EUR")


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1 order"), (2, "2 orders"), (0, "0 orders"), (1234, "1,234 orders"), (1.0, "1 order"), (0.5, "0.5 orders")],
)
def test_things_are_counted_in_the_singular_and_the_plural(number: float, text: str) -> None:
    """One of them, or any other number."""
    assert counted(number, "order") == text


@pytest.mark.parametrize(
    ("judgement", "verdict"),
    [(Judgement(0), Verdict.UNDECIDED), (Judgement(3), Verdict.PASS), (Judgement(3, undecided_because="x"), Verdict.UNDECIDED)],
)
def test_a_judgement_that_examined_nothing_is_undecided(judgement: Judgement, verdict: Verdict) -> None:
    """Nothing examined is never a pass."""
    assert verdict == judgement.verdict


def test_whatever_odoo_could_have_heard_of_is_with_the_system_before_it_is_sent(tmp_path: Path) -> None:
    """A killed run loses facts at most that led to nothing yet; they are kept back until something is asked, or there is much of them."""
    history = History(tmp_path)
    fact = Event("e1", EventKind.TILL_OPENED, 1.0, "till", "", "store", {})
    history.event(fact)
    history.publication("till", "store", {"TEE": 1}, 1.5)
    assert list(lines(tmp_path)) == []

    asked = history.operation(Operation("confirm", "sale.order", "action_confirm", (7,)), 2.0, "e1")
    assert [line["kind"] for line in lines(tmp_path)] == ["event", "publication", "operation"]
    history.event(fact)
    history.answer(asked, Answer(Outcome.OK, True), 4.0, 0.1, "e1", "confirm")
    assert [line["kind"] for line in lines(tmp_path)][3:] == ["event", "answer"]
    while history.path.stat().st_size < 2 * HELD_BYTES:
        history.event(fact)
    assert [line["i"] for line in lines(tmp_path)] == list(range(len(list(lines(tmp_path)))))


def test_a_killed_history_reads_up_to_its_torn_line(tmp_path: Path) -> None:
    """An operation is written before it is sent; the last line may be torn."""
    with History(tmp_path) as history:
        history.event(Event("e1", EventKind.TILL_OPENED, 1.0, "till", "", "store", {}))
        sent = history.operation(Operation("confirm", "sale.order", "action_confirm", (7,)), 2.0, "e1")
        history.answer(sent, Answer(Outcome.OK, True), 4.0, 0.1, "e1", "confirm")
    with (tmp_path / "main.ndjson").open("a") as file:
        file.write('{"i":3,"kind":"ev')

    told = list(lines(tmp_path))
    assert [line["kind"] for line in told] == ["event", "operation", "answer"]
    assert "erp" in told[1]
    assert "erp" not in comparable(told[1])
