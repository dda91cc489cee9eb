"""Who uses the servers of a cache: one file per process, so that the last one can turn off the light.

A lease of a process that died, even by kill -9, counts for nothing.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets.process import Process


def take(folder: Path) -> None:
    """Note in *folder* that this process uses the servers."""
    folder.mkdir(exist_ok=True)
    me = Process.of(os.getpid())
    if me is not None:
        (folder / f"{me.pid}-{me.started}").touch()


def release(folder: Path) -> bool:
    """Remove this process's note; return whether there was one."""
    mine = list(folder.glob(f"{os.getpid()}-*"))
    for note in mine:
        with contextlib.suppress(OSError):
            note.unlink()
    return bool(mine)


def others(folder: Path) -> tuple[int, ...]:
    """Return the live processes, other than this one, that use the servers; removes notes of dead ones."""
    found = []
    for note in folder.glob("*-*"):
        pid, _, started = note.name.partition("-")
        if not (pid.isdigit() and started.isdigit()) or not Process(int(pid), int(started)).alive:
            with contextlib.suppress(OSError):
                note.unlink()
        elif int(pid) != os.getpid():
            found.append(int(pid))
    return tuple(sorted(found))


def require_alone(folder: Path, otherwise: str, because: str = "its clock would move with ours") -> None:
    """Raise `EnvironmentNotReady` when another live process uses the servers; *otherwise* is a way out."""
    for pid in others(folder):
        raise EnvironmentNotReady(f"process {pid} uses this Odoo as well, and {because}; wait until it is through, or {otherwise}")
