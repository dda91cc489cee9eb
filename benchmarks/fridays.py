"""Small promotional Fridays, for tests and benchmarks alike: a third of a minute each, with everything in them that can break."""

from __future__ import annotations

from typing import Any

from rehearsal import project
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file

SMALL: dict[str, Any] = {
    "channels": {
        "webshop": {"orders": 10},
        "marketplace": {"orders": 4},
        "till_1": {"orders": 3},
        "till_2": {"orders": 2},
        "till_3": {"orders": 2},
    },
    "exercised": {"orders_per_channel": 1, "orders_per_tender": 0, "fault_fired": 0, "examined": 1},
}
CANONICAL: dict[str, Any] = {"seed": 12, **SMALL}
"""The one Friday that is played over either client, on each target, and on either clock: always the same history."""
DECLINED: dict[str, Any] = {"seed": 24, **SMALL}
"""A Friday on which a picker finds an empty shelf, so that stock is written off."""
FAULTS: dict[str, dict[str, Any]] = {
    "kill_worker": {"times": 3},
    "restart_odoo": {"times": 2},
    "restart_postgres": {"times": 2},
    "freeze_odoo": {"times": 1, "wall": "5s"},
    "network_latency": {"share": 0.3, "wall_ms": 20},
    "reset_before_request": {"share": 0.04},
    "cut_after_commit": {"share": 0.04},
    "black_hole": {"share": 0.015},
    "bad_gateway": {"share": 0.04},
    "narrow_bandwidth": {"share": 0.02, "bytes_per_s": 20_000},
}
"""Every fault of infrastructure, as strong as such a Friday bears."""
QUIET = "none"
"""Instead of a fault: what goes wrong without any."""
UNHEARD = {"kill_worker", "restart_odoo", "freeze_odoo", "reset_before_request", "cut_after_commit", "black_hole", "bad_gateway"}
"""Faults that leave operations without an answer."""
UNACKNOWLEDGED = ("kill_worker", "restart_odoo", "cut_after_commit", "black_hole")
"""Faults after which Odoo may have done what nobody heard of."""


def disturbed(fault: str, connector: str, seed: int) -> Scenario:
    """Return a small Friday under one fault, or under `QUIET`; calls time out after three seconds of the real time."""
    overrides = {
        "connector": connector,
        "seed": seed,
        "faults": [] if fault == QUIET else [{"name": fault, **FAULTS[fault]}],
        "clock": {"timeout": "3s"},
        **SMALL,
        "exercised": {**SMALL["exercised"], "fault_fired": int(fault != QUIET)},
    }
    return scenario_file.load(project.scenario_path("promo_day"), project.scenario_path, overrides)
