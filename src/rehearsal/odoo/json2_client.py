"""The JSON-2 adapter: ``POST /json/2/<model>/<method>``, Odoo 19 on, with an API key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from rehearsal.odoo.client import NoAnswer, NotAllowed, NotSent
from rehearsal.odoo.payload import json2_body, json2_result
from rehearsal.targets.base import Database


class Json2Client:
    """A `Client` over JSON-2. Nothing is retried here: a POST may have been committed."""

    may_read_replica = True

    def __init__(self, database: Database, timeout_s: float) -> None:
        if not database.api_key:
            raise NotAllowed("JSON-2 needs an API key; set REHEARSE_ODOO_API_KEY, or use client: odoorpc")
        self._base = database.url
        self._timeout_s = timeout_s
        self._pool = urllib3.PoolManager(maxsize=1, retries=False, timeout=urllib3.Timeout(total=timeout_s))
        self._headers = {
            "Authorization": f"bearer {database.api_key}",
            "X-Odoo-Database": database.name,
            "Content-Type": "application/json; charset=utf-8",
        }

    def call(
        self, model: str, method: str, ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Any:
        """Return what *method* returned; see `Client.call`."""
        body = json.dumps(json2_body(ids, arguments, context)).encode()
        return json2_result(*self._posted(f"/json/2/{model}/{method}", body))

    def version(self) -> str:
        """Return the server's version."""
        try:
            answer = self._pool.request("GET", f"{self._base}/web/version")
            return str(json.loads(answer.data).get("version", ""))
        except (HTTPError, ValueError) as error:
            raise NotSent(f"no Odoo answers at {self._base} ({error})") from error

    def _posted(self, path: str, body: bytes) -> tuple[int, str]:
        try:
            answer = self._pool.request("POST", self._base + path, body=body, headers=self._headers)
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise NotSent(f"no Odoo answers at {self._base} ({error})") from error
        except HTTPError as error:
            raise NoAnswer(f"no answer within {self._timeout_s:g} s ({type(error).__name__})") from error
        return int(answer.status), answer.data.decode()
