"""The parts of this project on paper: no Odoo, a second or two. What a real Odoo makes of them: rehearse run small_friday."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import project
from rehearsal.clock import Erp, Steps
from rehearsal.parts.policies import policies
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from rehearsal.stage import paper
from rehearsal.stage.market import LiveChannel, Market
from rehearsal.verdict.judge import Judged, judge
from rehearsal.verdict.record import Record

ROOT = Path(__file__).parents[1]
RULES = ("every_rating_reaches_odoo", "one_piece_stays_in_the_window")
ODOO = {"find sale order": [{"id": 7}], "write rating": True}
"""What Odoo would answer, by operation."""


@pytest.fixture(scope="module", autouse=True)
def _here() -> Iterator[None]:
    """This project is meant, whatever folder pytest was started in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REHEARSE_PROJECT", str(ROOT))
        yield


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """The scenario, with every part that it names loaded and checked."""
    return scenario_file.load(project.scenario_path("small_friday"), project.scenario_path, parts=True)


class Careful(paper.PaperConnector):
    """Offers what lies on the shelf, less a piece."""

    def publish(self, channel: LiveChannel, erp: Erp, node: str) -> Steps:
        """Return the shelf's figures, less one."""
        shelf = yield from super().publish(channel, erp, node)
        return {sku: max(0, units - 1) for sku, units in shelf.items()}


def shop(market: Market) -> Any:
    """Return this project's connector; in the place of the governed one, which needs an Odoo, stands one of paper."""
    made = project.connector(market.scenario.connector)(market.scenario)
    made.inner = Careful(market)
    return made


@pytest.fixture(scope="module")
def careful(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """The Friday with this project's connector."""
    folder = tmp_path_factory.mktemp("careful")
    market = paper.weekend(scenario, folder, shop, ODOO)
    with Record(scenario, market.world, folder) as record:
        yield record


@pytest.fixture(scope="module")
def careless(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """The Friday with a connector that offers everything, and knows no ratings."""
    folder = tmp_path_factory.mktemp("careless")
    market = paper.weekend(scenario, folder)
    with Record(scenario, market.world, folder) as record:
        yield record


def of_the_house(record: Record) -> tuple[Judged, ...]:
    """Return what the rules of the house say; of Odoo's books, which the others want, there are none."""
    return tuple(one for one in judge(record) if one.area == "house")


def test_the_kiosk_sells_and_every_shopper_rates(careful: Record) -> None:
    """Its orders are orders as all others are, and each has its stars."""
    sold = careful.value("SELECT count(*) FROM orders WHERE channel = 'kiosk'")
    stars = [row["stars"] for row in careful.rows("SELECT stars FROM ratings")]

    assert sold == len(stars) > 0
    assert set(stars) <= {1, 2, 3, 4, 5}


def test_the_line_is_slow_for_ratings_and_for_nothing_else(careful: Record) -> None:
    """Each strike is in the journal, with what it changed."""
    told = [json.loads(line) for line in (careful.run / "faults.ndjson").read_text(encoding="utf-8").splitlines()]
    struck = [line for line in told if line["state"] == "fired"]

    assert {line["key"] for line in struck} == {row["id"] for row in careful.rows("SELECT id FROM ratings")}
    assert {line["proof"] for line in struck} == {"arrives 600 s later than it would have"}


def test_the_connector_handles_everything_and_writes_each_rating_on_its_order(careful: Record) -> None:
    """It asks Odoo for nothing else here, and drops nothing."""
    written = careful.rows("SELECT cause FROM answers WHERE name = 'write rating'")

    assert {row["cause"] for row in written} == {row["id"] for row in careful.rows("SELECT id FROM ratings")}
    assert careful.rows("SELECT * FROM dead_letters") == []


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_holds_where_it_is_kept_and_sees_where_it_is_broken(rule: str, careful: Record, careless: Record) -> None:
    """One that cannot fail proves nothing, and neither does one that looked at nothing."""
    kept, broken = (next(one.judgement for one in of_the_house(record) if one.id == rule) for record in (careful, careless))

    assert (kept.examined > 0, kept.findings) == (True, ())
    assert broken.findings


def test_the_policy_is_listed_and_offers_a_piece_less(scenario: Scenario) -> None:
    """Over whatever the bundled policies offer; never less than nothing."""
    governed = project.connector("governed")(scenario)
    without = project.connector("governed")(scenario.model_copy(update={"policies": {"piece_in_the_window": "off"}}))
    for made in (governed, without):
        for pool in made.house.pools.values():
            pool.see({"SKU-00001": 9})
    webshop = LiveChannel("webshop", scenario.channels["webshop"])
    (node, *_) = webshop.nodes

    offered, more = (made.rules.offer(webshop, node)["SKU-00001"] for made in (governed, without))
    assert next(iter(policies("governed"))) == "piece_in_the_window"
    assert offered == more - 1 >= 0


def test_the_report_is_one_line(careful: Record, careless: Record, tmp_path: Path) -> None:
    """The owner reads no more."""
    for record, said in ((careful, "broken: nothing"), (careless, "one piece stays in the window")):
        project.report("ratings")(record, of_the_house(record), tmp_path)
        (line,) = (tmp_path / "ratings.txt").read_text(encoding="utf-8").splitlines()
        assert line.startswith("Small Friday, with a kiosk: ")
        assert said in line
