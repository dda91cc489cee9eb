"""How the values of a scenario are written, and how big each of them may be.

A bound that is passed is told with the figure that the value would need: who asks for 10^9 orders learns what they
would cost, before a machine finds out.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

HOUR_S = 3600
DAY_S = 24 * HOUR_S
YEAR_S = 365 * DAY_S
DURATION = re.compile(r"^(?=\d)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$")
MONEY = re.compile(r"^\d{1,10}(\.\d{2})?$")
CURRENCY = re.compile(r"^[A-Z]{3}$")
NO_HUNDREDTHS = frozenset(
    [
        "BHD",
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "IQD",
        "ISK",
        "JOD",
        "JPY",
        "KMF",
        "KRW",
        "KWD",
        "LYD",
        "OMR",
        "PYG",
        "RWF",
        "TND",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
"""ISO 4217 gives these no hundredths, in which every amount is kept here."""
SCENARIO_NAME = "[a-z][a-z0-9_]{0,62}"
CLOCK_TIME = re.compile(r"^([01]\d|2[0-4]):([0-5]\d)$")
YEARS = (1970, 2100)
LASTS_MAX_S = 31 * DAY_S
ORDERS_MAX = 1_000_000
ORDER_CPU_MS = 0.2
ORDER_KB = 1.3
"""Measured for the simulators alone; Odoo comes on top."""
PRODUCTS_MAX = 100_000
PRODUCT_CPU_MS = 0.25
CUSTOMERS_MAX = 100_000
CUSTOMER_CPU_MS = 0.3
PLACES_MAX = 1_000_000
PLACE_KB = 0.45
"""A product at a node: measured, book and shelf together."""
PUBLICATIONS_MAX = 1_000_000
PUBLISHED_MAX = 100_000_000
PUBLISHED_BYTES = 15
"""One product's figure in one publication, as the history has it."""
LAG_RATIO_MAX = 100
NEAR_MAX = 20


def seconds(value: object) -> int:
    """Return the seconds of a duration such as ``90s``, ``15m``, ``1h30m`` or ``3d``."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"{value!r} is not a duration; write for example 90s, 15m, 1h30m or 3d")
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def minor_units(value: object) -> int:
    """Return minor units of an amount written as text, such as ``"59.90"``."""
    if not isinstance(value, str) or not MONEY.fullmatch(value):
        raise ValueError(f'{value!r} is not an amount; write it as text with two decimals, such as "59.90"')
    whole, _, cents = value.partition(".")
    return int(whole) * 100 + int(cents or 0)


def currency(value: object) -> str:
    """Return *value* when it is the ISO 4217 code of a currency that has hundredths, such as ``EUR``."""
    if not isinstance(value, str) or not CURRENCY.fullmatch(value):
        raise ValueError(f"{value!r} is no currency; write its ISO 4217 code, three capital letters, such as EUR")
    if value in NO_HUNDREDTHS:
        raise ValueError(f"{value} has no hundredths, in which all amounts are kept; write a currency that has, such as EUR")
    return value


def second_of_day(value: object) -> int:
    """Return the second of the day of a clock time such as ``"09:00"`` (``"24:00"`` is its end)."""
    found = CLOCK_TIME.fullmatch(value) if isinstance(value, str) else None
    if not found or (found[1] == "24" and found[2] != "00"):
        raise ValueError(f'{value!r} is not a clock time; write it as text, such as "09:00"')
    return int(found[1]) * HOUR_S + int(found[2]) * 60


def local_time(value: object) -> str:
    """Return *value* when it is an instant of local time, such as ``"2025-11-28T00:00:00"``."""
    wanted = 'write it as text, such as "2025-11-28T00:00:00"'
    if not isinstance(value, str):
        raise ValueError(f"{value} is not text; {wanted}")  # YAML makes a date of it when it has no quotes
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is no instant; {wanted}") from None
    if instant.tzinfo is not None:
        raise ValueError(f"{value!r} has an offset, and is local time of the retailer; {wanted}")
    if not YEARS[0] <= instant.year <= YEARS[1]:
        raise ValueError(f"{value!r} is not between {YEARS[0]} and {YEARS[1]}; {wanted}")
    return value


def day(value: object) -> str:
    """Return *value* when it is a day, such as ``"2025-11-28"``."""
    wanted = 'write it as text, such as "2025-11-28"'
    if not isinstance(value, str):
        raise ValueError(f"{value} is not text; {wanted}")  # YAML makes a date of it when it has no quotes
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is no day; {wanted}") from None
    if not YEARS[0] <= found.year <= YEARS[1]:
        raise ValueError(f"{value!r} is not between {YEARS[0]} and {YEARS[1]}; {wanted}")
    return found.isoformat()


def duration(value: float) -> str:
    """Return *value* seconds as a scenario file has it: ``3d``, ``1h30m``, ``90s``."""
    rest, parts = round(value), []
    for length, letter in ((DAY_S, "d"), (HOUR_S, "h"), (60, "m"), (1, "s")):
        count, rest = divmod(rest, length)
        parts += [f"{count}{letter}"] if count else []
    return "".join(parts) or "0s"


def much(count: float, cpu_ms: float = 0.0, kb: float = 0.0) -> str:
    """Return what *count* things would need, each of them *cpu_ms* of CPU and *kb* of memory."""
    needs = [f"{_time(count * cpu_ms / 1000)} of CPU"] if cpu_ms else []
    needs += [f"{number(count * kb / 1e6)} GB of memory"] if kb else []
    return "it would need about " + " and ".join(needs)


def _time(value: float) -> str:
    return duration(max(1, value)) if value < YEAR_S else f"{number(value / YEAR_S)} years"


def number(value: float) -> str:
    """Return *value* as briefly as it can be told."""
    return f"{value:.2g}" if value < 10 or value > 1e12 else f"{value:.0f}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the words in brackets that help who mistyped *word*: the nearest of *known*, or all of them."""
    there = sorted(known)
    near = difflib.get_close_matches(word, there, n=1, cutoff=0.5)
    if near:
        return f" (did you mean {near[0]!r}?)"
    more = f" and {len(there) - NEAR_MAX} more" if len(there) > NEAR_MAX else ""
    return f" (there are: {', '.join(there[:NEAR_MAX])}{more})" if there else " (there are none)"


@dataclass(frozen=True, slots=True)
class Within:
    """Bounds of a whole number, for `Annotated`; a value beyond them is told with what it would need."""

    least: int
    most: int
    needs: Callable[[int], str] | None = None
    """Returns the figure that too big a value would need."""
    shown: Callable[[int], str] = str

    def __call__(self, value: int) -> int:
        """Return *value*; raises ValueError when it is beyond a bound."""
        if value < self.least:
            raise ValueError(f"{self.shown(value)} is too little; at least {self.shown(self.least)} is wanted")
        if value > self.most:
            why = f": {self.needs(value)}" if self.needs else ""
            raise ValueError(f"{self.shown(value)} is too much; at most {self.shown(self.most)} can be played{why}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic call this after its own checks."""
        return core_schema.no_info_after_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say the bounds in JSON Schema, which knows them for numbers only."""
        told = handler(core)
        bounds = {"minimum": self.least, "maximum": self.most} if told.get("type") == "integer" else {}
        return {**told, **bounds}


Duration = Annotated[
    int,
    BeforeValidator(seconds),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": DURATION.pattern, "examples": ["15m", "3d"]}, {"type": "integer", "minimum": 0}]}
    ),
    Within(0, LASTS_MAX_S, shown=duration),
]
SomeTime = Annotated[Duration, Within(1, LASTS_MAX_S, shown=duration)]
"""A duration that is not nothing."""
WallTime = Annotated[Duration, Within(1, HOUR_S, shown=duration)]
"""Real time that somebody waits."""
RoundTrip = Annotated[Duration, Within(0, HOUR_S, shown=duration)]
Money = Annotated[int, BeforeValidator(minor_units), WithJsonSchema({"type": "string", "pattern": MONEY.pattern})]
Currency = Annotated[str, BeforeValidator(currency), WithJsonSchema({"type": "string", "pattern": CURRENCY.pattern})]
Price = Annotated[Money, Within(1, 1_000_000_000, shown=lambda minor: f"{minor / 100:.2f}")]
"""Odoo's amounts are exact to the cent far beyond it."""
ClockTime = Annotated[int, BeforeValidator(second_of_day), WithJsonSchema({"type": "string", "pattern": CLOCK_TIME.pattern})]
LocalTime = Annotated[str, BeforeValidator(local_time), WithJsonSchema({"type": "string"})]
Day = Annotated[str, BeforeValidator(day), WithJsonSchema({"type": "string", "format": "date"})]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1_000_000)]
Count = Annotated[int, Field(ge=0), Within(0, ORDERS_MAX)]
Units = Annotated[int, Field(ge=0), Within(0, 10_000_000)]
Orders = Annotated[int, Field(ge=0), Within(0, ORDERS_MAX, lambda n: much(n, ORDER_CPU_MS, ORDER_KB))]
Products = Annotated[int, Field(ge=1), Within(1, PRODUCTS_MAX, lambda n: much(n, PRODUCT_CPU_MS))]
Customers = Annotated[int, Field(ge=1), Within(1, CUSTOMERS_MAX, lambda n: much(n, CUSTOMER_CPU_MS))]
Lines = Annotated[int, Field(ge=1, le=100)]
Pieces = Annotated[int, Field(ge=1, le=1000)]
OdooName = Annotated[str, Field(max_length=200)]
"""What something is called in Odoo; empty where nothing is named."""
OdooDomain = tuple[Any, ...]
"""Terms such as ``[state, =, sale]``, as Odoo's search takes them."""
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
