"""A perfect connector on paper, seed after seed: whatever the world does, nobody blames the integration."""

from __future__ import annotations

from pathlib import Path

import pytest

from assertions.goods import every_order_gets_what_it_asked_for
from assertions.inventory import no_unit_is_promised_twice
from assertions.orders import no_order_is_stuck_beyond_its_deadline
from rehearsal.stage.paper import weekend
from tests.conftest import load
from tests.tiny_record import record_of

SEEDS = 150
SHARES = 10
CHANNELS = ("webshop", "marketplace", "till_1", "till_2", "till_3")
LATE_COLLECTORS = (10, 28, 51, 52)
"""Seeds of the promotional weekend with a shopper who collects more than 72 hours after ordering."""


@pytest.mark.parametrize("share", range(SHARES))
def test_no_seed_blames_a_perfect_connector_for_what_the_world_did(share: int, tmp_path: Path) -> None:
    """Late collectors, full queues, closed stores and empty shelves are the world's; 150 seeds, in shares for two workers."""
    drawn = load("promo_weekend", customers=20, channels={key: {"publish_every": "2h"} for key in CHANNELS})
    for seed in range(1 + share, SEEDS + 1, SHARES):
        scenario = drawn.model_copy(update={"seed": seed})
        market = weekend(scenario, tmp_path / str(seed))
        with record_of(scenario, market.world, tmp_path / str(seed)) as record:
            judgements = [no_order_is_stuck_beyond_its_deadline(record), every_order_gets_what_it_asked_for(record)]
            assert record.rested
        assert [judgement.findings for judgement in judgements] == [(), ()], seed
        assert all(judgement.examined > 100 for judgement in judgements)


@pytest.mark.parametrize("seed", LATE_COLLECTORS)
def test_a_shopper_who_comes_late_to_collect_is_there_and_is_nobodys_fault(seed: int, tmp_path: Path) -> None:
    """The parcel was staged in time; the same weekend read by acceptance to collection would be a finding."""
    scenario = load("promo_weekend", seed=seed)
    market = weekend(scenario, tmp_path)
    with record_of(scenario, market.world, tmp_path) as record:
        late = record.value(
            f"""SELECT count(*) FROM orders o JOIN endings e ON e."order" = o."order" AND e.channel = o.channel
            WHERE o.mode = 'pickup_in_store' AND e.at_s - o.at_s > {scenario.deadlines.pickup_in_store}"""
        )
        assert late > 0
        assert no_order_is_stuck_beyond_its_deadline(record).findings == ()
        assert no_unit_is_promised_twice(record).examined > 0
