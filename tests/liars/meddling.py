"""What liars have in common: they are the governed connector, with a hand in its mouth or in its ear."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import simpy

from connectors.governed import Connector
from rehearsal.clock import Erp, Steps
from rehearsal.model import Answer, Delivery, Instruction, Operation, Outcome

Change = Callable[[Operation], Operation | None]


class Intercepted:
    """A way to the ERP on which some operations are changed, and some never sent, though they seem to be done."""

    def __init__(self, erp: Erp, change: Change) -> None:
        self._erp = erp
        self._change = change

    @property
    def env(self) -> simpy.Environment:
        """The clock of the real way."""
        return self._erp.env

    def ask(self, operation: Operation) -> simpy.Event:
        """Send what *change* makes of *operation*; answer by ourselves when it makes nothing of it."""
        changed = self._change(operation)
        if changed is None:
            return self.env.timeout(1, Answer(Outcome.OK, True))
        return self._erp.ask(changed)


class Meddler(Connector):
    """Governed, but what it tells the outside and what it asks of Odoo goes through two hooks."""

    def told(self, instructions: list[Instruction]) -> list[Instruction]:
        """Return what the outside is told instead."""
        return instructions

    def asked(self, operation: Operation) -> Operation | None:
        """Return what Odoo is asked instead; None: nothing, and the connector believes that it was done."""
        return operation

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Do what the honest one does, through the hooks."""
        instructions = yield from super().receive(delivery, Intercepted(erp, self.asked))
        return self.told(list(instructions or ()))


def with_arguments(operation: Operation, **changed: Any) -> Operation:
    """Return *operation* with some of its arguments changed."""
    return replace(operation, arguments={**operation.arguments, **changed})


def with_column(operation: Operation, column: str, value: Callable[[Any], Any]) -> Operation:
    """Return an upsert with other values in *column*; rows that leave it empty stay so."""
    place = list(operation.arguments["fields"]).index(column)
    rows = [[value(v) if n == place and v != "" else v for n, v in enumerate(row)] for row in operation.arguments["data"]]
    return with_arguments(operation, data=rows)


def with_data(instruction: Instruction, **changed: Any) -> Instruction:
    """Return *instruction* with other data."""
    return replace(instruction, data={**instruction.data, **changed})
