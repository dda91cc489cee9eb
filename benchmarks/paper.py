"""A weekend on paper: the simulators without any ERP, driven by a connector that knows everything at once.

It measures the simulators alone, and lets tests look at what they do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import simpy

from rehearsal.clock import Erp, Steps
from rehearsal.errors import HarnessFault
from rehearsal.history import History
from rehearsal.model import Delivery, EventKind, Instruction, InstructionKind, Operation
from rehearsal.scenario import Scenario
from rehearsal.stage import demand
from rehearsal.stage.contract import Watch
from rehearsal.stage.faults import Faults
from rehearsal.stage.market import LiveChannel, Market
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


class PaperConnector:
    """Publishes the shelf itself and fulfils at once."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.orders: dict[str, Delivery] = {}

    def start(self, erp: Erp) -> Steps:
        """Nothing to read."""
        yield erp.env.timeout(0)

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return what lies on the shelf this instant."""
        yield erp.env.timeout(0)
        return {product.sku: self.market.shelf[node, product.sku] for product in self.market.world.products}

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Fulfil an order when it arrives; cancel and refund when the picker declines."""
        yield erp.env.timeout(0)
        return list(self._follow(delivery))

    def _follow(self, delivery: Delivery) -> Iterable[Instruction]:
        event = delivery.event
        if event.kind is EventKind.ORDER_PLACED:
            self.orders[event.order] = delivery
            told = {
                "request": event.order,
                "mode": event.data["mode"],
                "lines": event.data["lines"],
                "patience_s": event.data["patience_s"],
            }
            yield Instruction(InstructionKind.FULFIL, event.node, event.channel, event.order, told)
        if event.kind is EventKind.PICK_DECLINED:
            yield Instruction(InstructionKind.CANCEL, event.channel, event.channel, event.order)
            for leg in self.orders[event.order].event.data["tenders"]:
                told = {**leg, "reference": f"RF-{event.order}-{leg['tender']}"}
                yield Instruction(InstructionKind.REFUND, "gateway", event.channel, event.order, told)


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
def opened(scenario: Scenario, folder: Path) -> Iterator[Market]:
    """Yield the market of *scenario* on paper, connected and not yet started; its history is in *folder*."""
    with connected(scenario, folder) as market:
        market.connect(PaperConnector(market), NoErp(market.env))
        yield market


def weekend(scenario: Scenario, folder: Path) -> Market:
    """Play *scenario* on paper to its end; the history is in *folder*."""
    with opened(scenario, folder) as market:
        market.open_doors()
        play(market.env, market)
        market.env.run()
        market.history.phase("rest", market.env.now)
    return market
