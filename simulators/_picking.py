"""Picking, as stores and distribution centres share it: a picker walks to the shelf and takes what is there.

An empty shelf makes the picker decline the whole order; nobody scripts it. What follows (another node,
a refund) is the connector's business.
"""

from __future__ import annotations

from heapq import heapreplace
from typing import Any

import simpy

from rehearsal.clock import Steps
from rehearsal.model import EventKind, Instruction, InstructionKind
from rehearsal.parts.mode import Handover
from rehearsal.stage.market import Market

DAY_S = 86_400


def fulfilment_node(env: simpy.Environment, market: Market, node: str) -> Steps:
    """Take fulfilment requests; the same request twice is done once, as a 3PL does."""
    market.read(node, Floor(env, market, node).asked)
    yield from ()


class Floor:
    """Where the pickers of one node work.

    Requests are picked in the order in which they come, so which picker gets one, and when, is known when it comes: a node
    needs one event of SimPy for each, and no queue.
    """

    def __init__(self, env: simpy.Environment, market: Market, node: str) -> None:
        self._env = env
        self._market = market
        self._node = node
        self._spec = market.scenario.nodes[node]
        self._free_at_s = [0.0] * self._spec.pickers
        """When each picker is free, as a heap."""
        self._seen: set[str] = set()
        self._packed: dict[float, list[Instruction]] = {}
        """Parcels that wait for the carrier, by the instant at which it comes."""

    def asked(self, instruction: Instruction) -> None:
        """Give a request to the picker who is free first."""
        request = str(instruction.data["request"])
        if instruction.kind is not InstructionKind.FULFIL or request in self._seen:
            return
        self._seen.add(request)
        market, node, now = self._market, self._node, self._env.now
        begins = max(now + market.until_open(node), self._free_at_s[0])
        ends = begins + market.delay_s(node, f"pick:{instruction.order}", self._spec.pick)
        ends += market.until_open(node, ends)
        heapreplace(self._free_at_s, ends)
        market.later(ends - now, self._picked, instruction)

    def _picked(self, instruction: Instruction) -> None:
        """Take what lies on the shelf; then the parcel waits for its shopper, or for the carrier."""
        market, node, lines = self._market, self._node, instruction.data["lines"]
        for line in lines:
            found = market.shelf[node, line["sku"]]
            if found < line["units"]:
                self._decline(instruction, line["sku"], line["units"], found)
                return
        for line in lines:
            market.shelf[node, line["sku"]] -= line["units"]
        if market.scenario.modes[instruction.data["mode"]].handover is Handover.COUNTER:
            self._stage(instruction)
        else:
            self._pack(instruction)

    def _stage(self, instruction: Instruction) -> None:
        market, node, now = self._market, self._node, self._env.now
        market.emit(EventKind.PICKUP_STAGED, instruction.channel, instruction.order, node, _request(instruction))
        comes = now + market.accepted[instruction.channel, instruction.order]
        market.later(comes + market.until_open(node, comes) - now, self._collected, instruction)

    def _collected(self, instruction: Instruction) -> None:
        told = _request(instruction)
        self._market.emit(EventKind.PICKUP_COLLECTED, instruction.channel, instruction.order, self._node, told)

    def _pack(self, instruction: Instruction) -> None:
        now = self._env.now
        comes = round(now + (self._spec.cutoff - now) % DAY_S, 3)
        if comes not in self._packed:
            self._packed[comes] = []
            self._market.later(comes - now, self._fetched, comes)
        self._packed[comes].append(instruction)

    def _fetched(self, at_s: float) -> None:
        """Hand everything that waits to the carrier."""
        for instruction in self._packed.pop(at_s):
            told = {**_request(instruction), "tracking": f"TRK-{instruction.data['request']}"}
            issued = self._market.emit(EventKind.GOODS_ISSUED, instruction.channel, instruction.order, self._node, told)
            self._market.send(self._market.carrier(self._node), issued)

    def _decline(self, instruction: Instruction, sku: str, wanted: int, found: int) -> None:
        market, node = self._market, self._node
        market.missed(node, sku, f"{node}:{sku}:{instruction.order}", f"{found} found where {wanted} were wanted")
        told = {"request": instruction.data["request"], "sku": sku, "wanted": wanted, "found": found}
        market.emit(EventKind.PICK_DECLINED, instruction.channel, instruction.order, node, told)


def _request(instruction: Instruction) -> dict[str, Any]:
    """Return what every fact about a fulfilled request says of it."""
    return {"request": instruction.data["request"], "lines": instruction.data["lines"]}
