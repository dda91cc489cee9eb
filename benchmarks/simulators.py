"""The simulators without any ERP, against a bare SimPy loop of timeouts in the same process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import simpy

from rehearsal import project
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.paper import opened
from rehearsal.stage.weekend import play

BUDGET = 0.25
"""At least a quarter of the bare loop's events per second."""
ORDERS_FACTOR = 20
ROUNDS = 5
BARE_EVENTS = 200_000


def measured() -> list[str]:
    """Return the figures: events per second of both, and their ratio (median of alternating rounds)."""
    pairs = [(_bare(), _ours()) for _ in range(ROUNDS)]
    bare, ours = median(b for b, _ in pairs), median(o for _, o in pairs)
    ratio = median(o / b for b, o in pairs)
    return [
        f"bare SimPy timeouts   {bare:12,.0f} events/s",
        f"simulators on paper   {ours:12,.0f} events/s",
        f"ratio                 {ratio:12.2f}   (budget: at least {BUDGET})",
    ]


def _bare() -> float:
    env = simpy.Environment()

    def clock() -> Iterator[simpy.Event]:
        while True:
            yield env.timeout(1)

    env.process(clock())  # type: ignore[arg-type]
    began = time.perf_counter()
    for _ in range(BARE_EVENTS):
        env.step()
    return BARE_EVENTS / (time.perf_counter() - began)


def _ours() -> float:
    overrides: dict[str, Any] = {
        "channels": {
            c: {"orders": n * ORDERS_FACTOR}
            for c, n in {"webshop": 120, "marketplace": 60, "till_1": 40, "till_2": 40, "till_3": 40}.items()
        }
    }
    plenty = {"stock": {"regular": 9000, "promoted": 9000, "scarce": 9000}}
    overrides["nodes"] = dict.fromkeys(("dc", "store_1", "store_2", "store_3"), plenty)
    scenario = scenario_file.load(project.scenario_path("promo_weekend"), project.scenario_path, overrides)
    with TemporaryDirectory() as folder, opened(scenario, Path(folder)) as market:
        env, events = market.env, 0
        market.open_doors()
        play(env, market)
        began = time.perf_counter()
        while env.peek() < float("inf"):
            env.step()
            events += 1
        return events / (time.perf_counter() - began)
