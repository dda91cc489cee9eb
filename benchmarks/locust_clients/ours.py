"""The same read through `rehearsal.locust.OdooUser`."""

from __future__ import annotations

import _measured  # noqa: F401 - it listens
from locust import task

from rehearsal.locust import OdooUser


class Ours(OdooUser):
    """What people write in their own locustfile."""

    @task
    def read(self) -> None:
        """Read the main company's name."""
        self.call("res.company", "read", [1], fields=["name"], name="read")
