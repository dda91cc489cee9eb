"""Tiny records, written by hand and judged in milliseconds: facts of the outside world, and Odoo's books beside them.

The facts go through the real `History`, the books into real Parquet files (`tests.tiny_books`), and both are read by
the real `Record`. Places in the history are counted from 0, in the order of the facts.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from rehearsal.history import History
from rehearsal.model import (
    ABOUT,
    Answer,
    Delivery,
    Event,
    EventKind,
    Instruction,
    InstructionKind,
    Judgement,
    Kind,
    Operation,
    Outcome,
    Product,
    World,
)
from rehearsal.scenario import Scenario
from rehearsal.verdict.record import Record
from tests import tiny_books
from tests.conftest import load

HOUR = 3600.0
TEE = Product("TEE", "Tee", "2000000000015", 2000, 1500, 900, 1.0, "scarce")
MUG = Product("MUG", "Mug", "2000000000022", 700, 700, 300, 1.0, "regular")
PRICES = {product.sku: product.promo_minor for product in (TEE, MUG)}
BOOK = {("dc", "TEE"): 3, ("store", "TEE"): 1, ("store", "MUG"): 5}
"""What lies where, as the books say, unless a story says otherwise."""
ONE_TEE = (("TEE", 1),)
Line = tuple[str, int]
Part = tuple[int, str, int]
"""Number of an order's line, SKU and units of it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation with all that became of it: its answer (None if none came) and how a doubt was resolved (None if not)."""

    operation: Operation
    at_s: float
    cause: str
    outcome: Outcome | None
    answered_s: float
    message: str
    took_s: float
    committed: bool | None


@dataclass(frozen=True, slots=True)
class Told:
    """What the connector asked of an actor outside."""

    instruction: Instruction
    at_s: float
    cause: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Any other line of the history."""

    kind: str
    at_s: float
    fields: Mapping[str, Any]


Fact = Event | Delivery | Asked | Told | Noted


@dataclass(frozen=True, slots=True)
class Tiny:
    """A record in words: what happened, and what Odoo's books say; None if they were not read."""

    facts: Sequence[Fact] = ()
    rows: Sequence[tiny_books.Row] | None = None
    book: Mapping[tuple[str, str], int] = field(default_factory=lambda: BOOK)


@cache
def scenario() -> Scenario:
    """Return the promotional Friday: its deadlines and channels are what a judgement asks for."""
    return load("promo_day")


@contextmanager
def opened(tiny: Tiny, whole: bool = True) -> Iterator[Record]:
    """Write *tiny* into a folder of its own, and open it; it must be *whole* unless its damages are what is tested."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with History(folder / "history") as history:
            for fact in tiny.facts:
                _write(history, fact)
        if tiny.rows is not None:
            tiny_books.bind(folder / "snapshot", tiny.rows)
        with record_of(scenario(), World((TEE, MUG), (), tiny.book, tiny.book), folder) as record:
            assert not (whole and tiny.facts and record.damages), record.damages
            yield record


@contextmanager
def record_of(scenario: Scenario, world: World, folder: Path) -> Iterator[Record]:
    """Open the record in *folder* in an empty database of the one DuckDB of this process: a quarter of the time is its start."""
    name = f"record_{next(_NUMBERS)}"
    db = _duckdb().cursor()
    db.execute(f"ATTACH ':memory:' AS {name}; USE {name}")
    try:
        with Record(scenario, world, folder, db=db) as record:
            yield record
    finally:
        _duckdb().execute(f"DETACH {name}")


_NUMBERS = count()


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    atexit.register(_duckdb.cache_clear)  # else DuckDB complains of a connection that outlives it
    # In which order tables are joined is a matter of speed alone, and takes longer to find out than such a record to join.
    return duckdb.connect(config={"threads": 1, "disabled_optimizers": "join_order"})


def judged(law: Callable[[Record], Judgement], tiny: Tiny) -> Judgement:
    """Return what one invariant says about *tiny*; each finding says as data what it is about, and its message says the same."""
    with opened(tiny) as record:
        judgement = law(record)
    for finding in judgement.findings:
        assert finding.about and set(finding.about) <= set(ABOUT), finding
        assert all(value in finding.message for value in finding.about.values()), finding
    return judgement


def _write(history: History, fact: Fact) -> None:
    match fact:
        case Event():
            history.event(fact)
        case Delivery():
            history.delivery(fact)
        case Told():
            history.instruction(fact.instruction, fact.at_s, fact.cause)
        case Asked():
            _write_asked(history, fact)
        case Noted(kind="phase"):
            history.phase(fact.fields["name"], fact.at_s)
        case Noted():
            history.write(fact.kind, fact.at_s, **fact.fields)


def _write_asked(history: History, asked: Asked) -> None:
    index = history.operation(asked.operation, asked.at_s, asked.cause)
    if asked.outcome is not None:
        answer = Answer(asked.outcome, None, asked.message)
        history.answer(index, answer, asked.answered_s, asked.took_s, asked.cause, asked.operation.name)
    if asked.committed is not None:
        history.write("resolution", asked.answered_s, operation=index, committed=asked.committed)


# -- facts of the outside world ------------------------------------------------------------------------


def event(kind: Kind, at_s: float, channel: str, order: str, node: str, **data: Any) -> Event:
    """Any fact; its id says what it is, of what, and when."""
    about = ":".join(word for word in (order or channel, str(data.get("tender", ""))) if word)
    return Event(f"{kind.value}:{about}@{at_s:g}", kind, at_s, channel, order, node, data)


def priced(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return the lines of an order as a channel tells them."""
    return [
        {"line": n, "sku": sku, "units": units, "price_minor": PRICES[sku], "total_minor": PRICES[sku] * units}
        for n, (sku, units) in enumerate(lines, start=1)
    ]


def placed(
    at_s: float,
    order: str,
    *lines: Line,
    channel: str = "webshop",
    node: str = "dc",
    mode: str = "home_delivery",
    email: str = "ann@shop.example",
    kept_by: Sequence[str] = (),
) -> Event:
    """An accepted order: of one tee, unless told otherwise.

    *kept_by* names a node for each line, where they are not all kept by one."""
    told = priced(lines or ONE_TEE)
    for line, keeper in zip(told, kept_by, strict=False):
        line["node"] = keeper
    return event(
        EventKind.ORDER_PLACED,
        at_s,
        channel,
        order,
        node,
        mode=mode,
        customer={"id": "C1", "email": email},
        lines=told,
        tenders=[],
        total_minor=sum(line["total_minor"] for line in told),
    )


def sold(at_s: float, order: str, *lines: Line, channel: str = "till_1", node: str = "store", **tenders: int) -> Event:
    """A ticket at a till: of one tee, paid by card, unless told otherwise."""
    told = priced(lines or ONE_TEE)
    total = sum(line["total_minor"] for line in told)
    legs = [{"tender": tender, "amount_minor": amount} for tender, amount in (tenders or {"card": total}).items()]
    return event(
        EventKind.TICKET_CLOSED,
        at_s,
        channel,
        order,
        node,
        mode="take_away",
        lines=told,
        tenders=legs,
        total_minor=total,
        change_minor=0,
    )


def captured(at_s: float, order: str, amount_minor: int = 1500, tender: str = "card", channel: str = "webshop") -> Event:
    """The gateway took money."""
    reference = f"PSP-{order}-{tender}"
    return event(
        EventKind.PAYMENT_CAPTURED, at_s, channel, order, "", tender=tender, amount_minor=amount_minor, reference=reference
    )


def refunded(at_s: float, order: str, amount_minor: int = 1500, tender: str = "card", channel: str = "webshop") -> Event:
    """The gateway gave money back."""
    reference = f"R-{order}-{tender}"
    return event(EventKind.REFUND_PAID, at_s, channel, order, "", tender=tender, amount_minor=amount_minor, reference=reference)


def cancelled(at_s: float, order: str, *parts: Part, channel: str = "webshop", node: str = "dc") -> Event:
    """The channel told the shopper that it is off: the whole order, or the *parts* that *node* keeps."""
    told = {"lines": [{**part, "node": node} for part in _parts(parts)]} if parts else {}
    return event(EventKind.ORDER_CANCELLED, at_s, channel, order, node, reason="out of stock", **told)


def promise_moved(at_s: float, order: str, source: str, goal: str, *parts: Part, channel: str = "webshop") -> Event:
    """Another node keeps the promise now: of the whole order, or of *parts*."""
    told = {"lines": _parts(parts)} if parts else {}
    return event(EventKind.PROMISE_MOVED, at_s, channel, order, goal, source=source, **told)


def substituted(at_s: float, order: str, part: Part, by: str, channel: str = "webshop", node: str = "store") -> Event:
    """The shopper consented to another article."""
    return event(EventKind.PROMISE_SUBSTITUTED, at_s, channel, order, node, lines=[{**one, "by": by} for one in _parts([part])])


def _parts(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [{"line": line, "sku": sku, "units": units} for line, sku, units in parts]


def issued(at_s: float, order: str, *lines: Line, channel: str = "webshop", node: str = "dc") -> Event:
    """The parcel left with the carrier."""
    return event(EventKind.GOODS_ISSUED, at_s, channel, order, node, lines=_picked(lines), tracking=f"TRK-{order}")


def staged(at_s: float, order: str, *lines: Line, channel: str = "webshop", node: str = "store") -> Event:
    """The parcel lies on the pickup shelf."""
    return event(EventKind.PICKUP_STAGED, at_s, channel, order, node, lines=_picked(lines))


def collected(at_s: float, order: str, *lines: Line, channel: str = "webshop", node: str = "store") -> Event:
    """The customer has it."""
    return event(EventKind.PICKUP_COLLECTED, at_s, channel, order, node, lines=_picked(lines))


def _picked(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [{"sku": sku, "units": units} for sku, units in lines or ONE_TEE]


def declined(
    at_s: float, order: str, sku: str = "TEE", wanted: int = 1, found: int = 0, node: str = "dc", channel: str = "webshop"
) -> Event:
    """A picker stood before an empty shelf."""
    return event(EventKind.PICK_DECLINED, at_s, channel, order, node, sku=sku, wanted=wanted, found=found)


def till_opened(at_s: float, channel: str = "till_1", float_minor: int = 20_000) -> Event:
    """A till opened."""
    return event(EventKind.TILL_OPENED, at_s, channel, "", "store", float_minor=float_minor, day=1)


def till_closed(at_s: float, channel: str = "till_1", counted_minor: int = 21_500, float_minor: int = 20_000) -> Event:
    """A till was counted and closed."""
    return event(EventKind.TILL_CLOSED, at_s, channel, "", "store", counted_minor=counted_minor, float_minor=float_minor, day=1)


# -- what the connector was told, asked and did --------------------------------------------------------


def delivered(at_s: float, fact: Event, attempt: int = 1) -> Delivery:
    """Word of *fact* came to the connector."""
    return Delivery(fact, at_s, attempt)


def asked(
    at_s: float,
    *orders: str,
    outcome: Outcome | None = Outcome.OK,
    after_s: float = 2.0,
    cause: str = "",
    writes: bool = True,
    model: str = "sale.order",
    name: str = "create sale order",
    message: str = "",
    took_s: float = 0.05,
    committed: bool | None = None,
) -> Asked:
    """An operation on *orders*: done, unless told otherwise; its answer is the next line of the history."""
    operation = Operation(name, model, "create", orders=orders, writes=writes)
    return Asked(operation, at_s, cause, outcome, at_s + after_s, message, took_s, committed)


def told(at_s: float, order: str, what: str = "fulfil", recipient: str = "dc", channel: str = "webshop", cause: str = "") -> Told:
    """The connector asked an actor outside to ``fulfil``, ``cancel`` or ``refund``."""
    return Told(Instruction(InstructionKind(what), recipient, channel, order, {}), at_s, cause)


def published(at_s: float, channel: str = "webshop", node: str = "dc", **units: int) -> Noted:
    """The connector told a channel what it may sell."""
    return Noted("publication", at_s, {"channel": channel, "node": node, "units": units})


def dead_letter(at_s: float, cause: str, error: str = "LookupError", message: str = "", where: str = "") -> Noted:
    """The connector dropped an event."""
    return Noted("dead_letter", at_s, {"cause": cause, "error": error, "erp": {"message": message, "where": where}})


def shelf(at_s: float, node: str, **units: int) -> Noted:
    """What really lies at a node, counted at the end."""
    return Noted("shelf", at_s, {"node": node, "units": units})


def oracle(orders: int, units: int) -> Noted:
    """What one perfect counter per node would have sold."""
    return Noted("oracle", 0.0, {"data": {"orders": orders, "units": units}})


def phase(name: str, at_s: float) -> Noted:
    """The run entered a phase: ``simulate``, ``settle``, ``rest`` or ``observe``."""
    return Noted("phase", at_s, {"name": name})
