"""The ledger of whoever takes money: it gives back at most what was captured in its name, tender by tender.

A refund repeated under the same reference is done once, as gateways do with idempotency keys.
"""

from __future__ import annotations

from collections import Counter

from rehearsal.model import EventKind, Instruction, priced
from rehearsal.parts.part import Lag
from rehearsal.stage.market import Market


class Ledger:
    """What one *owner* (a gateway's name, or a channel that collects its money itself) captured and gave back."""

    def __init__(self, market: Market, owner: str, refund: Lag) -> None:
        self._market = market
        self._owner = owner
        self._refund_takes = refund
        self._returned: Counter[tuple[str, str, str]] = Counter()
        self._seen: set[str] = set()

    def capture(self, channel: str, order: str, tender: str, amount_minor: int, later_s: float = 0.0) -> None:
        """Take money; word of it leaves *later_s* seconds from now."""
        told = {"tender": tender, "amount_minor": amount_minor, "reference": f"PSP-{order}-{tender}", "by": self._owner}
        self._market.emit(EventKind.PAYMENT_CAPTURED, channel, order, "", told, later_s=later_s)

    def refund(self, instruction: Instruction) -> None:
        """Begin to give money back, or to reject it."""
        reference = str(instruction.data["reference"])
        if reference not in self._seen:
            self._seen.add(reference)
            takes_s = self._market.delay_s(self._owner, reference, self._refund_takes)
            self._market.later(takes_s, self._give_back, instruction)

    def _give_back(self, instruction: Instruction) -> None:
        tender, amount = str(instruction.data["tender"]), int(instruction.data["amount_minor"])
        reference = str(instruction.data["reference"])
        key = (instruction.channel, instruction.order, tender)
        left = self._market.taken(*key)[self._owner] - self._returned[key]
        told = {"tender": tender, "amount_minor": amount, "reference": reference, "by": self._owner}
        if amount <= 0 or amount > left:
            told["reason"] = f"{priced(left, self._market.scenario.currency)} are left to refund on {tender}"
            self._market.emit(EventKind.REFUND_REJECTED, instruction.channel, instruction.order, "", told)
            return
        self._returned[key] += amount
        self._market.emit(EventKind.REFUND_PAID, instruction.channel, instruction.order, "", told)
