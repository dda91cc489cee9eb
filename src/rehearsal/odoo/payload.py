"""What is sent to Odoo and what its answers mean, whichever HTTP library carries them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from rehearsal.odoo.client import NoAnswer, NotAllowed, ServerRefused

REFUSED_CREDENTIALS = ("Access Denied", "Wrong login", "AccessDenied")
EXPIRED = "SessionExpired"
"""Part of the name of Odoo's exception for a session that is over: nothing was done, logging in again helps."""
PROXY_STATUSES = (502, 503, 504)
"""A page from something in front of Odoo: whether Odoo saw the request is not known."""


class SessionOver(Exception):
    """The session is over: nothing was done; log in again and repeat."""


def execute_kw(
    model: str, method: str, ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return positional and named arguments as ``execute_kw`` wants them."""
    named = dict(arguments)
    if context:
        named["context"] = dict(context)
    positional: list[Any] = [list(ids)] if ids is not None else []
    if method == "create":
        # Odoo's call_kw looks at the first positional argument to tell one record from many.
        positional.append(named.pop("vals_list"))
    return positional, named


def json2_body(ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a JSON-2 call: named arguments, ``ids`` and ``context`` beside them."""
    body = dict(arguments)
    if ids is not None:
        body["ids"] = list(ids)
    if context:
        body["context"] = dict(context)
    return body


def jsonrpc_result(status: int, text: bytes | str, login: str) -> Any:
    """Return the result in a JSON-RPC answer; raises one of the client's exceptions, or `SessionOver`."""
    if status != 200:
        raise NoAnswer(f"HTTP {status} instead of an answer")
    try:
        told = orjson.loads(text)
        error = told.get("error")
    except (ValueError, AttributeError):
        raise NoAnswer("a page instead of an answer") from None
    if error is None:
        return told.get("result")  # a method that returns nothing leaves it out
    data = error.get("data") or {}
    message, kind = str(data.get("message") or error.get("message")), str(data.get("name", ""))
    if EXPIRED in kind:
        raise SessionOver(message)
    if any(words in message or words in kind for words in REFUSED_CREDENTIALS):
        raise NotAllowed(f"Odoo refused the login {login!r}: {message}")
    raise ServerRefused(message, kind)


def json2_result(status: int, text: bytes | str) -> Any:
    """Return the result in a JSON-2 answer; raises one of the client's exceptions."""
    if status == 200:
        try:
            return orjson.loads(text)
        except ValueError:
            raise NoAnswer("a page instead of an answer") from None
    if status in PROXY_STATUSES:
        raise NoAnswer(f"HTTP {status} instead of an answer")
    try:
        told = orjson.loads(text)
        message, kind = str(told["message"]), str(told.get("name", ""))
    except (ValueError, KeyError, TypeError):
        # Odoo's errors are JSON; a page comes from something else, or from an Odoo that has lost its database.
        raise NoAnswer(f"HTTP {status} and a page instead of an answer") from None
    if status == 401:
        raise NotAllowed(f"Odoo refused the API key: {message}")
    raise ServerRefused(message, kind)
