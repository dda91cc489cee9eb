"""The promotional weekend at any size: the same shoppers' habits, channels and faults, with stock and pickers for that many."""

from __future__ import annotations

from typing import Any

from rehearsal import project
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file

SHARES = {"webshop": 0.4, "marketplace": 0.2, "till_1": 2 / 15, "till_2": 2 / 15, "till_3": 2 / 15}
"""Of all orders, as the scenario has them."""
NODES = ("dc", "store_1", "store_2", "store_3")
PLENTY = 10_000_000
"""Units of each article at each node: nobody is refused for want of stock."""
ORDERS_A_PICKER = 250
"""A picker does fifteen minutes of work for each, and is there for three days."""


def scaled(orders: int, products: int = 60, stock: int = PLENTY, seed: int = 20261127) -> Scenario:
    """Return the promotional weekend with that many expected *orders*, *products*, and units of *stock* per article and node."""
    pickers = min(10_000, max(4, orders // ORDERS_A_PICKER))
    overrides: dict[str, Any] = {
        "seed": seed,
        "catalogue": {"products": products},
        "channels": {code: {"orders": round(orders * share)} for code, share in SHARES.items()},
        "nodes": {code: {"pickers": pickers, "stock": dict.fromkeys(("regular", "promoted", "scarce"), stock)} for code in NODES},
    }
    return scenario_file.load(project.scenario_path("promo_weekend"), project.scenario_path, overrides)
