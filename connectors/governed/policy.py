"""Policies: the rules of the governed connector, each a layer over what the naive connector does.

A policy is a module of ``policies/`` with a class ``Rule`` that overrides some of the methods below, and asks ``super()`` for
what it leaves as it is. Those in force are laid over each other, a team's own outermost; one that a scenario switches off is
left out, so that the layer below decides. At the bottom lies `Policy`: what the naive connector does.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import simpy

from connectors._fulfilment import known_tender
from connectors.governed.house import Case, House, external
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, Event, Instruction, InstructionKind, Sku, Units
from rehearsal.odoo import verbs
from rehearsal.parts.mode import Handover, handed
from rehearsal.parts.policies import policies
from rehearsal.stage.market import LiveChannel

CONNECTOR = "governed"
Lines = list[dict[str, Any]]


class Policy:
    """What is done where no policy says otherwise."""

    def __init__(self, house: House) -> None:
        self.house = house

    # -- what arrives ------------------------------------------------------------------------------

    def admit(self, delivery: Delivery) -> bool:
        """Whether an arrival is handled at all. Here: each one, as if it were the first."""
        return True

    def identity(self, kind: str, name: str, delivery: Delivery) -> str:
        """Return the external id of what an arrival makes in Odoo. Here: a new one each time."""
        return external(kind, f"{name}~{delivery.event.id}~{delivery.attempt}")

    def ticket_uuid(self, delivery: Delivery) -> str:
        """Return the uuid of a till's ticket. Here: a new one each time."""
        return str(uuid5(NAMESPACE_URL, f"{delivery.event.id}:{delivery.attempt}"))

    def wait(self, erp: Erp, ready: Any, what: str) -> Steps:
        """Wait until *ready()*, which is what an event needs. Here: not at all; raises LookupError that names *what*."""
        yield from ()
        if not ready():
            raise LookupError(f"{what} is not there")

    def is_news(self, event: Event, case: Case) -> bool:
        """Whether a parcel's status replaces the one that is known. Here: the last one to arrive does."""
        return True

    # -- what may be sold --------------------------------------------------------------------------

    def offer(self, channel: LiveChannel, node: str) -> dict[Sku, Units]:
        """Return what *channel* may sell from *node*. Here: everything on hand, whoever else sells it."""
        return {sku: max(0, units) for sku, units in self.house.pools[node].book.items()}

    def left(self, channel: LiveChannel, node: str, sku: Sku) -> Units:
        """Return what *channel* has left of its part. Here: what it was given, less what word has come of."""
        return self.house.pools[node].told_left(channel.code, sku)

    def safety_units(self, node: str) -> Units:
        """Return how many units of each SKU *node* keeps from all channels. Here: none."""
        return 0

    def has_part(self, channel: LiveChannel) -> bool:
        """Whether what *channel* may sell is a part of a node's stock. Here: a till shows whatever lies there by the book."""
        return not handed(channel.spec.fulfilment, self.house.scenario.modes, Handover.AT_ONCE)

    # -- goods -------------------------------------------------------------------------------------

    def stages(self, mode: str) -> bool:
        """Whether goods of an order in *mode* move to a place of their own before they are handed over. Here: never."""
        return False

    def turn(self, node: str, erp: Erp) -> AbstractContextManager[simpy.Event]:
        """Return a context in which this is the one who writes at *node*, once its event has come. Here: everybody does."""
        return nullcontext(erp.env.timeout(0))

    def along(self, waiting: list[Delivery], delivery: Delivery) -> list[Delivery]:
        """Take out of *waiting*, and return, what goes to Odoo together with *delivery*. Here: each goes by itself."""
        waiting.remove(delivery)
        return [delivery]

    def decline(self, event: Event, erp: Erp) -> Steps:
        """Do what follows when a picker did not find the goods. Here: cancel and refund, and leave the book as it is."""
        case = self.house.cases[event.order]
        with self.turn(case.node, erp) as turn:
            yield turn
            yield from verbs.insist(erp, verbs.cancel([case.sale], (event.order,)))
            for sku, units in case.units.items():
                self.house.pools[case.node].give_back(sku, units)
        return self.taken_back(case)

    # -- money -------------------------------------------------------------------------------------

    def taken_back(self, case: Case, lines: Lines | None = None, amount_minor: int = 0) -> list[Instruction]:
        """Return the instructions that end an order, or those *lines* of it, which cost *amount_minor*."""
        event, paid = case.event, sum(leg["amount_minor"] for leg in case.event.data["tenders"])
        why: dict[str, Any] = {"reason": "not found at the node"} | ({} if lines is None else {"lines": lines})
        case.refunds += 1
        found = [Instruction(InstructionKind.CANCEL, event.channel, event.channel, event.order, why)]
        for tender, back in self.refunds(case, paid - case.given_back.total() if lines is None else amount_minor):
            case.given_back[tender] += back
            told = {"reference": f"RF-{event.order}-{tender}-{case.refunds}", "tender": tender, "amount_minor": back}
            found.append(Instruction(InstructionKind.REFUND, "gateway", event.channel, event.order, told))
        return found

    def refunds(self, case: Case, amount_minor: int) -> list[tuple[str, int]]:
        """Return how *amount_minor* goes back, by tender. Here: all of it to the card."""
        return [(known_tender(self.house.directory), amount_minor)]


def in_force(house: House) -> Policy:
    """Return the policies that the scenario leaves on, laid over each other."""
    on = [kind.rule for name, kind in policies(CONNECTOR).items() if house.scenario.policies.get(name, "on") == "on"]
    rules: Policy = type("Rules", (*on, Policy), {})(house)
    return rules
