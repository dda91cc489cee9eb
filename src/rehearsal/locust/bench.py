"""The bench: where the lanes of one process take their operations from, and what they write down.

A line is written before an operation is sent, and another at its end, whatever that end is; so a killed
process leaves a file that says which operations it had sent and never heard of.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gevent
import orjson
from gevent.event import Event as Signal
from gevent.queue import Queue, ShutDown
from locust.exception import StopUser

from rehearsal.clock.lanes import RECONNECT_PAUSE_S, RECONNECT_S_MAX
from rehearsal.history import History
from rehearsal.locust.user import OdooUser, stop_test
from rehearsal.model import Answer, Operation, Outcome
from rehearsal.odoo.client import NotAllowed, NotSent, perform

LOST = "the lane was stopped before an answer came"
GIVEN_UP = "the master had given this worker up, so nothing was sent"
LEASE_S = 3.0
"""How long a worker may send without a word from its master; the master waits longer before it deals its orders anew."""


@dataclass(frozen=True, slots=True)
class Job:
    """An operation as it is dealt to a lane."""

    index: int
    name: str
    operation: Operation
    behind_s: float
    """How long it had been due when it was dealt."""

    def packed(self) -> bytes:
        """Return the job as bytes, for a worker elsewhere."""
        asked = self.operation
        return orjson.dumps(
            [self.index, self.name, self.behind_s, asked.name, asked.model, asked.method, asked.ids, asked.arguments,
             asked.context, asked.orders, asked.writes]
        )  # fmt: skip

    @classmethod
    def unpacked(cls, told: bytes) -> Job:
        """Return the job behind *told*; the proof stays with whoever dealt it."""
        index, name, behind_s, what, model, method, ids, arguments, context, orders, writes = orjson.loads(told)
        operation = Operation(
            what, model, method, tuple(ids) if ids is not None else None, arguments, context, tuple(orders), writes=writes
        )
        return cls(index, name, operation, behind_s)


Heard = Callable[[int, Answer, float], None]
"""Takes the answer of an operation and the wall seconds it took."""


class Lease:
    """A worker's leave to send: each answer of its master renews it, silence ends it, and so does being given up.

    A worker that was held up (a frozen machine, a cut line) finds the operations that were dealt to it meanwhile, and
    others have them by then.
    """

    def __init__(self) -> None:
        self._until_s = 0.0
        self._over = False
        self._renewed = Signal()

    def renew(self, asked_s: float) -> None:
        """Take note that the master had not given this worker up at *asked_s*, by this worker's own clock, or later."""
        self._until_s = max(self._until_s, asked_s + LEASE_S)
        self._renewed.set()

    def end(self) -> None:
        """Take note that the master has given this worker up."""
        self._over = True
        self._renewed.set()

    def await_leave(self) -> bool:
        """Wait until the master is heard of; return whether anything may be sent."""
        while not self._over and time.monotonic() >= self._until_s:
            self._renewed.clear()
            self._renewed.wait()
        return not self._over


class Bench:
    """One process's queue of jobs, its file, and the way back for answers."""

    def __init__(self, folder: Path, process: str) -> None:
        self.history = History(folder, process)
        self.lanes = 0
        """Lanes that are logged in and take jobs."""
        self.told: Heard | None = None
        """The way back for answers."""
        self.lease: Lease | None = None
        """The leave to send that a worker needs; None where the conductor is in this very process."""
        self._jobs: Queue[tuple[Job, float]] = Queue()

    def put(self, job: Job) -> None:
        """Add a job; never switches greenlets."""
        self._jobs.put_nowait((job, time.monotonic()))

    def work(self, user: OdooUser) -> None:
        """Take one job, perform it and hand its answer back: one task of a lane. Waits for a job as long as it takes."""
        try:
            job, put_s = self._jobs.get()
        except ShutDown:
            raise StopUser from None
        if not self._may_send():
            return  # no line and no answer: nothing was done, and nobody waits for it
        behind_s = job.behind_s + time.monotonic() - put_s
        answer, began_s = Answer(Outcome.UNKNOWN, None, LOST), time.monotonic()
        self.history.write("sent", 0.0, operation=job.index, name=job.name, wall={"at_s": round(time.time(), 4)})
        try:
            answer = self._performed(user, job)
        finally:  # also when the greenlet is killed: what was sent may have been done
            took_s = time.monotonic() - began_s
            self.history.write(
                "performed",
                0.0,
                operation=job.index,
                name=job.name,
                outcome=answer.outcome.value,
                wall={"at_s": round(time.time(), 4), "took_s": round(took_s, 4), "behind_s": round(behind_s, 4)},
            )
            user.report(job.name, answer, behind_s + took_s, time.time() - took_s)
            if self.told is not None:
                self.told(job.index, answer, took_s)

    def close(self) -> None:
        """End the lanes that wait for a job, and the file."""
        self._jobs.shutdown(immediate=True)

    def _performed(self, user: OdooUser, job: Job) -> Answer:
        """Perform a job; while nobody listens at Odoo's port nothing is sent, so it is tried again, for a bounded time."""
        deadline = time.monotonic() + RECONNECT_S_MAX
        while self._may_send():
            try:
                return perform(user.odoo, job.operation)
            except NotAllowed as error:
                return Answer(Outcome.REFUSED, None, stop_test(user.environment, str(error)))
            except NotSent as error:
                if time.monotonic() > deadline:
                    why = f"Odoo went away during the run: {error}; nobody answered for {RECONNECT_S_MAX:g} s"
                    return Answer(Outcome.REFUSED, None, stop_test(user.environment, why))
                gevent.sleep(RECONNECT_PAUSE_S)
        return Answer(Outcome.REFUSED, None, GIVEN_UP)

    def _may_send(self) -> bool:
        return self.lease is None or self.lease.await_leave()


def packed_answer(index: int, answer: Answer, took_s: float) -> bytes:
    """Return an answer as bytes, for the master."""
    return orjson.dumps([index, answer.outcome.value, answer.value, answer.message, took_s])


def unpacked_answer(told: bytes) -> tuple[int, Answer, float]:
    """Return the answer behind *told*."""
    index, outcome, value, message, took_s = orjson.loads(told)
    return index, Answer(Outcome(outcome), value, message), took_s
