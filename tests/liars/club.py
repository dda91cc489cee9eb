"""The liars' club: the world in which all of them work, and by whose word each is known."""

from __future__ import annotations

from typing import Any

from rehearsal.scenario import Scenario
from tests.conftest import load

SEED = 547
"""Draws all that the liars lie about: every mode, several lines and pieces, a split tender, known shoppers and a guest,
parcels and pickups that are sent from elsewhere, an order that is cancelled and refunded, and one of which a part is."""
RARELY = {"publish_every": "6h"}
RICH = {"regular": 12, "promoted": 8, "scarce": 0}
"""The scarce article is in the books of the bare store alone, so that nobody else can send it."""
CENTRE = {**RICH, "promoted": 4}
"""One piece fewer than the shoppers want of a promoted article, for whoever publishes more than there is."""
BARE = {"regular": 1, "promoted": 1, "scarce": 1}
"""One piece in the books; the fault takes it from the shelf, so that whatever is promised here is declined."""
STORES = {"nodes": ["store_1", "store_2"]}
TILL = {**RARELY, "orders": 2, "fulfilment": {"take_away": {"nodes": ["store_1"]}}}
DAY: dict[str, Any] = {
    "seed": SEED,
    "catalogue": {"products": 6, "promoted": 2, "scarce": 1},
    "customers": 6,
    "nodes": {"dc": {"stock": CENTRE}, "store_1": {"stock": RICH}, "store_2": {"stock": BARE}},
    "channels": {
        "webshop": {
            **RARELY,
            "orders": 8,
            "guests": 0.15,
            "split": 0.4,
            "fulfilment": {
                "home_delivery": {"share": 0.3},
                "pickup_in_store": {"share": 0.35, **STORES},
                "ship_from_store": {"share": 0.35, **STORES},
            },
        },
        "marketplace": {**RARELY, "orders": 2},
        "till_1": TILL,
        "till_2": TILL,
    },
    "faults": [{"name": "empty_shelves", "share": 1.0}],
    "exercised": {"orders_per_channel": 1, "orders_per_tender": 0, "fault_fired": 1, "examined": 1},
    "gates": ["duplicate_customer_rate <= 0", "sell_through >= 0.5"],
}
STUCK = "no_order_is_stuck_beyond_its_deadline"
ONCE = "every_accepted_order_is_in_the_erp_once"
CONTENT = "every_order_keeps_its_content"
GIVEN = "every_order_gets_what_it_asked_for"
OUT = "goods_out_equal_goods_handed_over"
CORRECTED = "stock_corrections_are_accounted_for"
TILLS = "every_closed_till_is_closed_in_the_erp"
SHOPPER = "every_order_belongs_to_its_shopper"
MONEY = "money_taken_equals_money_booked"
PAID = "what_was_handed_over_stays_paid"
PROMISED = "no_unit_is_promised_twice"
CLUB: dict[str, tuple[str, ...]] = {
    "goods:ShipsNothing": (STUCK,),
    "goods:ShipsTwice": (GIVEN,),
    "goods:ShipsTheWrongGoods": (GIVEN,),
    "goods:AsksLate": (STUCK,),
    "goods:SellsFromTheWrongNode": (OUT,),
    "goods:IgnoresEmptyShelves": (STUCK,),
    "goods:CountsAShelfAtWill": (CORRECTED,),
    "orders:HandlesEverySecondEvent": (ONCE,),
    "orders:SwallowsErrors": (ONCE,),
    "orders:CancelsEverything": ("sell_through",),
    "orders:EditsPrices": (CONTENT,),
    "orders:CreatesACustomerPerOrder": ("duplicate_customer_rate",),
    "orders:PutsEveryOrderOnOneCustomer": (SHOPPER,),
    "money:BooksNothing": (MONEY,),
    "money:BooksEverythingOnOneOrder": (MONEY,),
    "money:NeverRefunds": (STUCK,),
    "money:GivesGoodsAway": (PAID,),
    "money:BooksGiftCardsAsCards": (MONEY,),
    "tills:ClosesTillsAtNoon": (TILLS,),
    "publishing:PublishesZeros": ("webshop took 0",),
    "publishing:PublishesNothing": ("webshop took 0",),
    "publishing:PublishesTooMuch": (PROMISED,),
    "contract:RaisesWhenMade": ("RaisesWhenMade.__init__", "contract.py:", "SHOP_API_KEY"),
    "contract:RaisesAtTheStart": ("RaisesAtTheStart.start", "contract.py:", "the middleware is away"),
    "contract:ExitsInReceive": ("ExitsInReceive.receive", "contract.py:"),
    "contract:Hangs": ("Hangs.receive", "contract.py:"),
}
"""Module and class of each liar, with the invariants, gates and words of sentences by which it is named: all of them."""
NEVER_READY = ("contract:RaisesWhenMade", "contract:RaisesAtTheStart")
"""Whose weekend does not even begin: undecided, since nothing was proven against them."""


def scenario(connector: str) -> Scenario:
    """Return the small day with *connector*; the third store and its till are closed, to be quicker."""
    whole = load("promo_day", connector=connector, **DAY)
    return whole.model_copy(
        update={
            "nodes": {code: node for code, node in whole.nodes.items() if code != "store_3"},
            "channels": {code: channel for code, channel in whole.channels.items() if code != "till_3"},
        }
    )


def accused(summary: dict[str, Any]) -> list[str]:
    """Return all by which *summary* names what is wrong: invariants that fail, gates that are missed, sentences."""
    return [
        *(one["id"] for one in summary["invariants"] if one["verdict"] == "fail"),
        *(gate["figure"] for gate in summary["gates"] if gate["held"] is False),
        *summary["idle"],
        *summary["dead_letters"],
    ]
