"""The oracle: what could have been sold of the same demand, had everybody looked at one counter without any delay.

One counter per node starts at the book's stock; first come, first served, whole baskets only. It is no upper bound
(another order of shoppers may sell more), and the one figure that shows what a cure costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import merge

from rehearsal.model import Demand, Units, World


@dataclass(frozen=True, slots=True)
class Kept:
    """What the oracle sells."""

    orders: int
    units: Units
    minor: int
    """What they are worth, at the prices of their channels."""


def oracle(world: World, wanted: Mapping[str, Sequence[Demand]]) -> Kept:
    """Return how many orders and units of *wanted* one perfect counter per node keeps, and their worth."""
    left, orders, units, minor = dict(world.book), 0, 0, 0
    products = {product.sku: product for product in world.products}
    for one in merge(*wanted.values(), key=lambda demand: demand.at_s):
        node = next((n for n in one.nodes if all(left.get((n, sku), 0) >= count for sku, count in one.lines)), None)
        if node is None:
            continue
        orders += 1
        for sku, count in one.lines:
            left[node, sku] -= count
            units += count
            minor += count * world.price_minor(one.channel, products[sku])
    return Kept(orders, units, minor)
