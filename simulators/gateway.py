"""The payment gateway with its own ledger: it gives back at most what it captured, tender by tender.

A refund repeated under the same reference is done once, as gateways do with idempotency keys.
"""

from __future__ import annotations

from collections import Counter

import simpy

from rehearsal.clock import Steps
from rehearsal.draw import lognormal
from rehearsal.market import Market
from rehearsal.model import EventKind, Instruction, InstructionKind

REFUND_TAKES = (20 * 60.0, 2 * 3600.0)
"""Median and p95 from a refund request to the gateway's word (assumption)."""


def run(env: simpy.Environment, market: Market, _: str) -> Steps:
    """Take refund requests from the mailbox."""
    returned: Counter[tuple[str, str, str]] = Counter()
    seen: set[str] = set()
    while True:
        instruction: Instruction = yield market.mail("gateway").get()
        reference = str(instruction.data["reference"])
        if instruction.kind is InstructionKind.REFUND and reference not in seen:
            seen.add(reference)
            env.process(_refund(env, market, instruction, returned))


def _refund(
    env: simpy.Environment, market: Market, instruction: Instruction, returned: Counter[tuple[str, str, str]]
) -> Steps:
    tender, amount = str(instruction.data["tender"]), int(instruction.data["amount_minor"])
    reference = str(instruction.data["reference"])
    yield env.timeout(lognormal(market.random("gateway", reference), *REFUND_TAKES))
    key = (instruction.channel, instruction.order, tender)
    captured = market.captured[key]
    told = {"tender": tender, "amount_minor": amount, "reference": reference}
    if amount <= 0 or returned[key] + amount > captured:
        reason = f"{captured - returned[key]} minor units are left to refund on {tender}"
        market.emit(EventKind.REFUND_REJECTED, instruction.channel, instruction.order, "", {**told, "reason": reason})
        return
    returned[key] += amount
    market.emit(EventKind.REFUND_PAID, instruction.channel, instruction.order, "", told)
