"""What actors are made of: the words that a scenario has for channels, nodes and services, and what they hand each other.

A kind of actor is a module of ``simulators/`` with a generator ``run(env, market, actor)``. It may have ``Settings``, a class
that inherits `Channel`, `Node` or `Service` (or `Gateway`, `Carrier`) and adds words of its own; ``problems(settings, scenario,
code)``, which yields a word and a sentence for what makes no sense; and ``EVENTS``, kinds of events that only it emits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from rehearsal.parts.bounds import ClockTime, Code, Lines, OdooDomain, OdooName, Orders, Pieces, Share, SomeTime, Units
from rehearsal.parts.part import Lag, Part


class Stock(Part):
    """Opening stock of one product at one node, by product group, in pieces."""

    regular: Units
    promoted: Units
    scarce: Units


class Node(Part):
    """A fulfilment node: who ships or hands over."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    kind: Code
    """Names the simulator: simulators/<kind>.py."""
    stock: Stock
    opens: ClockTime = 0
    closes: ClockTime = 24 * 3600
    pickers: Annotated[int, Field(ge=1, le=10_000)] = 2
    pick: Lag = Lag(median=600, p95=1800)
    """Time to pick one order, once a picker is free."""
    cutoff: ClockTime = 18 * 3600
    """When the carrier comes."""
    warehouse: OdooName = ""
    """With ``world: existing``: the short name (code) of the warehouse in Odoo that this node is."""


class Fulfilment(Part):
    """One way in which a channel lets its orders be fulfilled."""

    share: Share
    nodes: Annotated[tuple[Code, ...], Field(min_length=1, max_length=200)]


class Channel(Part):
    """Who sells."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    kind: Code
    """Names the simulator: simulators/<kind>.py."""
    orders: Orders
    """Expected number of attempted orders over the whole scenario."""
    curve: Code
    fulfilment: dict[Code, Fulfilment]
    """By mode."""
    tenders: dict[Code, Share]
    split: Share = 0.0
    """Share of orders paid with two tenders."""
    split_with: Code | None = None
    """The second tender of a split order; of one whose first tender it is already, the second is the most frequent other one."""
    basket: Annotated[dict[Lines, Share], Field(min_length=1)] = {1: 0.6, 2: 0.3, 3: 0.1}
    """Number of lines, with its share."""
    pieces: Annotated[dict[Pieces, Share], Field(min_length=1)] = {1: 0.85, 2: 0.12, 3: 0.03}
    """Pieces of the article of one line, with their share (assumption)."""
    publish_every: SomeTime = 900
    """How often the connector is asked what this channel may sell."""
    lag: Lag = Lag(median=20, p95=90)
    """From an event to its arrival at the connector."""
    guests: Share = 0.15
    """Share of orders by shoppers who are not known yet."""
    pricelist: OdooName = ""
    """With ``world: existing``: the name of the price list in Odoo by which this channel sells; left out: the sales prices."""
    till: OdooName = ""
    """With ``world: existing``: the name of the point of sale in Odoo that this till is."""
    history: OdooDomain = ()
    """With ``world: existing``: which orders were this channel's, as a domain of sale.order, for `rehearse fit`; a till's are
    the tickets of its point of sale."""
    options: dict[str, Any] = {}
    """For simulators of your own that have no settings."""


class Service(Part):
    """An actor beside channels and nodes."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    kind: Code
    """Names the simulator: simulators/<kind>.py; a service without it is of the kind that it is called."""


class Gateway(Service):
    """Who takes payments, and gives them back."""

    tenders: tuple[Code, ...] = ()
    """What it takes; nothing named: whatever no other gateway does."""
    refund: Lag = Lag(median=20 * 60, p95=2 * 3600)
    """From a refund request to its word (assumption)."""


class Carrier(Service):
    """Who takes parcels from nodes to doors."""

    nodes: tuple[Code, ...] = ()
    """Whose parcels it takes; nothing named: those of whatever node no other carrier comes to."""
    scan: Lag | None = None
    """From goods issue to its first scan; left out: the scenario's carrier_scan."""
    transit: Lag = Lag(median=26 * 3600, p95=60 * 3600)
    """From its first scan to the door (assumption)."""


class UnknownChannel(Channel):
    """A channel whose kind is not on this project path: enough to read what it did."""

    model_config = ConfigDict(extra="allow")


class UnknownNode(Node):
    """A node whose kind is not on this project path."""

    model_config = ConfigDict(extra="allow")


class UnknownService(Service):
    """A service whose kind is not on this project path."""

    model_config = ConfigDict(extra="allow")


UNKNOWN: dict[type[Part], type[Part]] = {Channel: UnknownChannel, Node: UnknownNode, Service: UnknownService}
CALLED: dict[type[Part], str] = {Channel: "channel", Node: "node", Service: "service"}


@dataclass(frozen=True, slots=True)
class Charge:
    """What a channel asks of a gateway: take this much for that order."""

    channel: str
    order: str
    tender: str
    amount_minor: int
