"""What happens to orders and their promises: accepted, refused, cancelled, moved, substituted."""

from __future__ import annotations

from rehearsal.vocabulary.kind import Kind, Role

PLACED = Kind(
    "order.placed",
    "customer",
    "mode",
    "lines",
    "tenders",
    "total_minor",
    "patience_s",
    roles=[Role.ACCEPTS],
    lag=None,
    story="{channel} accepts the order: {goods}",
    note="{total} by {paid}; {mode} from {node}",
)
"""The channel said yes; each line with its node."""
REFUSED = Kind(
    "order.refused",
    "lines",
    "reason",
    roles=[Role.REFUSES],
    told=False,
    story="{channel} refuses: {goods}",
    note="{reason}",
    tone="quiet",
)
"""The channel said no, nothing was promised."""
CANCELLED = Kind(
    "order.cancelled",
    "reason",
    "lines",
    roles=[Role.CANCELS],
    told=False,
    story="The shopper is told that {what} is cancelled",
    note="{reason}",
    tone="warn",
)
"""The channel told the shopper so."""
MOVED = Kind(
    "promise.moved",
    "source",
    "lines",
    roles=[Role.MOVES],
    told=False,
    story="The promise moves from {source} to {node}",
    note="{goods}",
    tone="warn",
)
"""The node of the event now keeps the lines."""
SUBSTITUTED = Kind(
    "promise.substituted",
    "lines",
    roles=[Role.SUBSTITUTES],
    told=False,
    story="The shopper consents: {substitutes}",
    note="instead of {goods}",
    tone="warn",
)
"""The shopper consents to another SKU."""
KINDS = (PLACED, REFUSED, CANCELLED, MOVED, SUBSTITUTED)
