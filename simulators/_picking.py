"""Picking, as stores and distribution centres share it: a picker walks to the shelf and takes what is there.

An empty shelf makes the picker decline the whole order; nobody scripts it. What follows (another node,
a refund) is the connector's business.
"""

from __future__ import annotations

import simpy

from rehearsal.clock import Steps
from rehearsal.draw import lognormal
from rehearsal.model import EventKind, Instruction, InstructionKind
from rehearsal.parts.mode import Handover
from rehearsal.stage.market import Market


def fulfilment_node(env: simpy.Environment, market: Market, node: str) -> Steps:
    """Take fulfilment requests from the mailbox; the same request twice is done once, as a 3PL does."""
    pickers = simpy.Resource(env, market.scenario.nodes[node].pickers)
    seen: set[str] = set()
    while True:
        instruction: Instruction = yield market.mail(node).get()
        request = str(instruction.data["request"])
        if instruction.kind is InstructionKind.FULFIL and request not in seen:
            seen.add(request)
            env.process(_fulfil(env, market, node, instruction, pickers))


def _fulfil(env: simpy.Environment, market: Market, node: str, instruction: Instruction, pickers: simpy.Resource) -> Steps:
    rng = market.random(node, f"pick:{instruction.order}")
    spec = market.scenario.nodes[node]
    yield env.timeout(market.until_open(node))
    with pickers.request() as picker:
        yield picker
        yield env.timeout(lognormal(rng, spec.pick.median, spec.pick.p95))
        yield env.timeout(market.until_open(node))
        for line in instruction.data["lines"]:
            found = market.shelf[node, line["sku"]]
            if found < line["units"]:
                _decline(market, node, instruction, line["sku"], line["units"], found)
                return
        for line in instruction.data["lines"]:
            market.shelf[node, line["sku"]] -= line["units"]
    request = {"request": instruction.data["request"], "lines": instruction.data["lines"]}
    if market.scenario.modes[instruction.data["mode"]].handover is Handover.COUNTER:
        market.emit(EventKind.PICKUP_STAGED, instruction.channel, instruction.order, node, request)
        yield env.timeout(market.accepted[instruction.channel, instruction.order])
        yield env.timeout(market.until_open(node))
        market.emit(EventKind.PICKUP_COLLECTED, instruction.channel, instruction.order, node, request)
        return
    yield env.timeout((spec.cutoff - env.now) % 86_400)
    issued = market.emit(
        EventKind.GOODS_ISSUED,
        instruction.channel,
        instruction.order,
        node,
        {**request, "tracking": f"TRK-{instruction.data['request']}"},
    )
    market.mail(market.carrier(node)).put(issued)


def _decline(market: Market, node: str, instruction: Instruction, sku: str, wanted: int, found: int) -> None:
    market.missed(node, sku, f"{node}:{sku}:{instruction.order}", f"{found} found where {wanted} were wanted")
    market.emit(
        EventKind.PICK_DECLINED,
        instruction.channel,
        instruction.order,
        node,
        {"request": instruction.data["request"], "sku": sku, "wanted": wanted, "found": found},
    )
