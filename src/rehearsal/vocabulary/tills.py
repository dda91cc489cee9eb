"""What happens at a store's till."""

from __future__ import annotations

from rehearsal.vocabulary.kind import Kind, Role

TICKET = Kind(
    "ticket.closed",
    "mode",
    "lines",
    "tenders",
    "change_minor",
    "total_minor",
    roles=[Role.ACCEPTS, Role.HANDS_OVER, Role.PAID_AT_ONCE],
    lag=None,
    story="{channel} sells: {goods}",
    note="{total} by {paid}; {mode} at {node}",
)
"""A till's TLOG entry."""
OPENED = Kind("till.opened", "float_minor", "day", lag=None)
CLOSED = Kind("till.closed", "counted_minor", "float_minor", "tickets", "day", roles=[Role.COUNTS], lag=None)
"""The drawer, counted."""
KINDS = (TICKET, OPENED, CLOSED)
