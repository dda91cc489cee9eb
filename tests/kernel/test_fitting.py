"""Demand fitted from the past, and how far what is drawn is from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal import project
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.demand import draw
from rehearsal.stage.fitting import Habits, Past, Window, fitted, text
from rehearsal.stage.mix import Distance, distances
from tests.odoo.retailer import SCENARIO

FRIDAY = date(2025, 11, 28)
WEB = Habits({(FRIDAY, 9): 3, (FRIDAY, 20): 1}, {1: 3, 2: 1}, {1: 4, 5: 1}, {"card": 3, "gift_card": 1})
TILL = Habits({(FRIDAY, 10): 1, (FRIDAY, 22): 1}, {1: 2}, {1: 2}, {"cash": 2})


def own(folder: Path, more: str = "", **overrides: Any) -> Scenario:
    """Return the scenario of the retailer of the tests."""
    path = folder / "own.yaml"
    path.write_text(SCENARIO + more, encoding="utf-8")
    return scenario_file.load(path, project.scenario_path, overrides)


def past(channels: Mapping[str, Habits] | None = None, **more: Any) -> Past:
    """Return one Friday on which the web shop sold, *more* beside it."""
    told = {"window": Window(FRIDAY, FRIDAY), "sold": {"H-003": 5, "H-001": 3, "H-009": 0}, "units": 10}
    return Past(channels={"webshop": WEB} if channels is None else channels, **{**told, **more})


def test_the_words_say_what_the_past_was_like(tmp_path: Path) -> None:
    """Hours, the scenario's own weekday, baskets, pieces, tenders, and the articles that sold; twice as many orders."""
    hours = [0.0] * 24
    hours[9], hours[20] = 0.75, 0.25
    fit = fitted(own(tmp_path), past(), times=2)
    assert fit.words == {
        "fitted": {"since": "2025-11-28", "until": "2025-11-28", "orders": 4, "times": 2, "units_share": 0.8},
        "exercised": {"orders_per_channel": 0, "orders_per_tender": 0},
        "curves": {"webshop_fitted": {"hours": hours, "days": [4.0]}},
        "channels": {
            "webshop": {
                "orders": 8,
                "curve": "webshop_fitted",
                "basket": {1: 0.75, 2: 0.25, 3: 0.0},
                "pieces": {1: 0.8, 2: 0.0, 3: 0.0, 5: 0.2},
                "tenders": {"card": 0.75, "gift_card": 0.25},
            }
        },
        "catalogue": {"hot": ["H-003"], "shares": {"H-003": 0.625, "H-001": 0.375}},
    }
    assert fit.notes == [
        *(
            f"{code}: nothing says which orders were this channel's, so its words stay; write history: [[field, =, value]]"
            for code in ("marketplace", "till_1", "till_2", "till_3")
        ),
        "catalogue.hot: H-005 sold too little to be among the 2 articles, and is left out",
    ]


def test_what_is_written_is_a_scenario_of_its_own(tmp_path: Path) -> None:
    """It extends the one that was fitted, draws eight orders or so, and its draw is told beside the fit."""
    own(tmp_path)
    fit = fitted(own(tmp_path), past(), times=10)
    (tmp_path / "own_fitted.yaml").write_text(text(fit, "own.yaml", "own_fitted", "Ours"), encoding="utf-8")
    words = scenario_file.load(tmp_path / "own_fitted.yaml", project.scenario_path)
    assert words.fitted is not None
    assert (words.title, words.fitted.orders, words.channels["webshop"].orders) == (
        "Ours, with demand of 2025-11-28 to 2025-11-28",
        4,
        40,
    )
    assert words.channels["webshop"].pieces == {1: 0.8, 2: 0.0, 3: 0.0, 5: 0.2}
    assert (
        (tmp_path / "own_fitted.yaml").read_text().startswith("# Demand as it was from 2025-11-28 to 2025-11-28, 10 times as many")
    )


def test_a_till_sells_while_the_scenario_has_it_open(tmp_path: Path) -> None:
    """A ticket of ten in the evening would never be sold: it is left out, and told."""
    fit = fitted(own(tmp_path), past({"till_1": TILL}))
    assert fit.words["channels"]["till_1"]["orders"] == 1
    assert fit.words["curves"]["till_1_fitted"]["hours"][22] == 0
    assert "till_1: 50% of its tickets are of hours when the scenario has it closed, and are left out" in fit.notes

    closed = fitted(own(tmp_path), past({"till_1": replace(TILL, hours={(FRIDAY, 22): 2})}))
    assert "till_1: no ticket is of an hour when the scenario has it open, so its words stay" in closed.notes
    assert closed.words == {}


def test_each_day_is_the_mean_of_its_weekday(tmp_path: Path) -> None:
    """Two Fridays with four orders and none are two; a weekday that was not read is the mean day."""
    weekend = own(tmp_path, lasts="2d")
    fit = fitted(weekend, past(window=Window(date(2025, 11, 21), FRIDAY)))
    assert fit.words["curves"]["webshop_fitted"]["days"] == [2.0, 0.0]
    assert fit.words["channels"]["webshop"]["orders"] == 2

    only_friday = fitted(weekend, past())
    assert only_friday.words["curves"]["webshop_fitted"]["days"] == [4.0, 4.0]
    assert "webshop: no Saturday lies from 2025-11-28 to 2025-11-28; the mean day of that time is taken" in only_friday.notes


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (past({"webshop": Habits({}, {}, {}, {})}), "webshop: no order from 2025-11-28 to 2025-11-28, so its words stay"),
        (
            past(window=Window(FRIDAY, date(2025, 12, 1)), channels={"webshop": replace(WEB, hours={(date(2025, 12, 1), 9): 4})}),
            "webshop: no order from 2025-11-28 to 2025-12-01 is of a Friday, as this scenario's days are, so its words stay",
        ),
        (past(sold={}), "catalogue: none of its articles was sold in that time, so its words stay"),
    ],
)
def test_what_nothing_tells_stays_as_it_is(one: Past, told: str, tmp_path: Path) -> None:
    """And is told."""
    fit = fitted(own(tmp_path), one)
    assert told in fit.notes
    assert "catalogue" not in fit.words


def test_internal_references_are_written_so_that_they_are_read_back(tmp_path: Path) -> None:
    """Digits, words that YAML knows, and signs that it uses."""
    odd = ["007", "1e3", "no", "null", "a: b", "#1", "2025-11-28", "'x'"]
    fit = fitted(own(tmp_path), past(sold=dict.fromkeys(odd, 1), units=8))
    (tmp_path / "odd.yaml").write_text(text(fit, "own.yaml", "odd", ""), encoding="utf-8")
    assert set(scenario_file.load(tmp_path / "odd.yaml", project.scenario_path).catalogue.shares) == set(odd)


@given(st.dictionaries(st.integers(1, 300), st.integers(1, 10**6), min_size=1), st.integers(1, 10**6))
def test_shares_sum_to_one_as_they_are_written(counts: dict[int, int], cash: int) -> None:
    """Whatever was counted: the scenario's own check takes them."""
    fit = fitted(OWN, past({"webshop": Habits({(FRIDAY, 9): 1}, counts, counts, {"card": cash, "gift_card": 7})}))
    for word in ("basket", "pieces", "tenders"):
        assert sum(fit.words["channels"]["webshop"][word].values()) == pytest.approx(1, abs=1e-6)
        assert min(fit.words["channels"]["webshop"][word].values()) >= 0


OWN = scenario_file.load(project.scenario_path("promo_day"), project.scenario_path)


def test_what_was_drawn_is_set_beside_what_was_said() -> None:
    """Of a made day; a scenario that says otherwise than was drawn is far off."""
    world, wanted = draw(OWN)
    told = {(one.what, one.channel): one for one in distances(OWN, world, wanted)}
    assert not [one for one in told.values() if one.far], "the words that it was drawn from"
    assert told["articles", ""].drawn == sum(len(one.lines) for ones in wanted.values() for one in ones)

    paid = {code: tuple(replace(one, tenders=(("gift_card", 1.0),)) for one in ones) for code, ones in wanted.items()}
    otherwise = {(one.what, one.channel): one for one in distances(OWN, world, paid)}
    cards = OWN.channels["webshop"].tenders["gift_card"]
    assert otherwise["tenders", "webshop"].share == pytest.approx(1 - cards)
    assert otherwise["tenders", "webshop"].far
    assert otherwise["hours", "webshop"] == told["hours", "webshop"]


def test_farther_than_three_times_what_chance_gives_is_far() -> None:
    """Up to there it is told, and not marked."""
    assert Distance("tenders", "webshop", 100, 0.12, 0.04).far is False
    assert Distance("tenders", "webshop", 100, 0.1201, 0.04).far is True
