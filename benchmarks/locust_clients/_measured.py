"""Writes the client's own CPU time per call of a Locust process: from the end of spawning to the end of the test."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from locust import events

began: list[float] = []


def _began(**_: Any) -> None:
    began.append(time.process_time())


def _ended(environment: Any, **_: Any) -> None:
    calls = environment.stats.total.num_requests
    spent = time.process_time() - began[0]
    told = {"calls": calls, "failures": environment.stats.total.num_failures, "cpu_ms_per_call": 1000 * spent / max(1, calls)}
    Path(os.environ["BENCH_OUT"]).write_text(json.dumps(told), encoding="utf-8")


events.spawning_complete.add_listener(_began)
events.test_stopping.add_listener(_ended)
