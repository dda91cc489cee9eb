"""Who performs what: every order at one worker, moved only when its worker is lost."""

from __future__ import annotations

from collections import Counter

import pytest

from rehearsal.load.shards import dealing, key_of, shard_of
from rehearsal.model import Operation

ORDERS = [f"WEBSHOP-{number:04d}" for number in range(1, 2001)]


@pytest.mark.parametrize("workers", [1, 2, 4, 7])
def test_orders_are_spread_evenly(workers: int) -> None:
    """No worker has more than a fifth beyond its share."""
    shares = Counter(shard_of(order, range(workers)) for order in ORDERS)

    assert set(shares) == set(range(workers))
    assert max(shares.values()) <= 1.2 * len(ORDERS) / workers


def test_only_the_orders_of_a_lost_worker_move() -> None:
    """Everybody else's stay where they are."""
    before = {order: shard_of(order, (0, 1, 2, 3)) for order in ORDERS}
    after = {order: shard_of(order, (0, 1, 3)) for order in ORDERS}

    assert {order for order in ORDERS if before[order] != after[order]} == {o for o in ORDERS if before[o] == 2}


def test_the_choice_is_the_same_on_every_machine() -> None:
    """Not Python's own hash, which differs from process to process."""
    assert [shard_of(order, range(4)) for order in ORDERS[:8]] == [2, 2, 1, 3, 3, 2, 3, 1]


def test_an_operation_goes_by_its_order_else_by_its_cause() -> None:
    """A publication has no order."""
    read = Operation("read stock", "product.product", "read", writes=False)

    assert key_of(Operation("confirm", "sale.order", "action_confirm", orders=("A", "B")), "x") == "A"
    assert key_of(read, "publish:webshop:dc") == "publish:webshop:dc"


def test_dealing_tells_what_was_performed_twice_or_not_at_all() -> None:
    """As the workers' own files say it, a killed one's included."""
    sent = {
        "worker-0": [{"kind": "sent", "operation": 1}, {"kind": "performed", "operation": 1}],
        "worker-1": [{"kind": "sent", "operation": 1}, {"kind": "sent", "operation": 2}],
    }
    told = dealing([1, 2, 3], sent)

    assert (told.asked, told.missing, told.twice, told.whole) == (3, (3,), (1,), False)
    assert dealing([1, 2], {"worker-0": sent["worker-0"], "worker-1": sent["worker-1"][1:]}).whole
