"""Tills: sessions opened, tickets handed over as they come, and closed when every ticket of the day is in."""

from __future__ import annotations

from collections import defaultdict

from connectors.governed.house import House
from connectors.governed.policy import Policy
from rehearsal.clock import Erp, Steps
from rehearsal.model import Delivery, Event
from rehearsal.odoo import verbs
from rehearsal.odoo.tickets import ticket


class Tills:
    """What becomes of a till's day."""

    def __init__(self, house: House, rules: Policy) -> None:
        self._house = house
        self._rules = rules
        self._waiting: dict[str, list[Delivery]] = defaultdict(list)
        self._synced: dict[tuple[str, int], int] = {}
        """(till, day) to tickets that are in Odoo, once the day is open there."""

    def open(self, event: Event, erp: Erp) -> Steps:
        """Open a session, with what lies in the drawer."""
        yield from verbs.insist(erp, verbs.open_session(self._house.directory.tills[event.channel]))
        session = yield from self._session(event, erp)
        yield from verbs.insist(erp, verbs.set_opening(session, event.data["float_minor"]))
        self._synced[event.channel, event.data["day"]] = 0

    def sync(self, delivery: Delivery, erp: Erp) -> Steps:
        """Hand a ticket over, with what else goes along."""
        event = delivery.event
        key = (event.channel, int(event.at_s // 86_400) + 1)
        yield from self._rules.wait(erp, lambda: key in self._synced, f"opening of {event.channel}")
        self._waiting[event.channel].append(delivery)
        with self._rules.turn(event.node, erp) as turn:
            yield turn
            together = self._rules.along(self._waiting[event.channel], delivery)
            if together:
                yield from self._hand_over(together, event, erp)
                self._synced[key] = self._synced.get(key, 0) + len(together)

    def _hand_over(self, together: list[Delivery], event: Event, erp: Erp) -> Steps:
        session = yield from self._session(event, erp)
        percent, begins = self._house.scenario.catalogue.tax_percent, self._house.begins
        tickets = [
            ticket(
                one.event,
                session,
                self._house.directory,
                self._rules.ticket_uuid(one),
                percent,
                verbs.stamp(begins, one.event.at_s),
            )
            for one in together
        ]
        yield from verbs.insist(erp, verbs.sync_tickets(tickets, tuple(one.event.order for one in together)))
        for one in together:
            self._house.heard(one)
            for line in one.event.data["lines"]:
                self._house.pools[event.node].left_the_book(line["sku"], line["units"])

    def close(self, event: Event, erp: Erp) -> Steps:
        """Count the drawer and close, when every ticket of the day is in."""
        key, tickets = (event.channel, event.data["day"]), event.data["tickets"]
        yield from self._rules.wait(erp, lambda: self._synced.get(key, -1) >= tickets, f"one of the tickets of {event.channel}")
        session = yield from self._session(event, erp)
        yield from verbs.insist(erp, verbs.count_drawer(session, event.data["counted_minor"]))
        yield from verbs.insist(erp, verbs.prepare_closing(session))
        yield from verbs.insist(erp, verbs.close_session(session))

    def _session(self, event: Event, erp: Erp) -> Steps:
        rows = yield from verbs.insist(erp, verbs.session_of(self._house.directory.tills[event.channel]))
        return rows[0]["current_session_id"][0]
