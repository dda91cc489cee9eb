"""Selling as fast as Odoo takes it: create and confirm, from the paced clock's lanes and from a bare loop of threads."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import simpy

from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, EventKind
from rehearsal.odoo import verbs
from rehearsal.odoo.directory import Directory, read_directory
from rehearsal.scenario import Scenario
from rehearsal.stage.market import LiveChannel
from rehearsal.targets.base import Database

PLENTY = 100_000
WARM_UP = "WARM-UP"
WARM_ORDERS = 16
TIMEOUT_S = 120.0


class Connector:
    """Two calls per order, and nothing else."""

    def __init__(self, scenario: Scenario) -> None:
        self.directory = Directory()

    def start(self, erp: Erp) -> Steps:
        """Read the ids once, and let every worker of Odoo sell before it counts, as the bare loop does."""
        self.directory = yield from read_directory(erp)
        house, product = (next(iter(self.directory.warehouses.values()))["id"], next(iter(self.directory.products.values())))
        warm = [erp.env.process(self._sell(house, product, f"{WARM_UP}-{n}", erp)) for n in range(WARM_ORDERS)]
        yield simpy.AllOf(erp.env, warm)

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Sell as much as anybody wants."""
        yield erp.env.timeout(0)
        return dict.fromkeys(self.directory.products, PLENTY)

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Create a sale order and confirm it."""
        event = delivery.event
        if event.kind is EventKind.ORDER_PLACED:
            product = self.directory.products[event.data["lines"][0]["sku"]]
            yield from self._sell(self.directory.warehouses[event.node]["id"], product, event.order, erp)

    def _sell(self, house: int, product: int, order: str, erp: Erp) -> Steps:
        vals = order_vals(next(iter(self.directory.customers.values())), house, product, order)
        (sale,) = yield from verbs.must(erp, verbs.create_order(vals, order))
        yield from verbs.must(erp, verbs.confirm([sale], (order,)))


def order_vals(partner: int, house: int, product: int, order: str) -> dict[str, Any]:
    """Return the values of one sale order with one line."""
    line = (0, 0, {"product_id": product, "product_uom_qty": 1})
    return {"partner_id": partner, "warehouse_id": house, "client_order_ref": order, "order_line": [line]}


def bare_orders_per_s(database: Database, lanes: int, due: list[tuple[float, dict[str, Any]]]) -> float:
    """Sell every order with *lanes* threads that do nothing else; return orders per second.

    *due* has wall seconds and values of each order. Calls are made in the order in which they are asked for,
    as the paced clock's lanes do: a confirmation is asked for when its order is there.
    """
    asked: Queue[tuple[str, Any] | None] = Queue()
    calls = [caller(database) for _ in range(lanes)]
    confirmed: list[float] = []

    def work(lane: int) -> None:
        while job := asked.get():
            method, told = job
            value = calls[lane]("sale.order", method, [told])
            if method == "create":
                asked.put(("action_confirm", value))
                continue
            confirmed.append(time.perf_counter())
            if len(confirmed) == len(due):
                for _ in range(lanes):
                    asked.put(None)

    with ThreadPoolExecutor(lanes) as pool:
        working = [pool.submit(work, lane) for lane in range(lanes)]
        began = time.perf_counter()
        for at_s, vals in due:
            time.sleep(max(0.0, began + at_s - time.perf_counter()))
            asked.put(("create", vals))
        for one in working:
            one.result(TIMEOUT_S)
    return len(due) / (max(confirmed) - began - due[0][0])


def caller(database: Database) -> Callable[[str, str, list[Any]], Any]:
    """Return a call over ``/jsonrpc`` with a session cookie, logged in."""
    there = urlsplit(database.url)
    cookie = ""

    def post(path: str, params: dict[str, Any]) -> Any:
        nonlocal cookie
        line = http.client.HTTPConnection(there.hostname or "", there.port, timeout=TIMEOUT_S)
        headers = {"Content-Type": "application/json"} | ({"Cookie": cookie} if cookie else {})
        line.request("POST", path, json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}), headers)
        answer = line.getresponse()
        cookie = (answer.getheader("Set-Cookie") or cookie).split(";")[0]
        told = json.loads(answer.read())
        line.close()
        if "error" in told:
            raise SystemExit(f"{path}: {told['error']}")
        return told.get("result")  # left out where a method returns nothing

    who = {"db": database.name, "login": database.login, "password": database.password}
    uid = post("/web/session/authenticate", who)["uid"]
    post("/web/session/check", {})  # as `rehearsal.locust.client` does, which spares Odoo a write per call

    def call(model: str, method: str, args: list[Any]) -> Any:
        words = [database.name, uid, database.password, model, method, args]
        return post("/jsonrpc", {"service": "object", "method": "execute_kw", "args": words})

    return call
