"""What happens to money outside: captured, given back, not given back."""

from __future__ import annotations

from rehearsal.vocabulary.kind import GATEWAY_LAG, Kind, Role

CAPTURED = Kind(
    "payment.captured",
    "tender",
    "amount_minor",
    "reference",
    "by",
    roles=[Role.CAPTURES],
    lag=GATEWAY_LAG,
    story="{amount} captured on {tender}",
    note="{reference}",
)
"""The gateway's ledger."""
REFUNDED = Kind(
    "refund.paid",
    "tender",
    "amount_minor",
    "reference",
    "by",
    roles=[Role.GIVES_BACK],
    lag=GATEWAY_LAG,
    story="{amount} given back on {tender}",
    note="{reference}",
)
"""The gateway's ledger."""
REJECTED = Kind(
    "refund.rejected",
    "tender",
    "amount_minor",
    "reference",
    "reason",
    "by",
    lag=GATEWAY_LAG,
    story="The gateway rejects the refund of {amount} on {tender}",
    note="{reason}",
    tone="bad",
)
"""No money moved."""
KINDS = (CAPTURED, REFUNDED, REJECTED)
