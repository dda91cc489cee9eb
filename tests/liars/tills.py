"""Liars about tills: sessions, drawers and tickets."""

from __future__ import annotations

from typing import Any

from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, EventKind
from rehearsal.odoo import verbs
from tests.liars.meddling import Meddler

NOON = 12 * 3600.0


class ClosesTillsAtNoon(Meddler):
    """Closes the books of the till while the shop goes on selling; later tickets go into a session of their own."""

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Open, close at noon, open again; and do not close in the evening."""
        event = delivery.event
        if event.kind is EventKind.TILL_CLOSED:
            return None
        instructions = yield from super().receive(delivery, erp)
        if event.kind is EventKind.TILL_OPENED:
            yield erp.env.timeout(NOON - erp.env.now)
            till = self.house.directory.tills[event.channel]
            rows = yield from verbs.insist(erp, verbs.session_of(till))
            session = rows[0]["current_session_id"][0]
            yield from verbs.insist(erp, verbs.count_drawer(session, event.data["float_minor"]))
            yield from verbs.insist(erp, verbs.prepare_closing(session))
            yield from verbs.insist(erp, verbs.close_session(session))
            yield from verbs.insist(erp, verbs.open_session(till))
        return instructions


def _copied(part: Any) -> Any:
    """Return a ticket, or a part of one, with other uuids throughout."""
    if isinstance(part, dict):
        return {key: _another(value) if key == "uuid" else _copied(value) for key, value in part.items()}
    return [_copied(one) for one in part] if isinstance(part, list) else part


def _another(uuid: str) -> str:
    return f"{uuid[:-1]}{'1' if uuid[-1] == '0' else '0'}"
