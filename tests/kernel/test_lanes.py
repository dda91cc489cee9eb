"""Lanes to an Odoo that goes away: what is asked while it is gone waits, however its port behaves meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import simpy

from rehearsal.clock import lanes as clock
from rehearsal.clock.lanes import Lanes
from rehearsal.errors import EnvironmentNotReady
from rehearsal.history import History
from rehearsal.model import Answer, Operation, Outcome
from rehearsal.odoo.client import NoAnswer
from rehearsal.odoo.connect import reachable


class Port:
    """An open port: each request is cut off at once while the Odoo behind it is gone."""

    def __init__(self, gone_for: int) -> None:
        self.looks_until_back = gone_for
        self.asked: list[bool] = []
        """Whether Odoo was there, by request."""

    def call(self, *_: object) -> bool:
        """Do it, or cut it off."""
        self.asked.append(self.looks_until_back == 0)
        if self.looks_until_back:
            raise NoAnswer("Connection reset by peer")
        return True

    def version(self) -> str:
        return "19.0"

    def answers(self) -> bool:
        """One look nearer to its return."""
        self.looks_until_back = max(0, self.looks_until_back - 1)
        return self.looks_until_back == 0


def answers(port: Port, folder: Path, count: int, reachable: Callable[[], bool] | None) -> list[Outcome]:
    """Ask *count* times, ten scenario seconds apart, over one lane."""
    env, told = simpy.Environment(), []
    with History(folder / "history") as history:
        lanes = Lanes(env, lambda: port, 1, 2.0, 3.0, history, None, reachable)
        try:
            for _ in range(count):
                answer = env.run(until=lanes.ask(Operation("write", "sale.order", "write", (1,))))
                assert isinstance(answer, Answer)
                told.append(answer.outcome)
                env.run(until=env.now + 10)
        finally:
            lanes.close()
    return told


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real time passes a hundred times faster."""
    monkeypatch.setattr(clock, "RECONNECT_PAUSE_S", 0.005)
    monkeypatch.setattr(clock, "RECONNECT_S_MAX", 0.5)


def test_after_one_request_was_cut_off_the_next_waits_for_odoo(tmp_path: Path) -> None:
    """Its pauses are scenario time, so without it every try would be gone before Odoo is back."""
    port = Port(gone_for=20)

    assert answers(port, tmp_path, 4, port.answers) == [Outcome.UNKNOWN, *[Outcome.OK] * 3]
    assert port.asked == [False, True, True, True]


def test_where_nobody_can_say_whether_odoo_is_there_it_is_asked_all_the_same(tmp_path: Path) -> None:
    """As it was: each request finds out for itself."""
    assert answers(Port(gone_for=20), tmp_path, 4, None) == [Outcome.UNKNOWN] * 4


def test_an_odoo_that_does_not_come_back_ends_the_run(tmp_path: Path) -> None:
    """After the same time as one whose port is closed."""
    with pytest.raises(EnvironmentNotReady, match=r"went away during the run: connections are accepted and cut off"):
        answers(Port(gone_for=1_000_000), tmp_path, 2, lambda: False)


@pytest.mark.parametrize(("status", "there"), [(200, True), (404, True), (500, False), (502, False)])
def test_an_error_of_the_server_is_no_sign_of_odoo(status: int, there: bool) -> None:
    """An older Odoo has no such page, and is there."""
    with page(status) as url:
        assert reachable(url) is there
    assert reachable(url) is False


@contextmanager
def page(status: int) -> Iterator[str]:
    """Serve *status* for every page; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(5)
