"""The OdooRPC adapter: ``/jsonrpc``, Odoo 16 to 21.

Only OdooRPC's transport is used, since two things cost Odoo more than most calls do. Checking a password takes half a
second (600,000 rounds of PBKDF2), so an API key is taken where it is known whose it is; else who a login is is asked once
per database and process, not once per lane, as `odoorpc.ODOO.login` would. And a request that does not name its database has Odoo connect to PostgreSQL once more, to list
all there are; Odoo 19 reads the name from a header.
"""

from __future__ import annotations

import http.client
import socket
import urllib.error
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import build_opener

import odoorpc
import odoorpc.error

from rehearsal.odoo.client import NoAnswer, NotAllowed, NotSent, ServerRefused
from rehearsal.odoo.payload import REFUSED_CREDENTIALS, execute_kw
from rehearsal.targets.base import Database

_known: dict[Database, int] = {}
"""Who a login is, by database: what Odoo told this process. Without a lock, since lanes that ask at once hear the same."""


class OdooRpcClient:
    """A `Client` over OdooRPC; logs in lazily, once."""

    may_read_replica = False  # Odoo's service/model.py opens a cursor that may write, whatever is asked

    def __init__(self, database: Database, timeout_s: float) -> None:
        self._database = database
        self._timeout_s = timeout_s
        keyed = database.api_key and (database.uid or not database.password)
        self._secret = database.api_key if keyed else database.password
        self._odoo: Any = None
        self._uid = 0

    def call(
        self, model: str, method: str, ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Any:
        """Return what *method* returned; see `Client.call`."""
        odoo = self._connected()
        positional, named = execute_kw(model, method, ids, arguments, context)
        payload = [self._database.name, self._uid, self._secret, model, method, positional, named]
        call = {"service": "object", "method": "execute_kw", "args": payload}
        # A method that returns nothing leaves "result" out of the answer.
        return self._guarded(lambda: odoo.json("/jsonrpc", call).get("result"))

    def version(self) -> str:
        """Return the server's version."""
        odoo = self._connected()
        return str(odoo.version)

    def _connected(self) -> Any:
        if self._odoo is not None:
            return self._odoo
        url = urlsplit(self._database.url)
        secure = url.scheme == "https"
        opener = build_opener()
        opener.addheaders = [("X-Odoo-Database", self._database.name)]
        try:
            odoo = odoorpc.ODOO(
                url.hostname,
                protocol="jsonrpc+ssl" if secure else "jsonrpc",
                port=url.port or (443 if secure else 80),
                timeout=self._timeout_s,
                opener=opener,
            )
        except Exception as error:
            raise NotSent(f"no Odoo answers at {self._database.url} ({error})") from error
        self._uid = self._database.uid or _known.get(self._database) or self._logged_in(odoo)
        _known[self._database] = self._uid
        self._odoo = odoo
        return odoo

    def _logged_in(self, odoo: Any) -> int:
        there = self._database
        ask = {"service": "common", "method": "login", "args": [there.name, there.login, self._secret]}
        try:
            uid = self._guarded(lambda: odoo.json("/jsonrpc", ask).get("result"))
        except NoAnswer as error:
            raise NotSent(str(error)) from error
        except ServerRefused as error:
            raise NotAllowed(f"Odoo refused the login {there.login!r}: {error}") from error
        if not uid:
            raise NotAllowed(f"Odoo refused the login {there.login!r}: wrong login or password")
        return int(uid)

    def _guarded(self, ask: Any) -> Any:
        try:
            return ask()
        except odoorpc.error.RPCError as error:
            info = error.info if isinstance(error.info, dict) else {}
            kind = str(info.get("name", "") or (info.get("data") or {}).get("name", ""))
            message = str(error)
            if any(words in message or words in kind for words in REFUSED_CREDENTIALS):
                _known.pop(self._database, None)
                raise NotAllowed(f"Odoo refused the login {self._database.login!r}: {message}") from error
            raise ServerRefused(message, kind) from error
        except urllib.error.HTTPError as error:
            raise NoAnswer(f"HTTP {error.code} instead of an answer") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError | socket.gaierror):
                raise NotSent(f"no Odoo answers at {self._database.url} ({error.reason})") from error
            raise NoAnswer(f"no answer ({error.reason})") from error
        except (TimeoutError, ConnectionError, http.client.HTTPException, OSError, ValueError) as error:
            raise NoAnswer(f"no answer within {self._timeout_s:g} s ({type(error).__name__}: {error})") from error
