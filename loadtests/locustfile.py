"""The locustfile of a rehearsal: the lanes that perform what the connector asks, and the back office beside them.

``rehearse load NAME`` starts it. By hand, on several hosts: see docs/load.md.
"""

from __future__ import annotations

from locust import task

from rehearsal import project
from rehearsal.locust import OdooUser
from rehearsal.locust.wiring import wiring

backoffice = project.module("loadtests", "backoffice")
Picker, Dashboard, StockReport = backoffice.Picker, backoffice.Dashboard, backoffice.StockReport
Printer, Scheduler = backoffice.Printer, backoffice.Scheduler

wiring.install()


class Lane(OdooUser):
    """Takes one operation after the other from the connector, and hands its answer back."""

    role = "lane"

    def on_start(self) -> None:
        """Log in, and say so: the doors open when every lane is ready."""
        super().on_start()
        wiring.lane_ready()

    @task
    def work(self) -> None:
        """Perform one operation."""
        assert wiring.bench is not None
        wiring.bench.work(self)
