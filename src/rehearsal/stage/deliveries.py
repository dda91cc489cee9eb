"""Word of events on its way to the connector: how long it travels, what faults make of it, and what comes of its arrival."""

from __future__ import annotations

from types import GeneratorType
from typing import TYPE_CHECKING, Any

from rehearsal.draw import delay
from rehearsal.model import Delivery, Event, Instruction, Kind
from rehearsal.parts.fault import Joint, Travel
from rehearsal.stage import instructions
from rehearsal.stage.contract import Slip, called
from rehearsal.stage.handling import Handling
from rehearsal.vocabulary.kind import NODE_LAG

if TYPE_CHECKING:
    from rehearsal.stage.market import Market


class Deliveries:
    """Carries word of one market's events to its connector."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._seed = market.scenario.seed
        self._struck = market.faults.strikes_at(Joint.DELIVERY)
        self._lags: dict[tuple[Kind, str], tuple[float, float]] = {}
        self.handled = 0
        """Events that reached the connector and were handled."""

    def send(self, event: Event, later_s: float, arrives_in_s: float | None) -> None:
        """Let word of *event* leave *later_s* seconds from now, or arrive in so many, whatever the kind's lag."""
        market = self._market
        if arrives_in_s is None:
            lag = self._lags.get((event.kind, event.channel)) or self._lag(event)
            arrives_in_s = delay(self._seed, "travel", event.id, *lag) + later_s
        arrivals: tuple[float, ...] = (arrives_in_s,)
        if self._struck:
            arrivals = market.faults.met(Travel(event, market.env.now, arrivals)).arrives_in_s
        if arrivals:
            market.agenda.schedule(arrivals[0], self._arrived, event)
        for attempt, wait_s in enumerate(arrivals[1:], start=2):
            market.agenda.schedule(wait_s, self._again, (event, attempt))

    def _lag(self, event: Event) -> tuple[float, float]:
        """Return median and 95th percentile of how long word of such an event travels, and keep them."""
        own = self._market.scenario.channels[event.channel].lag if event.kind.lag is None else None
        lag = (own.median, own.p95) if own else event.kind.lag or NODE_LAG
        self._lags[event.kind, event.channel] = lag
        return lag

    def _again(self, arrival: tuple[Event, int]) -> None:
        self._arrived(*arrival)

    def _arrived(self, event: Event, attempt: int = 1) -> None:
        """Hand an arrival to the connector, which may take its time."""
        market = self._market
        connector, erp = market.connector, market.erp
        assert connector is not None and erp is not None
        delivery = Delivery(event, round(market.env.now, 3), attempt)
        market.history.delivery(delivery)
        market.stirred_s = market.env.now
        who = market.who("receive")
        try:
            answer = called(who, market.watch, connector.receive, delivery, erp.desk(event.id))
        except Slip as slip:
            market.dead_letter(event.id, slip)
            return
        if isinstance(answer, GeneratorType):
            made: Any = answer
            Handling(market, who, event.id, attempt, made, self._answered)
        else:
            self._answered(event.id, answer)

    def _answered(self, cause: str, answer: Any) -> None:
        """Pass on what the connector returned."""
        if answer is None or (type(answer) is list and not answer):  # a stranger's own == may do anything
            self.handled += 1
            return
        market = self._market
        try:
            asked: list[Instruction] = called(market.who("receive"), market.watch, instructions.listed, answer)
        except Slip as slip:
            market.dead_letter(cause, slip)
            return
        self.handled += 1
        for instruction in asked:
            market.instruct(instruction, cause)
