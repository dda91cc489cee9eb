"""Faults of infrastructure on the native target: a worker killed in mid-request, restarts, a frozen server.

Each function blocks until the fault is over, returns what it did in one sentence (the proof that it fired),
and leaves a server on the same ports. `thaw` undoes what may be left of any of them.
"""

from __future__ import annotations

import contextlib
import signal
import time
from typing import Any

import psutil

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.targets import process, server
from rehearsal.targets.server import Installation, Server

BUSY_S_MAX = 5.0
"""How long a worker in mid-request is looked for."""
BUSY_POLL_S = 0.002


def kill_worker(running: Server) -> str:
    """SIGKILL an HTTP worker while it serves a request; the master starts another one."""
    deadline = time.monotonic() + BUSY_S_MAX
    while time.monotonic() < deadline:
        for worker in _workers(running):
            if _serves(worker, running.http_port):
                worker.kill()
                return f"killed HTTP worker {worker.pid} in mid-request"
        time.sleep(BUSY_POLL_S)
    raise EnvironmentNotReady(f"no HTTP worker of process {running.process.pid} served a request within {BUSY_S_MAX:g} s")


def restart_odoo(installation: Installation, running: Server, progress: Tell) -> tuple[str, Server]:
    """Stop Odoo at once, as a crash does, and start it again on the same ports; return the new server too."""
    running.process.stop_group(grace=0.0)
    server.kill_strays(installation)
    ports = (running.http_port, running.gevent_port)
    server.await_ports(ports)
    again = server.start(installation, progress, ports)
    return f"restarted Odoo: process {running.process.pid} is now {again.process.pid}", again


def restart_postgres(installation: Installation, progress: Tell) -> str:
    """Stop PostgreSQL, which cuts every connection, and start it again."""
    before = installation.cluster.postmaster()
    installation.cluster.stop()
    installation.cluster.start(progress)
    after = installation.cluster.postmaster()
    return f"restarted PostgreSQL: process {before.pid if before else '-'} is now {after.pid if after else '-'}"


def freeze(running: Server, seconds: float) -> str:
    """Stop every process of Odoo for *seconds*, as a host that hangs does; connections are accepted, nothing answers."""
    process.signal_group(running.process.pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        thaw(running)
    return f"froze Odoo (process group {running.process.pid}) for {seconds:g} s"


def thaw(running: Server) -> None:
    """Let a frozen server go on; nothing happens to one that runs."""
    process.signal_group(running.process.pid, signal.SIGCONT)


def _workers(running: Server) -> tuple[Any, ...]:
    with contextlib.suppress(psutil.Error):
        return tuple(psutil.Process(running.process.pid).children())
    return ()


def _serves(worker: Any, port: int) -> bool:
    """Whether the psutil process *worker* holds an accepted connection on *port*."""
    with contextlib.suppress(psutil.Error, OSError):
        lines = worker.net_connections("tcp")
        return any(line.status == psutil.CONN_ESTABLISHED and line.laddr.port == port for line in lines if line.laddr)
    return False
