"""Who performs the operations of a run: the lanes of this process, or the workers of a Locust master."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event as Signal
from locust.exception import RPCError
from locust.runners import STATE_MISSING, MasterRunner

from rehearsal.errors import HarnessFault
from rehearsal.locust.bench import Bench, Job, unpacked_answer
from rehearsal.paced import Asked, Paced, PacedRoad
from rehearsal.shards import key_of, shard_of

logger = logging.getLogger(__name__)
DEAL, ANSWER, READY, GATHER, LINES, SETTINGS = (
    "rehearsal_deal", "rehearsal_answer", "rehearsal_ready", "rehearsal_gather", "rehearsal_lines", "rehearsal_settings",
)  # fmt: skip
"""Messages between master and workers."""
READY_S_MAX = 120.0
"""How long the lanes may take to log in."""
GATHER_S_MAX = 60.0
WATCH_S = 0.5
Lost = Callable[[str, str], None]
"""Told which worker was lost, by name, and what it means, in a sentence."""


def job_of(asked: Asked, env: Paced) -> Job:
    """Return *asked* as it is dealt."""
    return Job(asked.index, asked.name, asked.operation, max(0.0, env.wall() - asked.due_wall_s))


class LocalCrew:
    """The lanes of this very process."""

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
        self._under_way: dict[int, set[int]] = {}
        self._files: dict[str, Any] = {}
        self._handed_in: set[str] = set()
        self._handed = Signal()
        runner.register_message(ANSWER, self._answered)
        runner.register_message(READY, self._ready)
        runner.register_message(LINES, self._lines)
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
        """Have every worker hand in its file, into *folder*; return the names of those that did not in time."""
        self._folder = folder
        wanted = {self.name(shard) for shard in self._clients}
        for client in self._clients.values():
            self._runner.send_message(GATHER, None, client)
        with gevent.Timeout(GATHER_S_MAX, False):
            while not wanted <= self._handed_in:
                self._handed.clear()
                self._handed.wait()
        for file in self._files.values():
            file.close()
        return tuple(sorted(wanted - self._handed_in))

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
        name = self.name(self._runner.get_worker_index(msg.node_id))
        if name not in self._files:
            self._files[name] = (self._folder / f"{name}.ndjson").open("wb")
        self._files[name].write(msg.data["part"])
        if msg.data["last"]:
            self._handed_in.add(name)
            self._handed.set()

    def _watch(self) -> None:
        """Notice workers that are gone; Locust itself takes about four seconds for one that was killed."""
        while True:
            gevent.sleep(WATCH_S)
            for shard, client in list(self._clients.items()):
                node = self._runner.clients.get(client)
                if node is None or node.state == STATE_MISSING:
                    self._drop(shard, client)

    def _drop(self, shard: int, client: str) -> None:
        del self._clients[shard]
        assert self.road is not None
        what = f"{self.name(shard)} ({client}) was lost"
        count = self.road.give_up(self._under_way.pop(shard, set()), what)
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
