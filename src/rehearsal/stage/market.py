"""The market place: where simulators, the connector under test and the history meet.

Simulators emit events and read what was published; the connector gets deliveries and answers with
instructions. Neither knows the other. Nothing here knows Odoo.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import simpy

from rehearsal.clock import Erp, Steps
from rehearsal.draw import delay, stream
from rehearsal.history import History
from rehearsal.model import Delivery, Demand, Event, EventKind, Instruction, InstructionKind, Json, Sku, Units, World
from rehearsal.parts.part import Lag, Part
from rehearsal.scenario import Channel, Scenario
from rehearsal.scenario.problem import carriers, gateways
from rehearsal.stage import instructions
from rehearsal.stage.agenda import Agenda, What
from rehearsal.stage.contract import Handler, Slip, Watch, attended, waiting_at
from rehearsal.stage.deliveries import Deliveries
from rehearsal.stage.faults import Faults
from rehearsal.stage.instructions import GATEWAY
from rehearsal.stage.numbering import Numbering
from rehearsal.stage.promises import Promises
from rehearsal.stage.publications import Publications
from rehearsal.stage.stock_records import falsified, opening_record, record_faults
from rehearsal.stage.unasked import Unasked, given_to
from rehearsal.vocabulary import Kind

SettingsOf = TypeVar("SettingsOf", bound=Part)


Taken = tuple[str, str, int]
"""Tender, who captured it, minor units."""


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

    def has(self, node: str, lines: Iterable[tuple[Sku, Units]]) -> bool:
        """Return whether all of *lines* may still be sold from *node*; their SKUs differ."""
        left = self._left[node]
        return all(left.get(sku, 0) >= units for sku, units in lines)

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
        """Get ready, before the doors open: read master data, set stock aside.

        One that takes ``start(erp, outside)`` gets an `Outside` as well, and may act unasked from then on.
        """

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Take one arrival of an event; return the instructions that follow, or None."""

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return ``{sku: units}``: what *channel* may sell from *node* as of now. Optional: who publishes unasked has none."""


class Market:
    """One weekend, while it runs."""

    def __init__(
        self,
        env: simpy.Environment,
        scenario: Scenario,
        world: World,
        demand: Mapping[str, Sequence[Demand]],
        history: History,
        faults: Faults,
        watch: Watch | None = None,
    ) -> None:
        """*watch*, which somebody has entered, bounds each step of the connector; without one nothing does."""
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
        self.promises = Promises()
        self.accepted: dict[tuple[str, str], float] = {}
        """(channel, order) of everything accepted, to how long its shopper takes to collect, in seconds."""
        self._captured: dict[tuple[str, str], tuple[Taken, ...]] = {}
        self.connector: Connector | None = None
        self.erp: Desks | None = None
        self.watch = watch or Watch(0)
        self.waiting: dict[str, tuple[Handler, Any]] = {}
        """Handlers that have not come to their end, by cause, and where they are."""
        self.stirred_s = 0.0
        """When something last happened outside, or a connector was told or asked of it."""
        self._handlers: dict[str, Handler] = {}
        self._mail: dict[str, simpy.Store] = defaultdict(lambda: simpy.Store(env))
        self._readers: dict[str, Callable[[Any], None]] = {}
        self._gateways: dict[str, str] = {}
        self._carriers: dict[str, str] = {}
        self._numbers = Numbering()
        self.agenda = Agenda(env)
        self._deliveries = Deliveries(self)
        self._publications = Publications(self)
        self._record_faults = record_faults(scenario)

    def connect(self, connector: Connector, erp: Desks) -> None:
        """Put the integration under test in place; without one the simulators play alone (`plan`)."""
        self.connector = connector
        self.erp = erp
        self._handlers = {method: Handler.of(connector, method) for method in ("start", "receive", "publish")}

    # -- what simulators use ---------------------------------------------------------------------------

    def emit(
        self,
        kind: Kind,
        channel: str = "",
        order: str = "",
        node: str = "",
        data: Json | None = None,
        *,
        later_s: float = 0.0,
        arrives_in_s: float | None = None,
    ) -> Event:
        """Record a fact of the outside world, and let word of it travel to the connector.

        Who emits it says when word leaves: *later_s* seconds from now, or in a batch that *arrives_in_s* from now, whatever
        the kind's lag; the kernel adds the lag and the faults.
        """
        event = Event(self._id(kind, channel, order, node), kind, round(self.env.now, 3), channel, order, node, data or {})
        self.history.event(event)
        self.stirred_s = self.env.now
        if kind.accepts:
            self._declared("mode", event.data.get("mode"), self.scenario.modes)
            self.accepted[channel, order] = float(event.data.get("patience_s", 0.0))
            self.promises.accept(channel, order, node, event.data["lines"])
        if kind.hands_over:
            self.promises.hand_over(channel, order, event.data["lines"], node)
        if kind.captures:
            tender = event.data["tender"]
            taken = (tender, event.data.get("by") or self.gateway(tender), event.data["amount_minor"])
            self._captured[channel, order] = (*self._captured.get((channel, order), ()), taken)
        if self.connector is not None and kind.told:
            self._deliveries.send(event, later_s, arrives_in_s)
        return event

    def later(self, seconds: float, act: Callable[[What], None], what: What) -> None:
        """Call *act* with *what* in so many seconds; a process that waits only once would be dearer."""
        self.agenda.schedule(seconds, act, what)

    def read(self, recipient: str, reader: Callable[[Any], None]) -> None:
        """Hand what is sent to the actor *recipient* to *reader*, at the instant at which it is sent, instead of to a mailbox."""
        self._readers[recipient] = reader
        while self._mail[recipient].items:  # sent before the doors opened
            reader(self._mail[recipient].items.pop(0))

    def send(self, recipient: str, letter: Any) -> None:
        """Send *letter* to an actor: what actors hand each other is a `Charge`, or a parcel's event."""
        reader = self._readers.get(recipient)
        if reader is not None:
            reader(letter)
        else:
            self.mail(recipient).put(letter)

    def mail(self, recipient: str) -> simpy.Store:
        """Return the mailbox of an actor who does not `read`: instructions, and what other actors `send`."""
        return self._mail[recipient]

    def taken(self, channel: str, order: str, tender: str) -> Counter[str]:
        """Return what was captured of an order on *tender*, in minor units, by who did; who does not say is the tender's gateway."""
        found: Counter[str] = Counter()
        for how, who, minor in self._captured.get((channel, order), ()):
            if how == tender:
                found[who] += minor
        return found

    def settings(self, code: str, kind: type[SettingsOf]) -> SettingsOf:
        """Return the settings of the channel, node or service *code*; raises TypeError when they are not of that *kind*."""
        for family in (self.scenario.services, self.scenario.channels, self.scenario.nodes):
            if code in family and isinstance(found := family[code], kind):
                return found
        raise TypeError(f"the settings of {code!r} are no {kind.__module__}.{kind.__name__}")

    def gateway(self, tender: str) -> str:
        """Return the gateway that takes *tender*; raises LookupError when none does."""
        return self._gateways.get(tender) or self._gateways.setdefault(
            tender, self._served(gateways(self.scenario), "tenders", tender, "no gateway takes")
        )

    def carrier(self, node: str) -> str:
        """Return the carrier that comes to *node*; raises LookupError when none does."""
        return self._carriers.get(node) or self._carriers.setdefault(
            node, self._served(carriers(self.scenario), "nodes", node, "no carrier comes to")
        )

    def random(self, actor: str, purpose: str) -> Any:
        """Return the stream of *actor* for *purpose*."""
        return stream(self.scenario.seed, actor, purpose)

    def delay_s(self, actor: str, purpose: str, lag: Lag) -> float:
        """Return the one draw of *actor* for *purpose* that takes as long as *lag* says, in seconds."""
        return delay(self.scenario.seed, actor, purpose, lag.median, lag.p95)

    def missed(self, node: str, sku: Sku, key: str, said: str) -> None:
        """Journal that somebody at *node* did not find *sku*, for each fault that falsified its record before the doors opened."""
        record = opening_record(self.scenario, self.products[sku], node, self.world.book[node, sku])
        for label in falsified(self.scenario.seed, self._record_faults, record)[1]:
            self.faults.fired(label, key, self.env.now, said)

    def until_open(self, node: str, at_s: float | None = None) -> float:
        """Return the seconds from now, or from *at_s*, until *node* is open; 0 when it is."""
        spec = self.scenario.nodes[node]
        of_day = (self.env.now if at_s is None else at_s) % 86_400
        if spec.opens <= of_day < spec.closes:
            return 0.0
        return (spec.opens - of_day) % 86_400

    # -- what the pipeline uses ------------------------------------------------------------------------

    def open_doors(self) -> None:
        """Start publishing; each channel and node on its own rhythm, until the scenario's end. Who cannot, publishes nothing."""
        if not callable(getattr(self.connector, "publish", None)):
            return
        for channel in self.channels.values():
            for node in channel.nodes:
                self.env.process(self._publications.rhythm(channel, node))

    def start(self) -> Steps:
        """Let the connector get ready; raises `Slip` when it cannot."""
        assert self.connector is not None and self.erp is not None
        start: Any = self.connector.start
        desk = self.erp.desk("start")
        call = partial(start, desk, **given_to(start, Unasked(self)))
        yield from self.attended("start", self.who("start"), call)

    @property
    def handled(self) -> int:
        """Return how many arrivals the connector has handled."""
        return self._deliveries.handled

    def published(self, channel: LiveChannel, node: str, units: Mapping[Sku, Units]) -> None:
        """Let *channel* sell what was published for *node*; faults may lose figures, or make them late."""
        self._publications.send(channel, node, units)

    def instruct(self, instruction: Instruction, cause: str, *, unasked: bool = False) -> None:
        """Pass what the connector asks to the actor it is meant for; a promise may move to another node.

        *unasked*: its own code is still running, so that the actor is told as soon as it waits.

        What nobody could follow is a dead letter with the connector's method in it, never silence.
        """
        objection = instructions.objection(instruction, self.scenario, self.products, self.accepted)
        if objection:
            self.dead_letter(cause, Slip("Instruction", self.who("receive").whole, objection))
            return
        self.history.instruction(instruction, self.env.now, cause)
        self.stirred_s = self.env.now
        if instruction.kind is InstructionKind.FULFIL:
            key, goal = (instruction.channel, instruction.order), instruction.recipient
            for source, lines in self.promises.gather(*key, goal, instruction.data["lines"]).items():
                self.emit(EventKind.PROMISE_MOVED, *key, goal, {"source": source, "lines": lines})
        answerer = self._answerer(instruction)
        if unasked:
            self.later(0.0, partial(self.send, answerer), instruction)
        else:
            self.send(answerer, instruction)

    def give_up_waiting(self, why: str) -> None:
        """Write down every handler that never came to its end, as what it is: an event that was not handled."""
        for cause, (who, handler) in sorted(self.waiting.items(), key=lambda one: one[0]):
            event = cause.rpartition("/")[0] or cause
            self.dead_letter(event, Slip("Unfinished", f"{who.name} ({waiting_at(handler)})", f"it still waited {why}"))

    # -- inside ----------------------------------------------------------------------------------------

    def _id(self, kind: Kind, channel: str, order: str, node: str) -> str:
        """Return an id that no other event has: what there is of channel, order and node, and which of these it is."""
        if channel and order and node:
            return f"{kind}:{channel}:{order}:{node}#{self._numbers.next(kind, channel, order, node)}"
        parts = [part for part in (channel, order, node) if part]
        return f"{':'.join((kind, *parts))}#{self._numbers.next(kind, *parts, *[''] * (3 - len(parts)))}"

    def _answerer(self, instruction: Instruction) -> str:
        """Return whose mailbox *instruction* goes to: a refund that names no gateway of the scenario, to whoever took the money."""
        recipient = instruction.recipient
        if instruction.kind is not InstructionKind.REFUND or recipient != GATEWAY:
            return recipient
        taken = self.taken(instruction.channel, instruction.order, str(instruction.data["tender"]))
        return next(iter(taken)) if taken else next(iter(gateways(self.scenario)), recipient)

    def _declared(self, word: str, said: object, known: Collection[str]) -> None:
        """Raise ValueError when a simulator says something that no scenario declares: nobody could judge it."""
        if said not in known:
            raise ValueError(f"{word} is {said!r}; expected one of the scenario's own: {', '.join(known)}")

    def _served(self, servers: Mapping[str, Any], word: str, what: str, lack: str) -> str:
        named = next((code for code, one in servers.items() if what in getattr(one, word)), None)
        found = named or next((code for code, one in servers.items() if not getattr(one, word)), None)
        if found is None:
            raise LookupError(f"{lack} {what}; there are: {', '.join(servers) or 'none'}")
        return found

    def attended(self, cause: str, who: Handler, call: Any) -> Steps:
        """Run a handler of the connector to its end, and know meanwhile that it is under way; *cause* is its own."""
        handler = attended(self.env, who, call, self.watch)
        self.waiting[cause] = (who, handler)
        try:
            return (yield from handler)
        finally:
            del self.waiting[cause]

    def who(self, method: str) -> Handler:
        """Return how a reader calls that method of the connector."""
        return self._handlers[method]

    def dead_letter(self, cause: str, slip: Slip) -> None:
        """Keep what a connector could not handle, or must not do: it is lost to it, the weekend goes on."""
        self.history.write("dead_letter", self.env.now, cause=cause, error=slip.kind, erp=slip.as_data())
        if slip.kind == "CutOff":
            raise slip  # who hangs once will hang again: the weekend ends here
