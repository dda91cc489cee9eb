"""Tenders: the means of payment. A scenario may declare more of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from rehearsal.parts.bounds import OdooName
from rehearsal.parts.part import Part


class TakenAt(StrEnum):
    """Where a tender is taken."""

    CHECKOUT = "checkout"
    TILL = "till"


class Tender(Part):
    """A means of payment, with a journal of its own in Odoo."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    title: Annotated[str, Field(max_length=100)] = ""
    """What its journal in Odoo is called; left out: the tender's own name."""
    taken: Annotated[tuple[TakenAt, ...], Field(min_length=1)] = (TakenAt.CHECKOUT, TakenAt.TILL)
    """checkout: where a channel charges a gateway, or collects itself; till: where the shopper stands at a counter."""
    journal: OdooName = ""
    """With ``world: existing``: the short code of the journal in Odoo in which it is booked."""
    drawer: bool = False
    """Coins and notes: they lie in a till's drawer, change is given, and they are counted at closing."""


TENDERS: Mapping[str, Tender] = {
    "card": Tender(title="Card clearing"),
    "gift_card": Tender(title="Gift cards"),
    "marketplace": Tender(title="Marketplace clearing", taken=(TakenAt.CHECKOUT,)),
    "cash": Tender(taken=(TakenAt.TILL,), drawer=True),
}
"""Those that every scenario has."""


def second_tender(shares: Mapping[str, float], split_with: str, first: str) -> str | None:
    """Return what pays the rest of a split order whose *first* tender is known: *split_with*, or when that is the first one
    already, the most frequent other tender of *shares*; None when there is no other."""
    others = {tender: share for tender, share in shares.items() if share and tender != split_with}
    return split_with if first != split_with else max(others, key=others.__getitem__, default=None)
