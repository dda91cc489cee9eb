"""Money goes back the way it came: each tender gets what it paid, and no other."""

from __future__ import annotations

from connectors.governed.house import Case
from connectors.governed.policy import Policy

PREVENTS = ("split_tenders",)


class Rule(Policy):
    """Refunds leg by leg."""

    def refunds(self, case: Case) -> list[tuple[str, int]]:
        """Return what each tender paid."""
        return [(leg["tender"], leg["amount_minor"]) for leg in case.event.data["tenders"]]
