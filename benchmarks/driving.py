"""Driving Odoo: a rehearsal's simulate phase, against its own calls replayed by a minimal client with as many lanes.

The calls of a one-lane run are replayed in order on a second fresh clone with the same opening world, where
Odoo hands out the same ids.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from rehearsal import project
from rehearsal.history import lines
from rehearsal.odoo.connect import Caller, factory
from rehearsal.pipeline.run import Options, Run, ready_target, rehearse
from rehearsal.scenario import file as scenario_file
from rehearsal.stage import demand
from rehearsal.targets.base import Database
from rehearsal.targets.native.target import NativeTarget

BUDGET = 1.10
"""At most a tenth more wall time than the bare calls."""
ROUNDS = 3
TIMEOUT_S = 60.0


def measured() -> list[str]:
    """Return the figures: wall seconds of both and their ratio (median of alternating rounds)."""
    target = NativeTarget()
    ready_target(target, lambda _: None)
    scenario = scenario_file.load(project.scenario_path("promo_day"), project.scenario_path, {"connector": "governed"})
    pairs, calls = [], 0
    for number in range(ROUNDS):
        with TemporaryDirectory() as folder:
            run, _ = rehearse(scenario, target, Options(out=Path(folder) / "run"), lambda _: None, lambda *_: None)
            asked = list(_operations(run))
            calls = len(asked)
            database = target.clone(f"bench_replay_{number}")
            try:
                world, _ = demand.draw(scenario)
                call = Caller(factory(database, "odoorpc", TIMEOUT_S)(), "seeding")
                project.module("fixtures", "opening").seed(call, scenario, world)
                pairs.append((_driven_s(run), _replayed_s(database, asked)))
            finally:
                target.drop(database)
    ours, bare = median(o for o, _ in pairs), median(b for _, b in pairs)
    return [
        f"rehearsal, one lane   {ours:8.2f} s for {calls} calls",
        f"bare replay           {bare:8.2f} s",
        f"ratio                 {median(o / b for o, b in pairs):8.3f}   (budget: at most {BUDGET})",
    ]


def _driven_s(run: Run) -> float:
    took: dict[str, float] = run.manifest["timings_s"]
    return took["simulate"] + took["settle"]


def _operations(run: Run) -> Iterator[dict[str, Any]]:
    return (line["erp"] for line in lines(run.folder / "history") if line["kind"] == "operation")


def _replayed_s(database: Database, asked: list[dict[str, Any]]) -> float:
    """Post each call as it was, over ``/jsonrpc`` with a session cookie, and read the answer; nothing else."""
    there = urlsplit(database.url)
    assert there.hostname
    cookie, uid = "", 0

    def post(path: str, params: dict[str, Any]) -> Any:
        nonlocal cookie
        line = http.client.HTTPConnection(there.hostname or "", there.port, timeout=TIMEOUT_S)
        headers = {"Content-Type": "application/json"} | ({"Cookie": cookie} if cookie else {})
        line.request("POST", path, json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}), headers)
        answer = line.getresponse()
        cookie = (answer.getheader("Set-Cookie") or cookie).split(";")[0]
        told = json.loads(answer.read())
        line.close()
        return told.get("result")

    began = time.perf_counter()
    uid = post("/web/session/authenticate", {"db": database.name, "login": database.login, "password": database.password})["uid"]
    for call in asked:
        named = dict(call["arguments"]) | ({"context": call["context"]} if call["context"] else {})
        placed = [call["ids"]] if call["ids"] is not None else []
        if call["method"] == "create":
            placed.append(named.pop("vals_list"))
        args = [database.name, uid, database.password, call["model"], call["method"], placed, named]
        post("/jsonrpc", {"service": "object", "method": "execute_kw", "args": args})
    return time.perf_counter() - began
