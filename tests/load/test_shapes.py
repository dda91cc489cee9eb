"""Shapes: the same shoppers at other times, or a crowd of them; the same for a seed, in every process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from loadtests import shapes
from rehearsal.model import Demand
from rehearsal.scenario import Scenario
from rehearsal.stage import demand
from rehearsal.stage.demand import Queue
from tests.conftest import load

ALL = ("curve", "ramp", "spike", "soak", "breakpoint")


def flash(shape: str, **overrides: object) -> Scenario:
    """Return the flash drop under a shape, as long as the shape needs."""
    return shapes.stretched(load("flash_drop", load={"shape": shape} | overrides))


def everybody(scenario: Scenario) -> list[Demand]:
    """Return all shoppers of *scenario* in order of time."""
    _, wanted = demand.draw(scenario)
    return sorted((one for ones in wanted.values() for one in ones), key=lambda one: one.at_s)


def tenths(ones: Sequence[Demand], lasts: float) -> list[int]:
    """Return how many come in each tenth of the scenario."""
    found = Counter(int(10 * one.at_s / lasts) for one in ones)
    return [found[tenth] for tenth in range(10)]


@pytest.mark.parametrize("shape", ALL)
def test_a_shape_is_the_same_for_the_same_seed_and_another_for_another(shape: str) -> None:
    """So the demand's hash holds, whoever draws it."""

    def drawn(seed: int) -> str:
        world, wanted = demand.draw(shapes.stretched(load("flash_drop", load={"shape": shape}, seed=seed)))
        return demand.demand_hash(world, wanted)

    assert drawn(1) == drawn(1) != drawn(2)


@pytest.mark.parametrize("shape", ALL)
def test_shoppers_come_in_order_and_within_the_scenario_each_under_a_number_of_their_own(shape: str) -> None:
    """Simulators take them one after the other; the number makes the order's id."""
    scenario = flash(shape)
    for ones in demand.draw(scenario)[1].values():
        assert [one.at_s for one in ones] == sorted(one.at_s for one in ones)
        assert all(0 <= one.at_s < scenario.lasts for one in ones)
        assert len({one.number for one in ones}) == len(ones)


@pytest.mark.parametrize("shape", ["ramp", "soak"])
def test_a_shape_that_moves_shoppers_leaves_their_baskets_alone(shape: str) -> None:
    """The same people want the same things, at other times."""
    as_they_are, moved = demand.draw(flash("curve"))[1], demand.draw(flash(shape))[1]

    for code, ones in as_they_are.items():
        assert [(o.number, o.customer, o.lines, o.tenders) for o in ones] == [
            (o.number, o.customer, o.lines, o.tenders) for o in moved[code]
        ]


def test_a_soak_is_flat_and_a_ramp_grows() -> None:
    """Counted in tenths of the hour."""
    many = {"channels": {"webshop": {"orders": 5000}}}
    flat = tenths(everybody(load("flash_drop", load={"shape": "soak"}, **many)), 3600)
    grows = tenths(everybody(load("flash_drop", load={"shape": "ramp"}, **many)), 3600)

    assert max(flat) < 1.2 * min(flat)
    assert grows[0] < 0.15 * grows[9]
    assert all(later > earlier for earlier, later in zip(grows, grows[2:], strict=False))


def test_a_spike_is_a_crowd_that_wants_promoted_articles_within_minutes() -> None:
    """Beside all the scenario's own shoppers, who stay as they are."""
    scenario = flash("spike", spike={"at": 0.5, "lasts": "5m", "times": 2.0})
    world, wanted = demand.draw(scenario)
    own = demand.draw(flash("curve"))[1]
    hot = {product.sku for product in world.products if product.group != "regular"}

    for code, ones in wanted.items():
        crowd = [one for one in ones if one not in own[code]]
        assert len(crowd) == 2 * len(own[code])
        assert set(own[code]) <= set(ones)
        assert all(1800 <= one.at_s <= 2100 for one in crowd)
        assert {sku for one in crowd for sku, _ in one.lines} <= hot


def test_a_spike_in_waves_wants_one_article_after_the_other_each_within_its_rush() -> None:
    """Three waves in six minutes, each over within the first half of its two."""
    scenario = flash("spike", spike={"at": 0.5, "lasts": "6m", "times": 2.0, "waves": 3, "rush": 0.5})
    world, wanted = demand.draw(scenario)
    own = demand.draw(flash("curve"))[1]
    hot = [product.sku for product in world.products if product.group != "regular"]
    crowd = [one for code, ones in wanted.items() for one in ones if one not in own[code]]
    waves = [int((one.at_s - 1800) // 120) for one in crowd]

    assert set(waves) == {0, 1, 2}
    assert all((one.at_s - 1800) % 120 <= 60 for one in crowd)
    assert all([sku for sku, _ in one.lines] == [hot[wave]] for one, wave in zip(crowd, waves, strict=True))


def test_each_step_of_a_search_has_the_rate_of_the_last_one_times_the_factor() -> None:
    """Within what chance allows."""
    scenario = flash("breakpoint", breakpoint={"start": 600, "factor": 2, "steps": 4, "step": "60s"})
    ones = everybody(scenario)

    assert scenario.lasts == 4 * 60 * 60
    counted = [sum(begins <= one.at_s < ends for one in ones) for begins, ends, _ in shapes.steps(scenario)]
    assert [orders for _, _, orders in shapes.steps(scenario)] == [600, 1200, 2400, 4800]
    assert counted == pytest.approx([600, 1200, 2400, 4800], rel=0.1)


def test_a_queue_that_was_ended_lets_nobody_else_come() -> None:
    """The search ends at the first step that does not hold."""
    ones = demand.draw(flash("curve"))[1]["webshop"]
    queue = Queue(ones)
    seen = iter(queue)
    first = next(seen)
    queue.end_at(first.at_s)

    assert (first, list(seen), len(queue)) == (ones[0], [], 1)
