"""The nouns of a rehearsal: what flows from the simulators to the verdict.

Times are scenario seconds since the scenario's start (``at_s``); money is integer minor units
(``_minor``); quantities are whole pieces (``units``). Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rehearsal.vocabulary import EventKind as EventKind
from rehearsal.vocabulary import Kind as Kind

Json = Mapping[str, Any]
Sku = str
Units = int
Tell = Callable[[str], None]
"""Told one short line as work goes on; must not raise."""


class InstructionKind(StrEnum):
    """What a connector may ask of the outside world."""

    FULFIL = "fulfil"  # to a node: pick, then ship or stage
    CANCEL = "cancel"  # to a channel: tell the shopper
    REFUND = "refund"  # to the payment gateway: give money back on one tender


class Outcome(StrEnum):
    """How an operation ended, as far as anyone can know."""

    OK = "ok"
    REFUSED = "refused"  # Odoo said no: nothing was committed
    UNKNOWN = "unknown"  # no answer came: it may have happened


class Verdict(StrEnum):
    """What a judgement, or a whole rehearsal, comes to."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    FAIL = "fail"
    UNDECIDED = "undecided"  # nothing examined, or the harness could not see


class Severity(StrEnum):
    """How much a finding should worry the reader."""

    CRITICAL = "critical"  # a shopper or the books were wronged, and stay so
    MAJOR = "major"  # wrong for a while, or wrong in one place only
    MINOR = "minor"  # a cent, a delay within reason


@dataclass(frozen=True, slots=True)
class Event:
    """A fact of the outside world, with its own time and a unique id."""

    id: str
    kind: Kind
    at_s: float
    channel: str
    order: str
    """The channel's own order id (a till's: its ticket number); empty where no order is meant."""
    node: str
    data: Json


@dataclass(frozen=True, slots=True)
class Delivery:
    """One arrival of an event at the connector: on time, late, again, or out of order."""

    event: Event
    at_s: float
    attempt: int
    """1 for the first arrival; a duplicate has 2 or more."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How to find out later whether an operation was committed: a search that then finds something."""

    model: str
    domain: tuple[Any, ...]
    found_min: int = 1


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing asked of the ERP: one RPC call, so one transaction in Odoo."""

    name: str
    """In business words, such as ``confirm sale order``."""
    model: str
    method: str
    ids: tuple[int, ...] | None = None
    """The records it acts on; None for a model-level call."""
    arguments: Json = field(default_factory=dict)
    """By name, as JSON-2 wants them."""
    context: Json = field(default_factory=dict)
    orders: tuple[str, ...] = ()
    """External ids of the orders it concerns, for timelines and for doubts."""
    proof: Proof | None = None
    writes: bool = True
    repeatable: bool = False
    """Whether asking twice leaves what asking once does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for an operation."""

    outcome: Outcome
    value: Any = None
    message: str = ""
    """Odoo's own words when it refused; ours when no answer came."""

    @property
    def ok(self) -> bool:
        """Whether Odoo did what was asked."""
        return self.outcome is Outcome.OK


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a connector asks of an actor outside: to fulfil, to cancel, to refund."""

    kind: InstructionKind
    recipient: str
    """Code of a channel or node; ``gateway`` for refunds."""
    channel: str
    order: str
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Product:
    """One sellable article."""

    sku: Sku
    name: str
    barcode: str
    """GTIN-13 with its check digit, from the GS1 range for internal use."""
    list_minor: int
    promo_minor: int
    """The promotional price; equals *list_minor* when the product is not promoted."""
    cost_minor: int
    weight: float
    """Share of demand, relative to the others."""
    group: str
    """``regular``, ``promoted`` or ``scarce``."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A person, as the world knows them."""

    id: str
    name: str
    email: str
    phone: str
    street: str
    city: str
    postcode: str


@dataclass(frozen=True, slots=True)
class World:
    """What exists before the doors open."""

    products: tuple[Product, ...]
    customers: tuple[Customer, ...]
    book: Mapping[tuple[str, Sku], Units]
    """What the ERP's books will say lies at a node."""
    shelf: Mapping[tuple[str, Sku], Units]
    """What really lies there: the physical truth."""
    prices: Mapping[tuple[str, Sku], int] = field(default_factory=dict)
    """What a channel asks for a SKU, in minor units, where that is not the promotional price."""
    gone: Mapping[tuple[str, Sku, str], Units] = field(default_factory=dict)
    """What had left a node for locations of a usage (``customer``, ``inventory``) by the books, before the doors opened."""
    tag: str = ""
    """What tells the order numbers of this rehearsal from those of earlier ones in the same database."""

    def price_minor(self, channel: str, product: Product) -> int:
        """Return what *channel* asks for one piece of *product*."""
        return self.prices.get((channel, product.sku), product.promo_minor)

    def product(self, sku: Sku) -> Product:
        """Return the product *sku*; KeyError if there is none."""
        return {p.sku: p for p in self.products}[sku]


@dataclass(frozen=True, slots=True)
class Demand:
    """One shopper who wants something, drawn before the doors open, whatever will be in stock."""

    channel: str
    number: int
    at_s: float
    customer: str
    mode: str
    nodes: tuple[str, ...]
    """In order of preference."""
    lines: tuple[tuple[Sku, Units], ...]
    tenders: tuple[tuple[str, float], ...]
    """Tender and its share of the total; the last takes the rest."""
    patience_s: float
    """How long after staging a pickup customer comes; how long a shopper waits elsewhere."""


ABOUT = ("channel", "node", "sku", "tender", "location", "product")
"""What a finding may be about; *location* and *product* are ids of Odoo's that no word of the scenario stands for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of one invariant, told with its numbers."""

    message: str
    severity: Severity
    units: int = 0
    money_at_risk_minor: int = 0
    witnesses: tuple[int, ...] = ()
    """Indices into the history: first, worst, last."""
    erp_records: tuple[tuple[str, int], ...] = ()
    """Model and id."""
    orders: tuple[tuple[str, str], ...] = ()
    """Channel and external id."""
    at_s: float | None = None
    about: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What it is about, as data: some of `ABOUT`. The message says the same, so two findings are told apart without it."""
    kind: str = field(default="", compare=False)
    """The kind of trouble, in words without figures or names, where an invariant knows several; the message says the same."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one invariant says about one record."""

    examined: int
    """How many things it looked at; none means undecided."""
    findings: tuple[Finding, ...] = ()
    left_out: int = 0
    """Things in doubt (unknown outcomes), left out on the side that avoids a false alarm."""
    undecided_because: str = ""

    @property
    def verdict(self) -> Verdict:
        """Fail if something was found, undecided if nothing was examined, else pass."""
        if self.undecided_because:
            return Verdict.UNDECIDED
        if self.findings:
            return Verdict.FAIL
        return Verdict.PASS if self.examined else Verdict.UNDECIDED


def money(minor: int) -> str:
    """Return *minor* units as text with two decimals, such as ``-12.05``."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def priced(minor: int, currency: str) -> str:
    """Return *minor* units as people read them, such as ``-1,234.05 EUR``."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d} {currency}".rstrip()


def amount(text: str, currency: str) -> str:
    """Return money that is written as `money` writes it, as people read it."""
    whole, _, hundredths = text.lstrip("-").partition(".")
    minor = int(whole) * 100 + int(hundredths)
    return priced(-minor if text.startswith("-") else minor, currency)


def counted(number: float, noun: str) -> str:
    """Return a number with its noun, in the plural where it needs one, such as ``1 order`` or ``2 orders``."""
    shown = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{shown} {noun}{'' if number == 1 else 's'}"
