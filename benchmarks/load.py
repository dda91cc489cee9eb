"""Load: what the client costs per call, how near it comes to what Odoo can take, and how punctual it stays there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.selling import WARM_ORDERS, bare_orders_per_s, order_vals
from rehearsal import project
from rehearsal.load.drive import Drive, drivable, driven
from rehearsal.odoo.connect import Caller, factory
from rehearsal.pipeline.run import Options, ready_target
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from rehearsal.stage import demand
from rehearsal.targets.base import Database
from rehearsal.targets.native.target import NativeTarget

CLIENTS = Path(__file__).parent / "locust_clients"
CLIENT_S = 12
OVER_BARE_MAX, OF_ODOOLOCUST_MAX, OF_BEST_MIN, LATE_MS_MAX = 1.5, 1 / 15, 0.95, 100.0
ORDERS = 240
LANES = (1, 2, 4, 8, 12, 16)
ROUNDS = 7
SALES: dict[str, Any] = {
    # Everybody wants something else: orders that compete for one quant make Odoo pause for a random time before it
    # retries, and those seconds would drown what is measured here.
    "catalogue": {"products": 400, "promoted": 400, "scarce": 1, "promoted_demand": 1.0},
    "connector": "benchmarks.selling:Connector", "lasts": "1h", "clock": {"speedup": 720},
    "load": {"shape": "soak", "lateness_ms_p99": 60_000}, "services": [], "faults": [], "gates": [],
    "exercised": {"orders_per_channel": 0, "orders_per_tender": 0},
    "channels": {
        "webshop": {"orders": ORDERS, "publish_every": "2h", "fulfilment": {
            "home_delivery": {"share": 1.0}, "pickup_in_store": {"share": 0.0}, "ship_from_store": {"share": 0.0}}},
        "marketplace": {"orders": 0}, "till_1": {"orders": 0}, "till_2": {"orders": 0}, "till_3": {"orders": 0},
    },
}  # fmt: skip


def quiet(*_: object) -> None:
    """Tell nobody."""


def measured() -> list[str]:
    """Return the figures of all three questions."""
    target = NativeTarget()
    ready_target(target, quiet)
    return [*_client_cost(target), *_against_bare(target), *_punctuality(target)]


def _client_cost(target: NativeTarget) -> Iterator[str]:
    database = target.clone("bench_clients")
    try:
        with TemporaryDirectory() as folder:
            other = Path(folder) / "venv"
            subprocess.run([sys.executable, "-m", "venv", other], check=True)
            subprocess.run([other / "bin" / "pip", "install", "--quiet", "OdooLocust==2.0.0"], check=True, capture_output=True)
            ours = [_cpu_ms(sys.executable, name, database) for name in ("bare", "ours", "bare", "ours")]
            bare, mine = min(ours[0::2]), min(ours[1::2])
            yield f"bare FastHttpUser     {bare:8.3f} ms of CPU per call"
            yield f"OdooUser              {mine:8.3f} ms, ratio {mine / bare:.2f}   (budget: at most {OVER_BARE_MAX})"
            theirs = _cpu_ms(str(other / "bin" / "python"), "odoolocust", database)
    finally:
        target.drop(database)
    yield f"OdooLocust 2.0.0      {theirs:8.3f} ms, ratio {mine / theirs:.3f}   (budget: at most {OF_ODOOLOCUST_MAX:.3f})"


def _cpu_ms(python: str, name: str, database: Database) -> float:
    with TemporaryDirectory() as folder:
        out = Path(folder) / "told.json"
        told = {
            "BENCH_OUT": str(out),
            "BENCH_URL": database.url,
            "REHEARSE_ODOO_DATABASE": database.name,
            "REHEARSE_ODOO_LOGIN": database.login,
            "REHEARSE_ODOO_PASSWORD": database.password or "",
        }
        words = ["--headless", "--users", "1", "--run-time", f"{CLIENT_S}s", "--only-summary"]
        words += ["--host", database.url] if name != "odoolocust" else []  # it wants a bare host name, as an attribute
        subprocess.run(
            [python, "-m", "locust", "-f", f"{name}.py", *words],
            cwd=CLIENTS,
            env=os.environ | told,
            check=False,
            capture_output=True,
            timeout=CLIENT_S + 60,
        )
        found = json.loads(out.read_text(encoding="utf-8"))
    if found["failures"] or found["calls"] < 10:
        raise SystemExit(f"{name}: {found['failures']} of {found['calls']} calls failed; nothing can be compared")
    return float(found["cpu_ms_per_call"])


def _against_bare(target: NativeTarget) -> Iterator[str]:
    """Each with the lanes that suit it best, in rounds, since machines drift."""
    scenario = _scenario("breakpoint", **SALES)
    best_lanes = max((_bare(target, scenario, lanes), lanes) for lanes in LANES)[1]
    lanes = max((_ours(target, scenario, lanes), lanes) for lanes in LANES)[1]
    rounds = [_round(target, scenario, best_lanes, lanes, number) for number in range(ROUNDS)]
    best, ours = (median(figures) for figures in zip(*rounds, strict=True))
    ratios = sorted(mine / theirs for theirs, mine in rounds)
    yield f"bare replay           {best:8.2f} orders/s with {best_lanes} lanes, the best of {', '.join(map(str, LANES))}"
    yield f"rehearse load         {ours:8.2f} orders/s with {lanes} lanes, ratio {median(ratios):.3f}   (budget: at least {OF_BEST_MIN})"
    yield f"                      ratios of the rounds: {', '.join(f'{ratio:.3f}' for ratio in ratios)}"


def _round(target: NativeTarget, scenario: Scenario, bare_lanes: int, lanes: int, number: int) -> tuple[float, float]:
    """Return orders/s of the bare replay and of ours, one after the other; who comes first alternates."""
    if number % 2:
        ours = _ours(target, scenario, lanes)
        return _bare(target, scenario, bare_lanes), ours
    return _bare(target, scenario, bare_lanes), _ours(target, scenario, lanes)


def _scenario(name: str, **overrides: Any) -> Scenario:
    return scenario_file.load(project.scenario_path(name), project.scenario_path, overrides)


def _bare(target: NativeTarget, scenario: Scenario, lanes: int) -> float:
    database = target.clone(f"bench_selling_{lanes}")
    try:
        world, wanted = demand.draw(scenario)
        call = Caller(factory(database, "odoorpc", 60.0)(), "seeding")
        project.module("fixtures", "opening").seed(call, scenario, world)
        names = call("ir.model.data", "search_read", None, {"domain": [("module", "=", "rehearsal")], "fields": ["name", "res_id"]})
        ids = {row["name"]: row["res_id"] for row in names}
        found = call("product.product", "search_read", None, {"domain": [], "fields": ["default_code"]})
        products = {row["default_code"]: row["id"] for row in found}
        partner = next(res_id for name, res_id in ids.items() if name.startswith("customer__"))
        # The very shoppers of the drive, at their instants: what competes for one quant there competes here.
        due = [
            (one.at_s / scenario.clock.speedup, order_vals(partner, ids["warehouse__dc"], products[one.lines[0][0]], f"B-{n}"))
            for n, one in enumerate(wanted["webshop"])
        ]
        bare_orders_per_s(database, lanes, [(0.0, vals) for _, vals in due[:WARM_ORDERS]])
        return bare_orders_per_s(database, lanes, due)
    finally:
        target.drop(database)


def _ours(target: NativeTarget, scenario: Scenario, lanes: int) -> float:
    """All shoppers come within five seconds, which is more than Odoo takes; the rate is from the first order asked for to the last one confirmed."""
    with TemporaryDirectory() as folder:
        run, _ = driven(drivable(scenario), target, Drive(lanes), Options(out=Path(folder) / "run"), quiet)
        sent: list[float] = []
        done: list[float] = []
        for text in (run.folder / "history" / "worker-0.ndjson").read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            if line["name"] in ("webshop: create sale order", "webshop: confirm sale order"):
                (sent if line["kind"] == "sent" else done).append(line["wall"]["at_s"])
        return len(done) / 2 / (max(done) - min(sent))


def _punctuality(target: NativeTarget) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        scenario = _scenario("breakpoint")
        _, found = driven(drivable(scenario), target, Drive(16), Options(out=Path(folder) / "search"), quiet)
        held = found["load"]["breakpoint"]
        yield f"breakpoint            {held['orders_per_minute']} orders/min; {held['held']} held, {held['failed']} did not: {held['why']}"
        if held["held"] is None:
            return
        orders = round(0.8 * held["orders_per_minute"])
        whole = sum(channel.orders for channel in scenario.channels.values())
        channels = {code: {"orders": round(c.orders * orders / whole)} for code, c in scenario.channels.items()}
        steady = _scenario("breakpoint", load={"shape": "soak", "lateness_ms_p99": 60_000}, channels=channels)
        _, told = driven(drivable(steady), target, Drive(16), Options(out=Path(folder) / "steady"), quiet)
    late = told["load"]["lateness_ms_p99"]
    yield f"at 80 % of it         {late:8.1f} ms lateness p99 of {told['load']['stimuli']} stimuli   (budget: under {LATE_MS_MAX:g})"
