"""What is rehearsed: the scenario, as one frozen tree of validated values.

Loading from YAML (with positions, ``extends:`` and the schema) lives in `scenario_file`; this module
says which words exist, what they mean and which combinations make sense.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from rehearsal.gates import parsed

DURATION = re.compile(r"^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
MONEY = re.compile(r"^\d+(\.\d{2})?$")
CLOCK_TIME = re.compile(r"^([01]\d|2[0-4]):([0-5]\d)$")
SHARE_TOLERANCE = 1e-6


def seconds(value: object) -> int:
    """Return the seconds of a duration such as ``90s``, ``15m``, ``1h30m`` or ``3d``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = DURATION.match(value) if isinstance(value, str) and value else None
    if not found:
        raise ValueError(f"{value!r} is not a duration; write for example 90s, 15m, 1h30m or 3d")
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def minor_units(value: object) -> int:
    """Return minor units of an amount written as text, such as ``"59.90"``."""
    if not isinstance(value, str) or not MONEY.match(value):
        raise ValueError(f'{value!r} is not an amount; write it as text with two decimals, such as "59.90"')
    whole, _, cents = value.partition(".")
    return int(whole) * 100 + int(cents or 0)


def second_of_day(value: object) -> int:
    """Return the second of the day of a clock time such as ``"09:00"`` (``"24:00"`` is its end)."""
    found = CLOCK_TIME.match(value) if isinstance(value, str) else None
    if not found or (found[1] == "24" and found[2] != "00"):
        raise ValueError(f'{value!r} is not a clock time; write it as text, such as "09:00"')
    return int(found[1]) * 3600 + int(found[2]) * 60


Duration = Annotated[
    int,
    BeforeValidator(seconds),
    WithJsonSchema({"type": "string", "pattern": DURATION.pattern, "examples": ["15m", "3d"]}),
]
Money = Annotated[int, BeforeValidator(minor_units), WithJsonSchema({"type": "string", "pattern": MONEY.pattern})]
ClockTime = Annotated[
    int, BeforeValidator(second_of_day), WithJsonSchema({"type": "string", "pattern": CLOCK_TIME.pattern})
]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Mode = Literal["home_delivery", "pickup_in_store", "ship_from_store", "take_away"]
Tender = Literal["card", "gift_card", "cash", "marketplace"]


class Part(BaseModel):
    """Base of every part of a scenario: frozen, and no unknown words."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Lag(Part):
    """A log-normal delay, by its median and its 95th percentile."""

    median: Duration
    p95: Duration

    @model_validator(mode="after")
    def _spreads(self) -> Lag:
        if not 0 < self.median < self.p95:
            raise ValueError(f"median ({self.median} s) must be above 0 and below p95 ({self.p95} s)")
        return self


class Clock(Part):
    """How scenario time passes, and how many operations may overlap."""

    kind: Literal["virtual"] = "virtual"
    lanes: Annotated[int, Field(ge=1, le=64)] = 1
    """1 runs every operation in issue order: the deterministic mode."""
    round_trip: Duration = 2
    """Modelled time from asking Odoo to having its answer."""
    timeout: Duration = 60
    """Wall seconds after which an answer is given up and its outcome is unknown."""
    speedup: Annotated[float, Field(gt=0, le=100_000)] = 60.0
    """`rehearse load`: scenario seconds per wall second."""


class Catalogue(Part):
    """How many products there are, and how demand leans on the hot ones."""

    products: Annotated[int, Field(ge=1, le=100_000)] = 60
    promoted: Count = 6
    scarce: Count = 2
    """How many of the promoted ones have almost no stock."""
    price_from: Money = 800
    price_to: Money = 90_000
    promotion: Share = 0.25
    """Typical reduction of a promoted product."""
    promoted_demand: Share = 0.4
    """Share of all units wanted that falls on promoted products: the hot-SKU skew."""
    tax_percent: Annotated[float, Field(ge=0, le=30)] = 10
    """Included in every price."""

    @model_validator(mode="after")
    def _counts_nest(self) -> Catalogue:
        if not self.scarce <= self.promoted <= self.products:
            raise ValueError(
                f"scarce ({self.scarce}) <= promoted ({self.promoted}) <= products ({self.products}) must hold"
            )
        if self.price_from >= self.price_to:
            raise ValueError("price_from must be below price_to")
        return self


class Stock(Part):
    """Opening stock of one product at one node, by product group, in pieces."""

    regular: Count
    promoted: Count
    scarce: Count


class Node(Part):
    """A fulfilment node: who ships or hands over."""

    kind: Code
    """Names the simulator: simulators/<kind>.py."""
    stock: Stock
    opens: ClockTime = 0
    closes: ClockTime = 24 * 3600
    pickers: Annotated[int, Field(ge=1)] = 2
    pick: Lag = Lag(median=600, p95=1800)
    """Time to pick one order, once a picker is free."""
    cutoff: ClockTime = 18 * 3600
    """When the carrier comes."""

    @model_validator(mode="after")
    def _opens_before_closing(self) -> Node:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self


class Fulfilment(Part):
    """One way in which a channel lets its orders be fulfilled."""

    share: Share
    nodes: Annotated[tuple[Code, ...], Field(min_length=1)]


class Channel(Part):
    """Who sells."""

    kind: Code
    """Names the simulator: simulators/<kind>.py."""
    orders: Count
    """Expected number of attempted orders over the whole scenario."""
    curve: Code
    fulfilment: dict[Mode, Fulfilment]
    tenders: dict[Tender, Share]
    split: Share = 0.0
    """Share of orders paid with two tenders."""
    split_with: Tender | None = None
    """The second tender of a split order."""
    basket: Annotated[dict[int, Share], Field(min_length=1)] = {1: 0.6, 2: 0.3, 3: 0.1}
    """Number of lines, with its share."""
    publish_every: Duration = 900
    """How often the connector is asked what this channel may sell."""
    lag: Lag = Lag(median=20, p95=90)
    """From an event to its arrival at the connector."""
    sync_every: Duration = 0
    """Tills: time between two syncs, at which all tickets since the last one arrive in a burst; 0: each by itself."""
    guests: Share = 0.15
    """Share of orders by shoppers who are not known yet."""
    options: dict[str, Any] = {}
    """For simulators of your own."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Channel:
        if not self.fulfilment:
            raise ValueError("fulfilment is empty: a channel needs at least one way to fulfil its orders")
        for name, shares in (
            ("fulfilment", [f.share for f in self.fulfilment.values()]),
            ("tenders", list(self.tenders.values())),
            ("basket", list(self.basket.values())),
        ):
            if abs(sum(shares) - 1) > SHARE_TOLERANCE:
                raise ValueError(f"the shares of {name} sum to {sum(shares):g}, they must sum to 1")
        if self.split and self.split_with is None:
            raise ValueError("split needs split_with: the second tender")
        return self


class Curve(Part):
    """Hourly weights of arrivals, on any scale."""

    hours: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=24, max_length=24)]
    days: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=1)] = (1.0,)
    """Weight of each day; the last one holds for all later days."""

    @model_validator(mode="after")
    def _has_some(self) -> Curve:
        if not sum(self.hours) or not sum(self.days):
            raise ValueError("all weights are 0: nothing would ever arrive")
        return self


DELIVERY_FAULTS = ("late_pickup_batches", "duplicate_deliveries", "late_carrier_events", "empty_shelves")
NETWORK_FAULTS = (
    "network_latency", "reset_before_request", "cut_after_commit", "black_hole", "bad_gateway", "narrow_bandwidth",
)  # fmt: skip
PROCESS_FAULTS = ("kill_worker", "restart_odoo", "restart_postgres", "freeze_odoo")
FaultName = Literal[
    "late_pickup_batches", "duplicate_deliveries", "late_carrier_events", "empty_shelves", "network_latency",
    "reset_before_request", "cut_after_commit", "black_hole", "bad_gateway", "narrow_bandwidth", "kill_worker",
    "restart_odoo", "restart_postgres", "freeze_odoo",
]  # fmt: skip


class Fault(Part):
    """A deliberate disturbance; which numbers it reads depends on its name."""

    name: FaultName
    share: Share = 1.0
    """Share of the things (events, records, requests) that it strikes."""
    every: Duration = 0
    """late_pickup_batches: time between two batches."""
    delay: Lag | None = None
    """late_carrier_events: how late."""
    begins: Duration = 0
    """Scenario time from which it may strike."""
    ends: Duration | None = None
    """Scenario time until which it may strike; the scenario's end when left out."""
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    """Faults of processes: how often, at instants drawn between *begins* and *ends*."""
    wall: Duration = 5
    """freeze_odoo: wall seconds."""
    wall_ms: Annotated[int, Field(ge=1, le=60_000)] = 200
    """network_latency: median wall milliseconds; with the jitter of a log-normal whose 95th percentile is three times it."""
    bytes_per_s: Annotated[int, Field(ge=100)] = 20_000
    """narrow_bandwidth: bytes per wall second of each answer."""


class Deadlines(Part):
    """What the retailer promises; an order beyond it is stuck."""

    imported: Duration = 8 * 3600
    """From acceptance to a confirmed order in the ERP."""
    home_delivery: Duration = 48 * 3600
    """From acceptance to goods issue, or to cancelled and refunded."""
    ship_from_store: Duration = 48 * 3600
    pickup_in_store: Duration = 72 * 3600
    """From acceptance to collection, or to cancelled and refunded."""
    take_away: Duration = 3600
    refunded: Duration = 24 * 3600
    """From cancellation to the money being back, tender by tender."""


class Settle(Part):
    """The bounded time after the doors close, in which everything must come to rest."""

    limit: Duration = 96 * 3600


def _gate(value: object) -> object:
    return {"limit": value} if isinstance(value, str) else value


class Gate(Part):
    """A limit on a figure; a bare string is its limit alone."""

    limit: str
    """Such as ``sync_latency_s_p95 <= 120`` (see `gates`)."""
    abort_on_fail: bool = False
    """Under load: end the run at once when the limit is passed."""
    after: Duration = 30
    """Under load: wall time before it is first held against live figures, since the first ones mean little."""

    @field_validator("limit")
    @classmethod
    def _can_be_read(cls, limit: str) -> str:
        parsed(limit)
        return limit


Shape = Literal["curve", "ramp", "spike", "soak", "breakpoint"]


class Spike(Part):
    """A flash drop: many extra orders for promoted products within minutes."""

    at: Share = 0.5
    """When it begins, as a share of the scenario."""
    lasts: Duration = 600
    times: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Extra orders, as a multiple of all the scenario's own."""
    waves: Annotated[int, Field(ge=1, le=100)] = 1
    """1: everybody wants any hot article; else the crowd comes in so many waves, each for the next one of them."""
    rush: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The part of a wave's time in which its crowd arrives."""


class Breakpoint(Part):
    """A rate that is raised step by step until something does not hold."""

    start: Annotated[float, Field(gt=0)] = 60.0
    """Orders per wall minute in the first step."""
    factor: Annotated[float, Field(gt=1, le=10)] = 1.5
    """From one step's rate to the next."""
    steps: Annotated[int, Field(ge=1, le=50)] = 10
    step: Duration = 15
    """Wall seconds of one step."""
    latency_ms_p95: Annotated[float, Field(gt=0)] = 5000.0
    """A step with a longer latency does not hold."""
    error_rate: Share = 0.01
    backlog: Annotated[float, Field(gt=0)] = 0.25
    """A step that leaves more orders unknown to the ERP than this share of its own does not hold."""


class Load(Part):
    """How `rehearse load` drives the scenario."""

    shape: Shape = "curve"
    """curve: the scenario's own; ramp, spike and soak give the same orders other times; breakpoint looks for the limit."""
    lateness_ms_p99: Annotated[float, Field(gt=0)] = 250.0
    """Wall milliseconds by which stimuli may come late; a run beyond it is undecided."""
    spike: Spike = Spike()
    breakpoint: Breakpoint = Breakpoint()
    backoffice: dict[Code, Count] = {}
    """Users beside the connector's lanes, by role (a class of loadtests/), and how many of each."""
    crons: tuple[str, ...] = ()
    """External ids of Odoo's scheduled actions that run again and again meanwhile."""


class Exercised(Part):
    """How often each thing must have happened, or the run is undecided (non-vacuity)."""

    orders_per_channel: Count = 1
    orders_per_tender: Count = 1
    fault_fired: Count = 1
    examined: Annotated[int, Field(ge=1)] = 1
    """Per invariant."""


class Scenario(Part):
    """One rehearsal, whole: every default written out."""

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str = ""
    starts_at: str = "2025-11-28T00:00:00"
    """Local time of the retailer; in the past, since Odoo posts nothing that is dated in the future.

    With ``erp_clock: scenario`` it may lie in the future: the scenario's days are Odoo's own.
    """
    lasts: Duration
    seed: int = 20261127
    connector: str = "naive"
    """A module of connectors/, or ``package.module:Class``."""
    cure: str = ""
    """The connector that shows the other outcome, for the command that is printed at the end."""
    client: Literal["odoorpc", "json2"] = "odoorpc"
    clock: Clock = Clock()
    erp_clock: Literal["wall", "scenario"] = "wall"
    """What Odoo takes for now: the real time, or the scenario's instant, so that promotion windows, expiries and
    every date that Odoo sets fall on the scenario's days. It then runs under libfaketime, and so does its PostgreSQL;
    where that library is missing, the run says so and goes on with the real time."""
    catalogue: Catalogue = Catalogue()
    customers: Annotated[int, Field(ge=1)] = 80
    nodes: Annotated[dict[Code, Node], Field(min_length=1)]
    channels: Annotated[dict[Code, Channel], Field(min_length=1)]
    services: tuple[Code, ...] = ("gateway", "carrier")
    """Actors beside channels and nodes; each names its simulator."""
    curves: Annotated[dict[Code, Curve], Field(min_length=1)]
    faults: tuple[Fault, ...] = ()
    carrier_scan: Lag = Lag(median=36_000, p95=129_600)
    """From goods issue to the carrier's first scan."""
    deadlines: Deadlines = Deadlines()
    settle: Settle = Settle()
    load: Load = Load()
    gates: tuple[
        Annotated[
            Gate,
            BeforeValidator(_gate, json_schema_input_type=str | Gate),
        ],
        ...,
    ] = ()
    """Limits on figures: strings such as ``sync_latency_s_p95 <= 120``, or objects with ``limit`` and ``abort_on_fail``."""
    exercised: Exercised = Exercised()
    options: dict[str, Any] = {}
    """For the connector: its own settings."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Scenario:
        problems: list[str] = []
        for code, channel in self.channels.items():
            if channel.curve not in self.curves:
                problems.append(f"channel {code}: curve {channel.curve!r} is not among {sorted(self.curves)}")
            for mode, fulfilment in channel.fulfilment.items():
                problems += [
                    f"channel {code}: {mode} names node {node!r}, which is not among {sorted(self.nodes)}"
                    for node in fulfilment.nodes
                    if node not in self.nodes
                ]
        if problems:
            raise ValueError("; ".join(problems))
        try:
            begins = datetime.fromisoformat(self.starts_at)
        except ValueError as error:
            raise ValueError(f"starts_at: {error}") from error
        if begins.tzinfo is not None:
            raise ValueError("starts_at is local time of the retailer: write it without an offset")
        return self

    @property
    def begins(self) -> datetime:
        """The instant of ``at_s = 0``; written to Odoo as it stands (its clock is UTC)."""
        return datetime.fromisoformat(self.starts_at).replace(tzinfo=UTC)

    def fault(self, name: str) -> Fault | None:
        """Return the fault *name* if the scenario has it."""
        return next((fault for fault in self.faults if fault.name == name), None)

    def hourly(self, curve: str) -> list[float]:
        """Return one arrival weight per hour of the scenario for *curve*."""
        shape = self.curves[curve]
        hours = self.lasts // 3600
        return [shape.hours[h % 24] * shape.days[min(h // 24, len(shape.days) - 1)] for h in range(hours)]
