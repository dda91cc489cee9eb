"""Talking to Odoo: one interface, and what its answers mean.

Two adapters stand behind it (`odoorpc_client`, `json2_client`). A client belongs to one lane and is
never shared between threads. How the three outcomes are told apart:

* an answer that Odoo made: ok, or refused with Odoo's own message (Odoo rolled back);
* no connection: refused, since nothing was sent;
* sent, and no answer in time: unknown; it may have been committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rehearsal.model import Answer, Operation, Outcome

UNREACHED_WORDS = (
    "could not connect to server", "connection to server", "the database system is starting up",
    "the database system is shutting down", "the database system is in recovery mode",
)  # fmt: skip
"""Odoo could not reach PostgreSQL: nothing was begun."""
CUT_WORDS = (
    "server closed the connection unexpectedly", "terminating connection", "connection already closed",
    "cursor already closed", "SSL connection has been closed", "no connection to the server",
)  # fmt: skip
"""Odoo lost PostgreSQL on the way: if it was in its commit, that may have gone through."""
RETRY_WORDS = ("could not serialize access", "could not obtain lock", "deadlock detected", "LockError")
"""Odoo retried five times by itself and gave up: nothing was committed, asking again is safe."""


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
        self,
        model: str,
        method: str,
        ids: tuple[int, ...] | None,
        arguments: Mapping[str, Any],
        context: Mapping[str, Any],
    ) -> Any:
        """Return what Odoo's *method* returned. Raises one of this module's four exceptions."""

    def version(self) -> str:
        """Return the server's version, such as ``19.0``."""


ClientFactory = Callable[[], Client]


def perform(client: Client, operation: Operation) -> Answer:
    """Ask *client* to do *operation* and say how it ended; `NotAllowed` and `NotSent` pass through."""
    try:
        value = client.call(operation.model, operation.method, operation.ids, operation.arguments, operation.context)
    except ServerRefused as error:
        message = str(error)
        if any(words in message for words in CUT_WORDS):
            return Answer(Outcome.UNKNOWN, None, message)
        if any(words in message for words in UNREACHED_WORDS):
            raise NotSent(f"Odoo cannot reach its database ({message.strip().splitlines()[0]})") from error
        return Answer(Outcome.REFUSED, None, message)
    except NoAnswer as error:
        return Answer(Outcome.UNKNOWN, None, str(error))
    return interpreted(operation, value)


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
