"""The market place: where simulators, the connector under test and the history meet.

Simulators emit events and read what was published; the connector gets deliveries and answers with
instructions. Neither knows the other. Nothing here knows Odoo.
"""

from __future__ import annotations

import traceback
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, Protocol

import simpy

from rehearsal.clock import Erp, Steps
from rehearsal.draw import lognormal, stream
from rehearsal.errors import RehearsalError
from rehearsal.faults import Faults
from rehearsal.history import History
from rehearsal.model import Delivery, Demand, Event, EventKind, Instruction, InstructionKind, Json, Sku, Units, World
from rehearsal.scenario import Channel, Lag, Scenario

OUTSIDE_ONLY = {EventKind.ORDER_REFUSED, EventKind.ORDER_CANCELLED, EventKind.PROMISE_MOVED}
"""Facts of the outside ledger that no connector is told: they are its own doing, or nobody's business."""
NODE_LAG = Lag(median=30, p95=300)
GATEWAY_LAG = Lag(median=120, p95=900)
"""A gateway's webhook usually comes after the order's own, not always."""
CARRIER_LAG = Lag(median=300, p95=3600)
DUPLICATE_GAP = Lag(median=35, p95=600)
"""PayPal repeats after 30 to 40 s; others after minutes."""
LAGS: Mapping[EventKind, Lag] = {
    EventKind.PAYMENT_CAPTURED: GATEWAY_LAG,
    EventKind.REFUND_PAID: GATEWAY_LAG,
    EventKind.REFUND_REJECTED: GATEWAY_LAG,
    EventKind.PARCEL_SCANNED: CARRIER_LAG,
    EventKind.PARCEL_DELIVERED: CARRIER_LAG,
}
FROM_CHANNELS = {EventKind.ORDER_PLACED, EventKind.TICKET_CLOSED, EventKind.TILL_OPENED, EventKind.TILL_CLOSED}
TRACE_MAX = 2000


class LiveChannel:
    """A channel while the doors are open: what it may still sell, as it would itself report it."""

    def __init__(self, code: str, spec: Channel) -> None:
        self.code = code
        self.spec = spec
        self.kind = spec.kind
        self.nodes = tuple(dict.fromkeys(node for f in spec.fulfilment.values() for node in f.nodes))
        self._left: dict[str, dict[Sku, Units]] = {node: {} for node in self.nodes}

    def left(self, node: str, sku: Sku) -> Units:
        """Return the units of *sku* that this channel may still sell from *node*."""
        return self._left[node].get(sku, 0)

    def take(self, node: str, sku: Sku, units: Units) -> None:
        """Count *units* as sold by the channel itself, before any ERP knows."""
        self._left[node][sku] = self.left(node, sku) - units

    def published(self, node: str, units: Mapping[Sku, Units]) -> None:
        """Overwrite what may be sold from *node*: a publication is an absolute figure."""
        self._left[node].update(units)


class Desks(Protocol):
    """Whoever gives the connector its way to the ERP, one desk per cause."""

    def desk(self, cause: str) -> Erp:
        """Return the ERP, bound to what made the connector ask."""


class Connector(Protocol):
    """The integration under test. Handlers are generators: ``answer = yield erp.ask(operation)``."""

    def start(self, erp: Erp) -> Steps:
        """Get ready, before the doors open: read master data, set stock aside."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Take one arrival of an event; return the instructions that follow, or None."""

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return ``{sku: units}``: what *channel* may sell from *node* as of now."""


class Market:
    """One weekend, while it runs."""

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, world: World, demand: Mapping[str, Sequence[Demand]],
        history: History, faults: Faults,
    ) -> None:  # fmt: skip
        self.env = env
        self.scenario = scenario
        self.world = world
        self.products = {product.sku: product for product in world.products}
        self.customers = {customer.id: customer for customer in world.customers}
        self.demand = demand
        self.history = history
        self.faults = faults
        self.channels = {code: LiveChannel(code, spec) for code, spec in scenario.channels.items()}
        self.shelf: dict[tuple[str, Sku], Units] = dict(world.shelf)
        """The physical truth, moved by pickers and by customers at tills."""
        self.promised_at: dict[tuple[str, str], str] = {}
        """(channel, order) to the node that keeps the promise."""
        self.captured: Counter[tuple[str, str, str]] = Counter()
        """(channel, order, tender) to minor units: the gateway's ledger of captures."""
        self.handled = 0
        """Events that reached the connector."""
        self.connector: Connector | None = None
        self.erp: Desks | None = None
        self._mail: dict[str, simpy.Store] = defaultdict(lambda: simpy.Store(env))
        self._serial: Counter[str] = Counter()

    def connect(self, connector: Connector, erp: Desks) -> None:
        """Put the integration under test in place; without one the simulators play alone (`plan`)."""
        self.connector = connector
        self.erp = erp

    # -- what simulators use ---------------------------------------------------------------------------

    def emit(
        self, kind: EventKind, channel: str = "", order: str = "", node: str = "", data: Json | None = None
    ) -> Event:
        """Record a fact of the outside world, and let word of it travel to the connector."""
        stem = ":".join(part for part in (kind.value, channel, order, node) if part)
        self._serial[stem] += 1
        event = Event(f"{stem}#{self._serial[stem]}", kind, round(self.env.now, 3), channel, order, node, data or {})
        self.history.event(event)
        if kind is EventKind.PAYMENT_CAPTURED:
            self.captured[channel, order, event.data["tender"]] += event.data["amount_minor"]
        if self.connector is not None and kind not in OUTSIDE_ONLY:
            for attempt, wait_s in enumerate(self._travel(event), start=1):
                self.env.process(self._arrival(event, attempt, wait_s))
        return event

    def mail(self, recipient: str) -> simpy.Store:
        """Return the mailbox of an actor, a store of `Instruction`."""
        return self._mail[recipient]

    def random(self, actor: str, purpose: str) -> Any:
        """Return the stream of *actor* for *purpose*."""
        return stream(self.scenario.seed, actor, purpose)

    def until_open(self, node: str) -> float:
        """Return the seconds until *node* is open; 0 when it is."""
        spec = self.scenario.nodes[node]
        of_day = self.env.now % 86_400
        if spec.opens <= of_day < spec.closes:
            return 0.0
        return (spec.opens - of_day) % 86_400

    # -- what the pipeline uses ------------------------------------------------------------------------

    def open_doors(self) -> None:
        """Start publishing; each channel and node on its own rhythm, until the scenario's end."""
        for channel in self.channels.values():
            for node in channel.nodes:
                self.env.process(self._publisher(channel, node))

    def instruct(self, instruction: Instruction, cause: str) -> None:
        """Pass what the connector asks to the actor it is meant for; a promise may move to another node."""
        self.history.instruction(instruction, self.env.now, cause)
        if instruction.kind is InstructionKind.FULFIL:
            key = (instruction.channel, instruction.order)
            source = self.promised_at.get(key)
            if source is not None and source != instruction.recipient:
                self.promised_at[key] = instruction.recipient
                self.emit(
                    EventKind.PROMISE_MOVED,
                    instruction.channel,
                    instruction.order,
                    instruction.recipient,
                    {"source": source},
                )
        self.mail(instruction.recipient).put(instruction)

    # -- inside ----------------------------------------------------------------------------------------

    def _travel(self, event: Event) -> Iterable[float]:
        """Yield the delay in seconds of each arrival of *event*."""
        rng = self.random("travel", event.id)
        lag = (
            self.scenario.channels[event.channel].lag if event.kind in FROM_CHANNELS else LAGS.get(event.kind, NODE_LAG)
        )
        wait_s = lognormal(rng, lag.median, lag.p95)
        if event.kind is EventKind.PAYMENT_CAPTURED and event.data["tender"] == "marketplace":
            wait_s += self.scenario.channels[event.channel].lag.p95  # told in a poll after the order's own
        if event.kind is EventKind.ORDER_PLACED and event.data["mode"] == "pickup_in_store":
            late = self.faults.strikes("late_pickup_batches", event.id, self.env.now)
            if late and late.every:
                wait_s = late.every - (self.env.now % late.every)
        if event.kind is EventKind.TICKET_CLOSED and (every := self.scenario.channels[event.channel].sync_every):
            wait_s = every - self.env.now % every
        if event.kind in (EventKind.PARCEL_SCANNED, EventKind.PARCEL_DELIVERED):
            late = self.faults.strikes("late_carrier_events", event.id, self.env.now)
            if late and late.delay:
                wait_s += lognormal(rng, late.delay.median, late.delay.p95)
        yield wait_s
        if self.faults.strikes("duplicate_deliveries", event.id, self.env.now):
            yield wait_s + lognormal(rng, DUPLICATE_GAP.median, DUPLICATE_GAP.p95)

    def _arrival(self, event: Event, attempt: int, wait_s: float) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(wait_s)
        assert self.connector is not None and self.erp is not None
        delivery = Delivery(event, round(self.env.now, 3), attempt)
        self.history.delivery(delivery)
        try:
            instructions = yield from self.connector.receive(delivery, self.erp.desk(event.id))
        except RehearsalError:
            raise
        except Exception as error:
            self._dead_letter(event.id, error)
            return
        self.handled += 1
        for instruction in instructions or ():
            self.instruct(instruction, event.id)

    def _publisher(self, channel: LiveChannel, node: str) -> Generator[simpy.Event, Any, None]:
        assert self.connector is not None and self.erp is not None
        cause = f"publish:{channel.code}:{node}"
        while self.env.now < self.scenario.lasts:
            try:
                units = yield from self.connector.publish(channel, self.erp.desk(cause), node)
            except RehearsalError:
                raise
            except Exception as error:
                self._dead_letter(cause, error)
            else:
                channel.published(node, units)
                self.history.write("publication", self.env.now, channel=channel.code, node=node, units=dict(units))
            yield self.env.timeout(channel.spec.publish_every)

    def _dead_letter(self, cause: str, error: Exception) -> None:
        """Keep what a connector could not handle: the event is lost to it, the weekend goes on."""
        self.history.write(
            "dead_letter", self.env.now, cause=cause, error=type(error).__name__,
            erp={"message": str(error)[:TRACE_MAX], "trace": traceback.format_exc()[-TRACE_MAX:]},
        )  # fmt: skip
