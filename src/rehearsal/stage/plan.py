"""The dry run: what a scenario will ask for, before any ERP is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rehearsal.model import Demand, Tell, World
from rehearsal.scenario import Scenario
from rehearsal.stage.demand import demand_hash, wanted_of, world_of
from rehearsal.stage.mix import Distance, distances
from rehearsal.stage.mix import table as table_of

SHOWN_EVERY = 100_000
"""Shoppers after whom somebody who waits is told how far it is."""


@dataclass(slots=True)
class Tally:
    """What many shoppers want, counted one by one."""

    expected: int
    tell: Tell
    shoppers: int = 0
    units: Counter[str] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)

    def add(self, one: Demand) -> None:
        """Count one shopper."""
        self.hours[int(one.at_s // 3600)] += 1
        for sku, count in one.lines:
            self.units[sku] += count
        self.shoppers += 1
        if self.shoppers % SHOWN_EVERY == 0:
            self.tell(f"{self.shoppers:,} of {self.expected:,} shoppers drawn")


def planned(scenario: Scenario, world: World | None = None, tell: Tell = lambda _: None) -> dict[str, Any]:
    """Return arrivals per channel, the busiest hour, and demand against supply of the tightest SKUs.

    *world* is what a database has already; else it is the one that the scenario makes.
    """
    if world is None:
        world = world_of(scenario)
    wanted = wanted_of(scenario, world)
    tally = Tally(sum(len(ones) for ones in wanted.values()), tell)
    hashed = demand_hash(world, wanted, tally.add)
    units, hours = tally.units, tally.hours
    supply = Counter({product.sku: 0 for product in world.products})
    for (_, sku), count in world.book.items():
        supply[sku] += count
    names = {product.sku: product.name for product in world.products}
    tight = sorted(supply, key=lambda sku: (supply[sku] - units[sku], sku))[:10]
    peak = max(hours, key=lambda hour: (hours[hour], -hour)) if hours else 0
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "demand_hash": hashed,
        "orders": {code: len(ones) for code, ones in wanted.items()},
        "peak": {"day": peak // 24 + 1, "hour": peak % 24, "orders": hours[peak]},
        **({"mix": [asdict(one) for one in distances(scenario, world, wanted)]} if scenario.fitted else {}),
        "tightest": [{"sku": sku, "name": names[sku], "supply": supply[sku], "demand": units[sku]} for sku in tight],
    }


def table(told: Mapping[str, Any]) -> str:
    """Return the plan as text."""
    lines = [f"{told['scenario']}, seed {told['seed']}, demand {told['demand_hash'][:16]}", "ORDERS ATTEMPTED"]
    lines += [f"  {code:16} {count:6}" for code, count in told["orders"].items()]
    lines.append(f"  busiest hour: day {told['peak']['day']}, {told['peak']['hour']:02d}:00, {told['peak']['orders']} orders")
    lines.append("TIGHTEST SUPPLY")
    lines += [f"  {row['sku']:12} {row['supply']:5} in stock {row['demand']:5} wanted  {row['name']}" for row in told["tightest"]]
    lines += table_of(tuple(Distance(**one) for one in told["mix"])) if "mix" in told else []
    return "\n".join(lines)
