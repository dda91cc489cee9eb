"""The payment gateway: it captures what channels ask for, and gives back what it captured."""

from __future__ import annotations

from collections.abc import Iterator

import simpy

from rehearsal.clock import Steps
from rehearsal.model import Instruction, InstructionKind
from rehearsal.parts import actor
from rehearsal.parts.actor import Charge
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import gateways, unknown_tenders
from rehearsal.stage.market import Market
from simulators._ledger import Ledger


class Settings(actor.Gateway):
    """What every gateway has, and nothing else."""


def run(env: simpy.Environment, market: Market, code: str) -> Steps:
    """Take charges of channels, and refund requests of the connector."""
    ledger = Ledger(market, code, market.settings(code, Settings).refund)

    def asked(letter: Charge | Instruction) -> None:
        if isinstance(letter, Charge):
            ledger.capture(letter.channel, letter.order, letter.tender, letter.amount_minor)
        elif letter.kind is InstructionKind.REFUND:
            ledger.refund(letter)

    market.read(code, asked)
    yield from ()


def problems(settings: Settings, scenario: Scenario, code: str) -> Iterator[tuple[str, str]]:
    """Each tender must have one gateway, and no more."""
    yield from unknown_tenders(scenario, "tenders", settings.tenders)
    for other, theirs in gateways(scenario).items():
        if other == code:
            return  # told once, where the second one stands
        both = [tender for tender in settings.tenders if tender in theirs.tenders]
        if both:
            yield "tenders", f"{both[0]} is taken by {other} already; name it at one of them"
        elif not settings.tenders and not theirs.tenders:
            yield "", f"{other} takes every tender already that nobody names; write tenders: [card] at one of them"
