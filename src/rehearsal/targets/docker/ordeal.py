"""Faults of infrastructure on the containers: the same ones as `ordeal` does to processes, with the same proofs.

Each function blocks until the fault is over and returns what it did in one sentence. `Stack.start` undoes what
may be left of any of them.
"""

from __future__ import annotations

import time

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets.docker.stack import DB, HTTP_PORT, ODOO, Stack
from rehearsal.targets.native.ordeal import BUSY_POLL_S, BUSY_S_MAX

RESTART_SECONDS = 60.0

# Runs inside the container as Odoo's own account, since the engine may be on another machine (Docker Desktop is).
# A health check comes from inside: it is not the request that is meant.
KILL_BUSY_WORKER = """
import sys, time, psutil
port, seconds, pause = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
def busy(worker):
    try:
        lines = worker.net_connections("tcp") if hasattr(worker, "net_connections") else worker.connections("tcp")
    except psutil.Error:
        return False
    return any(
        line.status == psutil.CONN_ESTABLISHED and line.laddr.port == port and not line.raddr.ip.startswith(("127.", "::"))
        for line in lines if line.laddr and line.raddr
    )
until = time.monotonic() + seconds
while time.monotonic() < until:
    for worker in psutil.Process(1).children():
        if busy(worker):
            worker.kill()
            print(worker.pid)
            sys.exit()
    time.sleep(pause)
"""


def kill_worker(stack: Stack) -> str:
    """SIGKILL an HTTP worker while it serves a request; the master starts another one."""
    words = ["python3", "-", str(HTTP_PORT), str(BUSY_S_MAX), str(BUSY_POLL_S)]
    killed = stack.run(ODOO, words, "killing an HTTP worker", user="odoo", stdin=KILL_BUSY_WORKER).strip()
    if not killed:
        raise EnvironmentNotReady(f"no HTTP worker in container odoo served a request within {BUSY_S_MAX:g} s")
    return f"killed HTTP worker {killed} in mid-request"


def restart(stack: Stack, service: str, name: str, grace_s: int) -> str:
    """Stop a service, after *grace_s* seconds by force, and start it again; the address stays."""
    before = stack.need(service)
    words = ["restart", "--time", str(grace_s), before.id]
    stack.engine.docker(words, f"restarting container {service}", seconds=RESTART_SECONDS)
    stack.await_answers()
    return f"restarted {name}: process {before.pid} is now {stack.need(service).pid}"


def restart_odoo(stack: Stack) -> str:
    """Stop Odoo at once, as a crash does, and start it again."""
    return restart(stack, ODOO, "Odoo", 0)


def restart_postgres(stack: Stack) -> str:
    """Stop PostgreSQL, which cuts every connection, and start it again."""
    return restart(stack, DB, "PostgreSQL", 10)


def freeze(stack: Stack, seconds: float) -> str:
    """Pause every process of Odoo for *seconds*, as a host that hangs does; nothing answers meanwhile."""
    odoo = stack.need(ODOO)
    stack.engine.docker(["pause", odoo.id], "pausing container odoo")
    try:
        if not stack.need(ODOO).paused:
            raise EnvironmentNotReady(f"container odoo ({odoo.id}) was told to pause, and goes on")
        time.sleep(seconds)
    finally:
        stack.start()
    return f"froze Odoo (container {odoo.id}) for {seconds:g} s"
