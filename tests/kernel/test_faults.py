"""Faults: what strikes what, what the journal says, and what is told of a fault that is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal import project
from rehearsal.errors import RehearsalError, ScenarioError, UsageError
from rehearsal.model import Event, EventKind
from rehearsal.parts import fault_kinds
from rehearsal.parts.fault import Ending, Figure, Joint, Request, StockRecord, Travel
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.faults import Faults, counts_in
from rehearsal.stage.stock_records import falsified, record_faults
from tests.conftest import load

TWICE: dict[str, Any] = {"name": "duplicate_deliveries"}
LINES = [{"line": 1, "sku": "SKU-001", "units": 1, "node": "store_1"}]
NEVER = {"fault_fired": 0}


def travel(number: int, at_s: float, kind: Any = EventKind.ORDER_PLACED, **data: Any) -> Travel:
    """Return word of one event that arrives a minute after *at_s*."""
    event = Event(
        f"e{number}", kind, at_s, "webshop", f"WEBSHOP-{number}", "store_1", {"lines": LINES, "mode": "pickup_in_store", **data}
    )
    return Travel(event, at_s, (60.0,))


def faults(folder: Path, *listed: dict[str, Any], **words: Any) -> Faults:
    """Return the faults *listed*, at work on a promotional weekend."""
    return Faults(load("promo_weekend", faults=list(listed), exercised=NEVER, **words), folder / "faults.ndjson")


def journal(folder: Path, state: str = "fired") -> list[tuple[str, str, str]]:
    """Return label, key and proof of every line of the journal in *state*."""
    told = [json.loads(line) for line in (folder / "faults.ndjson").read_text().splitlines()]
    return [(line["fault"], line["key"], line.get("proof", "")) for line in told if line["state"] == state]


def test_a_fault_is_journalled_when_armed_fired_and_healed_and_then_strikes_no_more(tmp_path: Path) -> None:
    """The journal is what `summary.json` counts, and says what changed."""
    faults = Faults(load("promo_weekend", faults=[TWICE]), tmp_path / "faults.ndjson")
    before = [len(faults.met(travel(number, 1.0)).arrives_in_s) for number in range(3)]
    faults.heal(2.0)
    after = faults.met(travel(9, 3.0))
    faults.close()

    assert (before, after) == ([2, 2, 2], travel(9, 3.0))
    counts = counts_in(tmp_path / "faults.ndjson")["duplicate_deliveries"]
    assert (counts.armed, counts.fired, counts.healed) == (1, 3, 1)
    told = [json.loads(line) for line in (tmp_path / "faults.ndjson").read_text().splitlines()]
    assert all(re.fullmatch(r"arrives again \d+ s later", line["proof"]) for line in told if line["state"] == "fired")


def test_two_windows_of_one_fault_both_strike_each_under_a_label_of_its_own(tmp_path: Path) -> None:
    """The second one used to be dead; where both hold, both strike."""
    windows = [{**TWICE, "ends": "3h"}, {**TWICE, "begins": "2h"}]
    faults = Faults(load("promo_weekend", faults=windows, exercised={"fault_fired": 0}), tmp_path / "faults.ndjson")

    arrivals = [len(faults.met(travel(1, at_s)).arrives_in_s) for at_s in (60, 9000, 20_000)]
    faults.close()
    told = [json.loads(line) for line in (tmp_path / "faults.ndjson").read_text().splitlines()]
    assert arrivals == [2, 3, 2]
    assert [line["fault"] for line in told if line["state"] == "fired"] == [
        "duplicate_deliveries",
        "duplicate_deliveries",
        "duplicate_deliveries#2",
        "duplicate_deliveries#2",
    ]
    assert set(faults.counts) == {"duplicate_deliveries", "duplicate_deliveries#2"}


# -- each joint --------------------------------------------------------------------------------------------------------


def test_late_batches_and_late_carriers_strike_what_they_are_about_and_nothing_else(tmp_path: Path) -> None:
    """A pickup order waits for the batch; a parcel's scan for the carrier; each other thing is left as it was."""
    armed = faults(
        tmp_path,
        {"name": "late_pickup_batches", "every": "4h"},
        {"name": "late_carrier_events", "delay": {"median": "6h", "p95": "24h"}},
    )
    pickup, home = travel(1, 3600.0), travel(2, 3600.0, mode="home_delivery")
    scan = travel(3, 3600.0, EventKind.PARCEL_SCANNED)

    assert armed.met(pickup).arrives_in_s == (3 * 3600.0,)
    assert armed.met(home) == home
    (late_s,) = armed.met(scan).arrives_in_s
    assert late_s > 60
    armed.close()
    assert journal(tmp_path) == [
        ("late_pickup_batches", "e1", "arrives 10740 s later than it would have"),
        ("late_carrier_events", "e3", f"arrives {late_s - 60:.0f} s later than it would have"),
    ]


def test_word_of_a_node_comes_in_batches_and_a_tills_tickets_do_not(tmp_path: Path) -> None:
    """What pickers did waits for the sync of their handhelds."""
    armed = faults(tmp_path, {"name": "late_node_batches", "every": "20m"})
    kinds = [
        EventKind.GOODS_ISSUED,
        EventKind.PICKUP_STAGED,
        EventKind.PICK_DECLINED,
        EventKind.TICKET_CLOSED,
        EventKind.ORDER_PLACED,
    ]

    assert [armed.met(travel(number, 600.0, kind)).arrives_in_s for number, kind in enumerate(kinds)] == [
        (600.0,),
        (600.0,),
        (600.0,),
        (60.0,),
        (60.0,),
    ]


def test_an_arrival_that_comes_with_the_batch_anyway_has_not_been_held_back(tmp_path: Path) -> None:
    """Nothing changed is nothing fired."""
    armed = faults(tmp_path, {"name": "late_pickup_batches", "every": "1m"})
    on_time = travel(1, 60.0)

    assert armed.met(on_time) == on_time
    armed.close()
    assert journal(tmp_path) == []


@pytest.mark.parametrize(
    ("only", "struck"),
    [
        ({}, True),
        ({"channel": "webshop"}, True),
        ({"channel": ["till_1", "webshop"]}, True),
        ({"channel": "till_1"}, False),
        ({"node": "store_1"}, True),
        ({"node": "dc"}, False),
        ({"kind": "order.placed"}, True),
        ({"kind": "goods.issued"}, False),
        ({"sku": "SKU-001"}, True),
        ({"sku": "SKU-002"}, False),
        ({"channel": "webshop", "sku": "SKU-002"}, False),
    ],
)
def test_only_says_which_things_are_meant(only: dict[str, Any], struck: bool, tmp_path: Path) -> None:
    """By channel, node, kind and SKU; all that are named must fit."""
    armed = faults(tmp_path, {**TWICE, "only": only})

    assert (len(armed.met(travel(1, 60.0)).arrives_in_s) == 2) is struck


def test_a_publication_can_be_late_or_lost_by_sku(tmp_path: Path) -> None:
    """A silent feed loses the same SKUs for as long as it lasts."""
    armed = faults(tmp_path, {"name": "silent_feed", "share": 0.5, "ends": "10h"}, {"name": "late_publications", "begins": "20h"})
    skus = [f"SKU-{number:03d}" for number in range(20)]

    def lost(at_s: float) -> list[str]:
        figures = [armed.met(Figure("webshop", "dc", sku, 3, at_s)) for sku in skus]
        return [figure.sku for figure in figures if figure.arrives_in_s is None]

    assert 0 < len(lost(60.0)) < len(skus)
    assert lost(60.0) == lost(36_000.0 - 1)
    assert lost(36_000.0) == []
    late = armed.met(Figure("webshop", "dc", "SKU-001", 3, 80_000.0))
    assert (late.arrives_in_s or 0) > 0
    armed.close()
    assert {proof for label, _, proof in journal(tmp_path) if label == "silent_feed"} == {"never arrives"}


def test_a_wrong_record_overstates_what_lies_on_a_store_shelf_only() -> None:
    """By one or two units, and the same ones again whenever somebody looks."""
    scenario = load("promo_weekend", faults=[{"name": "empty_shelves"}], exercised=NEVER)
    record = StockRecord("store_1", "store", "SKU-001", "regular", 5, 5)
    armed = record_faults(scenario)
    wrong, labels = falsified(1, armed, record)

    assert (wrong.book, wrong.shelf in (3, 4), labels) == (5, True, ("empty_shelves",))
    assert falsified(1, armed, record)[0] == wrong
    bare = replace(record, shelf=0, book=0)
    assert falsified(1, armed, bare) == (bare, ())
    central = replace(record, node="dc", kind="distribution_centre")
    assert falsified(1, armed, central) == (central, ())


def test_faults_of_requests_compose_and_the_first_ending_counts(tmp_path: Path) -> None:
    """Late twice, slow as the slowest, and cut only once."""
    armed = faults(
        tmp_path,
        {"name": "network_latency", "ends": "9h"},
        {"name": "network_latency", "begins": "1s"},
        {"name": "narrow_bandwidth", "bytes_per_s": 500},
        {"name": "cut_after_commit"},
        {"name": "black_hole"},
    )
    struck = armed.met(Request(1, 60.0))
    armed.close()

    assert (struck.bytes_per_s, struck.ending) == (500, Ending.CUT)
    told = journal(tmp_path)
    assert [label for label, _, _ in told] == ["network_latency", "network_latency#2", "narrow_bandwidth", "cut_after_commit"]
    delays = [float(found[0]) for _, _, proof in told if (found := re.findall(r"passed on ([\d.]+) s late", proof))]
    assert struck.delay_s == pytest.approx(sum(delays), abs=0.01)


# -- a fault that is none ----------------------------------------------------------------------------------------------

GOOD = """
from rehearsal.parts.fault import FaultSettings, Joint
AT = Joint.DELIVERY
class Settings(FaultSettings):
    depth: int
    '''how deep, such as 3'''
def strike(fault, travel, rng):
    return travel.later(fault.depth)
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of faults of a project of one's own."""
    folder = tmp_path / "simulators" / "faults"
    folder.mkdir(parents=True)
    monkeypatch.setenv("REHEARSE_PROJECT", str(tmp_path))
    yield folder


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "AT is None; expected a rehearsal.parts.fault.Joint"),
        (GOOD.replace("Joint.DELIVERY", "'delivery'"), "AT is 'delivery'; expected a rehearsal.parts.fault.Joint"),
        (
            GOOD.replace("(FaultSettings)", ""),
            "expected a class that inherits rehearsal.parts.fault.FaultSettings, since it strikes at Joint.DELIVERY",
        ),
        (GOOD.replace("DELIVERY", "PROCESS"), "expected a class that inherits rehearsal.parts.fault.ProcessFaultSettings"),
        (GOOD.replace("def strike", "def hit"), "strike is None; expected a function strike(fault, thing, rng)"),
        (GOOD.replace("travel, rng)", "travel)"), "strike(fault, travel); expected a function strike(fault, thing, rng)"),
        (GOOD + "concerns = 3\n", "concerns is 3; expected a function concerns(fault, thing)"),
        ("import nothing_of_this_name", "cannot be loaded (ModuleNotFoundError"),
    ],
)
def test_a_module_that_is_no_fault_is_told_with_what_was_expected(text: str, said: str, house: Path) -> None:
    """When it is loaded, whoever asks; and at the place in the scenario that names it."""
    (house / "quicksand.py").write_text(text)

    with pytest.raises(UsageError) as told:
        fault_kinds.fault_kind("quicksand")
    assert said in str(told.value)
    assert str(house / "quicksand.py") in str(told.value)
    with pytest.raises(ScenarioError) as refused:
        load("promo_day", faults=[{"name": "quicksand", "depth": 3}])
    assert said in str(refused.value)


def test_a_fault_of_ones_own_has_words_of_its_own(house: Path, tmp_path: Path) -> None:
    """They are validated, they stand in the JSON Schema, and what it does is journalled."""
    (house / "quicksand.py").write_text(GOOD)
    armed = faults(tmp_path, {"name": "quicksand", "depth": 7})

    assert armed.met(travel(1, 60.0)).arrives_in_s == (67.0,)
    armed.close()
    assert journal(tmp_path) == [("quicksand", "e1", "arrives 7 s later than it would have")]
    schema = json.loads(scenario_file.schema())
    assert schema["$defs"]["fault.quicksand"]["properties"]["depth"] == {
        "description": "how deep, such as 3",
        "title": "Depth",
        "type": "integer",
    }
    for words, said in (
        ({}, "quicksand needs depth: how deep, such as 3"),
        ({"depth": "x"}, "faults.0.depth"),
        ({"depth": 1, "wall": "9s"}, "quicksand does not read wall; it reads depth, share, begins, ends, only"),
    ):
        with pytest.raises(ScenarioError, match=re.escape(said)):
            load("promo_day", faults=[{"name": "quicksand", **words}])


@pytest.mark.parametrize(("returns", "said"), [("None", "strike returns None"), ("1 / 0", "division by zero")])
def test_a_strike_that_goes_wrong_is_told_and_does_not_fire(returns: str, said: str, house: Path, tmp_path: Path) -> None:
    """On the way of an event it ends the weekend; on the way of a request, where nobody waits, it has failed."""
    wrong = GOOD.replace("travel.later(fault.depth)", returns)
    (house / "quicksand.py").write_text(wrong)
    (house / "bog.py").write_text(wrong.replace("FaultSettings", "RequestFaultSettings").replace("DELIVERY", "REQUEST"))
    armed = faults(tmp_path, {"name": "quicksand", "depth": 7}, {"name": "bog", "depth": 7})

    with pytest.raises((RehearsalError, ZeroDivisionError), match=said):
        armed.met(travel(1, 60.0))
    assert armed.met(Request(1, 60.0)) == Request(1, 60.0)
    armed.close()
    assert journal(tmp_path) == []
    ((label, _, why),) = journal(tmp_path, "failed")
    assert (label, said in why) == ("bog", True)


@pytest.mark.parametrize("by", ["-100.0", "float('nan')", "float('inf')"])
def test_no_fault_turns_time_back(by: str, house: Path, tmp_path: Path) -> None:
    """Word that arrives before it was sent, or at no time at all, is no late word: the fault's file is named."""
    (house / "quicksand.py").write_text(GOOD.replace("later(fault.depth)", f"later({by})"))
    armed = faults(tmp_path, {"name": "quicksand", "depth": 7})

    with pytest.raises(
        UsageError, match=r"quicksand\.py: strike lets it arrive in (-40\.0|nan|inf) s; expected a number from 0 on, or no arrival"
    ):
        armed.met(travel(1, 60.0))
    armed.close()
    assert journal(tmp_path) == []


# -- runs that were made before ----------------------------------------------------------------------------------------


def test_a_run_made_when_all_faults_shared_their_words_can_be_read(tmp_path: Path) -> None:
    """Its scenario has every word at every fault; those that say nothing are left out."""
    every = {
        "every": "0s",
        "delay": None,
        "begins": "0s",
        "ends": None,
        "times": 1,
        "wall": "5s",
        "wall_ms": 200,
        "bytes_per_s": 20_000,
    }
    old = [
        {**every, "name": "late_pickup_batches", "share": 1.0, "every": "14400s"},
        {**every, "name": "empty_shelves", "share": 0.5},
        {**every, "name": "kill_worker", "share": 1.0, "times": 3},
    ]
    new = [
        {"name": "late_pickup_batches", "every": "4h"},
        {"name": "empty_shelves", "share": 0.5},
        {"name": "kill_worker", "times": 3},
    ]

    assert load("promo_day", faults=old).faults == load("promo_day", faults=new).faults


def test_a_run_with_a_fault_that_is_not_here_can_be_read_and_not_be_started(tmp_path: Path) -> None:
    """Somebody else's run is judged without their modules."""
    (tmp_path / "theirs.yaml").write_text("extends: promo_day\nname: theirs\nfaults:\n  - {name: gremlins, teeth: 3}\n")
    read = scenario_file.load(tmp_path / "theirs.yaml", project.scenario_path)

    (tmp_path / "again.yaml").write_text(scenario_file.dump(read))
    assert scenario_file.load(tmp_path / "again.yaml", project.scenario_path) == read
    assert "teeth: 3" in (tmp_path / "again.yaml").read_text()
    with pytest.raises(ScenarioError) as refused:
        scenario_file.load(tmp_path / "theirs.yaml", project.scenario_path, parts=True)
    assert "theirs.yaml:4:12 faults.0.name: no fault 'gremlins' in simulators/faults/ (" in str(refused.value)
    assert "late_pickup_batches" in str(refused.value)


def test_each_bundled_fault_strikes_at_its_joint_and_says_what_it_is() -> None:
    """Seventeen files, and a sentence each."""
    kinds = fault_kinds.fault_kinds()

    assert {joint: [name for name, kind in kinds.items() if kind.joint is joint] for joint in Joint} == {
        Joint.DELIVERY: ["duplicate_deliveries", "late_carrier_events", "late_node_batches", "late_pickup_batches"],
        Joint.PUBLICATION: ["late_publications", "silent_feed"],
        Joint.WORLD: ["empty_shelves", "unbooked_goods"],
        Joint.REQUEST: [
            "bad_gateway",
            "black_hole",
            "cut_after_commit",
            "narrow_bandwidth",
            "network_latency",
            "reset_before_request",
        ],
        Joint.PROCESS: ["freeze_odoo", "kill_worker", "restart_odoo", "restart_postgres"],
    }
    assert all(kind.sentence.endswith((".", "know.")) for kind in kinds.values())
