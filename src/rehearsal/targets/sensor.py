"""What a target's machines feel: CPU and memory of Odoo and PostgreSQL, lock waits, retries in Odoo's log."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

RETRIED = re.compile(r"tries left, try again in")
"""Odoo's words when a transaction lost to another one and is run again (odoo/service/model.py)."""
GIVEN_UP = re.compile(r"maximum number of tries reached")
STATISTICS = """
SELECT xact_commit, xact_rollback, deadlocks,
    (SELECT count(*) FROM pg_stat_activity a WHERE a.datname = d.datname AND a.wait_event_type = 'Lock'),
    (SELECT count(*) FROM pg_stat_activity a WHERE a.datname = d.datname AND a.state <> 'idle')
FROM pg_stat_database d WHERE datname = current_database()
"""
"""PostgreSQL's own counters of one database (monitoring-stats in its manual)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at a target. What is counted grows from the sensor's first reading; the rest is of this instant."""

    odoo_cpu_s: float
    odoo_memory_bytes: int
    postgres_cpu_s: float
    postgres_memory_bytes: int
    retries: int
    given_up: int
    commits: int
    rollbacks: int
    deadlocks: int
    lock_waits: int
    """Sessions that wait for a lock at this instant."""
    active: int
    """Sessions that do something at this instant."""


@dataclass(slots=True)
class Usage:
    """CPU time of a tree of processes that come and go, and the memory of those alive."""

    roots: Callable[[], Sequence[int]]
    _seen: dict[tuple[int, float], float] = field(default_factory=dict)
    _began: dict[tuple[int, float], float] = field(default_factory=dict)

    def read(self) -> tuple[float, int]:
        """Return CPU seconds since the first reading, and bytes now (shared memory once, where the system tells)."""
        memory_bytes = 0
        for one in self._tree():
            with contextlib.suppress(psutil.Error):
                with one.oneshot():
                    key, spent = (one.pid, one.create_time()), one.cpu_times()
                    self._seen[key] = spent.user + spent.system
                memory_bytes += _memory_bytes(one)
        if not self._began:
            self._began = dict(self._seen)
        return sum(cpu_s - self._began.get(key, 0.0) for key, cpu_s in self._seen.items()), memory_bytes

    def _tree(self) -> Iterable[psutil.Process]:
        for pid in self.roots():
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(pid)
                yield from (root, *root.children(recursive=True))


def _memory_bytes(one: psutil.Process) -> int:
    try:
        return int(one.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):
        return int(one.memory_info().rss)


@dataclass(slots=True)
class LogFile:
    """New lines of a log that may be replaced by a fresh one when its writer starts again."""

    path: Path
    _at: int = -1
    _file: tuple[int, int] = (0, 0)

    def lines(self) -> list[str]:
        """Return what was written since the last call; the first call only takes the place."""
        try:
            with self.path.open("rb") as log:
                about = os.fstat(log.fileno())
                if self._at < 0:
                    self._at = about.st_size
                elif self._file != (about.st_dev, about.st_ino):
                    self._at = 0
                self._file = (about.st_dev, about.st_ino)
                log.seek(self._at)
                whole, newline, _ = log.read().rpartition(b"\n")
                self._at += len(whole) + len(newline)
                return whole.decode(errors="replace").splitlines()
        except OSError:
            return []


@dataclass(slots=True)
class LogTail:
    """New lines of a container's log: *between* gives what was written between two times in seconds of the epoch."""

    between: Callable[[float, float], str]
    _at: float = field(default_factory=time.time)

    def lines(self) -> list[str]:
        """Return what was written since the last call."""
        begun, self._at = self._at, time.time()
        return self.between(begun, self._at).splitlines()


class Sensor:
    """Looks at one target while one database of it is under pressure."""

    def __init__(
        self,
        odoo: Callable[[], Sequence[int]],
        postgres: Callable[[], Sequence[int]],
        statistics: Callable[[], Sequence[str]],
        log_lines: Callable[[], Iterable[str]],
    ) -> None:
        self._odoo, self._postgres = Usage(odoo), Usage(postgres)
        self._statistics = statistics
        self._log_lines = log_lines
        self._retries = self._given_up = 0
        self._began: tuple[int, ...] | None = None

    def read(self) -> Reading:
        """Return one reading. Raises `EnvironmentNotReady` when PostgreSQL doesn't tell."""
        for line in self._log_lines():
            self._retries += bool(RETRIED.search(line))
            self._given_up += bool(GIVEN_UP.search(line))
        commits, rollbacks, deadlocks, lock_waits, active = (int(text or 0) for text in self._statistics())
        if self._began is None:
            self._began = (commits, rollbacks, deadlocks)
        odoo_cpu_s, odoo_memory_bytes = self._odoo.read()
        postgres_cpu_s, postgres_memory_bytes = self._postgres.read()
        return Reading(
            round(odoo_cpu_s, 3),
            odoo_memory_bytes,
            round(postgres_cpu_s, 3),
            postgres_memory_bytes,
            self._retries,
            self._given_up,
            commits - self._began[0],
            rollbacks - self._began[1],
            deadlocks - self._began[2],
            lock_waits,
            active,
        )
