"""Who performs the operations of a run: the lanes of this process, or the workers of a Locust master."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event as Signal
from locust.exception import RPCError
from locust.runners import STATE_MISSING, MasterRunner

from rehearsal.clock.paced import Asked, Paced, PacedRoad
from rehearsal.errors import HarnessFault
from rehearsal.load.shards import key_of, shard_of
from rehearsal.locust.bench import LEASE_S, Bench, Job, unpacked_answer

logger = logging.getLogger(__name__)
DEAL, ANSWER, READY, GATHER, LINES, SETTINGS, PING, PONG = (
    "rehearsal_deal",
    "rehearsal_answer",
    "rehearsal_ready",
    "rehearsal_gather",
    "rehearsal_lines",
    "rehearsal_settings",
    "rehearsal_ping",
    "rehearsal_pong",
)
"""Messages between master and workers."""
READY_S_MAX = 120.0
"""How long the lanes may take to log in."""
GATHER_S_MAX = 60.0
RETURNED_S_MAX = 10.0
"""How long one that came back after it had been given up may take to hand in what it did."""
WATCH_S = 0.5
PING_S = 0.5
SILENCE_S = LEASE_S + 1.0
"""A worker is given up after so long a silence at the earliest: by then it sends nothing any more."""
Lost = Callable[[str, str], None]
"""Told which worker was lost, by name, and what it means, in a sentence."""


def job_of(asked: Asked, env: Paced) -> Job:
    """Return *asked* as it is dealt."""
    return Job(asked.index, asked.name, asked.operation, max(0.0, env.wall() - asked.due_wall_s))


class LocalCrew:
    """The lanes of this very process."""

    given_up: Mapping[str, set[int]] = {}

    def __init__(self, bench: Bench, env: Paced) -> None:
        self._bench = bench
        self._env = env

    def bind(self, road: PacedRoad) -> None:
        """Let answers go to *road*."""
        self._bench.told = road.tell

    def deal(self, asked: Asked) -> None:
        """Put an operation on the bench."""
        self._bench.put(job_of(asked, self._env))

    def await_lanes(self, lanes: int) -> None:
        """Wait until *lanes* lanes are logged in; raises `HarnessFault`."""
        await_ready(lambda: self._bench.lanes, lanes)

    def gather(self, folder: Path) -> tuple[str, ...]:
        """Leave the file where it is: in the run's own folder. Returns nobody that failed to hand in."""
        return ()

    def close(self) -> None:
        """End the lanes."""
        self._bench.close()


class RemoteCrew:
    """The workers of this master, each with its own shard of the orders."""

    def __init__(self, runner: MasterRunner, env: Paced, lost: Lost) -> None:
        self._runner = runner
        self._env = env
        self._lost = lost
        self.road: PacedRoad | None = None
        self.lanes: dict[str, int] = {}
        """Client id to lanes that are logged in."""
        self._clients: dict[int, str] = {}
        """Shard to client id, fixed when the doors open."""
        self.given_up: dict[str, set[int]] = {}
        """Lost workers by name, with the operations that were under way there."""
        self._lost_clients: dict[str, str] = {}
        self._heard_s: dict[str, float] = {}
        self._under_way: dict[int, set[int]] = {}
        self._folder: Path | None = None
        self._parts: dict[str, int] = {}
        self._handed_in: set[str] = set()
        self._handed = Signal()
        runner.register_message(ANSWER, self._answered)
        runner.register_message(READY, self._ready)
        runner.register_message(LINES, self._lines)
        runner.register_message(PING, self._pinged)
        self._watcher = gevent.spawn(self._watch)

    @property
    def shards(self) -> tuple[int, ...]:
        """The shards whose workers are alive."""
        return tuple(self._clients)

    def bind(self, road: PacedRoad) -> None:
        """Let answers go to *road*."""
        self.road = road

    def await_lanes(self, lanes: int) -> None:
        """Wait until *lanes* lanes are logged in, then fix the shards: one per worker that has any."""
        await_ready(lambda: sum(self.lanes.values()), lanes)
        for client in self.lanes:
            self._clients[self._runner.get_worker_index(client)] = client
        self._under_way = {shard: set() for shard in self._clients}

    def deal(self, asked: Asked) -> None:
        """Send an operation to the worker that its order belongs to."""
        if not self._clients:
            raise HarnessFault("every worker was lost; nobody is left to drive Odoo")
        shard = shard_of(key_of(asked.operation, asked.cause), self._clients)
        self._under_way[shard].add(asked.index)
        try:
            self._runner.send_message(DEAL, {"job": job_of(asked, self._env).packed()}, self._clients[shard])
        except RPCError as error:
            logger.warning("an operation could not be dealt to %s: %s", self.name(shard), error)  # the watch finds out

    def gather(self, folder: Path) -> tuple[str, ...]:
        """Have every worker hand in its file, into *folder*; return the names of those that did not in time.

        One that was given up and is back is asked too, so that what it did is known; it was named already.
        """
        self._folder = folder
        wanted = {self.name(shard): client for shard, client in self._clients.items()}
        back = {name: client for client, name in self._lost_clients.items() if self._alive(client)}
        for name, client in (wanted | back).items():
            try:
                self._runner.send_message(GATHER, None, client)
            except RPCError as error:
                logger.warning("%s could not be asked for its file: %s", name, error)
        self._await_files(set(wanted), GATHER_S_MAX)
        self._await_files(set(back), RETURNED_S_MAX)
        self._folder = None  # what comes now comes too late
        return tuple(sorted(set(wanted) - self._handed_in))

    def _await_files(self, names: set[str], seconds: float) -> None:
        with gevent.Timeout(seconds, False):
            while not names <= self._handed_in:
                self._handed.clear()
                self._handed.wait()

    def close(self) -> None:
        """Watch the workers no more; Locust ends them."""
        self._watcher.kill(block=False)

    @staticmethod
    def name(shard: int) -> str:
        """Return the name of a worker, which is its file's."""
        return f"worker-{shard}"

    def _ready(self, environment: Any, msg: Any, **_: Any) -> None:
        self.lanes[msg.node_id] = msg.data["lanes"]

    def _answered(self, environment: Any, msg: Any, **_: Any) -> None:
        index, answer, took_s = unpacked_answer(msg.data["answer"])
        shard = self._runner.get_worker_index(msg.node_id)
        self._under_way.get(shard, set()).discard(index)
        if self.road is not None:
            self.road.tell(index, answer, took_s)

    def _lines(self, environment: Any, msg: Any, **_: Any) -> None:
        """Take a part of a worker's file; a file appears whole, once, or not at all."""
        name, number = self.name(self._runner.get_worker_index(msg.node_id)), msg.data["number"]
        if self._folder is None or name in self._handed_in or number != self._parts.get(name, 0) + 1:
            return
        partial = self._folder / f"{name}.ndjson.partial"
        try:
            with partial.open("ab" if number > 1 else "wb") as file:
                file.write(msg.data["part"])
            self._parts[name] = number
            if msg.data["last"]:
                partial.replace(self._folder / f"{name}.ndjson")
                self._handed_in.add(name)
                self._handed.set()
        except OSError as error:
            logger.error("the file of %s could not be written: %s", name, error)  # it is then missing, which is told

    def _pinged(self, environment: Any, msg: Any, **_: Any) -> None:
        """Renew a worker's leave to send, unless it was given up."""
        self._heard_s[msg.node_id] = time.monotonic()
        told = {"asked_s": msg.data["asked_s"], "given_up": msg.node_id in self._lost_clients}
        self._runner.send_message(PONG, told, msg.node_id)

    def _alive(self, client: str) -> bool:
        node = self._runner.clients.get(client)
        return node is not None and node.state != STATE_MISSING

    def _watch(self) -> None:
        """Notice workers that are gone; Locust itself takes about four seconds for one that was killed."""
        while True:
            gevent.sleep(WATCH_S)
            for shard, client in list(self._clients.items()):
                silent_s = time.monotonic() - self._heard_s.get(client, 0.0)
                if not self._alive(client) and silent_s > SILENCE_S:
                    self._drop(shard, client)

    def _drop(self, shard: int, client: str) -> None:
        del self._clients[shard]
        assert self.road is not None
        what, under_way = f"{self.name(shard)} ({client}) was lost", self._under_way.pop(shard, set())
        self._lost_clients[client], self.given_up[self.name(shard)] = self.name(shard), under_way
        count = self.road.give_up(under_way, what)
        logger.error("%s; %d operation(s) were under way there", what, count)
        self._lost(
            self.name(shard),
            f"{what} with {count} operation(s) under way, which may or may not have happened; its orders were dealt "
            "anew among the others. See why it ended (its log, its memory), and run again",
        )


def await_ready(ready: Callable[[], int], wanted: int) -> None:
    """Wait until *wanted* lanes are ready, for a bounded time; raises `HarnessFault`."""
    with gevent.Timeout(READY_S_MAX, False):
        while ready() < wanted:
            gevent.sleep(0.05)
    if ready() < wanted:
        raise HarnessFault(
            f"{ready()} of {wanted} lanes were logged in after {READY_S_MAX:g} s; is Odoo answering? Try fewer --users"
        )
