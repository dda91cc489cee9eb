"""Odoo's server process: its configuration, its ports, its start and its end."""

from __future__ import annotations

import configparser
import io
import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.parts.addon import PYTHON
from rehearsal.targets import faketime, machine, process
from rehearsal.targets.archive import Tree
from rehearsal.targets.cache import Cache, write_private
from rehearsal.targets.cluster import Cluster, log_tail
from rehearsal.targets.dialect import dialect
from rehearsal.targets.disk import keep_apart
from rehearsal.targets.machine import Account
from rehearsal.targets.process import Process

FORMAT = "1"
"""Raised when a running server of an older harness must not be used any more."""
HTTP_PORT = 18069
"""Taken when it's free, so that the address stays the same from day to day; any other free one when not."""
GEVENT_PORT = 18072
SERVER = "odoo"
"""The name of the server's configuration."""
HEALTH_SECONDS = 90.0
HEALTH_POLL_SECONDS = 0.1
HEALTH_TIMEOUT = 5.0
START_TRIES = 3
PORTS_TRIED = 200
LONG_CALL_SECONDS = 3600
SOFT_MEMORY = 4 * 1024**3
HARD_MEMORY = 8 * 1024**3
SQL_CONNECTIONS = 64
TEMPLATE_PREFIX = "rehearsal_template_"
BUILDING_PREFIX = "rehearsal_building_"
WORLD_PREFIX = "rehearsal_world_"
# What the server may open: never a template, not even one in the making.
DATABASE_FILTER = f"^(?!{TEMPLATE_PREFIX}|{BUILDING_PREFIX}|{WORLD_PREFIX})"
LOG_HANDLERS = ":INFO,werkzeug:WARNING,odoo.addons.rpc.controllers.jsonrpc:ERROR"

# Odoo starts its event server as ``python sys.argv[0] gevent``, which fails after ``python -m odoo``.
LAUNCHER = "from odoo.cli.command import main\n\nmain()\n"


@dataclass(frozen=True, slots=True)
class Installation:
    """All that's needed to run an Odoo program: source, interpreter, account, cluster, extra modules."""

    cache: Cache
    account: Account
    tree: Tree
    python: Path
    cluster: Cluster
    addons: tuple[Path, ...] = ()
    server_wide_modules: tuple[str, ...] = ()
    """Loaded before any database, beside Odoo's own."""

    @property
    def data(self) -> Path:
        """Odoo's data folder; its ``filestore`` holds one folder per database."""
        return self.cache.run / "data"

    def config(self, name: str) -> Path:
        """Return the configuration file called *name*: the server's own, or one of a passing program."""
        return self.cache.run / f"{name}.conf"

    @property
    def log(self) -> Path:
        return self.cache.run / "log" / "odoo.log"

    @property
    def launcher(self) -> Path:
        """The script that starts Odoo, under the name that a checkout gives it."""
        return self.cache.run / "odoo-bin"

    def command(self, config: str, *words: str) -> list[str]:
        """Return the command line of an Odoo program; nothing secret is in it."""
        return [str(self.python), str(self.launcher), *words, "--config", str(self.config(config))]

    def environment(self) -> dict[str, str]:
        """Return what an Odoo program needs in its environment."""
        return {
            "PYTHONPATH": ":".join(map(str, (self.tree.python_path, *(path / PYTHON for path in self.addons)))),
            # The source belongs to root, so compiled modules go where the account may write.
            "PYTHONPYCACHEPREFIX": str(self.cache.run / "pycache"),
            "PYTHONUNBUFFERED": "1",
            "HOME": str(self.cache.run),
            "TZ": "UTC",
        }

    @property
    def preload(self) -> dict[str, str]:
        """What puts a server that starts now into scenario time; empty outside it."""
        return faketime.ScenarioTime(self.cache).preload(faketime.MANY_THREADS)

    def write_config(self, name: str, http_port: int = HTTP_PORT, gevent_port: int = GEVENT_PORT) -> None:
        """Write configuration *name*, readable by the account alone."""
        for folder in (self.data, self.data / "filestore"):
            self.cluster.own_folder(folder)
        keep_apart(self.data / "filestore")
        address = self.cluster.address
        parser = configparser.RawConfigParser()
        parser["options"] = {
            "addons_path": ",".join(str(path) for path in (*self.tree.addons, *self.addons)),
            "data_dir": str(self.data),
            "db_host": address.host,
            "db_port": str(address.port),
            "db_user": address.user,
            "db_maxconn": str(SQL_CONNECTIONS),
            "dbfilter": DATABASE_FILTER,
            # Nobody manages databases over the web here; a random master password shuts that door for good.
            "list_db": "False",
            "admin_passwd": secrets.token_urlsafe(24),
            "http_interface": "127.0.0.1",
            "http_port": str(http_port),
            "gevent_port": str(gevent_port),
            "workers": str(max(2, os.cpu_count() or 2)),
            # Scheduled jobs run when a rehearsal calls them, not when they like.
            "max_cron_threads": "0",
            "limit_time_cpu": str(LONG_CALL_SECONDS),
            "limit_time_real": str(faketime.WATCHDOG_SECONDS if self.preload else LONG_CALL_SECONDS),
            "limit_memory_soft": str(SOFT_MEMORY),
            "limit_memory_hard": str(HARD_MEMORY),
            "limit_request": str(2**31 - 1),
            "log_handler": LOG_HANDLERS,
            **dialect(self.tree.version).options,
        }
        everywhere = (parser["options"]["server_wide_modules"], *self.server_wide_modules)
        parser["options"]["server_wide_modules"] = ",".join(everywhere)
        text = io.StringIO()
        parser.write(text)
        write_private(self.config(name), text.getvalue(), owner=self.account)
        write_private(self.launcher, LAUNCHER, owner=self.account)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that was started: its process and its ports."""

    process: Process
    http_port: int
    gevent_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def healthy(self) -> bool:
        """Whether this very process lives and its port answers as an Odoo that reaches PostgreSQL."""
        return self.process.alive and health(self.http_port)

    def stop(self) -> None:
        """End the server and its workers."""
        self.process.stop_group()


def start(installation: Installation, progress: Tell, ports: tuple[int, int] = (HTTP_PORT, GEVENT_PORT)) -> Server:
    """Start Odoo's server in a session of its own and wait until it answers, at most HEALTH_SECONDS.

    *ports* (HTTP, event server) are the wanted ones; others are taken when they are in use.
    """
    problem = ""
    for _ in range(START_TRIES):
        http_port = free_port(ports[0])
        gevent_port = free_port(ports[1], other_than=http_port)
        installation.write_config(SERVER, http_port, gevent_port)
        progress(f"starting Odoo on port {http_port}")
        child = spawn(installation)
        started = Process.of(child.pid)
        answers = False
        try:
            answers = await_health(child, http_port)
        finally:
            # Also when the user interrupts: no server is left that nobody knows of.
            if started is not None and not answers:
                started.stop_group(grace=2.0)
        if started is not None and answers:
            return Server(started, http_port, gevent_port)
        problem = log_tail(installation.log)
        # Somebody may have taken the port between the look and the start; any other problem stays.
        if "Address already in use" not in problem:
            break
    raise EnvironmentNotReady(
        f"Odoo did not answer on 127.0.0.1 within {HEALTH_SECONDS:.0f} s:\n  {problem}\n"
        f"run: rehearse down && rehearse up   (its log: {installation.log})"
    )


def kill_strays(installation: Installation) -> None:
    """Kill what runs from this cache without being on record: a command was killed while it started."""
    process.kill(lambda: process.with_argument(str(installation.launcher)))


def spawn(installation: Installation) -> subprocess.Popen[bytes]:
    """Start the server, detached from this terminal; its output goes to the log of this start."""
    if installation.log.exists():
        installation.log.replace(installation.log.with_suffix(".log.1"))
    log = os.open(installation.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if not installation.account.is_caller:
            os.fchown(log, installation.account.uid, installation.account.gid)
        child: subprocess.Popen[bytes] = subprocess.Popen(
            installation.command(SERVER, "server"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=installation.cache.run,
            env=machine.environment(installation.account, installation.environment() | installation.preload),
            start_new_session=True,
            umask=0o077,
            **machine.switch(installation.account),
        )
        return child
    finally:
        os.close(log)


def await_health(child: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server on *port* answers; False when it ends or takes too long."""
    deadline = time.monotonic() + HEALTH_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            return False
        if health(port):
            return True
        time.sleep(HEALTH_POLL_SECONDS)
    return False


def health(port: int) -> bool:
    """Whether an Odoo that reaches its database server answers on loopback *port*."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    url = f"http://127.0.0.1:{port}/web/health?db_server_status=1"
    try:
        with opener.open(url, timeout=HEALTH_TIMEOUT) as answer:
            return bool(json.load(answer).get("db_server_status") is True)
    except (OSError, ValueError, AttributeError):
        return False


def told_at(port: int) -> datetime:
    """Return what the Odoo on loopback *port* takes for now, to the second; it stamps each answer with it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/web/health", timeout=HEALTH_TIMEOUT) as answer:
            return parsedate_to_datetime(answer.headers["Date"])
    except (OSError, TypeError, ValueError) as problem:
        raise EnvironmentNotReady(f"Odoo on port {port} does not tell the time ({problem}); run: rehearse up") from None


def free_port(wanted: int, other_than: int = 0) -> int:
    """Return *wanted* when it's free on the loopback address, else the next one above it that is.

    The ports that the system gives to clients (from 32768 on) are left alone: a server that starts again
    wants its port back, and a client may have got it meanwhile.
    """
    for port in range(wanted, wanted + PORTS_TRIED):
        if port != other_than and is_free(port):
            return port
    raise EnvironmentNotReady(
        f"no free port on 127.0.0.1 from {wanted} to {wanted + PORTS_TRIED - 1}; see which are taken: ss -ltn"
    )


def is_free(port: int) -> bool:
    """Whether a server could listen on loopback *port* now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the server does it: a port in TIME_WAIT is free, a port that somebody listens on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def await_ports(ports: tuple[int, int]) -> None:
    """Wait until a server that was killed has given its ports back, which a busy machine may take a moment for."""
    if not process.wait_until(lambda: all(map(is_free, ports)), process.KILL_SECONDS):
        raise EnvironmentNotReady(
            f"ports {ports[0]} and {ports[1]} on 127.0.0.1 are still taken {process.KILL_SECONDS:g} s after Odoo was "
            "killed; see who has them: ss -ltnp"
        )
