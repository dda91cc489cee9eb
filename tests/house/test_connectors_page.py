"""The page about connectors: the cure is clean on every seed, and sells what it must; the failure fails."""

from __future__ import annotations

from pathlib import Path

from benchmarks.connectors import EACH_MIN, MEAN_MIN, Case, Outcome, page, short_of

PAGE = Path(__file__).parents[2] / "docs" / "connectors.md"


def rows() -> list[tuple[int, str, str, float]]:
    """Return seed, connector, verdict and sell-through of every run on the page."""
    told = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in PAGE.read_text(encoding="utf-8").splitlines()]
    return [(int(row[0]), row[1], row[2], float(row[5])) for row in told if len(row) == 7 and row[0].isdigit()]


def test_the_cure_is_clean_and_sells_and_the_failure_fails() -> None:
    """`python -m benchmarks connectors` writes it from runs on a real Odoo; who changes a connector runs it."""
    cure = {seed: sold for seed, connector, verdict, sold in rows() if connector == "governed" and verdict == "pass"}
    naive = {seed: sold for seed, connector, verdict, sold in rows() if connector == "naive" and verdict == "fail"}

    assert {*range(1, 11)} == cure.keys() == naive.keys()
    assert sum(cure.values()) / len(cure) >= MEAN_MIN
    assert min(cure.values()) >= EACH_MIN
    assert [seed for seed, sold in cure.items() if sold < naive[seed]] == []


def test_a_cure_that_is_none_is_told_in_words() -> None:
    """Not clean, selling too little, less than naive, or too little in the mean: each is a reason, and the command ends with 1."""
    good = [Outcome(Case("governed", 1), "pass", sell_through=0.99), Outcome(Case("naive", 1), "fail", {"x": 2}, 0.98)]
    bad = [Outcome(Case("governed", 1), "fail", {"x": 1}, 0.95), Outcome(Case("naive", 1), "fail", {"x": 2}, 0.96)]

    assert short_of(good) == []
    assert short_of(bad) == ["seed 1: fail", "seed 1: 0.950", "seed 1: less than naive", "mean 0.950"]
    assert short_of([]) == ["mean 0.000"]
    assert "| `naive` | 1 | 0 | x (1) | 0.980 | 0.980 |" in list(page(good))
