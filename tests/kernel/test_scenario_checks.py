"""Combinations that are no rehearsal: each is told at the word that it is about; its twin beside it is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import project
from rehearsal.scenario import Exercised
from rehearsal.scenario import file as scenario_file
from tests.conftest import load
from tests.kernel.stories import said, variant

EARLY = "none of the 40 orders would come; write orders: 0, a longer scenario, or another curve"


@pytest.mark.parametrize(
    ("wrong", "told", "right"),
    [
        ("faults: [{name: late_pickup_batches}]\n", "mine.yaml:3:10 faults.0.every: late_pickup_batches needs every: the time between two batches, such as 4h",
         "faults: [{name: late_pickup_batches, every: 1h}]\n"),
        ("faults: [{name: late_pickup_batches, every: 15d}]\n", "mine.yaml:3:45 faults.0.every: 15d is longer than settle.limit (14d): the last batch would never arrive",
         "faults: [{name: late_pickup_batches, every: 14d}]\n"),
        ("faults: [{name: late_carrier_events}]\n", "mine.yaml:3:10 faults.0.delay: late_carrier_events needs delay: how late, such as {median: 6h, p95: 24h}",
         "faults: [{name: late_carrier_events, delay: {median: 1h, p95: 2h}}]\n"),
        ("faults: [{name: kill_worker, share: 0.5}]\n", "mine.yaml:3:37 faults.0.share: kill_worker does not read share; it reads times, begins, ends",
         "faults: [{name: kill_worker, times: 5}]\n"),
        ("faults: [{name: black_hole, times: 3}]\n", "mine.yaml:3:36 faults.0.times: black_hole does not read times; it reads share, begins, ends",
         "faults: [{name: black_hole, share: 0.1, times: 1}]\n"),
        ("faults: [{name: empty_shelves, begins: 2h}]\n", "mine.yaml:3:40 faults.0.begins: empty_shelves does not read begins; it reads share, only",
         "faults: [{name: empty_shelves, share: 0.1}]\n"),
        ("faults: [{name: duplicate_deliveries, share: 0}]\n", "mine.yaml:3:46 faults.0.share: with share 0 it would never strike; write more, or leave the fault out",
         "faults: [{name: duplicate_deliveries, share: 0.01}]\n"),
        ("faults: [{name: duplicate_deliveries, begins: 3d}]\n", "mine.yaml:3:47 faults.0.begins: it begins at 3d, when the scenario is over (3d), and would never strike",
         "faults: [{name: duplicate_deliveries, begins: 2d}]\n"),
        ("faults: [{name: duplicate_deliveries, begins: 5h, ends: 5h}]\n", "mine.yaml:3:57 faults.0.ends: it ends at 5h, and begins at 5h: it would never strike",
         "faults: [{name: duplicate_deliveries, begins: 5h, ends: 6h}]\n"),
        ("faults: [{name: bad_gateway}, {name: bad_gateway, share: 0.5}]\n", "mine.yaml:3:31 faults.1: bad_gateway is there already as faults.0, for the same time; leave one out, or give them different begins and ends",
         "faults: [{name: bad_gateway, ends: 1d}, {name: bad_gateway, begins: 1d}]\n"),
        ("faults: [{name: empty_shelves}]\nnodes: {store_1: &none {stock: {regular: 0, promoted: 0, scarce: 0}}, store_2: *none, store_3: *none}\n",
         "mine.yaml:3:10 faults.0: it would never strike: no node of kind store has stock and orders; leave the fault out",
         "faults: [{name: empty_shelves}]\nnodes: {store_1: {stock: {regular: 0, promoted: 0, scarce: 0}}}\n"),
        ("faults: [{name: late_pickup_batches, every: 4h}]\nchannels: {webshop: {fulfilment: {home_delivery: {share: 0.8}, pickup_in_store: {share: 0}}}}\n",
         "mine.yaml:3:10 faults.0: it would never strike: no channel has orders with pickup_in_store; leave the fault out",
         "faults: [{name: late_pickup_batches, every: 4h}]\nchannels: {webshop: {fulfilment: {home_delivery: {share: 0.7}, pickup_in_store: {share: 0.1}}}}\n"),
        ("services: [gateway]\nfaults: [{name: late_carrier_events, delay: {median: 1h, p95: 2h}}]\n",
         "mine.yaml:4:10 faults.0: it would never strike: carrier is not among the services; leave the fault out", "services: [gateway]\nfaults: []\n"),
        ("faults: [{name: kill_worker}]\nexercised: {fault_fired: 2}\n", "mine.yaml:4:26 faults.0.times: kill_worker strikes 1 time(s), and exercised.fault_fired wants 2, so a run could only be undecided; write more times, or a smaller fault_fired",
         "faults: [{name: kill_worker, times: 2}]\nexercised: {fault_fired: 2}\n"),
        ("faults: [{name: kill_worker, times: 2}, {name: kill_worker, begins: 2h}]\nexercised: {fault_fired: 2}\n", "mine.yaml:4:26 faults.1.times: kill_worker strikes 1 time(s), and exercised.fault_fired wants 2, so a run could only be undecided; write more times, or a smaller fault_fired",
         "faults: [{name: kill_worker, times: 2}, {name: kill_worker, begins: 2h, times: 2}]\nexercised: {fault_fired: 2}\n"),
        ("deadlines: {pickup_in_store: 20d}\n", "mine.yaml:3:30 deadlines.pickup_in_store: 20d is longer than settle.limit (14d): an order of the last second is watched no longer than that, so nobody would see that it is late; write settle: {limit: 20d} or more, or a shorter deadline",
         "deadlines: {pickup_in_store: 20d}\nsettle: {limit: 20d}\n"),
        ("nodes: {dc: {pick: {median: 1h, p95: 10m}}}\n", "mine.yaml:3:20 nodes.dc.pick: median (1h) must be below p95 (10m)", "nodes: {dc: {pick: {median: 1h, p95: 2h}}}\n"),
        ("nodes: {dc: {pick: {median: 1s, p95: 1d}}}\n", "mine.yaml:3:20 nodes.dc.pick: p95 (1d) is over 100 times the median (1s): one in a thousand would take 86400 days and more; write a smaller p95, or a larger median",
         "nodes: {dc: {pick: {median: 15m, p95: 1d}}}\n"),
        ("carrier_scan: {median: 10d, p95: 15d}\n", "mine.yaml:3:34 carrier_scan.p95: 15d is longer than settle.limit (14d): what is under way would not come to rest; write settle: {limit: 30d}, or a shorter p95",
         "carrier_scan: {median: 10d, p95: 14d}\n"),
        ("nodes: {dc: {opens: \"20:00\", closes: \"20:00\"}}\n", "mine.yaml:3:21 nodes.dc.opens: opens (20:00) must be before closes (20:00)", "nodes: {dc: {opens: \"20:00\", closes: \"24:00\"}}\n"),
        ("nodes: {webshop: {kind: store, stock: {regular: 1, promoted: 1, scarce: 1}}}\n", "promo_weekend.yaml:58:5 channels.webshop: 'webshop' is a channel and a node: both would read the same instructions; give one of them another name",
         "nodes: {shop: {kind: store, stock: {regular: 1, promoted: 1, scarce: 1}}}\n"),
        ("services: [{kind: carrier}]\n", "mine.yaml:3:12 services.0: {'kind': 'carrier'} is no name of a service; write services as a mapping of names to settings, or list names alone", "services: {carrier: }\n"),
        ("services: [gateway, carrier, carrier]\n", "mine.yaml:3:30 services.2: 'carrier' is named twice, and would act twice; name it once", "services: [carrier, gateway]\n"),
        ("channels: {webshop: {split_with: card, tenders: {card: 1, gift_card: 0}}}\n", "mine.yaml:3:34 channels.webshop.split_with: an order that is paid by card would be split between card and card; write another second tender",
         "channels: {webshop: {split_with: card, tenders: {card: 0, gift_card: 1}}}\n"),
        ("channels: {webshop: {tenders: {card: 0.5, gift_card: 0, cash: 0.5}}}\n", "mine.yaml:3:63 channels.webshop.tenders.cash: a channel without a till takes card, gift_card, marketplace, and no cash; write one of them",
         "channels: {webshop: {tenders: {card: 0.5, gift_card: 0.5, cash: 0}}}\n"),
        ("channels: {till_1: {tenders: {card: 0.5, cash: 0, gift_card: 0, marketplace: 0.5}}}\n", "mine.yaml:3:78 channels.till_1.tenders.marketplace: a till takes card, gift_card, cash, and no marketplace; write one of them",
         "channels: {till_1: {tenders: {card: 0.5, cash: 0, gift_card: 0.5}}}\n"),
        ("channels: {till_1: {fulfilment: {take_away: {nodes: [store_1, store_2]}}}}\n", "mine.yaml:3:53 channels.till_1.fulfilment.take_away.nodes: a till stands at one node, and not at 2; name one",
         "channels: {till_1: {fulfilment: {take_away: {nodes: [store_2]}}}}\n"),
        ("channels: {till_1: {fulfilment: {home_delivery: {share: 0, nodes: [dc]}}}}\n", "mine.yaml:3:33 channels.till_1.fulfilment: a till sells from its shelf alone: take_away excludes home_delivery; make a channel of its own",
         "channels: {marketplace: {fulfilment: {ship_from_store: {share: 0, nodes: [dc]}}}}\n"),
        ("channels: {webshop: {fulfilment: {pickup_in_store: {nodes: [dc]}}}}\n", "mine.yaml:3:61 channels.webshop.fulfilment.pickup_in_store.nodes.0: nobody can pick up at 'dc', which is a distribution_centre: only a node of kind store has a counter",
         "channels: {webshop: {fulfilment: {ship_from_store: {nodes: [dc]}}}}\n"),
        ("channels: {webshop: {sync_every: 1h}}\n", "mine.yaml:3:34 channels.webshop.sync_every: webshop does not read sync_every (did you mean 'publish_every'?)", "channels: {till_1: {sync_every: 1h}}\n"),
        ("nodes: {store_1: {opens: \"11:00\"}}\n", "promo_weekend.yaml:85:12 channels.till_1.curve: curve 'store' sends shoppers at 9:00, 10:00, when 'store_1' is closed (open 11:00 to 20:00); weigh those hours 0, or open it longer",
         "nodes: {store_1: {opens: \"08:00\"}}\n"),
        ("lasts: 1d\ncurves: {store: {days: [0, 1]}}\nchannels: {till_2: {orders: 0}, till_3: {orders: 0}}\nexercised: {orders_per_channel: 0}\n",
         f"promo_weekend.yaml:85:12 channels.till_1.curve: curve 'store' has no weight within the 1d of this scenario, so {EARLY}",
         "lasts: 2d\ncurves: {store: {days: [0, 1]}}\n"),
        ("load: {shape: spike, spike: {at: 0.99, lasts: 3h}}\n", "mine.yaml:3:29 load.spike: the spike begins at 2d23h16m48s, lasts 3h, and would end after the scenario (3d); write lasts: 43m12s or less, or an earlier at",
         "load: {shape: curve, spike: {at: 0.99, lasts: 3h}}\n"),
        ("load: {crons: [stock.some]}\n", "mine.yaml:3:15 load.crons: nobody would run them; write backoffice: {crons: 1} beside it", "load: {crons: [stock.some], backoffice: {crons: 1}}\n"),
        ("load: {backoffice: {crons: 1}}\n", "mine.yaml:3:28 load.backoffice.crons: there is nothing for them to run; name scheduled actions under load, such as crons: [stock.ir_cron_scheduler_action]",
         "load: {backoffice: {crons: 0}}\n"),
        ("exercised: {orders_per_channel: 61}\nchannels: {till_1: &many {orders: 99}, till_2: *many, till_3: *many}\n", "mine.yaml:3:33 exercised.orders_per_channel: 61 orders of channel marketplace are wanted, and it expects 60 shoppers, so a run could only be undecided; write 60 at most, or more orders for marketplace",
         "exercised: {orders_per_channel: 40}\n"),
        ("exercised: {orders_per_tender: 40}\n", "mine.yaml:3:32 exercised.orders_per_tender: 40 orders paid by gift_card are wanted, and about 31 are expected, so a run could only be undecided; write 30 at most, or a larger share of gift_card",
         "exercised: {orders_per_tender: 30}\n"),
        ("catalogue: {products: 6, promoted_demand: 0}\n", "mine.yaml:3:43 catalogue.promoted_demand: 0 of the demand falls on promoted products, and all products are promoted: nobody would want anything; write a share above 0, or fewer promoted",
         "catalogue: {products: 7, promoted_demand: 0}\n"),
        ("starts_at: 2025-11-28T00:00:00\n", 'mine.yaml:3:12 starts_at: 2025-11-28T00:00:00 is not text; write it as text, such as "2025-11-28T00:00:00"', 'starts_at: "2025-11-28T09:00:00"\n'),
    ],
)  # fmt: skip
def test_what_could_only_be_undecided_or_silent_is_told_where_it_stands(tmp_path: Path, wrong: str, told: str, right: str) -> None:
    """One sentence with the value, what was expected and what to write; the twin is a scenario."""
    assert variant(tmp_path, wrong) == (told,)
    assert variant(tmp_path, right) == ()


def test_a_till_that_takes_cash_alone_needs_no_card_reader(tmp_path: Path) -> None:
    """Whatever it takes has a journal; nothing else needs one."""
    cash = (
        "schema_version: 1\nname: kiosk\nlasts: 4h\nnodes: {stand: {kind: store, stock: {regular: 5, promoted: 5, scarce: 5}}}\n"
        "curves: {flat: {hours: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}}\n"
        "channels:\n  till:\n    kind: till\n    orders: 5\n    curve: flat\n    fulfilment: {take_away: {share: 1, nodes: [stand]}}\n    tenders: {cash: 1.0}\n"
    )

    assert said(tmp_path, cash) == ()
    (told,) = said(tmp_path, cash.replace("{cash: 1.0}", "{cash: 1.0}\n    split: 0.1"))
    assert told == "mine.yaml:13:12 channels.till.split: split needs split_with: the second tender"


def test_problems_of_words_and_of_combinations_are_told_in_one_pass(tmp_path: Path) -> None:
    """A second try finds nothing that the first one could have told; what a wrong word hides is left out."""
    text = (
        "lasts: soon\n"
        "channels: {webshop: {curve: moon, orders: -1, tenders: {card: 0.9, gift_card: 0.3}}}\n"
        "gates: [xyzzy_p95 <= 1, nonsense, 'recovery_s{channel: webshop} <= 1']\n"
        "faults: [{name: late_pickup_batches}, {name: kill_worker, share: 2}, {name: late_pickup_batches, every: 1h}]\n"
        'nodes: {dc: {opens: late, pick: {median: 2h, p95: 1h}}, store_1: {opens: "21:00"}}\n'
        "deadlines: {refunded: 15d}\n"
    )

    assert [one.split(": ")[0] for one in variant(tmp_path, text)] == [
        "mine.yaml:3:8 lasts",
        "mine.yaml:4:29 channels.webshop.curve",
        "mine.yaml:4:43 channels.webshop.orders",
        "mine.yaml:4:56 channels.webshop.tenders",
        "mine.yaml:5:9 gates.0",
        "mine.yaml:5:25 gates.1.limit",
        "mine.yaml:5:35 gates.2",
        "mine.yaml:6:10 faults.0.every",
        "mine.yaml:6:66 faults.1.share",
        "mine.yaml:6:70 faults.2",
        "mine.yaml:7:21 nodes.dc.opens",
        "mine.yaml:7:33 nodes.dc.pick",
        "mine.yaml:7:74 nodes.store_1.opens",
        "mine.yaml:8:23 deadlines.refunded",
    ]


def test_a_run_under_load_is_looked_at_in_its_shape(tmp_path: Path) -> None:
    """A search of two hours at night has nobody at the tills; the same scenario as a weekend has."""
    path = tmp_path / "mine.yaml"
    path.write_text("extends: promo_weekend\nname: mine\n")

    assert said(tmp_path, path.read_bytes(), overrides={"load": {"shape": "breakpoint"}}) == tuple(
        f"promo_weekend.yaml:85:12 channels.till_{n}.curve: curve 'store' has no weight within the 2h30m of this scenario "
        f"under shape breakpoint, so {EARLY}"
        for n in (1, 2, 3)
    )
    assert said(tmp_path, path.read_bytes()) == ()


def test_at_least_half_of_the_orders_must_be_kept_unless_a_scenario_says_otherwise(tmp_path: Path) -> None:
    """A new word, written out as all others are."""
    assert Exercised().orders_kept == 0.5
    assert load("promo_day", exercised={"orders_kept": 0.9}).exercised.orders_kept == 0.9
    assert variant(tmp_path, "exercised: {orders_kept: 2}\n") == (
        "mine.yaml:3:26 exercised.orders_kept: Input should be less than or equal to 1 (it is 2)",
    )


def test_every_word_of_a_fault_is_written_out_and_loads_again(tmp_path: Path) -> None:
    """Words that a fault does not read stand there with their defaults, and are no problem."""
    scenario = load(
        "promo_day",
        faults=[
            {"name": "late_pickup_batches", "every": "4h", "begins": "2h", "ends": "3h", "share": 0.5},
            {"name": "late_pickup_batches", "every": "1h", "begins": "3h"},
            {"name": "freeze_odoo", "wall": "10s", "times": 2},
        ],
        gates=[{"limit": "backlog <= 5", "abort_on_fail": True}],
    )
    path = tmp_path / "resolved.yaml"
    path.write_text(scenario_file.dump(scenario))

    assert "ends: 10800s" in path.read_text()
    assert scenario_file.load(path, project.scenario_path) == scenario
