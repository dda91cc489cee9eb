"""The words that all folders share: kinds of events with their roles, one module per family.

A project declares kinds of its own beside the simulator that emits them (``EVENTS = (Kind(…), …)``); the roles of such a
kind are written into the history with each event, so that whoever judges needs no simulator.
"""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.vocabulary import goods, money, orders, tills
from rehearsal.vocabulary.kind import Kind as Kind
from rehearsal.vocabulary.kind import Role as Role

KINDS: Mapping[str, Kind] = {str(kind): kind for family in (orders, money, goods, tills) for kind in family.KINDS}


class EventKind:
    """The shared kinds, by the names that connectors match on."""

    ORDER_PLACED = orders.PLACED
    ORDER_REFUSED = orders.REFUSED
    ORDER_CANCELLED = orders.CANCELLED
    PROMISE_MOVED = orders.MOVED
    PROMISE_SUBSTITUTED = orders.SUBSTITUTED
    PAYMENT_CAPTURED = money.CAPTURED
    REFUND_PAID = money.REFUNDED
    REFUND_REJECTED = money.REJECTED
    PICK_DECLINED = goods.DECLINED
    PICKUP_STAGED = goods.STAGED
    PICKUP_COLLECTED = goods.COLLECTED
    GOODS_ISSUED = goods.ISSUED
    PARCEL_SCANNED = goods.SCANNED
    PARCEL_DELIVERED = goods.DELIVERED
    TICKET_CLOSED = tills.TICKET
    TILL_OPENED = tills.OPENED
    TILL_CLOSED = tills.CLOSED


def played(*roles: Role, row: str = "") -> str:
    """Return the SQL condition that a row of ``events`` (under the alias *row*) plays one of *roles*."""
    shared = ", ".join(f"'{kind}'" for kind in KINDS.values() if kind.roles & set(roles))
    alias = f"{row}." if row else ""
    own = " OR ".join(f"coalesce(list_contains({alias}roles, '{role}'), false)" for role in roles)
    return f"({alias}type IN ({shared or 'NULL'}) OR {own})"
