"""What is rehearsed: the scenario, as one frozen tree of validated values.

This module says which words exist and what they mean. How their values are written and how big they may be lives in
`scenario_bounds`, which combinations make sense in `scenario_checks`, loading from YAML in `scenario_file`: only what
was loaded there is checked whole.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SerializeAsAny

from rehearsal.parts import actor_kinds
from rehearsal.parts.actor import Channel as Channel
from rehearsal.parts.actor import Node as Node
from rehearsal.parts.actor import Service as Service
from rehearsal.parts.bounds import (
    HOUR_S,
    SCENARIO_NAME,
    Code,
    Count,
    Currency,
    Customers,
    Day,
    Duration,
    LocalTime,
    OdooDomain,
    Price,
    Products,
    RoundTrip,
    Share,
    SomeTime,
    WallTime,
    Weight,
)
from rehearsal.parts.fault import Fault
from rehearsal.parts.fault_kinds import settled
from rehearsal.parts.mode import MODES, Mode
from rehearsal.parts.part import Lag, Part, laid_over
from rehearsal.parts.software import Odoo
from rehearsal.parts.tender import TENDERS, Tender
from rehearsal.scenario.gates import parsed


class Clock(Part):
    """How scenario time passes, and how many operations may overlap."""

    kind: Literal["virtual"] = "virtual"
    lanes: Annotated[int, Field(ge=1, le=64)] = 1
    """1 runs every operation in issue order: the deterministic mode."""
    round_trip: RoundTrip = 2
    """Modelled time from asking Odoo to having its answer."""
    timeout: WallTime = 60
    """Wall seconds after which an answer is given up and its outcome is unknown."""
    speedup: Annotated[float, Field(gt=0, le=100_000)] = 60.0
    """`rehearse load`: scenario seconds per wall second."""


class Catalogue(Part):
    """How many products there are, and how demand leans on the hot ones."""

    products: Products = 60
    promoted: Count = 6
    scarce: Count = 2
    """How many of the promoted ones have almost no stock."""
    price_from: Price = 800
    price_to: Price = 90_000
    promotion: Share = 0.25
    """Typical reduction of a promoted product."""
    promoted_demand: Share = 0.4
    """Share of all units wanted that falls on promoted products: the hot-SKU skew."""
    tax_percent: Annotated[float, Field(ge=0, le=30)] = 10
    """Included in every price."""
    domain: OdooDomain = ()
    """With ``world: existing``: which articles, as a domain of product.product; of those that match, the ones with most stock."""
    hot: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(max_length=1000)] = ()
    """With ``world: existing``: internal references of the articles that draw promoted_demand; left out: as many as are
    promoted, of those with most stock."""
    shares: Annotated[dict[Annotated[str, Field(min_length=1, max_length=100)], Weight], Field(max_length=20_000)] = {}
    """With ``world: existing``: how much of the demand each article draws, by internal reference, on any scale; who is not
    named draws none. Left out: promoted_demand for the hot ones, and less and less for the others."""


class Fitted(Part):
    """From what the words of demand were fitted, as `rehearse fit` writes it down: sums of orders, nothing of a person."""

    since: Day
    until: Day
    """The last day that was read."""
    orders: Annotated[int, Field(ge=1)]
    """How many orders were read, over all channels."""
    times: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """By how much there are more of them now."""
    units_share: Share = 1.0
    """Share of the units sold in that time that the articles of this scenario were."""


class Curve(Part):
    """Hourly weights of arrivals, on any scale."""

    hours: Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24)]
    days: Annotated[tuple[Weight, ...], Field(min_length=1, max_length=31)] = (1.0,)
    """Weight of each day; the last one holds for all later days."""


class Deadlines(Part):
    """What the retailer promises. An order beyond it is a finding where the integration kept it waiting; once the world is at
    rest, whatever is not at its end is stuck, deadline or not. A mode that the scenario declares has its own here, by name."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)
    __pydantic_extra__: dict[str, SomeTime] = Field(init=False)

    imported: SomeTime = 8 * 3600
    """From the first arrival at the connector to a confirmed order in the ERP."""
    home_delivery: SomeTime = 48 * 3600
    """From acceptance to goods issue, or to cancelled and refunded."""
    ship_from_store: SomeTime = 48 * 3600
    pickup_in_store: SomeTime = 72 * 3600
    """From acceptance to the parcel lying ready on the pickup shelf, or to cancelled and refunded."""
    take_away: SomeTime = 3600
    refunded: SomeTime = 24 * 3600
    """From cancellation to the last refund being asked for; how long the gateway takes is its own business."""

    def of(self, mode: str) -> int:
        """Return the seconds that an order in *mode* may take; `checks` saw that each mode has them."""
        limit: int = getattr(self, mode)
        return limit


class Settle(Part):
    """The bounded time after the doors close, in which everything must come to rest; no deadline may be longer."""

    limit: SomeTime = 96 * 3600


def _readable_gate(limit: str) -> str:
    parsed(limit)
    return limit


GateText = Annotated[str, AfterValidator(_readable_gate)]


def _gate(value: object) -> object:
    return {"limit": value} if isinstance(value, str) else value


class Gate(Part):
    """A limit on a figure; a bare string is its limit alone."""

    limit: GateText
    """Such as ``sync_latency_s_p95 <= 120`` (see `gates`)."""
    abort_on_fail: bool = False
    """Under load: end the run at once when the limit is passed."""
    after: Duration = 30
    """Under load: wall time before it is first held against live figures, since the first ones mean little."""


CronName = Annotated[str, Field(pattern=r"^[a-z0-9_]+\.[A-Za-z0-9_.]+$")]
Shape = Literal["curve", "ramp", "spike", "soak", "breakpoint"]


class Spike(Part):
    """A flash drop: many extra orders for promoted products within minutes."""

    at: Share = 0.5
    """When it begins, as a share of the scenario."""
    lasts: SomeTime = 600
    times: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Extra orders, as a multiple of all the scenario's own."""
    waves: Annotated[int, Field(ge=1, le=100)] = 1
    """1: everybody wants any hot article; else the crowd comes in so many waves, each for the next one of them."""
    rush: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The part of a wave's time in which its crowd arrives."""


class Breakpoint(Part):
    """A rate that is raised step by step until something does not hold."""

    start: Annotated[float, Field(gt=0, le=1_000_000)] = 60.0
    """Orders per wall minute in the first step."""
    factor: Annotated[float, Field(gt=1, le=10)] = 1.5
    """From one step's rate to the next."""
    steps: Annotated[int, Field(ge=1, le=50)] = 10
    step: WallTime = 15
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
    backoffice: dict[Code, Annotated[int, Field(ge=0, le=1000)]] = {}
    """Users beside the connector's lanes, by role (a class of loadtests/), and how many of each."""
    crons: Annotated[tuple[CronName, ...], Field(max_length=50)] = ()
    """External ids of Odoo's scheduled actions that run again and again meanwhile."""


SomeChannel = Annotated[SerializeAsAny[Channel], BeforeValidator(actor_kinds.settled(Channel))]
SomeNode = Annotated[SerializeAsAny[Node], BeforeValidator(actor_kinds.settled(Node))]
SomeService = Annotated[SerializeAsAny[Service], BeforeValidator(actor_kinds.settled(Service))]


class Exercised(Part):
    """How often each thing must have happened, or the run is undecided (non-vacuity)."""

    orders_per_channel: Count = 1
    orders_per_tender: Count = 1
    fault_fired: Count = 1
    orders_kept: Share = 0.5
    """Share of accepted orders that must be kept, not cancelled: whoever cancels everything is never wrong."""
    examined: Annotated[int, Field(ge=1)] = 1
    """Per invariant."""


class Scenario(Part):
    """One rehearsal, whole: every default written out."""

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=f"^{SCENARIO_NAME}$")]
    title: Annotated[str, Field(max_length=300)] = ""
    starts_at: LocalTime = "2025-11-28T00:00:00"
    """Local time of the retailer; in the past, since Odoo posts nothing that is dated in the future.

    With ``erp_clock: scenario`` it may lie in the future: the scenario's days are Odoo's own.
    """
    lasts: Duration
    """Whole hours: shoppers are drawn hour by hour."""
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] = 20261127
    connector: Annotated[str, Field(min_length=1, max_length=200)] = "naive"
    """A module of connectors/, or ``package.module:Class``."""
    cure: Annotated[str, Field(max_length=200)] = ""
    """The connector that shows the other outcome, for the command that is printed at the end."""
    policies: dict[Code, Literal["on", "off"]] = {}
    """Rules of the connector that are switched off, by name: ``{deduplication: off}``; what is not named is on."""
    client: Literal["odoorpc", "json2"] = "odoorpc"
    clock: Clock = Clock()
    erp_clock: Literal["wall", "scenario"] = "wall"
    """What Odoo takes for now: the real time, or the scenario's instant, so that promotion windows, expiries and
    every date that Odoo sets fall on the scenario's days. It then runs under libfaketime, and so does its PostgreSQL;
    where that library is missing, the run says so and goes on with the real time."""
    currency: Currency = "EUR"
    """What every amount is in, as reports show it; nothing is converted, so it should be that of the company in Odoo."""
    world: Literal["made", "existing"] = "made"
    """existing: articles, prices, stock, warehouses, journals and points of sale are those that the database has already,
    by the names that nodes, channels and tenders give them; nothing of it is written, only external ids that name it."""
    catalogue: Catalogue = Catalogue()
    customers: Customers = 80
    customer_domain: OdooDomain = ()
    """With ``world: existing``: which partners are the known customers, as a domain of res.partner; of those that match, the
    oldest. Their names and addresses then stand in the record of the run. Left out: they are made up."""
    fitted: Fitted | None = None
    nodes: Annotated[dict[Code, SomeNode], Field(min_length=1, max_length=200)]
    channels: Annotated[dict[Code, SomeChannel], Field(min_length=1, max_length=90)]
    services: Annotated[
        dict[Code, SomeService],
        Field(max_length=50, validate_default=True),
        BeforeValidator(actor_kinds.named, json_schema_input_type=dict[Code, SomeService] | list[Code]),
    ] = Field(default_factory=actor_kinds.usual)
    """Actors beside channels and nodes, by name: gateways, carriers; a list names them by their kinds."""
    curves: Annotated[dict[Code, Curve], Field(min_length=1, max_length=200)]
    faults: Annotated[tuple[Annotated[SerializeAsAny[Fault], BeforeValidator(settled)], ...], Field(max_length=200)] = ()
    """Deliberate disturbances; each names its module, simulators/faults/<name>.py, which reads its other words."""
    modes: Annotated[dict[Code, Mode], BeforeValidator(laid_over(MODES))] = dict(MODES)
    """Ways of fulfilment, beside those that every scenario has: home_delivery, ship_from_store, pickup_in_store, take_away."""
    tenders: Annotated[
        dict[Code, Tender], BeforeValidator(laid_over(TENDERS), json_schema_input_type=dict[Code, Tender | None])
    ] = dict(TENDERS)
    """Means of payment, beside those that every scenario has: card, gift_card, marketplace, cash."""
    carrier_scan: Lag = Lag(median=36_000, p95=129_600)
    """From goods issue to the carrier's first scan."""
    deadlines: Deadlines = Deadlines()
    settle: Settle = Settle()
    load: Load = Load()
    gates: tuple[Annotated[Gate, BeforeValidator(_gate, json_schema_input_type=str | Gate)], ...] = ()
    """Limits on figures: strings such as ``sync_latency_s_p95 <= 120``, or objects with ``limit`` and ``abort_on_fail``."""
    exercised: Exercised = Exercised()
    options: dict[str, Any] = {}
    """For the connector: its own settings."""
    odoo: Odoo = Odoo()
    """Add-ons beside Odoo's own modules."""

    @property
    def begins(self) -> datetime:
        """The instant of ``at_s = 0``; written to Odoo as it stands (its clock is UTC)."""
        return datetime.fromisoformat(self.starts_at).replace(tzinfo=UTC)

    @property
    def policies_off(self) -> tuple[str, ...]:
        """Return the names of the policies that are switched off."""
        return tuple(sorted(name for name, said in self.policies.items() if said == "off"))

    @property
    def design(self) -> str:
        """Return the connector with what is switched off, in words: ``governed without deduplication``."""
        return " without ".join([self.connector, *([", ".join(self.policies_off)] if self.policies_off else [])])

    def hourly(self, curve: str) -> list[float]:
        """Return one arrival weight per hour of the scenario for *curve*."""
        shape = self.curves[curve]
        hours = max(1, self.lasts // HOUR_S)  # a breakpoint search may be shorter: its shape gives the times
        return [shape.hours[h % 24] * shape.days[min(h // 24, len(shape.days) - 1)] for h in range(hours)]
