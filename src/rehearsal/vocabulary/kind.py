"""What a kind of event is: its name, its data, its roles, how long word of it travels, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

NODE_LAG = (30.0, 300.0)
"""Median and 95th percentile of a log-normal delay, in seconds; so are the others."""
GATEWAY_LAG = (120.0, 900.0)
"""A gateway's webhook usually comes after the order's own, not always."""
CARRIER_LAG = (300.0, 3600.0)


class Role(StrEnum):
    """What a kind of event does to promises and money; views, figures and the paced clock follow from it."""

    ACCEPTS = "accepts"  # lines, tenders, total_minor, mode: an order is promised
    REFUSES = "refuses"  # lines, reason: nothing was promised
    CANCELS = "cancels"  # lines (line, sku, units, node), or none: the whole order
    MOVES = "moves"  # source, lines: the event's node now keeps them
    SUBSTITUTES = "substitutes"  # lines (line, sku, units, by)
    STAGES = "stages"  # lines: ready, and not yet handed over
    HANDS_OVER = "hands over"  # lines: goods left the node
    DECLINES = "declines"  # sku, wanted, found: a picker did not find them
    TRACKS = "tracks"  # tracking, status: a carrier's word about a parcel
    CAPTURES = "captures"  # tender, amount_minor: money came in
    GIVES_BACK = "gives back"  # tender, amount_minor: money went out
    PAID_AT_ONCE = "paid at once"  # tenders (tender, amount_minor; change_minor of a drawer): money came in with the event itself
    COUNTS = "counts"  # counted_minor, float_minor: a drawer was counted


class Kind(str):
    """A kind of event; it is its name, so that two of one name are one."""

    data: tuple[str, ...]
    """Words of `Event.data`, beside order and node."""
    roles: frozenset[Role]
    lag: tuple[float, float] | None
    """How long word of it travels to the connector; None: as long as word from the event's channel."""
    told: bool
    """Whether a connector hears of it at all."""
    story: str
    """The sentence of a report, with words of the event in braces; empty: the name."""
    note: str
    tone: str
    """``bad``, ``warn``, ``quiet`` or nothing."""
    accepts: bool
    """Whether it plays that role, as the market asks of each event; so with the next two."""
    hands_over: bool
    captures: bool

    def __new__(
        cls,
        name: str,
        *data: str,
        roles: Iterable[Role] = (),
        lag: tuple[float, float] | None = NODE_LAG,
        told: bool = True,
        story: str = "",
        note: str = "",
        tone: str = "",
    ) -> Kind:
        """Return the kind *name*, such as ``order.placed``."""
        kind = super().__new__(cls, name)
        kind.data, kind.roles, kind.lag, kind.told = data, frozenset(roles), lag, told
        kind.story, kind.note, kind.tone = story, note, tone
        kind.accepts, kind.hands_over = Role.ACCEPTS in kind.roles, Role.HANDS_OVER in kind.roles
        kind.captures = Role.CAPTURES in kind.roles
        return kind

    @property
    def value(self) -> str:
        """Return the name as a plain string."""
        return str.__str__(self)
