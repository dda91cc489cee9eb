"""The demand and the world of a scenario, and the hash that says whether two runs met the same shoppers."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, overload

from rehearsal import project
from rehearsal.model import Customer, Demand, Product, World
from rehearsal.scenario import Scenario
from rehearsal.stage.stock_records import with_wrong_records

NOT_OPENED_BY = {
    "name", "title", "connector", "policies", "cure", "client", "clock", "gates", "exercised", "load", "deadlines", "settle", "faults",
}  # fmt: skip
"""Words of a scenario that are about what happens after the doors open."""

WORDS = sorted(one.name for one in fields(Demand))
Wanted = Mapping[str, Sequence[Demand]]


class Queue(Sequence[Demand]):
    """The shoppers of one channel, in order of time; who has not set out yet can be told to stay at home."""

    def __init__(self, ones: Sequence[Demand]) -> None:
        self._ones = ones
        self._end = len(ones)

    def __len__(self) -> int:
        return self._end

    @overload
    def __getitem__(self, place: int) -> Demand: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Demand, ...]: ...
    def __getitem__(self, place: int | slice) -> Demand | tuple[Demand, ...]:
        return tuple(self._ones[: self._end][place]) if isinstance(place, slice) else self._one(place)

    def _one(self, place: int) -> Demand:
        if not -self._end <= place < self._end:
            raise IndexError(place)
        return self._ones[place if place >= 0 else place + self._end]

    def end_at(self, at_s: float) -> None:
        """Let nobody come after *at_s*; one shopper may be on the way already."""
        self._end = min(self._end, bisect_right(self._ones, at_s, key=lambda one: one.at_s))


def draw(scenario: Scenario) -> tuple[World, Wanted]:
    """Return the opening world and the demand of *scenario*: the same for the same seed, on every machine."""
    world = world_of(scenario)
    return world, wanted_of(scenario, world)


def wanted_of(scenario: Scenario, world: World) -> Wanted:
    """Return the demand of *scenario* in *world*."""
    wanted: Wanted = project.module("simulators", "shoppers").demand(scenario, world)
    if scenario.load.shape != "curve":
        wanted = project.module("loadtests", "shapes").shaped(scenario, world, wanted)
    return wanted


def world_of(scenario: Scenario) -> World:
    """Return the opening world of *scenario*."""
    world: World = project.module("fixtures", "world").build(scenario)
    return with_wrong_records(scenario, world)


def opening_key(scenario: Scenario, world: World) -> str:
    """Return what names the opening of *scenario*: the same for two runs that may open from one copy.

    A team's own opening may read any word of the scenario, so only those are left out that no opening can depend on.
    """
    words = scenario.model_dump(mode="json", exclude=NOT_OPENED_BY)
    parts = {name: path.read_text(encoding="utf-8") for name, path in sorted(project.files("fixtures", ".py").items())}
    told = {"scenario": words, "world": _plain(world), "fixtures": parts}
    return sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def demand_hash(world: World, wanted: Wanted, seen: Callable[[Demand], None] = lambda _: None) -> str:
    """Return the SHA-256 of who wants what, when and how, and of the stock and prices they will meet; each shopper is shown to *seen*.

    Of the JSON text ``{"demand": {channel: [shopper, …]}, "world": …}`` with sorted keys and without spaces, which is never whole in
    memory: a million shoppers are half a gigabyte of it.
    """
    digest = sha256(b'{"demand":{')
    for place, code in enumerate(sorted(wanted)):
        digest.update(f"{',' if place else ''}{_compact(code)}:[".encode())
        for number, one in enumerate(wanted[code]):
            seen(one)
            digest.update(f"{',' if number else ''}{_compact({word: getattr(one, word) for word in WORDS})}".encode())
        digest.update(b"]")
    plain = _plain(replace(world, tag="", gone={}))  # the same shoppers come again, under other order numbers
    digest.update(f'}},"world":{_compact(plain)}}}'.encode())
    return digest.hexdigest()


def _compact(told: Any) -> str:
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def store(world: World, path: Path) -> None:
    """Write *world* as JSON, so that a run can be judged without drawing it again."""
    path.write_text(json.dumps(_plain(world), indent=1), encoding="utf-8")


def stored(path: Path) -> World:
    """Return the world that `store` wrote; raises ValueError, KeyError or TypeError for what it did not write."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return World(
        products=tuple(Product(**row) for row in told["products"]),
        customers=tuple(Customer(**row) for row in told["customers"]),
        book={(node, sku): _whole(units) for node, sku, units in told["book"]},
        shelf={(node, sku): _whole(units) for node, sku, units in told["shelf"]},
        prices={(channel, sku): _whole(minor) for channel, sku, minor in told.get("prices", ())},
        gone={(node, sku, usage): _whole(units) for node, sku, usage, units in told.get("gone", ())},
        tag=str(told.get("tag", "")),
    )


def _whole(units: Any) -> int:
    if not isinstance(units, int) or isinstance(units, bool):
        raise TypeError(f"{units!r} units; expected a whole number")
    return units


def _plain(world: World) -> dict[str, Any]:
    return {
        "products": [asdict(product) for product in world.products],
        "customers": [asdict(customer) for customer in world.customers],
        "book": [[node, sku, units] for (node, sku), units in world.book.items()],
        "shelf": [[node, sku, units] for (node, sku), units in world.shelf.items()],
        # A made world has none of these, and keeps the hash that it had.
        **({"prices": [[channel, sku, minor] for (channel, sku), minor in world.prices.items()]} if world.prices else {}),
        **({"gone": [[*key, units] for key, units in world.gone.items()]} if world.gone else {}),
        **({"tag": world.tag} if world.tag else {}),
    }
