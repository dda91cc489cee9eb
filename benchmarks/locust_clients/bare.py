"""A bare FastHttpUser loop: one read of one record over /jsonrpc, with a session cookie."""

from __future__ import annotations

import os

import _measured  # noqa: F401 - it listens
from locust import FastHttpUser, task


class Bare(FastHttpUser):
    """As little as can be."""

    def on_start(self) -> None:
        """Log in."""
        who = {"db": os.environ["REHEARSE_ODOO_DATABASE"], "login": os.environ["REHEARSE_ODOO_LOGIN"]}
        params = who | {"password": os.environ["REHEARSE_ODOO_PASSWORD"]}
        answer = self.client.post("/web/session/authenticate", json={"jsonrpc": "2.0", "params": params}, name="log in")
        self.args = [who["db"], answer.json()["result"]["uid"], params["password"]]

    @task
    def read(self) -> None:
        """Read the main company's name."""
        args = [*self.args, "res.company", "read", [[1]], {"fields": ["name"]}]
        params = {"service": "object", "method": "execute_kw", "args": args}
        self.client.post("/jsonrpc", json={"jsonrpc": "2.0", "method": "call", "params": params}, name="read").json()
