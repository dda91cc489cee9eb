"""A process that outlives the command that started it: known by its id and its start time.

A process id alone is recycled by the system; with the start time from /proc it names one process for good.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
STOP_SECONDS = 15.0
"""How long a process group may take to end after SIGTERM, before SIGKILL."""
KILL_SECONDS = 10.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Process:
    """One process: *started* is in clock ticks since boot, as /proc tells it."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """Return process *pid*, or None when there's none (or only its remains)."""
        started = start_time(pid)
        return None if started is None else cls(pid, started)

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return start_time(self.pid) == self.started

    def stop_group(self, grace: float = STOP_SECONDS) -> None:
        """End the process and the group that it leads: SIGTERM, and after *grace* seconds SIGKILL.

        Nothing is signalled when the process is gone already, since its number may be another's by now.
        """
        if not self.alive:
            return
        signal_group(self.pid, signal.SIGTERM)
        wait_until(lambda: not self.alive, grace)
        if group_members(self.pid):
            signal_group(self.pid, signal.SIGKILL)
            wait_until(lambda: not group_members(self.pid), KILL_SECONDS)


def start_time(pid: int) -> int | None:
    """Return when process *pid* started, in ticks since boot; None when it's gone or a zombie."""
    # If it's a child of ours that ended, its exit status must be taken, or it stays as a zombie.
    with contextlib.suppress(OSError):
        os.waitpid(pid, os.WNOHANG)
    fields = stat_fields(pid)
    # Fields after the name: state is the first, start time the twentieth (proc(5) counts 3 and 22).
    return None if fields is None or fields[0] in "ZX" else int(fields[19])


def stat_fields(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the program's name, which may itself hold blanks."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def numbers() -> Iterator[int]:
    """Yield the id of every process that this account can see."""
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def group_members(group: int) -> tuple[int, ...]:
    """Return the live processes of process group *group*."""
    found = ((pid, stat_fields(pid)) for pid in numbers())
    return tuple(pid for pid, fields in found if fields is not None and fields[0] not in "ZX" and int(fields[2]) == group)


def with_argument(argument: str) -> tuple[int, ...]:
    """Return the processes that have *argument* (an absolute path of ours) among their command's words."""
    found = []
    for pid in numbers():
        with contextlib.suppress(OSError):
            words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            if os.fsencode(argument) in words:
                found.append(pid)
    return tuple(found)


def working_in(folder: Path, program: str) -> tuple[int, ...]:
    """Return the processes of *program* whose working directory is *folder*.

    PostgreSQL's all work in their data folder; a person's shell may stand there too, and isn't meant.
    """
    target = folder.resolve()
    found = []
    for pid in numbers():
        with contextlib.suppress(OSError):
            place = PROC / str(pid)
            if (place / "cwd").readlink() == target and (place / "exe").readlink().name.startswith(program):
                found.append(pid)
    return tuple(found)


def kill(find: Callable[[], tuple[int, ...]]) -> None:
    """Kill every process that *find* returns and wait, bounded, until it returns none."""
    for pid in find():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not find(), KILL_SECONDS)


def signal_group(group: int, what: signal.Signals) -> None:
    """Send a signal to every process of *group*; silent when there's none left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, what)


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until *done*, at most *seconds*; return whether it is."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
