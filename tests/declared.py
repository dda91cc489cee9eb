"""A scenario with modes and tenders of its own: a locker in the store, a counter where one eats, two vouchers."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, Any] = {
    "modes": {"locker": {"handover": "counter"}, "bike": {"handover": "parcel"}, "eat_in": {"handover": "at_once"}},
    "deadlines": {"locker": "24h", "bike": "30h", "eat_in": "1h"},
    "tenders": {
        "city_voucher": {"title": "City vouchers"}, "wallet": {"taken": ["checkout"]}, "tokens": {"taken": ["till"], "drawer": True},
    },
    "channels": {
        "webshop": {
            "fulfilment": {"locker": {"share": 0.4, "nodes": ["store_1", "store_2"]}, "bike": {"share": 0.2, "nodes": ["store_3"]},
                           "home_delivery": {"share": 0.4}, "pickup_in_store": {"share": 0}, "ship_from_store": {"share": 0}},
            "tenders": {"card": 0.2, "gift_card": 0.1, "wallet": 0.5, "city_voucher": 0.2}, "split_with": "city_voucher", "split": 0.5,
        },
        "canteen": {
            "kind": "till", "orders": 12, "curve": "store", "publish_every": "1h", "fulfilment": {"eat_in": {"share": 1, "nodes": ["store_1"]}},
            "tenders": {"tokens": 0.6, "city_voucher": 0.4},
        },
    },
    "faults": [{"name": "late_pickup_batches", "every": "4h", "modes": ["locker"]}, {"name": "empty_shelves", "share": 0.5}],
}  # fmt: skip
"""Laid over ``promo_day``."""
