"""Empty shelves everywhere: the governed connector keeps what can be kept, on a real Odoo, and the books agree."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from rehearsal.history import lines
from rehearsal.pipeline.run import Options, rehearse
from rehearsal.targets.native.target import NativeTarget
from tests.conftest import load, quiet

EMPTY = {"connector": "governed", "seed": 6, "faults": [{"name": "empty_shelves", "share": 1.0}]}


def test_what_a_picker_does_not_find_comes_from_elsewhere_or_is_cancelled_alone(target: NativeTarget, tmp_path: Path) -> None:
    """A pickup comes as a parcel, an order loses the one piece that nobody has, another one all of it; each tender gets its part back.

    A whole Friday is played, which takes most of a minute."""
    _, summary = rehearse(load("promo_day", **EMPTY), target, Options(out=tmp_path), quiet, quiet)
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in lines(tmp_path / "history"):
        if line["kind"] == "event":
            told[line["type"]].append(line)
    units = {one["order"]: sum(line["units"] for line in one["data"]["lines"]) for one in told["order.placed"]}
    gone = {one["order"]: sum(line["units"] for line in one["data"]["lines"]) for one in told["order.cancelled"]}
    mode = {one["order"]: one["data"]["mode"] for one in told["order.placed"]}

    assert (summary["verdict"], len(told["pick.declined"])) == ("pass", 8)
    assert sorted(gone[order] == units[order] for order in gone) == [False, True]
    assert {mode[one["order"]] for one in told["goods.issued"]} == {"home_delivery", "ship_from_store", "pickup_in_store"}
    assert {one["order"] for one in told["refund.paid"]} == gone.keys()
