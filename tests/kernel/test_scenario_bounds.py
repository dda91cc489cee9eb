"""Sizes have bounds: what is beyond them is told with what it would need, before anything hangs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from rehearsal import project
from rehearsal.parts.bounds import duration, much, seconds
from rehearsal.scenario import file as scenario_file
from rehearsal.stage import plan
from rehearsal.stage.plan import planned
from tests.conftest import load
from tests.kernel.stories import variant


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("channels: {webshop: {orders: 1000000000}}\n", "mine.yaml:3:30 channels.webshop.orders: 1000000000 is too much; at most 1000000 can be played: it would need about 2d7h33m20s of CPU and 1300 GB of memory"),
        ("channels: {webshop: {orders: 900000}, marketplace: {orders: 900000}}\n", "mine.yaml:3:11 channels: 1800120 orders in all are too much; at most 1000000 can be played: it would need about 6m of CPU and 2.3 GB of memory"),
        ("customers: 10000000\n", "mine.yaml:3:12 customers: 10000000 is too much; at most 100000 can be played: it would need about 50m of CPU"),
        ("catalogue: {products: 1000000000}\n", "mine.yaml:3:23 catalogue.products: 1000000000 is too much; at most 100000 can be played: it would need about 2d21h26m40s of CPU"),
        ("channels: {webshop: {publish_every: 1s}}\n", "mine.yaml:3:37 channels.webshop.publish_every: the connector would be asked 1036804 times what this channel may sell, of 60 products at 4 node(s); at most 1000000 times and 100000000 figures are written down: it would need about 0.933 GB of history; write a longer publish_every"),
        ("channels: {webshop: {publish_every: 0s}}\n", "mine.yaml:3:37 channels.webshop.publish_every: 0s is too little; at least 1s is wanted"),
        ("channels: {webshop: {basket: {80: 1.0, 1: 0, 2: 0, 3: 0}}}\n", "mine.yaml:3:35 channels.webshop.basket.80: a basket of 80 lines cannot be filled from 60 product(s)"),
        ("channels: {webshop: {basket: {0: 0.5, 1: 0.05}}}\n", "mine.yaml:3:34 channels.webshop.basket.0: Input should be greater than or equal to 1 (it is 0)"),
        ("load: {shape: spike, spike: {times: 100}}\nchannels: {webshop: {orders: 20000}}\n", "mine.yaml:3:37 load.spike.times: 2038180 orders in all are too much; at most 1000000 can be played: it would need about 6m48s of CPU and 2.6 GB of memory"),
        ("lasts: 400d\n", "mine.yaml:3:8 lasts: 400d is too much; at most 31d can be played"),
        ("lasts: 30m\nchannels: {till_1: {orders: 0}}\n", "mine.yaml:3:8 lasts: 30m is too short: shoppers are drawn hour by hour, and nobody would come; write 1h or more"),
        ("lasts: 0s\n", "mine.yaml:3:8 lasts: 0s is too short: shoppers are drawn hour by hour, and nobody would come; write 1h or more"),
        ("lasts: 250m\n", "mine.yaml:3:8 lasts: 4h10m is no whole number of hours: shoppers are drawn hour by hour, and nobody would come in the last 10m; write 4h or 5h"),
        ("lasts: -5\n", "mine.yaml:3:8 lasts: -5 is not a duration; write for example 90s, 15m, 1h30m or 3d"),
        ("settle: {limit: -1}\n", "mine.yaml:3:17 settle.limit: -1 is not a duration; write for example 90s, 15m, 1h30m or 3d"),
        ("settle: {limit: 60d}\n", "mine.yaml:3:17 settle.limit: 60d is too much; at most 31d can be played"),
        ("clock: {timeout: 0s}\n", "mine.yaml:3:18 clock.timeout: 0s is too little; at least 1s is wanted"),
        ("clock: {round_trip: 2h}\n", "mine.yaml:3:21 clock.round_trip: 2h is too much; at most 1h can be played"),
        ("clock: {speedup: .inf}\n", "mine.yaml:3:18 clock.speedup: Input should be a finite number (it is inf)"),
        ("catalogue: {promotion: .nan}\n", "mine.yaml:3:24 catalogue.promotion: Input should be a finite number (it is nan)"),
        ("catalogue: {tax_percent: .inf}\n", "mine.yaml:3:26 catalogue.tax_percent: Input should be a finite number (it is inf)"),
        ("currency: eur\n", "mine.yaml:3:11 currency: 'eur' is no currency; write its ISO 4217 code, three capital letters, such as EUR"),
        ("currency: 978\n", "mine.yaml:3:11 currency: 978 is no currency; write its ISO 4217 code, three capital letters, such as EUR"),
        ("currency: JPY\n", "mine.yaml:3:11 currency: JPY has no hundredths, in which all amounts are kept; write a currency that has, such as EUR"),
        ("catalogue: {price_from: \"0.00\"}\n", "mine.yaml:3:25 catalogue.price_from: 0.00 is too little; at least 0.01 is wanted"),
        ("curves: {online: {days: [.nan]}}\n", "mine.yaml:3:26 curves.online.days.0: Input should be a finite number (it is nan)"),
        ("channels: {webshop: {orders: true}}\n", "mine.yaml:3:30 channels.webshop.orders: true is neither a number nor a text, and one of them is wanted"),
    ],
)  # fmt: skip
def test_what_is_too_big_or_nothing_at_all_is_told_with_its_bound(tmp_path: Path, text: str, told: str) -> None:
    """The value, the bound, and what the value would need; nothing of it takes long."""
    began = time.monotonic()
    problems = [one for one in variant(tmp_path, text) if one.startswith("mine.yaml")]

    assert problems == [told]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "channels: {webshop: {orders: 999000}}\n",
        "catalogue: {products: 4000}\nchannels: {webshop: {orders: 400000}}\n",
        "customers: 100000\n",
        "channels: {webshop: {publish_every: 2s}}\n",
        "lasts: 14h\n",
        "lasts: 86400\n",
        "clock: {speedup: 100000}\n",
        'catalogue: {price_from: "0.01"}\n',
    ],
)
def test_what_is_within_the_bounds_is_taken(tmp_path: Path, text: str) -> None:
    """The twins of the above."""
    assert variant(tmp_path, text) == ()


def test_a_search_is_as_big_as_its_steps(tmp_path: Path) -> None:
    """Its orders and its length come from the steps, not from the channels and `lasts`."""
    text = "extends: breakpoint\nname: mine\nload: {breakpoint: {factor: 10, steps: 20}}\n"
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(Exception, match=r"mine.yaml:3:20 load.breakpoint: 1.7e\+20 orders in all are too much"):
        scenario_file.load(path, project.scenario_path)

    path.write_text(text.replace("steps: 20", "steps: 3"))
    short = project.module("loadtests", "shapes").stretched(scenario_file.load(path, project.scenario_path))
    path.write_text(scenario_file.dump(short))
    assert (short.lasts, scenario_file.load(path, project.scenario_path)) == (2700, short)
    assert planned(short)["peak"]["orders"] > 100


def test_a_plan_of_many_products_does_not_take_long() -> None:
    """It looked through all stock for each of them."""
    scenario = load("promo_day", catalogue={"products": 8000}, nodes={"dc": {"stock": {"regular": 7}}})
    began = time.process_time()
    told = planned(scenario)

    assert len(told["tightest"]) == 10
    assert time.process_time() - began < 6


def test_durations_are_told_as_they_are_written() -> None:
    """There and back."""
    for text in ("3d", "1h30m", "15m", "1d1s", "0s"):
        assert duration(seconds(text)) == text
    assert much(1e12, 0.45, 4) == "it would need about 14 years of CPU and 4000000 GB of memory"


def test_the_schema_says_the_bounds_that_it_can() -> None:
    """Editors mark them while one types."""
    schema: dict[str, Any] = json.loads(scenario_file.schema())
    whole = json.loads(json.dumps(YAML(typ="safe").load(project.scenario_path("promo_weekend"))))
    jsonschema.Draft202012Validator(schema).validate(whole)

    for wrong in ({"customers": 10**9}, {"lasts": -5}, {"lasts": ""}, {"settle": {"limit": -1}}, {"exercised": {"orders_kept": 2}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate({**whole, **wrong})


def test_many_orders_out_of_a_large_catalogue_can_be_played(tmp_path: Path) -> None:
    """What a shopper wants is found by bisection: a catalogue of twenty thousand articles costs an order no more than one of sixty."""
    assert variant(tmp_path, "catalogue: {products: 20000}\nchannels: {webshop: {orders: 500000}}\n") == ()


def test_whoever_plans_a_million_orders_is_told_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for so many shoppers; a small weekend is planned without a word."""
    told: list[str] = []
    planned(load("promo_day"), tell=told.append)
    assert told == []

    monkeypatch.setattr(plan, "SHOWN_EVERY", 30)
    planned(load("promo_day"), tell=told.append)
    assert told == ["30 of 94 shoppers drawn", "60 of 94 shoppers drawn", "90 of 94 shoppers drawn"]
