"""Taking the servers of a cache into scenario time and back: each way is one restart of PostgreSQL and Odoo.

Servers are started with libfaketime when a scenario asks for it and no sooner, so that other runs have nothing
to do with it. The caller holds the cache's lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from rehearsal.errors import EnvironmentNotReady, NoScenarioTime
from rehearsal.model import Tell
from rehearsal.targets import faketime, server
from rehearsal.targets.faketime import ScenarioTime
from rehearsal.targets.server import Installation, Server
from rehearsal.targets.sql import MAINTENANCE

OTHERWISE = "set REHEARSE_CACHE to another folder for this run"
"""What whoever finds these servers in use can do instead."""
Noted = Callable[[Server], None]
"""Puts a server that was started on record."""
NOW = "SELECT extract(epoch FROM now())"
WRONG_S_MAX = 60.0
"""How far a server's clock may be from where it was put; a library that did not load leaves it days off."""


def begin(installation: Installation, running: Server, at: datetime, noted: Noted, progress: Tell) -> None:
    """Restart the servers so that they take *at* for now.

    Raises `NoScenarioTime` when that is not possible; they then run, on the real time.
    """
    clock = ScenarioTime(installation.cache)
    folder = faketime.provide(installation.cache, progress)
    progress("restarting PostgreSQL and Odoo in scenario time")
    clock.begin(folder, at, installation.account)
    try:
        again = restart(installation, running, noted, progress)
        require_told(installation, again, clock)
    except EnvironmentNotReady as problem:
        end(installation, running, noted, progress)
        raise NoScenarioTime(f"PostgreSQL or Odoo did not take to {faketime.PACKAGE}: {problem}") from problem


def end(installation: Installation, running: Server, noted: Noted, progress: Tell) -> None:
    """Restart the servers on the real time."""
    clock = ScenarioTime(installation.cache)
    clock.end()
    progress("restarting PostgreSQL and Odoo on the real time")
    restart(installation, running, noted, progress)
    clock.forget()


def leave(installation: Installation, running: Server | None) -> None:
    """Stop servers that a command which is gone left in scenario time; whoever starts them next has the real time.

    Raises `EnvironmentNotReady` when that command still lives.
    """
    clock = ScenarioTime(installation.cache)
    if not clock.begun or clock.is_ours:
        return
    clock.require_unkept(OTHERWISE)
    clock.end()
    stop(installation, running)
    clock.forget()


def restart(installation: Installation, running: Server, noted: Noted, progress: Tell) -> Server:
    """Stop PostgreSQL and Odoo, whatever of them runs, and start them again on the same ports."""
    stop(installation, running)
    installation.cluster.start(progress)
    again = server.start(installation, progress, ports=(running.http_port, running.gevent_port))
    noted(again)
    return again


def stop(installation: Installation, running: Server | None) -> None:
    """Stop PostgreSQL and Odoo, and remove what the library leaves behind."""
    if running is not None:
        running.stop()
    server.kill_strays(installation)
    installation.cluster.stop()
    faketime.sweep(installation.account)


def require_told(installation: Installation, running: Server, clock: ScenarioTime) -> None:
    """Raise `EnvironmentNotReady` unless both servers tell the time of *clock*."""
    require_same(server.told_at(running.http_port), installation.cluster.sql(MAINTENANCE, NOW)[0][0], clock)


def require_same(odoo: datetime, postgres: str, clock: ScenarioTime) -> None:
    """Raise `EnvironmentNotReady` unless what both servers take for now is what *clock* says; *postgres* answers `NOW`.

    A library may fail to load silently.
    """
    told = {"Odoo": odoo.timestamp(), "PostgreSQL": float(postgres)}
    wanted = time.time() + clock.offset.read()
    for name, at in told.items():
        if abs(at - wanted) > WRONG_S_MAX:
            raise EnvironmentNotReady(f"{name} tells a time that is {at - wanted:+.0f} s off; see the end of its log")
