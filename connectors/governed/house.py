"""What all flows and policies of the governed connector share: its cases, and what it knows of every node."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.governed.pool import Pool
from connectors.governed.shares import Shares
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, Event, Instruction, InstructionKind, Sku, Units
from rehearsal.odoo import verbs
from rehearsal.odoo.directory import Directory, read_directory
from rehearsal.scenario import Scenario
from rehearsal.stage.outside import Outside


@dataclass(slots=True)
class Case:
    """One order, from its first arrival to its end, as this connector knows it."""

    event: Event
    sale: int = 0
    node: str = ""
    partner: int = 0
    attempt: int = 1
    declined_at: set[str] = field(default_factory=set)
    """Nodes that did not find all of it: none is asked twice, so that an order does not go round."""
    mode: str = ""
    """How it comes to its shopper; another way than was ordered when its goods had to be found elsewhere."""
    lines: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By number: SKU, units and price of what is still to be kept of each line of the order."""
    given_back: Counter[str] = field(default_factory=Counter)
    """Minor units by tender."""
    refunds: int = 0
    """How often money was given back: a reference that a gateway has seen is one that it has done."""
    done: set[str] = field(default_factory=set)
    """Kinds of events whose effect is in Odoo."""
    parcel_at_s: float = -1.0

    @classmethod
    def of(cls, event: Event, sale: int, node: str, partner: int) -> Case:
        """Return the case of an order that is in Odoo."""
        lines = {line["line"]: dict(line) for line in event.data["lines"]}
        return cls(event, sale, node, partner, mode=event.data["mode"], lines=lines)

    @property
    def units(self) -> dict[str, int]:
        """Units per SKU that are still to be kept."""
        return units_of(line for line in self.lines.values() if line["units"])

    def cut(self, sku: Sku, units: Units) -> tuple[dict[int, Units], int]:
        """Give up *units* of *sku*; return how many of which line, and the minor units that they cost."""
        gone: dict[int, Units] = {}
        for number, line in self.lines.items():
            if line["sku"] == sku and (less := min(units, line["units"])):
                line["units"] -= less
                units, gone[number] = units - less, less
        return gone, sum(self.lines[number]["price_minor"] * less for number, less in gone.items())

    @property
    def open_request(self) -> Instruction:
        """Return what asks the case's node to fulfil it."""
        event = self.event
        lines = [{"sku": sku, "units": units} for sku, units in self.units.items()]
        return Instruction(
            InstructionKind.FULFIL,
            self.node,
            event.channel,
            event.order,
            {"request": f"SO{self.sale}-{self.attempt}", "mode": self.mode, "lines": lines, "patience_s": event.data["patience_s"]},
        )


class House:
    """One retailer, as its integration sees it."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.begins = scenario.begins
        self.directory = Directory()
        self.partners: dict[str, int] = {}
        """Customers in Odoo, by external id."""
        self.cases: dict[str, Case] = {}
        self.pools = {code: Pool(code) for code in scenario.nodes}
        self.shares = Shares(scenario)
        self.outside: Outside | None = None
        self.looked_at_s: dict[str, float] = {}
        self.now_s = 0.0
        """Scenario time at which somebody last asked what may be sold."""

    def open(self, erp: Erp, outside: Outside | None) -> Steps:
        """Read the ids of what the opening left in Odoo."""
        self.outside = outside
        self.directory = yield from read_directory(erp)
        self.partners = {external("customer", key): partner for key, partner in self.directory.customers.items()}

    def look(self, erp: Erp, node: str) -> Steps:
        """Read what lies at *node* by Odoo's books."""
        self.looked_at_s[node] = erp.env.now
        house = self.directory.warehouses[node]["id"]
        products = self.directory.products
        rows = yield from verbs.insist(erp, verbs.stock_at(house, list(products.values()), "qty_available"))
        sku = {res_id: sku for sku, res_id in products.items()}
        self.pools[node].see({sku[row["id"]]: int(row["qty_available"]) for row in rows})

    def heard(self, delivery: Delivery) -> None:
        """Take note of units that a channel has sold, now that word of it is here."""
        event = delivery.event
        for sku, units in units_of(event.data["lines"]).items():
            self.pools[event.node].heard(event.channel, sku, units)


def units_of(lines: Iterable[Mapping[str, Any]]) -> dict[Sku, Units]:
    """Return the units per SKU of *lines*."""
    wanted: dict[Sku, Units] = defaultdict(int)
    for line in lines:
        wanted[line["sku"]] += line["units"]
    return dict(wanted)


def external(kind: str, name: str) -> str:
    """Return the external id under which a record of this connector stands in Odoo."""
    return f"{verbs.EXTERNAL_MODULE}.{kind}__{name}"
