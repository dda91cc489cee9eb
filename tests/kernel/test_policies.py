"""Policies: layers over what the naive connector does; each can be switched off, and a team adds its own as one file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import simpy

from connectors.governed.house import Case
from rehearsal import project
from rehearsal.clock import Steps
from rehearsal.errors import ScenarioError, UsageError
from rehearsal.model import Delivery, Event, EventKind, Instruction, InstructionKind
from rehearsal.parts.policies import policies, policy_names
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.market import LiveChannel
from tests.conftest import load

NAMES = [
    "allocation_with_latency",
    "deduplication",
    "event_sequencing",
    "exception_routing",
    "one_writer_per_node",
    "pickup_as_inventory_state",
    "refund_by_tender",
    "reservation_precedence",
]
LINES = [{"line": 1, "sku": "SKU-00001", "units": 1, "node": "store_1"}]
PAID = [{"tender": "card", "amount_minor": 700}, {"tender": "gift_card", "amount_minor": 300}]


def governed(**off: str) -> Any:
    """Return the governed connector at noon of a promotional Friday, with stock that nobody had to read in Odoo."""
    made = project.connector("governed")(load("promo_day", policies=off))
    made.house.now_s = 12 * 3600.0
    for pool in made.house.pools.values():
        pool.see({"SKU-00001": 10})
    return made


def arrival(attempt: int = 1, **data: Any) -> Delivery:
    """Return one arrival of an order."""
    told = {"lines": LINES, "tenders": PAID, "mode": "pickup_in_store", "customer": {"id": "C1"}, **data}
    return Delivery(Event("e1", EventKind.ORDER_PLACED, 60.0, "webshop", "WEBSHOP-1", "store_1", told), 90.0, attempt)


def channel(code: str) -> LiveChannel:
    """Return a channel that has sold nothing yet."""
    return LiveChannel(code, load("promo_day").channels[code])


def test_there_are_eight_and_each_says_what_it_is_and_what_fails_without_it() -> None:
    """One file each."""
    found = policies("governed")

    assert list(found) == NAMES
    assert set(policy_names()) == set(NAMES)
    assert all(kind.sentence.endswith(".") and kind.prevents for kind in found.values())
    assert [name for name, kind in found.items() if kind.under_load] == ["one_writer_per_node"]
    assert policies("naive") == {}


@pytest.mark.parametrize("name", NAMES)
def test_each_is_in_force_unless_it_is_switched_off(name: str) -> None:
    """Off means that its class is not among the layers; the bottom one is what the naive connector does."""
    rule = policies("governed")[name].rule

    assert isinstance(governed().rules, rule)
    assert isinstance(governed(**{name: "on"}).rules, rule)
    assert not isinstance(governed(**{name: "off"}).rules, rule)


def test_deduplication() -> None:
    """On: handled once, under one name. Off: each arrival is handled, and makes something of its own."""
    on, off = governed().rules, governed(deduplication="off").rules

    assert [on.admit(arrival(attempt)) for attempt in (1, 2)] == [True, False]
    assert [off.admit(arrival(attempt)) for attempt in (1, 2)] == [True, True]
    assert on.identity("sale", "WEBSHOP-1", arrival(1)) == on.identity("sale", "WEBSHOP-1", arrival(2))
    assert off.identity("sale", "WEBSHOP-1", arrival(1)) != off.identity("sale", "WEBSHOP-1", arrival(2))
    assert on.ticket_uuid(arrival(1)) == on.ticket_uuid(arrival(2))
    assert off.ticket_uuid(arrival(1)) != off.ticket_uuid(arrival(2))


def test_event_sequencing() -> None:
    """On: an event waits for what it needs, three days at most. Off: it fails at once, and old news replaces younger news."""
    env = simpy.Environment()
    erp: Any = type("Erp", (), {"env": env})()
    there: list[bool] = []
    env.process(_later(env, 600.0, there))
    on, off = governed().rules, governed(event_sequencing="off").rules
    env.run(until=env.process(on.wait(erp, lambda: bool(there), "order 1")))

    assert env.now == 600.0
    with pytest.raises(TimeoutError, match="waited 72 h for order 2"):
        env.run(until=env.process(on.wait(erp, lambda: False, "order 2")))
    with pytest.raises(LookupError, match="order 3"):
        env.run(until=env.process(off.wait(erp, lambda: False, "order 3")))
    case: Any = type("Case", (), {"parcel_at_s": 100.0})()
    assert (on.is_news(arrival().event, case), off.is_news(arrival().event, case)) == (False, True)


def _later(env: simpy.Environment, after_s: float, there: list[bool]) -> Steps:
    yield env.timeout(after_s)
    there.append(True)


def test_reservation_precedence() -> None:
    """On: what all channels may sell of a node is no more than lies there. Off: each of them may sell all of it."""
    on, off = governed().rules, governed(reservation_precedence="off").rules
    sellers = ("webshop", "till_1")

    shared = [on.offer(channel(code), "store_1")["SKU-00001"] for code in sellers]
    assert (sum(shared) <= 10, min(shared) > 0) == (True, True)
    assert [off.offer(channel(code), "store_1")["SKU-00001"] for code in sellers] == [10, 10]


def test_allocation_with_latency() -> None:
    """On: three units that were sold a minute ago are sold. Off: they are given out again, until word of them comes."""
    for said, left in (("on", 3), ("off", 6)):
        made, shop = governed(allocation_with_latency=said), channel("webshop")
        shop.published("store_1", {"SKU-00001": 6})
        made.rules.offer(shop, "store_1")
        made.house.pools["store_1"]._told["webshop", "SKU-00001"] = 6
        shop.take("store_1", "SKU-00001", 3)
        assert made.rules.left(shop, "store_1", "SKU-00001") == left
    made.house.heard(arrival(lines=[{**LINES[0], "units": 3}]))
    assert made.rules.left(shop, "store_1", "SKU-00001") == 3


def test_pickup_as_inventory_state() -> None:
    """On: the till sells a part, and pickups lie on a shelf of their own. Off: the till shows what is in the book, and nothing is staged."""
    on, off = governed().rules, governed(pickup_as_inventory_state="off").rules

    assert on.offer(channel("till_1"), "store_1")["SKU-00001"] < 10
    assert off.offer(channel("till_1"), "store_1")["SKU-00001"] == 10
    assert off.offer(channel("webshop"), "store_1")["SKU-00001"] < 10
    assert [rules.stages(mode) for rules in (on, off) for mode in ("pickup_in_store", "home_delivery")] == [
        True,
        False,
        False,
        False,
    ]


def test_one_writer_per_node() -> None:
    """On: the second one waits until the first has gone. Off: nobody waits."""
    env = simpy.Environment()
    erp: Any = type("Erp", (), {"env": env})()

    def write(rules: Any, node: str) -> Steps:
        with rules.turn(node, erp) as turn:
            yield turn
            yield env.timeout(10)

    ended = []
    for rules in (governed().rules, governed(one_writer_per_node="off").rules):
        began = env.now
        env.run(until=simpy.AllOf(env, [env.process(write(rules, node)) for node in ("dc", "dc", "store_1")]))
        ended.append(env.now - began)
    assert ended == [20, 10]
    first, second = arrival(1), arrival(2)
    waiting = [first, second]
    assert (governed().rules.along(waiting, second), waiting) == ([first, second], [])
    waiting = [first, second]
    assert (governed(one_writer_per_node="off").rules.along(waiting, second), waiting) == ([second], [first])


def test_refund_by_tender() -> None:
    """On: each tender gets what it paid. Off: the card gets everything."""
    case = Case.of(arrival().event, 1, "store_1", 1)

    assert governed().rules.refunds(case, 1000) == [("card", 700), ("gift_card", 300)]
    assert governed(refund_by_tender="off").rules.refunds(case, 1000) == [("card", 1000)]


def test_a_part_of_an_order_gives_back_its_money_and_the_rest_of_it_the_rest() -> None:
    """In the order in which the tenders paid; each reference is one of its own."""
    made, case = governed(), Case.of(arrival().event, 1, "store_1", 1)
    case.given_back["card"] = 100
    part = made.rules.taken_back(case, [{"line": 1, "sku": "SKU-00001", "units": 1}], 650)
    rest = made.rules.taken_back(case)

    def told(asked: list[Instruction]) -> list[tuple[str, int]]:
        return [(one.data["reference"], one.data["amount_minor"]) for one in asked if one.kind is InstructionKind.REFUND]

    assert part[0].data == {"reason": "not found at the node", "lines": [{"line": 1, "sku": "SKU-00001", "units": 1}]}
    assert told(part) == [("RF-WEBSHOP-1-card-1", 600), ("RF-WEBSHOP-1-gift_card-1", 50)]
    assert (rest[0].data, told(rest)) == ({"reason": "not found at the node"}, [("RF-WEBSHOP-1-gift_card-2", 250)])


# -- a policy of one's own ---------------------------------------------------------------------------------------------

GOOD = '''"""One piece of everything stays in the window."""
from connectors.governed.policy import Policy
PREVENTS = ("promo_day",)
class Rule(Policy):
    def offer(self, channel, node):
        return {sku: units - 1 for sku, units in super().offer(channel, node).items()}
'''


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of policies of a project of one's own."""
    folder = tmp_path / "connectors" / "governed" / "policies"
    folder.mkdir(parents=True)
    monkeypatch.setenv("REHEARSE_PROJECT", str(tmp_path))
    return folder


def test_a_policy_of_ones_own_lies_over_the_bundled_ones(house: Path) -> None:
    """It asks them what they would do, and does a little less; switched off, it is gone."""
    bundled = governed().rules.offer(channel("webshop"), "store_1")
    (house / "window.py").write_text(GOOD)

    assert list(policies("governed")) == ["window", *NAMES]
    assert governed().rules.offer(channel("webshop"), "store_1") == {sku: units - 1 for sku, units in bundled.items()}
    assert governed(window="off").rules.offer(channel("webshop"), "store_1") == bundled


def test_what_a_policy_keeps_from_a_channel_is_nobodys_and_not_lost(house: Path) -> None:
    """However often it is published: part and reserve together are what lies there."""
    (house / "window.py").write_text(GOOD)
    made, shop = governed(), channel("webshop")
    pool = made.house.pools["store_1"]
    for _ in range(5):
        figures = made.rules.offer(shop, "store_1")
        pool.offered("webshop", figures)
        shop.published("store_1", figures)

    assert pool.reserve["SKU-00001"] + shop.left("store_1", "SKU-00001") == 10
    assert shop.left("store_1", "SKU-00001") > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("class Rule", "class Role"), "Rule is None; expected a class"),
        (GOOD.replace('("promo_day",)', '"promo_day"'), "PREVENTS is 'promo_day'; expected a tuple of names of scenarios"),
        (f"{GOOD}CURES = 'done_twice'\n", "CURES is 'done_twice'; expected a tuple of causes, such as ('done_twice',)"),
        (GOOD.replace("promo_day", "promo_night"), "PREVENTS names the scenario 'promo_night', which is not in scenarios/"),
        ("import nothing_of_this_name", "cannot be loaded (ModuleNotFoundError"),
    ],
)
def test_a_module_that_is_no_policy_is_told_with_what_was_expected(text: str, said: str, house: Path) -> None:
    """When it is loaded."""
    (house / "window.py").write_text(text)

    with pytest.raises(UsageError, match=re.escape(said)):
        policies("governed")


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        (
            "{deduplicaton: off}",
            "mine.yaml:3:26 policies.deduplicaton: no connector has a policy 'deduplicaton' (did you mean 'deduplication'?)",
        ),
        (
            "{deduplication: off}",
            "mine.yaml:3:27 policies.deduplication: connector 'naive' has no policy 'deduplication': to switch it would change nothing",
        ),
        ("{deduplication: maybe}", "mine.yaml:3:27 policies.deduplication: Input should be 'on' or 'off' (it is 'maybe')"),
        ("{deduplication: false}", "mine.yaml:3:27 policies.deduplication: Input should be 'on' or 'off' (it is False)"),
    ],
)
def test_a_switch_that_is_none_is_told_where_it_stands(policies: str, said: str, tmp_path: Path) -> None:
    """With the nearest name; and a switch is on or off."""
    (tmp_path / "mine.yaml").write_text(f"extends: promo_day\nname: mine\npolicies: {policies}\n")

    with pytest.raises(ScenarioError) as told:
        scenario_file.load(tmp_path / "mine.yaml", project.scenario_path, parts=True)
    assert str(told.value).endswith(said)


def test_a_module_and_a_package_of_one_name_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them would hide the other."""
    (tmp_path / "connectors" / "ours").mkdir(parents=True)
    (tmp_path / "connectors" / "ours" / "__init__.py").write_text("")
    (tmp_path / "connectors" / "ours.py").write_text("")
    monkeypatch.setenv("REHEARSE_PROJECT", str(tmp_path))

    with pytest.raises(UsageError, match="are two parts of one name; rename one"):
        project.connector("ours")
