"""Liars about money: what is booked, where, how often, and what is given back."""

from __future__ import annotations

from connectors._fulfilment import taken_back
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, EventKind, Instruction, InstructionKind, Operation
from tests.liars.meddling import Meddler, with_column

BOOKING = "upsert payments"


class BooksNothing(Meddler):
    """Money moves outside, and no payment is ever made of it."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Take note of it, and that is all."""
        if delivery.event.kind in (EventKind.PAYMENT_CAPTURED, EventKind.REFUND_PAID):
            return None
        return (yield from super().receive(delivery, erp))


class BooksEverythingOnOneOrder(Meddler):
    """All payments name the order that came first."""

    def asked(self, operation: Operation) -> Operation | None:
        """Write the first order's id into each memo."""
        if operation.name != BOOKING:
            return operation
        return with_column(operation, "memo", lambda _: min(self.house.cases))


class NeverRefunds(Meddler):
    """Cancels what it cannot deliver, and keeps the money."""

    def told(self, instructions: list[Instruction]) -> list[Instruction]:
        """Keep the gateway out of it."""
        return [one for one in instructions if one.kind is not InstructionKind.REFUND]


class GivesGoodsAway(Meddler):
    """Gives the money back for whatever was delivered, and books that well."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Refund at the door."""
        instructions = yield from super().receive(delivery, erp)
        event = delivery.event
        if event.kind is not EventKind.PARCEL_DELIVERED:
            return instructions
        refunds = [one for one in taken_back(self.house.cases[event.order].event) if one.kind is InstructionKind.REFUND]
        return [*instructions, *refunds]


class BooksGiftCardsAsCards(Meddler):
    """Knows one journal for both, on the way in and on the way back."""

    def asked(self, operation: Operation) -> Operation | None:
        """Book what was paid with gift cards as if it had been paid with cards."""
        if operation.name != BOOKING:
            return operation
        card, gift = (str(self.house.directory.journals[tender]) for tender in ("card", "gift_card"))
        return with_column(operation, "journal_id/.id", lambda journal: card if journal == gift else journal)
