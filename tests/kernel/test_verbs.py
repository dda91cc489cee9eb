"""Insisting on an operation, answer by answer: what is asked again, what is looked up, and what is given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import simpy

from rehearsal.model import Answer, Operation, Outcome, Proof
from rehearsal.odoo import verbs
from rehearsal.odoo.client import LOOK_UP

PROOF = Proof("sale.order", (("id", "=", 6), ("state", "=", "sale")))
CONFIRM = Operation("confirm", "sale.order", "action_confirm", (6,), proof=PROOF)
BLIND = Operation("confirm", "sale.order", "action_confirm", (6,))
OK, UNKNOWN = Answer(Outcome.OK, True), Answer(Outcome.UNKNOWN, None, "no answer")
REFUSED = Answer(Outcome.REFUSED, None, "Some orders are not in a state requiring confirmation.")
ABSENT, DONE = Answer(Outcome.OK, []), Answer(Outcome.OK, [{"id": 6}])


@dataclass
class Script:
    """An ERP that gives the answers of a script, and notes what it is asked."""

    env: simpy.Environment
    answers: list[Answer]
    asked: list[str] = field(default_factory=list)

    def ask(self, operation: Operation) -> simpy.Event:
        self.asked.append(operation.name)
        return self.env.timeout(1, self.answers.pop(0))


def insisted(operation: Operation, answers: Sequence[Answer]) -> tuple[Any, list[str]]:
    """Return what came of *operation* under *answers*, and what was asked."""
    env = simpy.Environment()
    script = Script(env, list(answers))
    try:
        came: Any = env.run(until=env.process(verbs.insist(script, operation)))
    except verbs.OperationFailed as failed:
        came = str(failed)
    assert script.answers == []
    return came, script.asked


LOOK = LOOK_UP


@pytest.mark.parametrize(
    ("answers", "came", "asked"),
    [
        ([OK], True, ["confirm"]),
        ([UNKNOWN, DONE], [6], ["confirm", LOOK]),
        ([UNKNOWN, ABSENT, OK], True, ["confirm", LOOK, "confirm"]),
        # the first request was still on its way when it was looked up, and is what the second one meets
        ([UNKNOWN, ABSENT, REFUSED, DONE], [6], ["confirm", LOOK, "confirm", LOOK]),
        ([UNKNOWN, ABSENT, REFUSED, ABSENT], f"confirm: refused: {REFUSED.message}", ["confirm", LOOK, "confirm", LOOK]),
        ([UNKNOWN, UNKNOWN, DONE], [6], ["confirm", LOOK, LOOK]),
        # nobody doubted it, so a refusal is one
        ([REFUSED], f"confirm: refused: {REFUSED.message}", ["confirm"]),
    ],
)
def test_a_doubt_is_looked_up_also_when_what_was_repeated_is_refused(answers: list[Answer], came: Any, asked: list[str]) -> None:
    """Guessing would do things twice, or take what was done for refused."""
    assert insisted(CONFIRM, answers) == (came, asked)


def test_without_a_proof_nobody_repeats_what_may_have_been_done() -> None:
    """The doubt is told."""
    assert insisted(BLIND, [UNKNOWN]) == ("confirm: unknown: no answer", ["confirm"])
