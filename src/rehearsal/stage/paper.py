"""A weekend on paper: a scenario, its actors and its faults without any Odoo, in a fraction of a second.

It is how a project tests its parts, and how ours are measured. Unless somebody brings another connector it is driven by one
that knows everything at once; unless somebody says what Odoo would answer, there is none to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simpy

from rehearsal.clock import Erp, Steps
from rehearsal.errors import HarnessFault
from rehearsal.history import History
from rehearsal.memory import settled
from rehearsal.model import Answer, Delivery, EventKind, Instruction, InstructionKind, Operation, Outcome
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import expected
from rehearsal.stage import demand
from rehearsal.stage.contract import Watch
from rehearsal.stage.faults import Faults
from rehearsal.stage.market import Connector, LiveChannel, Market
from rehearsal.stage.weekend import play


@dataclass(frozen=True, slots=True)
class NoErp:
    """An ERP that must never be asked."""

    env: simpy.Environment

    def desk(self, cause: str) -> Erp:
        """Return itself, whatever the cause."""
        return self

    def ask(self, operation: Operation) -> simpy.Event:
        """Refuse: on paper there is nobody to ask."""
        raise HarnessFault(f"asked for {operation.name}, but there is no ERP on paper")


@dataclass(frozen=True, slots=True)
class PaperErp:
    """An ERP that answers at once from a script, and writes down what it was asked, as the way to Odoo does."""

    market: Market
    answers: Mapping[str, Any]
    """What each operation returns, by its name."""
    cause: str = ""

    @property
    def env(self) -> simpy.Environment:
        """The clock that the connector lives on."""
        return self.market.env

    def desk(self, cause: str) -> Erp:
        """Return this ERP, bound to *cause*."""
        return PaperErp(self.market, self.answers, cause)

    def ask(self, operation: Operation) -> simpy.Event:
        """Answer as the script says; raises LookupError, which the connector gets, for what it does not name."""
        if operation.name not in self.answers:
            there = ", ".join(map(repr, self.answers)) or "none"
            raise LookupError(f"nobody wrote down what {operation.name!r} returns; there are answers to: {there}")
        index = self.market.history.operation(operation, self.env.now, self.cause)
        answer = Answer(Outcome.OK, self.answers[operation.name])
        self.market.history.answer(index, answer, self.env.now, 0.0, self.cause, operation.name)
        return self.env.timeout(0, answer)


class PaperConnector:
    """Publishes the shelf itself and fulfils at once."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.tenders: dict[tuple[str, str], list[dict[str, Any]]] = {}
        """Of orders that a picker may still decline."""

    def start(self, erp: Erp) -> Steps:
        """Nothing to read."""
        yield from ()

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return what lies on the shelf this instant."""
        yield from ()
        return {product.sku: self.market.shelf[node, product.sku] for product in self.market.world.products}

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Answer at once."""
        yield from ()
        return self.followed(delivery)

    def followed(self, delivery: Delivery) -> list[Instruction] | None:
        """Fulfil an order when it arrives; cancel and refund when the picker declines."""
        event = delivery.event
        key = (event.channel, event.order)
        if event.kind is EventKind.ORDER_PLACED:
            self.tenders[key] = event.data["tenders"]
            told = {
                "request": event.order,
                "mode": event.data["mode"],
                "lines": event.data["lines"],
                "patience_s": event.data["patience_s"],
            }
            return [Instruction(InstructionKind.FULFIL, event.node, event.channel, event.order, told)]
        if event.kind is EventKind.PICK_DECLINED:
            off = Instruction(InstructionKind.CANCEL, event.channel, event.channel, event.order)
            refunds = [{**leg, "reference": f"RF-{event.order}-{leg['tender']}"} for leg in self.tenders[key]]
            return [off, *(Instruction(InstructionKind.REFUND, "gateway", *key, told) for told in refunds)]
        if event.kind in (EventKind.PICKUP_STAGED, EventKind.GOODS_ISSUED):
            self.tenders.pop(key, None)
        return None


@contextmanager
def connected(scenario: Scenario, folder: Path, watch: Watch | None = None) -> Iterator[Market]:
    """Yield the market of *scenario* without a connector; its history is in *folder*."""
    world, wanted = demand.draw(scenario)
    env = simpy.Environment()
    folder.mkdir(parents=True, exist_ok=True)
    faults = Faults(scenario, folder / "faults.ndjson")
    with History(folder / "history") as history:
        yield Market(env, scenario, world, wanted, history, faults, watch)
    faults.close()


@contextmanager
def opened(
    scenario: Scenario,
    folder: Path,
    connector: Callable[[Market], Connector] = PaperConnector,
    answers: Mapping[str, Any] | None = None,
) -> Iterator[Market]:
    """Yield the market of *scenario* on paper, connected and not yet started; its history is in *folder*.

    *connector* makes the one that is driven; *answers* says what Odoo returns to each operation, by its name. None: whoever
    asks it anything has failed.
    """
    with connected(scenario, folder) as market:
        market.connect(connector(market), NoErp(market.env) if answers is None else PaperErp(market, answers))
        yield market


def weekend(
    scenario: Scenario,
    folder: Path,
    connector: Callable[[Market], Connector] = PaperConnector,
    answers: Mapping[str, Any] | None = None,
) -> Market:
    """Play *scenario* on paper to its end, as `opened` says; the history is in *folder*."""
    with opened(scenario, folder, connector, answers) as market, settled(sum(expected(scenario).values())):
        market.env.run(until=market.env.process(market.start()))
        market.open_doors()
        play(market.env, market)
        market.env.run()
        market.history.phase("rest", market.env.now)
    return market
