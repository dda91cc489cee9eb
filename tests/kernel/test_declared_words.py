"""Tenders, modes and deadlines are words that a scenario declares; the usual ones are there without."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rehearsal import project
from rehearsal.history import lines
from rehearsal.model import EventKind, Instruction, InstructionKind
from rehearsal.parts.tender import second_tender
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.paper import opened, weekend
from tests.conftest import load
from tests.declared import WORDS
from tests.kernel.stories import variant

UNSEEN = (
    "20d is longer than settle.limit (14d): an order of the last second is watched no longer than that, so nobody would see that "
    "it is late; write settle: {limit: 20d} or more, or a shorter deadline"
)


def test_what_is_declared_stands_beside_what_is_there(tmp_path: Path) -> None:
    """And is written out so that it reads the same again."""
    scenario = load("promo_day", **WORDS)
    (tmp_path / "again.yaml").write_text(scenario_file.dump(scenario))

    assert [*scenario.modes] == ["home_delivery", "pickup_in_store", "ship_from_store", "take_away", "locker", "bike", "eat_in"]
    assert [*scenario.tenders] == ["card", "gift_card", "marketplace", "cash", "city_voucher", "wallet", "tokens"]
    assert (scenario.deadlines.of("locker"), scenario.deadlines.of("take_away")) == (24 * 3600, 3600)
    assert scenario_file.load(tmp_path / "again.yaml", project.scenario_path) == scenario


def test_a_word_that_is_there_keeps_what_is_not_said_anew() -> None:
    """Cash with another name still lies in a drawer; a bare name is a tender that is taken everywhere."""
    scenario = load("promo_day", tenders={"cash": {"title": "Bargeld"}, "paper": None})

    assert scenario.tenders["cash"].model_dump(mode="json") == {
        "title": "Bargeld",
        "taken": ["till"],
        "journal": "",
        "drawer": True,
    }
    assert scenario.tenders["paper"].model_dump(mode="json") == {
        "title": "",
        "taken": ["checkout", "till"],
        "journal": "",
        "drawer": False,
    }


@pytest.mark.parametrize(
    ("words", "valid"),
    [
        (WORDS, True),
        ({"tenders": {"paper": None}}, True),
        ({"deadlines": {"locker": "soon"}}, False),
        ({"modes": {"locker": {"handover": "drone"}}}, False),
    ],
)
def test_the_schema_of_scenario_files_knows_them(words: dict[str, Any], valid: bool) -> None:
    """An editor completes and checks them."""
    whole = {
        "schema_version": 1,
        "name": "x",
        "lasts": "1d",
        "nodes": {"dc": {"kind": "store", "stock": {"regular": 1, "promoted": 1, "scarce": 1}}},
        "curves": {"flat": {"hours": [1] * 24}},
        "channels": {},
    }
    told = {**whole, **{word: said for word, said in words.items() if word in ("modes", "deadlines", "tenders")}}
    about = {error.json_path for error in Draft202012Validator(json.loads(scenario_file.schema())).iter_errors(told)}

    assert (about <= {"$.channels"}) is valid


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("channels: {webshop: {fulfilment: {lokker: {share: 0, nodes: [dc]}}}}\nmodes: {locker: {handover: counter}}\ndeadlines: {locker: 1h}\n",
         "mine.yaml:3:43 channels.webshop.fulfilment.lokker: no mode is called 'lokker' (did you mean 'locker'?)"),
        ("channels: {webshop: {tenders: {cart: 0}}}\n", "mine.yaml:3:38 channels.webshop.tenders.cart: no tender is called 'cart' (did you mean 'card'?)"),
        ("channels: {webshop: {split_with: gitf_card}}\n",
         "mine.yaml:3:34 channels.webshop.split_with: no tender is called 'gitf_card' (did you mean 'gift_card'?)"),
        ("channels: {marketplace: {collects: [market]}}\n",
         "mine.yaml:3:36 channels.marketplace.collects: no tender is called 'market' (did you mean 'marketplace'?)"),
        ("services: {gateway: {tenders: [paypal]}, other: {kind: gateway}, carrier: }\n",
         "mine.yaml:3:31 services.gateway.tenders: no tender is called 'paypal' (there are: card, cash, gift_card, marketplace)"),
        ("deadlines: {importd: 1h}\n", "mine.yaml:3:22 deadlines.importd: no mode is called 'importd' (did you mean 'imported'?)"),
        ("deadlines: {locker: 20d}\nmodes: {locker: {handover: counter}}\n",
         f"mine.yaml:3:21 deadlines.locker: {UNSEEN}"),
        ("modes: {locker: {handover: counter}}\n", "mine.yaml:3:17 modes.locker: mode locker has no deadline; write for example deadlines: {locker: 48h}"),
        ("modes: {locker: {handover: counter}}\ndeadlines: {locker: soon}\n",
         "mine.yaml:4:21 deadlines.locker: 'soon' is not a duration; write for example 90s, 15m, 1h30m or 3d"),
        ("modes: {locker: {handover: counter}}\nlasts: 90s\n", "mine.yaml:3:17 modes.locker: mode locker has no deadline; write for example deadlines: {locker: 48h}"),
        ("tenders: {coins: {drawer: true}}\n", "mine.yaml:3:18 tenders.coins: nobody puts coins into a checkout; write taken: [till] beside drawer: true"),
        ("tenders: {a__b: }\n", "mine.yaml:3:11 tenders.a__b: 'a__b' ends in _ or has two of them in a row, which a tender's name must not"),
        ("tenders: {tokens: {drawer: true, taken: [till]}}\nchannels: {till_1: {tenders: {card: 0.6, tokens: 0.05}}}\n",
         "mine.yaml:4:30 channels.till_1.tenders: cash and tokens would lie in one drawer, which is counted as one; let a till of its own take the other"),
        ("tenders: {wallet: {taken: [checkout]}}\nchannels: {till_1: {tenders: {card: 0.6, wallet: 0.05}}}\n",
         "mine.yaml:4:50 channels.till_1.tenders.wallet: a till takes card, gift_card, cash, and no wallet; write one of them"),
        ("faults: [{name: late_pickup_batches, every: 4h, modes: [locker, pickup_in_store]}]\n",
         "mine.yaml:3:56 faults.0.modes: no mode is called 'locker' (there are: home_delivery, pickup_in_store, ship_from_store, take_away)"),
    ],
)  # fmt: skip
def test_a_word_that_nobody_declared_is_told_where_it_stands(tmp_path: Path, words: str, told: str) -> None:
    """One sentence for each, with what there is."""
    assert told in variant(tmp_path, words)


def test_a_deadline_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    """Nobody says that it is missing."""
    assert len(variant(tmp_path, "modes: {locker: {handover: counter}}\ndeadlines: {locker: soon}\n")) == 1


@pytest.mark.parametrize(
    ("shares", "split_with", "first", "second"),
    [
        ({"card": 0.9, "gift_card": 0.1}, "gift_card", "card", "gift_card"),
        ({"card": 0.9, "gift_card": 0.1}, "gift_card", "gift_card", "card"),
        ({"cash": 0.3, "card": 0.6, "gift_card": 0.1}, "cash", "cash", "card"),
        ({"card": 1.0, "cash": 0.0}, "card", "card", None),
    ],
)
def test_a_split_order_is_never_paid_twice_by_one_tender(
    shares: dict[str, float], split_with: str, first: str, second: str | None
) -> None:
    """The rest of an order whose first tender is the second one already falls to the most frequent other one."""
    assert second_tender(shares, split_with, first) == second


def test_goods_come_to_their_shopper_as_the_mode_says(tmp_path: Path) -> None:
    """On paper: what goes into a locker is staged and collected, a bike's parcel has a carrier, and who eats in has it at once."""
    weekend(load("promo_day", **WORDS), tmp_path)
    told = [line for line in lines(tmp_path / "history") if line["kind"] == "event"]
    mode = {line["order"]: line["data"]["mode"] for line in told if line["type"] in ("order.placed", "ticket.closed")}
    ways: dict[str, set[str]] = defaultdict(set)
    for line in told:
        if line["type"] in ("pickup.staged", "pickup.collected", "goods.issued", "parcel.delivered", "ticket.closed"):
            ways[mode[line["order"]]].add(line["type"])

    assert {one: ways[one] for one in ("locker", "bike", "eat_in")} == {
        "locker": {"pickup.staged", "pickup.collected"},
        "bike": {"goods.issued", "parcel.delivered"},
        "eat_in": {"ticket.closed"},
    }


def test_change_is_given_out_of_the_drawer_alone(tmp_path: Path) -> None:
    """Whatever lies in it is called; a voucher gets none."""
    weekend(load("promo_day", **WORDS), tmp_path)
    sold = [line for line in lines(tmp_path / "history") if line["kind"] == "event" and line["type"] == "ticket.closed"]
    legs = [leg for line in sold for leg in line["data"]["tenders"]]

    assert {leg["tender"] for leg in legs if "change_minor" in leg} == {"cash", "tokens"}
    assert {leg["tender"] for leg in legs if "change_minor" not in leg} == {"card", "city_voucher"}


def test_nobody_sells_or_ships_in_a_mode_that_no_scenario_declares(tmp_path: Path) -> None:
    """A simulator's slip stops it; a connector's is a dead letter with its line."""
    with opened(load("promo_day"), tmp_path) as market:
        with pytest.raises(ValueError, match="mode is 'balloon'; expected one of the scenario's own: home_delivery, "):
            market.emit(
                EventKind.ORDER_PLACED, "webshop", "W1", "dc", {"mode": "balloon", "lines": [], "tenders": [], "total_minor": 0}
            )
        market.emit(
            EventKind.ORDER_PLACED, "webshop", "W1", "dc", {"mode": "home_delivery", "lines": [], "tenders": [], "total_minor": 0}
        )
        asked = {"request": "R1", "mode": "balloon", "lines": [{"sku": "SKU-00001", "units": 1}]}
        market.instruct(Instruction(InstructionKind.FULFIL, "dc", "webshop", "W1", asked), "e1")
    (letter,) = [line for line in lines(tmp_path / "history") if line["kind"] == "dead_letter"]

    assert (
        "mode is 'balloon'; expected the order's way of fulfilment, one of home_delivery, pickup_in_store"
        in letter["erp"]["message"]
    )
