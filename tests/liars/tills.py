"""Liars about tills: sessions, drawers and tickets."""

from __future__ import annotations

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


def _copied(part: Any) -> Any:
    """Return a ticket, or a part of one, with other uuids throughout."""
    if isinstance(part, dict):
        return {key: _another(value) if key == "uuid" else _copied(value) for key, value in part.items()}
    return [_copied(one) for one in part] if isinstance(part, list) else part


def _another(uuid: str) -> str:
    return f"{uuid[:-1]}{'1' if uuid[-1] == '0' else '0'}"
