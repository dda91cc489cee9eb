"""The comparison itself: that shoppers of another seed, or one changed shopper among many, are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.scenario import Scenario
from tests.conftest import load
from tests.load.conftest import short
from tests.load.shoppers import Shopper, differences, wanted


def scenario(seed: int) -> Scenario:
    """Return the short drive with *seed*."""
    return load("flash_drop", **short(seed=seed))


def history(shoppers: list[Shopper], refused: int = 0) -> list[dict[str, Any]]:
    """Return the lines that *shoppers* leave; the first *refused* of them are sent away."""
    made = []
    for number, one in enumerate(shoppers):
        data: dict[str, Any] = {"lines": [{"sku": sku, "units": units} for sku, units in one.lines]}
        if number >= refused:
            legs = [{"tender": tender, "amount_minor": amount} for tender, amount in one.tenders]
            data |= {"mode": one.mode, "tenders": legs}
        kind = "order.refused" if number < refused else "order.placed"
        at_s = round(one.at_s, 3)
        made.append({"kind": "event", "type": kind, "channel": one.channel, "order": one.order, "at_s": at_s, "data": data})
    return made


def test_the_scenarios_own_shoppers_differ_in_nothing() -> None:
    """Whoever of them was refused; that depends on the instant."""
    assert differences(history(list(wanted(scenario(0)).values()), refused=7), scenario(0)) == []


def test_who_comes_before_the_doors_open_waits_and_nobody_else_does() -> None:
    """A channel opens with its first publication: then is when such a shopper is due, and not a moment later."""
    due = sorted(wanted(scenario(3)).values(), key=lambda one: one.at_s)
    first = due[0]
    opened = {"kind": "publication", "channel": first.channel, "at_s": 12.0}
    waited = [replace(first, at_s=12.0), *due[1:]]

    assert first.at_s < 12.0 < due[1].at_s
    assert differences([opened, {**opened, "at_s": 90.0}, *history(waited)], scenario(3)) == []
    assert len(differences(history(waited), scenario(3))) == 1
    assert len(differences([opened, *history(due)], scenario(3))) == 1
    assert len(differences([opened, *history([replace(first, at_s=12.01), *due[1:]])], scenario(3))) == 1


def test_shoppers_of_another_seed_are_told() -> None:
    """Processes that had drawn for themselves, with another seed, would be seen."""
    others = list(wanted(scenario(1)).values())

    assert len(differences(history(others), scenario(0))) >= len(others)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, lines=((one.lines[0][0], one.lines[0][1] + 1), *one.lines[1:])),
        lambda one: replace(one, lines=(("OTHER", one.lines[0][1]), *one.lines[1:])),
        lambda one: replace(one, at_s=one.at_s + 0.01),
        lambda one: replace(one, channel="elsewhere"),
        lambda one: replace(one, mode="another"),
        lambda one: replace(one, tenders=(("voucher", one.tenders[0][1]),)),
        lambda one: replace(one, tenders=((one.tenders[0][0], one.tenders[0][1] + 1), *one.tenders[1:])),
    ],
)
def test_one_shopper_who_is_another_is_told(change: Callable[[Shopper], Shopper]) -> None:
    """Piece, article, instant, channel, mode, tender, amount."""
    ones = list(wanted(scenario(0)).values())
    ones[3] = change(ones[3])

    (said,) = differences(history(ones), scenario(0))
    assert ones[3].order in said


def test_who_comes_twice_or_not_at_all_is_told() -> None:
    """By order id."""
    ones = list(wanted(scenario(0)).values())

    assert differences(history(ones[1:]), scenario(0)) == [f"{ones[0].order} did not come"]
    assert differences(history([*ones, ones[0]]), scenario(0)) == [f"{ones[0].order} is nobody of this scenario, or came twice"]
