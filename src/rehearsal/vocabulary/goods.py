"""What happens to goods: not found, ready, handed over, on their way."""

from __future__ import annotations

from rehearsal.vocabulary.kind import CARRIER_LAG, Kind, Role

DECLINED = Kind(
    "pick.declined",
    "request",
    "sku",
    "wanted",
    "found",
    roles=[Role.DECLINES],
    story="The picker at {node} finds {found} of {wanted} × {sku}",
    tone="bad",
)
"""A picker stood before an empty shelf."""
STAGED = Kind(
    "pickup.staged", "request", "lines", roles=[Role.STAGES], story="Parcel lies ready for pickup at {node}", note="{goods}"
)
"""The parcel lies on the pickup shelf."""
COLLECTED = Kind(
    "pickup.collected", "request", "lines", roles=[Role.HANDS_OVER], story="Customer collects at {node}", note="{goods}"
)
"""Handed over to the customer."""
ISSUED = Kind(
    "goods.issued",
    "request",
    "tracking",
    "lines",
    roles=[Role.HANDS_OVER],
    story="{node} hands the parcel to the carrier",
    note="{goods}; {tracking}",
)
"""What an X12 945 says."""
SCANNED = Kind(
    "parcel.scanned",
    "tracking",
    "request",
    "carrier",
    "status",
    roles=[Role.TRACKS],
    lag=CARRIER_LAG,
    story="Carrier scans the parcel: {status}",
    note="{tracking}",
    tone="quiet",
)
"""A carrier's checkpoint."""
DELIVERED = Kind(
    "parcel.delivered",
    "tracking",
    "request",
    "carrier",
    "status",
    roles=[Role.TRACKS],
    lag=CARRIER_LAG,
    story="Carrier delivers the parcel",
    note="{tracking}",
)
KINDS = (DECLINED, STAGED, COLLECTED, ISSUED, SCANNED, DELIVERED)
