"""The virtual clock: scenario time runs as fast as Odoo answers.

An operation issued at scenario time t goes to a pool of lanes at once; its answer is awaited only when
the clock reaches t plus the modelled round trip. So operations that overlap in the scenario overlap
in reality. With one lane every operation runs in issue order.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import orjson
import simpy

from rehearsal.errors import EnvironmentNotReady
from rehearsal.history import History
from rehearsal.model import Answer, Operation, Outcome
from rehearsal.odoo.client import Client, ClientFactory, NotAllowed, NotSent, perform
from rehearsal.strangers import shown

RECONNECT_S_MAX = float(os.environ.get("REHEARSE_RECONNECT_S") or 45.0)
"""How long a lane tries to reach an Odoo that accepts no connection, before the run ends."""
RECONNECT_PAUSE_S = 0.5

AS_SENT = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


@dataclass(frozen=True, slots=True)
class Desk:
    """The ERP, bound to the event that made the connector ask; stamps each operation with its cause."""

    erp: Road
    cause: str

    @property
    def env(self) -> simpy.Environment:
        """The clock that the connector lives on."""
        return self.erp.env

    def ask(self, operation: Operation) -> simpy.Event:
        """Return an event whose value will be the `Answer`; raises TypeError for what cannot be sent."""
        if not isinstance(operation, Operation):
            raise TypeError(f"erp.ask({shown(operation)}); expected an Operation")
        try:
            orjson.dumps([operation.ids, operation.arguments, operation.context, operation.orders], option=AS_SENT)
        except TypeError as error:
            raise TypeError(f"operation {shown(operation.name)} cannot be sent as JSON: {error}") from None
        return self.erp.ask(operation, self.cause)


class Road:
    """The way to Odoo, whatever the clock: what is asked and answered is written down and counted here."""

    def __init__(self, env: simpy.Environment, round_trip_s: float, timeout_s: float, history: History) -> None:
        self.env = env
        self._round_trip_s = round_trip_s
        self._wait_s_max = timeout_s + RECONNECT_S_MAX + 30
        self._history = history
        self.counts = dict.fromkeys(Outcome, 0)
        self.busy_s = 0.0
        self.doubtful: list[tuple[int, Operation]] = []
        """Writes whose outcome is unknown, with their index in the history."""
        self.repeated: set[int] = set()
        """Those of them that were asked again later, word for word, and then done."""
        self._before_write: list[Callable[[], None]] = []

    def desk(self, cause: str) -> Desk:
        """Return this ERP, bound to *cause* (an event id, or a word for what the harness itself does)."""
        return Desk(self, cause)

    def ask(self, operation: Operation, cause: str = "") -> simpy.Event:
        """Send *operation* on its way; the returned event's value is its `Answer`."""
        raise NotImplementedError

    def upon_next_write(self, act: Callable[[], None]) -> None:
        """Call *act* when the next write is about to be sent."""
        self._before_write.append(act)

    def _about_to_send(self, operation: Operation) -> None:
        while operation.writes and self._before_write:
            self._before_write.pop()()

    def _landed(self, index: int, operation: Operation, cause: str, answer: Answer, took_s: float) -> None:
        """Write down and count how operation number *index* ended."""
        self._history.answer(index, answer, self.env.now, took_s, cause, operation.name)
        self.counts[answer.outcome] += 1
        self.busy_s += took_s
        if answer.outcome is Outcome.UNKNOWN and operation.writes:
            self.doubtful.append((index, operation))
        elif answer.ok and self.doubtful:
            self.repeated |= {doubt for doubt, asked in self.doubtful if asked == operation}


class Lanes(Road):
    """A pool of clients, one per lane, that serves one environment."""

    def __init__(
        self,
        env: simpy.Environment,
        clients: ClientFactory,
        lanes: int,
        round_trip_s: float,
        timeout_s: float,
        history: History,
        before_ask: Callable[[float], None] | None = None,
        reachable: Callable[[], bool] | None = None,
    ) -> None:
        """*before_ask* is told the scenario second of each operation before it is sent (see `erp_clock`).

        *reachable* tells whether Odoo answers at all; None when nobody can say.
        """
        super().__init__(env, round_trip_s, timeout_s, history)
        self._before_ask = before_ask
        self._timeout_s = timeout_s
        self._reachable = reachable
        self._cut_off = threading.Event()
        self._clients = clients
        self._own = threading.local()
        self._stopping = threading.Event()
        self._under_way: set[Future[tuple[Answer, float]]] = set()
        self._pool = ThreadPoolExecutor(max_workers=lanes, thread_name_prefix="lane")

    def ask(self, operation: Operation, cause: str = "") -> simpy.Event:
        """Send *operation* to a lane now; the returned event's value is its `Answer`, a round trip later."""
        index = self._history.operation(operation, self.env.now, cause)
        if self._before_ask:
            self._before_ask(self.env.now)
        future: Future[tuple[Answer, float]] = self._pool.submit(self._performed, operation)
        self._under_way = {one for one in self._under_way if not one.done()} | {future}
        answered = self.env.event()
        arrival = self.env.timeout(self._round_trip_s)

        def land(_: simpy.Event) -> None:
            answer, took_s = future.result(timeout=self._wait_s_max)
            self._landed(index, operation, cause, answer, took_s)
            answered.succeed(answer)

        assert arrival.callbacks is not None
        arrival.callbacks.append(land)
        return answered

    def still(self) -> None:
        """Wait until everything that was asked is done in Odoo, whatever the clock says; bounded."""
        wait(self._under_way, timeout=self._wait_s_max)

    def close(self) -> None:
        """End the lanes; what is on its way is awaited, what waits in the queue is dropped."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _performed(self, operation: Operation) -> tuple[Answer, float]:
        began = time.monotonic()
        self._about_to_send(operation)
        while True:
            try:
                self._await_odoo(began)
                asked = time.monotonic()
                answer = perform(self._client(), operation)
                if answer.outcome is Outcome.UNKNOWN and time.monotonic() - asked < self._timeout_s:
                    self._cut_off.set()
                return answer, time.monotonic() - began
            except NotAllowed as error:
                raise EnvironmentNotReady(
                    f"{error}; check the login, and REHEARSE_ODOO_PASSWORD or REHEARSE_ODOO_API_KEY"
                ) from error
            except NotSent as error:
                if self._stopping.is_set() or time.monotonic() - began > RECONNECT_S_MAX:
                    raise EnvironmentNotReady(
                        f"Odoo went away during the run: {error}; nobody answered for {RECONNECT_S_MAX:g} s. "
                        "See `rehearse status`, start it with `rehearse up`, and run again"
                    ) from error
                time.sleep(RECONNECT_PAUSE_S)

    def _await_odoo(self, began: float) -> None:
        """Wait until Odoo answers again after somebody was cut off; raises `NotSent` when it does not.

        Whoever finds the port closed waits for it all the same. A port that something else keeps open (a container
        engine, a load balancer) cuts each request off at once, and a connector's pauses are scenario time: every try
        that it has would be gone in a moment.
        """
        while self._cut_off.is_set() and self._reachable is not None:
            if self._reachable():
                self._cut_off.clear()
            elif self._stopping.is_set() or time.monotonic() - began > RECONNECT_S_MAX:
                raise NotSent("connections are accepted and cut off")
            else:
                time.sleep(RECONNECT_PAUSE_S)

    def _client(self) -> Client:
        client: Client | None = getattr(self._own, "client", None)
        if client is None:
            client = self._own.client = self._clients()
        return client
