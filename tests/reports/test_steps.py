"""The next step fits the reason why a run is undecided; what a consultant reads first holds no file and no line."""

from __future__ import annotations

from typing import Any

import pytest

from reports._missing import Missing, missing
from reports._steps import steps
from tests.reports.test_wording import HELD, SCENARIO, told

AGAIN = "Then play the same weekend again; the same seed meets the same shoppers:"
RUN = "rehearse run promo_weekend --connector naive --seed 1"
CRASHED = {**HELD, "verdict": "undecided", "because": "the invariant itself crashed: KeyError: 'sku'"}
NOTHING = {**HELD, "verdict": "undecided", "because": "there was nothing to examine"}
COUNTS = {"orders_accepted": 5, "orders_refused": 0, "dead_letters": 0}
SLIP = "the rehearsal could not go on: Shop.receive (shop.py:10): it neither yielded nor returned in time, and was cut off"
STRAY = "the rehearsal could not go on: a simulator failed (KeyError: 'x', at simulators/kiosk.py:3)"
UNMADE = "the connector could not be made: Shop (shop.py:3): TypeError: no"


def idle(what: str, said: str) -> dict[str, Any]:
    """Return what a run has that did *what* too rarely."""
    return {"idle": [said], "exercised": [{"what": what, "done": 0, "wanted": 1, "said": said}]}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"damages": ["snapshot/sales.parquet is missing"]},
         [("Read Odoo's books again, if the database was kept (`--keep`); RUN is the folder of this report:", "rehearse observe RUN"),
          ("If it was not kept, play the same weekend again:", RUN)]),
        ({"damages": ["history/main.ndjson:7 is no line of history", "snapshot/sales.parquet is missing"]},
         [("Get the run folder back as it was written, or play the same weekend again:", RUN)]),
        ({"finished": False, "rested": False},
         [("Let the weekend play to its end; the same seed meets the same shoppers:", RUN)]),
        ({"finished": False, "rested": False, "faults": [{"name": "freeze_odoo", "armed": 1, "fired": 1, "healed": 0}]},
         [("Take back what was still disturbed when the run was killed; RUN is the folder of this report:", "rehearse heal RUN"),
          ("Let the weekend play to its end; the same seed meets the same shoppers:", RUN)]),
        ({"finished": False, "aborted": SLIP},
         [("Mend the connector where it ended the run. Method and line are under “Dropped by the connector”.", ""),
          ("Then play the same weekend again:", RUN)]),
        ({"finished": False, "aborted": STRAY},
         [("Mend the simulator that failed: its file and line stand with the reason above.", ""), ("Then play the same weekend again:", RUN)]),
        ({"finished": False, "aborted": UNMADE},
         [("Mend how the connector is made: its file and line stand with the reason above.", ""), ("Then play the same weekend again:", RUN)]),
        ({"load": {"trouble": ["stimuli came late"]}},
         [(("The harness could not keep up, so this says nothing about Odoo: take less speed (`clock: {speedup: …}`, now 60), fewer lanes "
           "(`--users`), or more `--workers`, and run it again:"), RUN.replace(" run ", " load "))]),
        ({"counts": {**COUNTS, "dead_letters": 1}},
         [(("Mend the connector where it dropped 1 event. Method and line are under “Dropped by the connector”. Or see how the connector "
           "governed does it: rehearse run promo_weekend --connector governed --seed 1."), ""), (AGAIN, RUN)]),
        ({"rested": False},
         [(("Something was still going on 14d after the doors had closed: look for what the connector asks again and again (what it does by "
           "the clock belongs into `outside.every`), or give it more time with `settle: {limit: …}`."), ""), (AGAIN, RUN)]),
        (idle("fault kill_worker", "fault kill_worker fired 0 times; 1 is wanted"),
         [(("Fault kill_worker fired 0 times; 1 is wanted. Give the fault kill_worker a larger `share`, more `times` or an earlier `begins`, "
           "or take it out of `faults`."), ""), (AGAIN, RUN)]),
        (idle("channel webshop", "channel webshop took 0 orders; 1 is wanted"),
         [(("Channel webshop took 0 orders; 1 is wanted. Give channel webshop more `orders`, or the scenario more days; or ask for less under "
           "`exercised`."), ""), (AGAIN, RUN)]),
        (idle("tender gift_card", "tender gift_card paid 0 orders; 1 is wanted"),
         [(("Tender gift_card paid 0 orders; 1 is wanted. Let a channel take gift_card more often (`tenders`), or ask for less under "
           "`exercised`."), ""), (AGAIN, RUN)]),
        (idle("orders kept", "0 of 5 accepted orders were kept, the others cancelled; 50% are wanted"),
         [(("0 of 5 accepted orders were kept, the others cancelled; 50% are wanted. Whoever cancels nearly every order sells nothing: look at "
           "the connector's reasons, or at too little stock."), ""), (AGAIN, RUN)]),
        ({"invariants": [NOTHING]},
         [("Nothing came up that could be held against: no unit is promised twice. Let the scenario have what they are about, or more of it.",
           ""), (AGAIN, RUN)]),
        ({"invariants": [CRASHED]},
         [("Mend no unit is promised twice in assertions/: where it crashed stands beside it. Then judge this run again, without Odoo:",
           "rehearse check RUN")]),
        ({"gates": [{"figure": "error_rate", "limit": "<= 0.1", "value": None, "held": None}]},
         [("Gate error rate <= 0.1 has no figure here: take it out, or use `rehearse load` where it is about pressure.", ""), (AGAIN, RUN)]),
        ({}, [("Read the reason beside each invariant that is undecided, then repeat the run:", RUN)]),
    ],
)  # fmt: skip
def test_the_next_step_fits_the_reason(changes: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    """Killed, damaged, failed, late, idle, crashed: each has a way out of its own."""
    run = told("undecided", **{"counts": COUNTS, **changes})

    assert [(step.text, step.command) for step in steps(run)] == wanted


def test_of_several_reasons_each_has_its_step_and_the_run_is_repeated_once() -> None:
    """A crashed invariant alone needs no new run; beside something else it does."""
    run = told("undecided", invariants=[CRASHED], rested=False, counts=COUNTS)

    assert [step.command for step in steps(run)] == ["rehearse check RUN", "", RUN]


def test_a_run_that_fails_is_led_to_its_cure_and_one_that_passes_to_other_seeds() -> None:
    """In the word that the scenario's time has."""
    failed = [step.text for step in steps(told("fail"))]
    friday = told("pass", SCENARIO.model_copy(update={"lasts": 86_400}))

    assert failed[0] == "See the same weekend with the connector governed:"
    assert [step.text for step in steps(friday)] == [
        "Play the same Friday with other seeds before you trust it; this run repeats with:"
    ]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"finished": False, "aborted": SLIP}, Missing("The run ended early: the connector failed.", SLIP)),
        ({"finished": False, "aborted": STRAY}, Missing("The run ended early: a simulator of the scenario failed.", STRAY)),
        ({"finished": False, "aborted": UNMADE}, Missing("The run ended early: the connector could not be started.", UNMADE)),
        ({"invariants": [CRASHED]},
         Missing("1 invariant is undecided, because it crashed itself: no unit is promised twice.", "KeyError: 'sku'")),
        ({"invariants": [NOTHING]},
         Missing("1 invariant is undecided, because there was nothing to examine: no unit is promised twice.")),
        ({"counts": {**COUNTS, "dead_letters": 1}}, Missing("The connector dropped 1 event, and nobody handled it afterwards.")),
        ({"counts": {**COUNTS, "dead_letters": 1200}}, Missing("The connector dropped 1,200 events, and nobody handled them afterwards.")),
        ({"crashed": ["figure sell_through could not be computed (KeyError: 1)"]},
         Missing("Figure sell through could not be computed.", "KeyError: 1")),
    ],
)  # fmt: skip
def test_a_reason_is_told_in_words_and_what_was_raised_is_its_detail(changes: dict[str, Any], wanted: Missing) -> None:
    """Errors, files and lines are for who mends it."""
    (one,) = missing(told("undecided", **{"counts": COUNTS, **changes}))

    assert one == wanted
