"""Talking to Odoo: one interface, and what its answers mean.

Two adapters stand behind it (`odoorpc_client`, `json2_client`). A client belongs to one lane and is
never shared between threads. How the three outcomes are told apart:

* an answer that Odoo made: ok, or refused with Odoo's own message (Odoo rolled back);
* no connection: refused, since nothing was sent;
* sent, and no answer in time: unknown; it may have been committed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rehearsal.model import Answer, Operation, Outcome

UNREACHED_WORDS = (
    "could not connect to server",
    "connection to server",
    "the database system is starting up",
    "the database system is shutting down",
    "the database system is in recovery mode",
)
"""Odoo could not reach PostgreSQL: nothing was begun."""
CUT_WORDS = (
    "server closed the connection unexpectedly",
    "terminating connection",
    "connection already closed",
    "cursor already closed",
    "SSL connection has been closed",
    "no connection to the server",
)
"""Odoo lost PostgreSQL on the way: if it was in its commit, that may have gone through."""
RETRY_WORDS = ("could not serialize access", "could not obtain lock", "deadlock detected", "LockError")
"""Odoo retried five times by itself and gave up: nothing was committed, asking again is safe."""
LOOK_UP = "look up unknown outcome"
"""The name of an operation that asks whether another one was committed; it is asked of the database that was written to."""
WRONG_ARGUMENT = re.compile(r"(missing .*arguments?:?|unexpected keyword argument) '(?P<name>\w+)'")
"""How Python says, at the door of a method, that an argument has another name there."""


class NoAnswer(Exception):
    """The request was sent and no whole answer came back: the outcome is unknown."""


class NotSent(Exception):
    """No connection could be made: nothing reached Odoo."""


class ServerRefused(Exception):
    """Odoo answered with an error and rolled back; *kind* is its exception's name."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class NotAllowed(Exception):
    """The login or key was not accepted; the run must stop at once."""


class Client(Protocol):
    """One connection's worth of Odoo."""

    def call(
        self, model: str, method: str, ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Any:
        """Return what Odoo's *method* returned. Raises one of this module's four exceptions."""

    def version(self) -> str:
        """Return the server's version, such as ``19.0``."""


ClientFactory = Callable[[], Client]


def may_read_replica(client: Client) -> bool:
    """Return whether Odoo, where it has a replica of its database, answers reads of *client* from there: from the past."""
    return bool(getattr(client, "may_read_replica", False))


def perform(client: Client, operation: Operation) -> Answer:
    """Ask *client* to do *operation* and say how it ended; `NotAllowed` and `NotSent` pass through."""
    try:
        value = _value(client, operation)
    except ServerRefused as error:
        message = explained(operation.model, operation.method, operation.arguments, error)
        if any(words in message for words in CUT_WORDS):
            return Answer(Outcome.UNKNOWN, None, message)
        if any(words in message for words in UNREACHED_WORDS):
            raise NotSent(f"Odoo cannot reach its database ({message.strip().splitlines()[0]})") from error
        return Answer(Outcome.REFUSED, None, message)
    except NoAnswer as error:
        return Answer(Outcome.UNKNOWN, None, str(error))
    return interpreted(operation, value)


def _value(client: Client, operation: Operation) -> Any:
    if operation.name == LOOK_UP and may_read_replica(client):
        return looked_up(client, operation.model, operation.arguments["domain"])
    return client.call(operation.model, operation.method, operation.ids, operation.arguments, operation.context)


def looked_up(client: Client, model: str, domain: Any) -> list[dict[str, int]]:
    """Return ``id`` of the records in *domain* as the database that is written to has them; raises `NoAnswer`.

    Odoo sends every method that searches to the replica, but not what its search panel asks: the values that a
    many2one may have, in a domain. So any field that refers to *model* will do.
    """
    refers = {"domain": [("relation", "=", model), ("ttype", "=", "many2one")], "fields": ["model", "name"], "limit": 1}
    found = client.call("ir.model.fields", "search_read", None, refers | {"order": "id"}, {})
    if not found:
        return _looked_up_by_count(client, model, domain)
    wanted = {"field_name": found[0]["name"], "comodel_domain": domain, "expand": True, "hierarchize": False}
    told = client.call(found[0]["model"], "search_panel_select_range", None, wanted, {})
    return [{"id": row["id"]} for row in sorted(told["values"], key=lambda row: int(row["id"]))]


def _looked_up_by_count(client: Client, model: str, domain: Any) -> list[dict[str, int]]:
    """Return what a plain search finds when it is as much as there is; nothing refers to *model*, so that is all to be had."""
    wanted = {"field_name": "create_uid", "search_domain": domain, "enable_counters": True, "hierarchize": False}
    told = client.call(model, "search_panel_select_range", None, wanted, {})
    there = sum(row["__count"] for row in told["values"])
    arguments = {"domain": domain, "fields": ["id"], "order": "id"}
    rows: list[dict[str, int]] = client.call(model, "search_read", None, arguments, {})
    if len(rows) != there:
        raise NoAnswer(f"Odoo's replica is behind: it has {len(rows)} of {there} record(s) of {model} that were looked for")
    return rows


def explained(model: str, method: str, arguments: Mapping[str, Any], error: ServerRefused) -> str:
    """Return Odoo's own words; where it knows an argument by another name, with the method, and what to do about it."""
    message = str(error)
    found = WRONG_ARGUMENT.search(message)
    at_the_door = error.kind.endswith("UnprocessableEntity") or f".{method}()" in message
    if found is None or not at_the_door:
        return message
    given = ", ".join(sorted(arguments)) or "none"
    return (
        f"{model}.{method}: {message.strip().splitlines()[-1]} (parameter {found['name']!r}; given by name: {given}). An "
        f"add-on may have given this method's parameters other names: see /doc/{model} of this Odoo, and use its names; "
        "or rename them in the add-on to what Odoo's own method has"
    )


def interpreted(operation: Operation, value: Any) -> Answer:
    """Return the answer behind *value*: Odoo refuses silently in two ways.

    ``button_validate`` and its like return a window action (a dict with ``res_model``) when a wizard
    would have to be answered first: nothing was done. A dict without it is a notification. ``load``
    returns ``ids: False`` and its reasons in ``messages``.
    """
    if operation.method == "button_validate" and isinstance(value, dict) and value.get("res_model"):
        return Answer(Outcome.REFUSED, value, f"Odoo wants {value['res_model']} answered first; nothing was done")
    if operation.method == "load" and isinstance(value, dict) and not value.get("ids"):
        reasons = "; ".join(str(message.get("message", message)) for message in value.get("messages", []))
        return Answer(Outcome.REFUSED, value, reasons or "load returned no ids")
    return Answer(Outcome.OK, value)


def worth_retrying(answer: Answer) -> bool:
    """Return whether a refusal came from contention only, so that the same request may succeed later."""
    return answer.outcome is Outcome.REFUSED and any(words in answer.message for words in RETRY_WORDS)
