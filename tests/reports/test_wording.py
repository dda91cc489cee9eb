"""The words that all reports share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import reports._wording as wording
from rehearsal import project
from rehearsal.model import amount
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.demand import stored
from rehearsal.verdict.record import Record
from reports._missing import Missing, missing
from reports._steps import steps

SCENARIO = scenario_file.load(project.scenario_path("promo_weekend"), project.scenario_path)


HELD = {"id": "no_unit_is_promised_twice", "verdict": "pass", "findings": 0, "units": 0, "because": "", "money_at_risk": "0.00"}


def told(
    verdict: str, scenario: Scenario = SCENARIO, invariants: Sequence[Mapping[str, Any]] = (), **changes: Any
) -> wording.Facts:
    """Return a run as its files would tell it."""
    summary = {
        "verdict": verdict, "finished": True, "rested": True, "aborted": "", "damages": [], "dead_letters": [], "crashed": [],
        "counts": {"orders_accepted": 1234, "orders_refused": 1, "dead_letters": 0}, "refused_worth": "12.50", "gates": [], "idle": [],
        "exercised": [], "faults": [], "target": {"kind": "native"},
        "scenario": SCENARIO.name, "connector": SCENARIO.connector, "seed": 1, **changes,
    }  # fmt: skip
    return wording.Facts(summary, invariants or [HELD], [], {}, scenario)


def test_a_pass_says_so() -> None:
    run = told("pass")
    assert wording.headline(run) == "This weekend would have gone well."
    assert wording.lead(run, 0) == "All 1 invariants held for 1,234 accepted orders, and everything was exercised."
    assert missing(run) == []


def test_a_missed_gate_is_not_called_a_broken_invariant() -> None:
    run = told("fail", gates=[{"figure": "sync_latency_s_p95", "limit": "<= 120", "value": 300.0, "held": False}])
    assert wording.headline(run) == "Every invariant held, but a limit was missed."
    assert "sync latency, p95 is 300.0, wanted <= 120" in wording.lead(run, 0)


def test_what_stayed_idle_is_missing() -> None:
    run = told("undecided", idle=["channel webshop took 0 orders; 10 are wanted"])
    assert wording.headline(run) == "Undecided: this run proves nothing yet."
    assert missing(run) == [Missing("Not exercised enough: channel webshop took 0 orders; 10 are wanted.")]


def test_the_command_is_the_one_that_was_typed_and_the_cure_is_the_same_with_another_connector() -> None:
    """Word for word, so that it can be pasted; a database of theirs must be fresh first."""
    typed = "rehearse run 'my shop.yaml' --connector naive --seed 7 --target https://odoo.example --lanes 4"
    run = told("fail", repeat=typed, target={"kind": "existing", "url": "https://odoo.example"})

    assert wording.repeat(run) == typed
    assert wording.repeat(run, "governed") == typed.replace("naive", "governed")
    assert steps(run)[0].text == (
        "Before any of these commands: clean the database (rehearse clean https://odoo.example), or restore it: this world is made, "
        "and wants fresh books."
    )
    mapped = told("fail", repeat=typed, target={"kind": "existing", "url": "https://odoo.example", "world": "existing"})
    assert not steps(mapped)[0].text.startswith("Before"), "a world that exists is rehearsed on again as it is"
    assert wording.repeat(told("pass")) == "rehearse run promo_weekend --connector naive --seed 1"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (59.4, "59.4 s"),
        (60, "1 min"),
        (3990, "1 h 6 min"),
        (86_400, "1 d"),
        (554_428, "6 d 10 h"),
        (3600, "1 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert wording.lasting(seconds) == text


@pytest.mark.parametrize(
    ("text", "shown"), [("0.00", "0.00 EUR"), ("44852.66", "44,852.66 EUR"), ("-1234.05", "-1,234.05 EUR"), ("-0.05", "-0.05 EUR")]
)
def test_amounts(text: str, shown: str) -> None:
    assert amount(text, "EUR") == shown


def test_the_headline_sum_is_that_of_the_dearest_broken_invariant_and_says_so() -> None:
    """Sums of several are not added up; where nothing is broken, nothing is at risk."""
    dear = {**HELD, "id": "reservations_cohere", "verdict": "fail", "findings": 1, "money_at_risk": "1234.50"}
    cheap = {**HELD, "verdict": "fail", "findings": 2, "units": 1, "money_at_risk": "18.16"}
    run = told("fail", SCENARIO.model_copy(update={"currency": "CHF"}), [cheap, dear])

    assert wording.at_risk(run) == ("1,234.50 CHF", "the dearest broken invariant: reservations cohere")
    assert wording.lead(run, 1) == (
        "2 of 2 invariants are broken; 1 unit was sold that no stock covered; 1 of 1,234 accepted orders is hurt; "
        "1,234.50 CHF are at risk (the dearest broken invariant: reservations cohere)."
    )
    assert wording.at_risk(told("pass")) == ("0.00 EUR", "no invariant is broken")


def test_refused_orders_are_told_with_what_they_would_have_been_worth() -> None:
    """One, or several."""
    assert wording.refused(told("pass")) == "1 order refused by channels, worth 12.50 EUR"
    assert wording.refused(told("pass", counts={"orders_refused": 0}, refused_worth="0.00")) == (
        "0 orders refused by channels, worth 0.00 EUR"
    )


def test_scenario_time() -> None:
    assert wording.when(SCENARIO, 11 * 3600 + 42 * 60) == "Fri 28 Nov 11:42"


def test_each_hurt_order_is_counted_once(run: Path) -> None:
    with Record(SCENARIO, stored(run / "world.json"), run) as record:
        harmed = wording.hurt(record, wording.told(record, run))
    assert harmed == 2
