"""Events are ordered by what they need, not by when they arrive: a payment waits for its order, and an old status never
replaces a younger one."""

from __future__ import annotations

from collections.abc import Callable

from connectors.governed.house import Case
from connectors.governed.policy import Policy
from rehearsal.clock import Erp, Steps
from rehearsal.model import Event

PREVENTS = ("promo_weekend",)
CURES = ("too_early",)
PARK_S = 60.0
PARK_TRIES_MAX = 60 * 24 * 3
"""An event waits three days for what must come first, then it is a dead letter with a name."""


class Rule(Policy):
    """Parks what came too early."""

    def wait(self, erp: Erp, ready: Callable[[], bool], what: str) -> Steps:
        """Look again every minute; raises TimeoutError after three days."""
        for _ in range(PARK_TRIES_MAX):
            if ready():
                return
            yield erp.env.timeout(PARK_S)
        raise TimeoutError(f"waited {PARK_S * PARK_TRIES_MAX / 3600:g} h for {what}")

    def is_news(self, event: Event, case: Case) -> bool:
        """The youngest fact wins, not the youngest message."""
        return event.at_s > case.parcel_at_s
