"""What a fault is made of: its words in a scenario, the joint at which it strikes, and the thing that it strikes there.

A fault is a module of ``simulators/faults/``, with ``Settings`` (its words), ``AT`` (a `Joint`) and
``strike(fault, thing, rng)``, which returns the thing as it is afterwards. The kernel compares: nothing changed is nothing
fired. A module may also say ``concerns(fault, thing)`` (asked before the share is drawn), ``key(thing)`` (things of one key
share their fate) and ``problems(fault, scenario)``, which yields a word and a sentence for what makes no sense.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import BeforeValidator, ConfigDict, Field

from rehearsal.model import Event
from rehearsal.parts.bounds import Code, Duration, Share
from rehearsal.parts.part import Part


class Joint(StrEnum):
    """Where a fault strikes, and what it is given there."""

    DELIVERY = "delivery"  # a Travel: word of an event, on its way to the connector
    PUBLICATION = "publication"  # a Figure: what a channel may sell, on its way to the channel
    WORLD = "world"  # a StockRecord: before the doors open
    REQUEST = "request"  # a Request: one HTTP request to Odoo
    PROCESS = "process"  # Processes: the servers themselves; `strike` returns what was done, in words


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Codes = Annotated[tuple[Code, ...], BeforeValidator(_several, json_schema_input_type=Code | list[Code])]


class Only(Part):
    """Which things a fault strikes, by what they are about; nothing named: all. One name, or a list of them."""

    channel: Codes = ()
    node: Codes = ()
    kind: Annotated[tuple[str, ...], BeforeValidator(_several, json_schema_input_type=str | list[str])] = ()
    """Kinds of events, such as ``order.placed``."""
    sku: Annotated[tuple[str, ...], BeforeValidator(_several, json_schema_input_type=str | list[str])] = ()

    def has(self, about: Mapping[str, Collection[str]]) -> bool:
        """Whether a thing is meant that is *about* these names."""
        return all(not wanted or not wanted.isdisjoint(about.get(word, ())) for word, wanted in self._wanted())

    def _wanted(self) -> list[tuple[str, frozenset[str]]]:
        return [(word, frozenset(getattr(self, word))) for word in type(self).model_fields]


EVERYTHING = Only()


class Fault(Part):
    """Base of the settings of every fault; each of its words that has no default says in its docstring what it needs."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Code


class UnknownFault(Fault):
    """A fault that a run had, and that this project path does not: enough to read its journal."""

    model_config = ConfigDict(extra="allow")


class RecordFaultSettings(Fault):
    """Words of a fault of `Joint.WORLD`."""

    share: Share = 1.0
    """Share of the records that it strikes."""
    only: Only = EVERYTHING


class TimedFaultSettings(Fault):
    """Words of whatever strikes while the doors are open."""

    begins: Duration = 0
    """Scenario time from which it may strike."""
    ends: Duration | None = None
    """Scenario time until which it may strike; the scenario's end when left out."""


class RequestFaultSettings(TimedFaultSettings):
    """Words of a fault of `Joint.REQUEST`."""

    share: Share = 1.0
    """Share of the requests that it strikes."""


class FaultSettings(TimedFaultSettings):
    """Words of a fault of `Joint.DELIVERY` or `Joint.PUBLICATION`."""

    share: Share = 1.0
    """Share of the things that it strikes."""
    only: Only = EVERYTHING


class ProcessFaultSettings(TimedFaultSettings):
    """Words of a fault of `Joint.PROCESS`."""

    times: Annotated[int, Field(ge=1, le=1000)] = 1
    """How often, at instants drawn between *begins* and *ends*."""


WORDS: Mapping[Joint, type[Fault]] = {
    Joint.DELIVERY: FaultSettings,
    Joint.PUBLICATION: FaultSettings,
    Joint.WORLD: RecordFaultSettings,
    Joint.REQUEST: RequestFaultSettings,
    Joint.PROCESS: ProcessFaultSettings,
}
"""What the settings of a fault at each joint inherit."""


@dataclass(frozen=True, slots=True)
class Travel:
    """Word of an event on its way to the connector."""

    event: Event
    at_s: float
    """Now: scenario time at which it leaves."""
    arrives_in_s: tuple[float, ...]
    """Seconds from now until each of its arrivals; none: it never arrives."""

    @property
    def key(self) -> str:
        """Return the event's id."""
        return self.event.id

    def about(self) -> Mapping[str, Collection[str]]:
        """Return what the event is about: channel, node, kind, and every SKU of its lines."""
        event = self.event
        lines = event.data.get("lines", ())
        nodes = {event.node, *(str(line.get("node", "")) for line in lines)}
        skus = {str(line["sku"]) for line in lines if "sku" in line} | {str(event.data.get("sku", ""))}
        return {"channel": (event.channel,), "node": nodes, "kind": (event.kind.value,), "sku": skus}

    def later(self, by_s: float) -> Travel:
        """Return it with each arrival *by_s* seconds later."""
        return replace(self, arrives_in_s=tuple(one + by_s for one in self.arrives_in_s))

    def again(self, after_s: float) -> Travel:
        """Return it with one arrival more, *after_s* seconds after the last one; what never arrives does not arrive again."""
        return replace(self, arrives_in_s=(*self.arrives_in_s, self.arrives_in_s[-1] + after_s)) if self.arrives_in_s else self

    def changed(self, before: Travel) -> str:
        """Return what is different from *before*, in words; empty: nothing."""
        now, then = self.arrives_in_s, before.arrives_in_s
        if then and not now:
            return "never arrives"
        more = len(now) - len(then)
        told = [_moved(now[0] - then[0])] if now and then and now[0] != then[0] else []
        told += [f"arrives again {one - now[0]:.0f} s later" for one in now[len(then) :]] if more > 0 else []
        told += [f"arrives {-more} time(s) less"] if more < 0 else []
        return ", ".join(told) or ("arrives at other times" if now != then else "")


@dataclass(frozen=True, slots=True)
class Figure:
    """How many units of one SKU a channel may sell from a node, on its way to the channel."""

    channel: str
    node: str
    sku: str
    units: int
    at_s: float
    """Now: scenario time at which it leaves the connector."""
    arrives_in_s: float | None = 0.0
    """Seconds from now; None: it never arrives, and the channel goes on with what it has."""

    @property
    def key(self) -> str:
        """Return what tells it from all other figures."""
        return f"{self.channel}:{self.node}:{self.sku}@{self.at_s:.3f}"

    def about(self) -> Mapping[str, Collection[str]]:
        """Return channel, node and SKU."""
        return {"channel": (self.channel,), "node": (self.node,), "sku": (self.sku,)}

    def changed(self, before: Figure) -> str:
        """Return what is different from *before*, in words; empty: nothing."""
        if self.arrives_in_s is None:
            return "never arrives" if before.arrives_in_s is not None else ""
        told = [f"says {self.units} units instead of {before.units}"] if self.units != before.units else []
        late_s = self.arrives_in_s - (before.arrives_in_s or 0.0)
        return ", ".join([*told, *([_moved(late_s)] if late_s else [])])


@dataclass(frozen=True, slots=True)
class StockRecord:
    """One product at one node before the doors open."""

    node: str
    kind: str
    """The node's kind of actor."""
    sku: str
    group: str
    """``regular``, ``promoted`` or ``scarce``."""
    book: int
    """Units that Odoo's books will say."""
    shelf: int
    """Units that really lie there."""
    at_s: float = 0.0

    @property
    def key(self) -> str:
        """Return what tells it from all other records."""
        return f"{self.node}:{self.sku}"

    def about(self) -> Mapping[str, Collection[str]]:
        """Return node and SKU."""
        return {"node": (self.node,), "sku": (self.sku,)}

    def changed(self, before: StockRecord) -> str:
        """Return what is different from *before*, in words; empty: nothing."""
        return f"{self.shelf} on the shelf instead of {before.shelf}" if self.shelf != before.shelf else ""


class Ending(StrEnum):
    """How a request ends that is not simply answered."""

    RESET = "cut off before Odoo heard of it"
    CUT = "answered by Odoo, and the answer cut off"
    BLACK_HOLE = "swallowed, no answer came"
    BAD_GATEWAY = "answered 502 by somebody in between"
    UNAVAILABLE = "answered 503 by somebody in between"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request on its way to Odoo, and what will be done to it."""

    number: int
    at_s: float
    delay_s: float = 0.0
    """Wall seconds for which it is kept back."""
    bytes_per_s: int = 0
    """How fast its answer comes; 0: as Odoo gives it."""
    ending: Ending | None = None

    @property
    def key(self) -> str:
        """Return its number among the run's requests."""
        return f"request:{self.number}"

    def about(self) -> Mapping[str, Collection[str]]:
        """Return nothing: a request is bytes."""
        return {}

    def ended(self, ending: Ending) -> Request:
        """Return it with *ending*, unless it has one already."""
        return self if self.ending else replace(self, ending=ending)

    def slowed(self, bytes_per_s: int) -> Request:
        """Return it with an answer of at most *bytes_per_s*."""
        return replace(self, bytes_per_s=min(bytes_per_s, self.bytes_per_s or bytes_per_s))

    def changed(self, before: Request) -> str:
        """Return what is different from *before*, in words; empty: nothing."""
        told = [f"passed on {self.delay_s - before.delay_s:.3f} s late"] if self.delay_s != before.delay_s else []
        told += [f"its answer trickles at {self.bytes_per_s} bytes/s"] if self.bytes_per_s != before.bytes_per_s else []
        return ", ".join([*told, *([self.ending.value] if self.ending and self.ending is not before.ending else [])])


class Processes(Protocol):
    """The servers of a target of our own; each method does one thing, undoes it, blocks meanwhile, and says what it did."""

    def kill_worker(self) -> str:
        """Kill an HTTP worker of Odoo in the middle of its work; Odoo starts another."""

    def restart_odoo(self) -> str:
        """End Odoo and start it again."""

    def restart_postgres(self) -> str:
        """End PostgreSQL at once and start it again."""

    def freeze_odoo(self, wall_s: float) -> str:
        """Stop every process of Odoo for *wall_s* wall seconds."""


Thing = Travel | Figure | StockRecord | Request
THINGS: Mapping[Joint, type[Thing]] = {
    Joint.DELIVERY: Travel,
    Joint.PUBLICATION: Figure,
    Joint.WORLD: StockRecord,
    Joint.REQUEST: Request,
}

JOINTS: Mapping[type[object], Joint] = {thing: joint for joint, thing in THINGS.items()}


def never(why: str) -> str:
    """Return the sentence about a fault that could not strike anything."""
    return f"it would never strike: {why}; leave the fault out"


def _moved(by_s: float) -> str:
    return f"arrives {abs(by_s):.0f} s {'later' if by_s > 0 else 'earlier'} than it would have"
