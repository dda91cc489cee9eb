"""Money goes back the way it came: each tender gets what it paid, and no other."""

from __future__ import annotations

from connectors.governed.house import Case
from connectors.governed.policy import Policy

PREVENTS = ("split_tenders",)
CURES = ("other_tender",)


class Rule(Policy):
    """Refunds leg by leg."""

    def refunds(self, case: Case, amount_minor: int) -> list[tuple[str, int]]:
        """Return what each tender paid, and has not got back yet; of a part of the order, in the order in which they paid."""
        found = []
        for leg in case.event.data["tenders"]:
            back = min(amount_minor, leg["amount_minor"] - case.given_back[leg["tender"]])
            amount_minor -= back
            found += [(leg["tender"], back)] if back else []
        return found
