"""The same read through OdooLocust 2.0, in an environment of its own."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import _measured  # noqa: F401 - it listens
from locust import task
from OdooLocust.OdooLocustUser import OdooLocustUser

THERE = urlsplit(os.environ["BENCH_URL"])


class Theirs(OdooLocustUser):  # type: ignore[misc]
    """As its own README does it."""

    host = THERE.hostname
    port = THERE.port
    database = os.environ["REHEARSE_ODOO_DATABASE"]
    login = os.environ["REHEARSE_ODOO_LOGIN"]
    password = os.environ["REHEARSE_ODOO_PASSWORD"]
    protocol = "jsonrpc"

    @task
    def read(self) -> None:
        """Read the main company's name."""
        self.client.get_model("res.company").read([1], ["name"])
