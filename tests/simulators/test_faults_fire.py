"""A fault has fired only if something changed, and the journal says what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.history import lines
from rehearsal.stage.paper import weekend
from tests.conftest import load

NOTHING: dict[str, Any] = {"fault_fired": 0}


def journal(folder: Path) -> list[dict[str, Any]]:
    """Return what fired."""
    told = [json.loads(line) for line in (folder / "faults.ndjson").read_text().splitlines()]
    return [line for line in told if line["state"] == "fired"]


def arrivals(folder: Path) -> dict[tuple[str, int], float]:
    """Return when each event arrived, by attempt."""
    told = (line for line in lines(folder / "history") if line["kind"] == "delivery")
    return {(line["event"], line["attempt"]): line["at_s"] for line in told}


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "late_pickup_batches", "every": "4h"},
        {"name": "late_carrier_events", "share": 0.5, "delay": {"median": "6h", "p95": "24h"}},
        {"name": "duplicate_deliveries", "share": 0.2},
    ],
)
def test_each_strike_is_an_arrival_that_differs_from_the_weekend_without_faults(fault: dict[str, Any], tmp_path: Path) -> None:
    """Same seed, with and without: what the journal says is exactly what changed."""
    weekend(load("promo_day", faults=[], exercised=NOTHING), tmp_path / "calm")
    weekend(load("promo_day", faults=[fault]), tmp_path / "hurt")
    calm, hurt = arrivals(tmp_path / "calm"), arrivals(tmp_path / "hurt")

    kinds = {"late_pickup_batches": ("order.placed",), "late_carrier_events": ("parcel.scanned", "parcel.delivered")}
    known = {event for event, _ in calm} & {event for event, _ in hurt}
    changed = {
        event
        for event, attempt in hurt
        if event in known and calm.get((event, attempt)) != hurt[event, attempt] and event.startswith(kinds.get(fault["name"], ""))
    }
    told = journal(tmp_path / "hurt")
    fired = {line["key"] for line in told if line["key"] in known}
    assert fired
    assert fired == changed or (fault["name"] == "late_carrier_events" and fired < changed), "a later scan moves the next"
    assert all("later" in line["proof"] for line in told)


def test_two_windows_of_batches_both_hold_orders_back(tmp_path: Path) -> None:
    """Mornings every hour, evenings every four: both appear in the journal under their own labels."""
    windows = [
        {"name": "late_pickup_batches", "every": "1h", "ends": "12h"},
        {"name": "late_pickup_batches", "every": "4h", "begins": "12h"},
    ]
    weekend(load("promo_day", faults=windows, seed=4), tmp_path)

    assert {line["fault"] for line in journal(tmp_path)} == {"late_pickup_batches", "late_pickup_batches#2"}
