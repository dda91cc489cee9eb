"""What all flows and policies of the governed connector share: its cases, and what it knows of every node."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from connectors.governed.pool import Pool
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, Event, Instruction, InstructionKind
from rehearsal.odoo import verbs
from rehearsal.odoo.directory import Directory, read_directory
from rehearsal.scenario import Scenario


@dataclass(slots=True)
class Case:
    """One order, from its first arrival to its end, as this connector knows it."""

    event: Event
    sale: int = 0
    node: str = ""
    partner: int = 0
    attempt: int = 1
    done: set[str] = field(default_factory=set)
    """Kinds of events whose effect is in Odoo."""
    parcel_at_s: float = -1.0

    @property
    def units(self) -> dict[str, int]:
        """Units per SKU."""
        return units_of(self.event)

    @property
    def open_request(self) -> Instruction:
        """Return what asks the case's node to fulfil it."""
        event = self.event
        lines = [{"sku": line["sku"], "units": line["units"]} for line in event.data["lines"]]
        return Instruction(
            InstructionKind.FULFIL, self.node, event.channel, event.order,
            {"request": f"SO{self.sale}-{self.attempt}", "mode": event.data["mode"], "lines": lines, "patience_s": event.data["patience_s"]},
        )  # fmt: skip


class House:
    """One retailer, as its integration sees it."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.begins = scenario.begins
        self.directory = Directory()
        self.partners: dict[str, int] = {}
        """Customers in Odoo, by external id."""
        self.cases: dict[str, Case] = {}
        self.pools = {code: Pool(scenario, code) for code in scenario.nodes}
        self.looked_at_s: dict[str, float] = {}

    def open(self, erp: Erp) -> Steps:
        """Read the ids of what the opening left in Odoo."""
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
        for sku, units in units_of(event).items():
            self.pools[event.node].heard(event.channel, sku, units)


def units_of(event: Event) -> dict[str, int]:
    """Return the units per SKU of an event's lines."""
    wanted: dict[str, int] = defaultdict(int)
    for line in event.data["lines"]:
        wanted[line["sku"]] += line["units"]
    return dict(wanted)


def external(kind: str, name: str) -> str:
    """Return the external id under which a record of this connector stands in Odoo."""
    return f"{verbs.EXTERNAL_MODULE}.{kind}__{name}"
