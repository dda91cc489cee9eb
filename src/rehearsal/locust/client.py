"""A `Client` over Locust's fast HTTP client: a session cookie and ``/jsonrpc``, or an API key and ``/json/2``.

It fires no statistics; whoever asks does, under a business name. Nothing is retried: a POST may have been
committed. A session that is over is another matter: Odoo did nothing, so it is opened again, once.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from typing import Any

import gevent
import orjson
from locust.contrib.fasthttp import FastHttpSession

from rehearsal.odoo.client import RETRY_WORDS, NoAnswer, NotAllowed, NotSent, ServerRefused
from rehearsal.odoo.payload import SessionOver, execute_kw, json2_body, json2_result, jsonrpc_result
from rehearsal.targets.base import Database

JSON = {"Content-Type": "application/json"}
LOGIN_TRIES_MAX = 12
LOGIN_PAUSE_S = 0.15
SAVES_SESSION = "/web/session/check"
"""Asked once after logging in. ``/jsonrpc`` never saves the session, so Odoo would take the user for a new device at each
call, and write that into a table before it looks at what is asked (its http.py and base/models/res_device.py)."""
NEVER_SENT = (ConnectionRefusedError, socket.gaierror)
KEY_ALONE = b"an API key opens no web session, so no page can be fetched; set REHEARSE_ODOO_PASSWORD"
LOGIN_PAGE = "/web/login"
"""Where Odoo sends a browser whose session is over: with 303, or as the page itself, whose form says so."""
UNAUTHORIZED = 401


class FastOdoo:
    """One user's way to Odoo, with a cookie jar of its own; logs in lazily."""

    def __init__(self, session: FastHttpSession, database: Database, json2: bool) -> None:
        if json2 and not database.api_key:
            raise NotAllowed("JSON-2 needs an API key; set REHEARSE_ODOO_API_KEY")
        self._session = session
        self._database = database
        self._json2 = self.may_read_replica = json2
        self._secret = database.password or database.api_key
        self._uid = 0
        self._headers = JSON | {"Authorization": f"bearer {database.api_key}", "X-Odoo-Database": database.name}
        self.protocol = "JSON-2" if json2 else "JSON-RPC"
        self.received_bytes = 0
        """Length of the last answer."""

    def call(
        self, model: str, method: str, ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Any:
        """Return what Odoo's *method* returned; see `Client.call`."""
        if self._json2:
            return self._asked(f"/json/2/{model}/{method}", orjson.dumps(json2_body(ids, arguments, context)))
        positional, named = execute_kw(model, method, ids, arguments, context)
        for last in (False, True):
            self.log_in()
            args = [self._database.name, self._uid, self._secret, model, method, positional, named]
            try:
                return self._rpc("/jsonrpc", {"service": "object", "method": "execute_kw", "args": args})
            except SessionOver as error:
                self._uid = 0
                if last:
                    raise NotAllowed(f"Odoo ends every session of {self._database.login!r} at once: {error}") from error
        raise AssertionError("unreachable")

    def log_in(self) -> None:
        """Open a session unless there is one; raises `NotAllowed` or `NotSent`.

        Users who log in at once contend for the row that says when they last did; such a refusal is no verdict.
        """
        if not self._json2:
            self._open_session()

    def _open_session(self) -> None:
        if self._uid:
            return
        for tried in range(1, LOGIN_TRIES_MAX + 1):
            try:
                uid = self._authenticated()
                break
            except NoAnswer as error:
                raise NotSent(f"logging in: {error}") from error
            except ServerRefused as error:
                if tried == LOGIN_TRIES_MAX or not any(words in str(error) for words in RETRY_WORDS):
                    raise NotAllowed(f"logging in as {self._database.login!r}: {error}") from error
                gevent.sleep(LOGIN_PAUSE_S * tried)
        if not uid:
            raise NotAllowed(f"Odoo refused the login {self._database.login!r} to database {self._database.name!r}")
        self._uid = int(uid)

    def _authenticated(self) -> Any:
        there = self._database
        if not there.password:  # keys open no web session
            args = [there.name, there.login, there.api_key]
            return self._rpc("/jsonrpc", {"service": "common", "method": "login", "args": args})
        who = {"db": there.name, "login": there.login, "password": there.password}
        found = self._rpc("/web/session/authenticate", who)
        uid = found.get("uid") if isinstance(found, dict) else None
        if uid:
            with contextlib.suppress(ServerRefused, SessionOver):  # it only saves work
                self._rpc(SAVES_SESSION, {})
        return uid

    def version(self) -> str:
        """Return the server's version."""
        status, body = self._posted("/web/webclient/version_info", b'{"jsonrpc":"2.0","params":{}}', JSON)
        return str(jsonrpc_result(status, body, self._database.login).get("server_version", ""))

    def get(self, path: str) -> tuple[int, bytes]:
        """Fetch a page with the session's cookie, such as a report; return its status and body, redirections too.

        A session that is over (it may be Odoo's clock that ended it) is status 401, never the login page with its 200;
        the next call logs in again.
        """
        if not self._database.password:
            return UNAUTHORIZED, KEY_ALONE
        self._open_session()
        # With its database named, Odoo sends who has no session to the login page, else anywhere (a list, or 404).
        response = self._response("GET", path, None, {"X-Odoo-Database": self._database.name}, follow=False)
        content: bytes = response.content or b""
        sent_away = LOGIN_PAGE in str(response.headers.get("Location") or "")
        if sent_away or f'action="{LOGIN_PAGE}'.encode() in content:
            self._uid = 0
            return UNAUTHORIZED, b"the session is over: Odoo answered with its login page"
        return int(response.status_code), content

    def _asked(self, path: str, body: bytes) -> Any:
        return json2_result(*self._posted(path, body, self._headers))

    def _rpc(self, path: str, params: Mapping[str, Any]) -> Any:
        body = orjson.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
        status, text = self._posted(path, body, JSON)
        return jsonrpc_result(status, text, self._database.login)

    def _posted(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        response = self._response("POST", path, body, headers, follow=True)
        return int(response.status_code), response.content or b""

    def _response(self, method: str, path: str, body: bytes | None, headers: dict[str, str], follow: bool) -> Any:
        self.received_bytes = 0
        # Caught, so that Locust fires no statistics of its own for it.
        response: Any = self._session.request(
            method,
            path,
            data=body,  # type: ignore[arg-type]
            headers=headers,
            catch_response=True,
            allow_redirects=follow,
        )
        if not response.status_code:
            error = getattr(response, "error", None) or response.request_meta.get("exception")
            if isinstance(error, NEVER_SENT):
                raise NotSent(f"no Odoo answers at {self._database.url} ({error})")
            raise NoAnswer(f"no answer ({type(error).__name__}: {error})")
        self.received_bytes = len(response.content or b"")
        return response
