"""The simulators without any ERP, against a bare SimPy loop that waits as often, with as many timeouts pending."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median

from benchmarks.playing import STEPS_AN_ORDER, Played

ORDERS = (10_000, 100_000, 1_000_000)
ROUNDS = 3
RATIO_MIN = 0.5
"""Of the bare loop's orders per second, at a hundred thousand orders."""
PEAK_MB_MAX = 1_500
CPU_S_MAX = 120
"""For a million orders, on the machine on which that was decided, whose bare loop took `THERE_US` with one timeout pending."""
THERE_US = 0.43
CATALOGUE = (60, 10_000)
DEARER_MAX = 2.0
"""A large catalogue's price of an order, as a multiple of a small one's."""


def measured() -> list[str]:
    """Return the figures at each size: CPU and memory, and at a hundred thousand orders the ratio to the bare loop."""
    told = [f"{'orders':>9} {'products':>8} {'CPU':>8} {'an order':>10} {'peak':>9} {'history':>9}"]
    small = played(ORDERS[0])
    large = {orders: played(orders) for orders in ORDERS[1:]}
    wide = played(ORDERS[1], products=CATALOGUE[1])
    for products, one in ((60, small), *((60, one) for one in large.values()), (CATALOGUE[1], wide)):
        told.append(
            f"{one.orders:9,} {products:8,} {one.cpu_s:6.1f} s {one.order_us:7.1f} us {one.peak_mb:6,.0f} MB {one.history_mb:6,.0f} MB"
        )
    beside = [played(ORDERS[1], beside=True) for _ in range(ROUNDS)]
    whole = large[ORDERS[-1]]
    pace = whole.pace_us / THERE_US
    return [
        *told,
        (
            f"a bare loop of {STEPS_AN_ORDER} timeouts an order: {median(one.bare_us for one in beside) * STEPS_AN_ORDER:.1f} us; "
            f"ratio {median(one.ratio for one in beside):.3f}   (budget: at least {RATIO_MIN}, at {ORDERS[1]:,} orders)"
        ),
        f"a million orders: {whole.peak_mb:,.0f} MB   (budget: {PEAK_MB_MAX:,} MB)",
        (
            f"a million orders: {whole.cpu_s:.0f} s of CPU here, which meanwhile was {pace:.2f} times slower than where the budget was set: "
            f"{whole.cpu_s / pace:.0f} s there   (budget: {CPU_S_MAX} s)"
        ),
        (
            f"{CATALOGUE[1]:,} products instead of {CATALOGUE[0]}: {wide.order_us / large[ORDERS[1]].order_us:.2f} times the price of an "
            f"order   (budget: at most {DEARER_MAX:g})"
        ),
    ]


def played(orders: int, products: int = 60, beside: bool = False) -> Played:
    """Return what one weekend took in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.playing", str(orders), str(products), *(["bare"] if beside else [])]
    return Played(**json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
