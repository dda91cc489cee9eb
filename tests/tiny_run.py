"""A tiny, hand-written run folder: two channels sell the only unit of one product at one node."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from rehearsal import project
from rehearsal.history import History
from rehearsal.model import Answer, Delivery, Event, EventKind, Instruction, InstructionKind, Operation, Outcome, Product, World
from rehearsal.odoo.observe import MIDWAY, TABLES
from rehearsal.pipeline.run import conclude, reopen
from rehearsal.pipeline.run_folder import Run, open_run
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.demand import store

HOSTILE = "<script>alert('x')</script> | `rm` & \"more\""
SKU, NODE = "SKU-1", "store_1"
OVERSELL = "no_unit_is_promised_twice"

MakeRun = Callable[..., Path]


def make_run(
    folder: Path,
    *,
    observed: bool = True,
    finished: bool = True,
    orders: int = 2,
    judged: bool = True,
    gates: Sequence[str] = ("reconciliation_breaks <= 0",),
) -> Path:
    """Write a run in which *orders* orders meet one unit; the last ones are oversold. Odoo's books are empty."""
    path = project.scenario_path("promo_weekend")
    scenario = scenario_file.load(
        path, project.scenario_path, {"lasts": "1d", "title": f"Tiny {HOSTILE}", "faults": [], "gates": list(gates)}
    )
    folder.mkdir(parents=True)
    (folder / "scenario.yaml").write_text(scenario_file.dump(scenario), encoding="utf-8")
    manifest = {
        "started_at": "2026-01-02T03:04:05+00:00",
        "demand_hash": "d" * 64,
        "timings_s": {"simulate": 1.5},
        "harness_version": "0",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    product = Product(SKU, HOSTILE, "2000000000008", 2000, 1500, 900, 1.0, "scarce")
    store(World((product,), (), {(NODE, SKU): 1}, {(NODE, SKU): 1}), folder / "world.json")
    _history(folder, orders, finished)
    if observed:
        _books(folder / "snapshot")
    run = believed(folder)
    if finished:
        run.seal()
    run.save()
    if judged:
        conclude(reopen(folder), lambda _: None)
    return folder


def believed(folder: Path) -> Run:
    """Return the run in *folder*, its manifest taken for true as it stands."""
    return Run(folder, reopen(folder).scenario, json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def left_by_a_dead_harness(scenario: Scenario, folder: Path, kind: str) -> Path:
    """Write what a harness leaves that died while the first fault of *scenario* was armed on a target of *kind*."""
    fault = scenario.faults[0].name
    run = open_run(scenario, folder)
    run.manifest["target"] = {"kind": kind}
    run.save()
    (folder / "world.json").write_text("{}", encoding="utf-8")
    (folder / "faults.ndjson").write_text(json.dumps({"fault": fault, "state": "armed", "at_s": 0.0, "key": ""}) + "\n")
    return folder


def placed(number: int) -> Event:
    """Return the event of one order for the only unit."""
    channel = ("webshop", "marketplace")[number % 2]
    order = f"{channel.upper()}-{number:04d}"
    line = {"line": 1, "sku": SKU, "units": 1, "list_minor": 2000, "price_minor": 1500, "total_minor": 1500}
    data = {
        "mode": "pickup_in_store",
        "customer": {"id": f"C{number}"},
        "lines": [line],
        "total_minor": 1500,
        "tenders": [{"tender": "card", "amount_minor": 1500}],
    }
    return Event(f"order.placed:{order}", EventKind.ORDER_PLACED, 3600.0 * (number + 1), channel, order, NODE, data)


def _history(folder: Path, orders: int, finished: bool) -> None:
    with History(folder / "history") as history:
        history.phase("simulate", 0.0)
        history.write("oracle", 0.0, data={"orders": 4, "units": 4})
        for channel in ("webshop", "marketplace"):
            history.write("publication", 6.0, channel=channel, node=NODE, units={SKU: 1})
        for number in range(orders):
            event = placed(number)
            history.event(event)
            paid = {"tender": "card", "amount_minor": 1500, "reference": f"PSP-{event.order}"}
            captured = Event(f"payment:{event.order}", EventKind.PAYMENT_CAPTURED, event.at_s, event.channel, event.order, "", paid)
            history.event(captured)
            history.delivery(Delivery(captured, event.at_s + 5, 1))
            history.write("dead_letter", event.at_s + 7, cause=captured.id, error="LookupError", erp={"message": HOSTILE})
            for attempt, at_s in ((1, event.at_s + 4000), (2, event.at_s + 4010)):
                history.delivery(Delivery(event, at_s, attempt))
                operation = Operation("confirm sale order", "sale.order", "action_confirm", (7,), orders=(event.order,))
                index = history.operation(operation, at_s, event.id)
                outcome = Outcome.OK if attempt == 1 else Outcome.REFUSED
                answer = Answer(outcome, True, "" if attempt == 1 else f"Odoo says: {HOSTILE}")
                history.answer(index, answer, at_s + 2, 0.01, event.id, operation.name)
            history.instruction(
                Instruction(InstructionKind.FULFIL, NODE, event.channel, event.order, {"request": "SO7"}),
                event.at_s + 4002,
                event.id,
            )
        if finished:
            history.phase("rest", 86_400.0)
            history.phase("observe", 86_400.0)
    if not finished:
        with (folder / "history" / "main.ndjson").open("a", encoding="utf-8") as torn:
            torn.write('{"i":99999,"kind":"ev')


def _books(folder: Path) -> None:
    folder.mkdir()
    with duckdb.connect() as db:
        for table in (*TABLES, *MIDWAY):
            columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns.items())
            db.execute(f"CREATE TABLE {table.name} ({columns})")
            db.execute(f"COPY {table.name} TO '{folder / table.name}.parquet' (FORMAT parquet)")
