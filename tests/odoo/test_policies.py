"""What a policy is for, on a real Odoo: without it an invariant breaks, with it none does. The whole table: docs/policies.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.pipeline.run import Options, rehearse
from rehearsal.targets.native.target import NativeTarget
from tests.conftest import load, quiet

CORRECTED = "stock_corrections_are_accounted_for"
STUCK = "no_order_is_stuck_beyond_its_deadline"
TWICE = "no_unit_is_promised_twice"
FEW = {"orders": 2}
SMALLER: dict[str, dict[str, Any]] = {
    "crowded_stores": {"webshop": {"orders": 80}, "marketplace": {"orders": 0}, "till_1": FEW, "till_2": FEW, "till_3": FEW},
    "late_tills": {
        "webshop": {"orders": 50},
        "marketplace": {"orders": 0},
        "till_1": {"orders": 40},
        "till_2": {"orders": 40},
        "till_3": FEW,
    },
    "split_tenders": {"webshop": {"orders": 30}, "marketplace": {"orders": 2}, "till_1": FEW, "till_2": FEW, "till_3": FEW},
}
"""As many shoppers as it takes to miss the policy; whole, those scenarios are in the table."""


def broken(target: NativeTarget, folder: Path, scenario: str, **policies: str) -> set[str]:
    """Return the invariants that break under the governed connector, seed 1, with some policies off."""
    told: dict[str, Any] = {"connector": "governed", "seed": 1, "policies": policies, "channels": SMALLER[scenario]}
    told["exercised"] = {"orders_per_channel": 0, "orders_per_tender": 0}
    _, summary = rehearse(load(scenario, **told), target, Options(out=folder), quiet, quiet)
    return {one["id"] for one in summary["invariants"] if one["verdict"] == "fail"}


def test_records_are_corrected_to_the_wrong_figure_without_one_writer_per_node(target: NativeTarget, tmp_path: Path) -> None:
    """Goods go out between reading a stock record and correcting it; with turns nothing does. Two rehearsals, half a minute each."""
    assert broken(target, tmp_path / "off", "crowded_stores", one_writer_per_node="off") == {CORRECTED}
    assert broken(target, tmp_path / "on", "crowded_stores") == set()


@pytest.mark.parametrize(
    ("policy", "scenario", "breaks"),
    [("allocation_with_latency", "late_tills", TWICE), ("refund_by_tender", "split_tenders", STUCK)],
)
def test_a_policy_that_is_off_is_missed(policy: str, scenario: str, breaks: str, target: NativeTarget, tmp_path: Path) -> None:
    """In the scenario that it names."""
    assert breaks in broken(target, tmp_path / "off", scenario, **{policy: "off"})
