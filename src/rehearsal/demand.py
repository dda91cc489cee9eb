"""The demand and the world of a scenario, and the hash that says whether two runs met the same shoppers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from rehearsal import project
from rehearsal.model import Customer, Demand, Product, World
from rehearsal.scenario import Scenario

Wanted = Mapping[str, tuple[Demand, ...]]


def draw(scenario: Scenario) -> tuple[World, Wanted]:
    """Return the opening world and the demand of *scenario*: the same for the same seed, on every machine."""
    world: World = project.module("fixtures", "world").build(scenario)
    wanted: Wanted = project.module("simulators", "shoppers").demand(scenario, world)
    return world, wanted


def demand_hash(world: World, wanted: Wanted) -> str:
    """Return the SHA-256 of who wants what, when and how, and of the stock and prices they will meet."""
    told = {"world": _plain(world), "demand": {code: [asdict(one) for one in ones] for code, ones in wanted.items()}}
    return sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def store(world: World, path: Path) -> None:
    """Write *world* as JSON, so that a run can be judged without drawing it again."""
    path.write_text(json.dumps(_plain(world), indent=1), encoding="utf-8")


def stored(path: Path) -> World:
    """Return the world that `store` wrote."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return World(
        products=tuple(Product(**row) for row in told["products"]),
        customers=tuple(Customer(**row) for row in told["customers"]),
        book={(node, sku): units for node, sku, units in told["book"]},
        shelf={(node, sku): units for node, sku, units in told["shelf"]},
    )


def _plain(world: World) -> dict[str, Any]:
    return {
        "products": [asdict(product) for product in world.products],
        "customers": [asdict(customer) for customer in world.customers],
        "book": [[node, sku, units] for (node, sku), units in world.book.items()],
        "shelf": [[node, sku, units] for (node, sku), units in world.shelf.items()],
    }
