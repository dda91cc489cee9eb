"""Modes and tenders that a scenario declares, on a real Odoo: each tender has its journal, each mode its way through the goods."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rehearsal.pipeline.run import Options, rehearse
from rehearsal.targets.native.target import NativeTarget
from tests.conftest import load, quiet
from tests.declared import WORDS


def friday(target: NativeTarget, folder: Path, connector: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return summary and verdict of a Friday with those words."""
    _, summary = rehearse(load("promo_day", connector=connector, **WORDS), target, Options(out=folder), quiet, quiet)
    return summary, json.loads((folder / "verdict.json").read_text())


def test_a_friday_with_lockers_bikes_and_a_canteen_reconciles(target: NativeTarget, tmp_path: Path) -> None:
    """Governed, everything exercised: vouchers and tokens are booked like any tender, and no order is stuck in its locker."""
    summary, _ = friday(target, tmp_path, "governed")

    assert (summary["verdict"], summary["idle"]) == ("pass", [])
    assert {"tender wallet", "tender city_voucher", "tender tokens", "channel canteen"} <= {
        one["what"] for one in summary["exercised"]
    }


def test_money_given_back_on_a_tender_that_did_not_pay_is_seen_whatever_it_is_called(target: NativeTarget, tmp_path: Path) -> None:
    """The naive connector gives everything back on cards; a wallet's orders do not reconcile."""
    summary, verdict = friday(target, tmp_path, "naive")

    about = [finding["about"] for finding in verdict["findings"]]
    assert summary["verdict"] == "fail"
    assert {"channel": "webshop", "tender": "wallet"} in about
