"""Liars about tills: sessions, drawers and tickets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from rehearsal.clock import Erp, Steps
from rehearsal.model import Event
from rehearsal.odoo import verbs
from tests.liars.meddling import Meddler

NOON = 12 * 3600.0


class ClosesTillsAtNoon(Meddler):
    """Closes the books of the till while the shop goes on selling; later tickets go into a session of their own."""

    def _open_till(self, event: Event, erp: Erp) -> Steps:
        yield from super()._open_till(event, erp)
        yield erp.env.timeout(NOON - erp.env.now)
        session = yield from self._session(event, erp)
        yield from verbs.insist(erp, verbs.count_drawer(session, event.data["float_minor"]))
        yield from verbs.insist(erp, verbs.prepare_closing(session))
        yield from verbs.insist(erp, verbs.close_session(session))
        yield from verbs.insist(erp, verbs.open_session(self.directory.tills[event.channel]))

    def _close_till(self, event: Event, erp: Erp) -> Steps:
        yield erp.env.timeout(1)


class NeverClosesTills(Meddler):
    """The session stays open over night."""

    def _close_till(self, event: Event, erp: Erp) -> Steps:
        yield erp.env.timeout(1)


class CountsTheDrawerWrong(Meddler):
    """Writes down what should be in the drawer and a coin more."""

    def _close_till(self, event: Event, erp: Erp) -> Steps:
        counted = event.data["counted_minor"] + 100
        yield from super()._close_till(replace(event, data={**event.data, "counted_minor": counted}), erp)


class DropsTickets(Meddler):
    """The day is closed without the tickets."""

    def _sync(self, event: Event, erp: Erp) -> Steps:
        yield erp.env.timeout(1)

    def _close_till(self, event: Event, erp: Erp) -> Steps:
        with suppress(verbs.OperationFailed):
            yield from super()._close_till(replace(event, data={**event.data, "tickets": 0}), erp)


class BooksCashAsCard(Meddler):
    """Every ticket was paid with a card, whatever lies in the drawer."""

    def _sync(self, event: Event, erp: Erp) -> Steps:
        legs = [{**leg, "tender": "card"} for leg in event.data["tenders"]]
        yield from super()._sync(replace(event, data={**event.data, "tenders": legs, "change_minor": 0}), erp)


def _copied(part: Any) -> Any:
    """Return a ticket, or a part of one, with other uuids throughout."""
    if isinstance(part, dict):
        return {key: _another(value) if key == "uuid" else _copied(value) for key, value in part.items()}
    return [_copied(one) for one in part] if isinstance(part, list) else part


def _another(uuid: str) -> str:
    return f"{uuid[:-1]}{'1' if uuid[-1] == '0' else '0'}"
