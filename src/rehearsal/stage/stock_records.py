"""Wrong stock records: what faults of the world make of the shelves before the doors open."""

from __future__ import annotations

from dataclasses import replace

from rehearsal.draw import stream
from rehearsal.model import Product, World
from rehearsal.parts.fault import Joint, StockRecord
from rehearsal.scenario import Scenario
from rehearsal.stage.faults import Armed, armed


def with_wrong_records(scenario: Scenario, world: World) -> World:
    """Return *world* with its shelves as the scenario's faults of the world leave them; the books say what they said."""
    faults = record_faults(scenario)
    if not faults:
        return world
    products = {product.sku: product for product in world.products}
    shelf = dict(world.shelf)
    for (node, sku), units in world.book.items():
        record = replace(opening_record(scenario, products[sku], node, units), shelf=shelf[node, sku])
        shelf[node, sku] = falsified(scenario.seed, faults, record)[0].shelf
    return replace(world, shelf=shelf)


def opening_record(scenario: Scenario, product: Product, node: str, units: int) -> StockRecord:
    """Return the record of *product* at *node* when book and shelf both say *units*."""
    return StockRecord(node, scenario.nodes[node].kind, product.sku, product.group, units, units)


def record_faults(scenario: Scenario) -> list[Armed]:
    """Return the faults that falsify stock records, in the scenario's order."""
    return armed(scenario, Joint.WORLD)


def falsified(seed: int, faults: list[Armed], record: StockRecord) -> tuple[StockRecord, tuple[str, ...]]:
    """Return *record* as *faults* of the world leave it, and the labels of those that changed it."""
    labels: list[str] = []
    for place, (label, fault, kind) in enumerate(faults, start=1):
        if not getattr(fault, "only").has(record.about()) or not kind.concerns(fault, record):  # noqa: B009  # its settings have it
            continue
        # Each fault draws from a stream of the record's own; the first one's is as old as the hashes of demand.
        rng = stream(seed, f"record:{record.node}" + (f"#{place}" if place > 1 else ""), record.sku)
        if rng.random() >= getattr(fault, "share", 1.0):
            continue
        after: StockRecord = kind.struck(fault, record, rng)
        if after.changed(record):
            labels.append(label)
        record = after
    return record, tuple(labels)
