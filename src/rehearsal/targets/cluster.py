"""The private PostgreSQL cluster: its own data folder and socket, no network, no durability.

A rehearsal's databases are copies that can be made again, so nothing waits for the disk. Who may log in
is decided by the operating system account (peer), so there is no password to leak.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import stat
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.targets import faketime, machine, process
from rehearsal.targets.base import PostgresAddress
from rehearsal.targets.cache import Cache, is_done, mark_done, write_private
from rehearsal.targets.disk import keep_apart
from rehearsal.targets.machine import Account
from rehearsal.targets.process import Process
from rehearsal.targets.sql import MAINTENANCE, PSQL_WORDS, SQL_SECONDS, Row, SqlServer, rows

PORT = 5432
"""Part of the socket's name only; nothing listens on a network port."""
ROLE = "odoo"
SUPERUSER = "rehearsal"
SOCKET_PATH_LIMIT = 100
INITDB_SECONDS = 120.0
START_SECONDS = 60.0
STOP_SECONDS = 30.0
CLUSTER_FORMAT = "1"

SETTINGS = """
# Written by rehearse; a rehearsal's databases can be made again, so nothing waits for the disk.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket}'
unix_socket_permissions = 0777
max_connections = 300
shared_buffers = 256MB
maintenance_work_mem = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
# A copy starts with the statistics of an almost empty template; stale ones make Odoo several times slower as it fills.
autovacuum_naptime = 10s
# Odoo's queries are many and short: compiling some of them costs a tenth of a rehearsal's time, and gains nothing.
jit = off
logging_collector = off
timezone = 'UTC'
"""


@dataclass(frozen=True, slots=True)
class Cluster(SqlServer):
    """One private cluster, which may or may not run."""

    cache: Cache
    account: Account
    bin: Path

    @property
    def data(self) -> Path:
        return self.cache.run / "pg"

    @property
    def log(self) -> Path:
        return self.cache.run / "log" / "postgresql.log"

    @property
    def socket(self) -> Path:
        """The socket's folder; in the temporary folder when the cache's own path is too long for a socket."""
        here = self.cache.run / "socket"
        if len(f"{here}/.s.PGSQL.{PORT}") < SOCKET_PATH_LIMIT:
            return here
        mark = hashlib.sha256(str(here).encode()).hexdigest()[:10]
        # Not TMPDIR: the next command must look in the same place, whatever its environment.
        return Path("/tmp") / f"rehearsal-{self.account.uid}-{mark}"  # noqa: S108

    @property
    def address(self) -> PostgresAddress:
        """How Odoo and saboteurs reach it: as the owner of all databases; root and the account may."""
        return PostgresAddress(str(self.socket), PORT, ROLE)

    @property
    def version(self) -> str:
        """The server's version, such as ``15.13``."""
        told = machine.run([str(self.bin / "postgres"), "--version"], what="asking PostgreSQL's version", fix="rehearse doctor")
        return told.split()[2]

    def postmaster(self) -> Process | None:
        """Return the running server, known by its working directory, or None."""
        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return Process.of(pid) if pid in self.processes() else None

    def processes(self) -> tuple[int, ...]:
        """Return all processes of this cluster's server, orphans too."""
        return process.working_in(self.data, "postgres")

    def provide(self, progress: Tell) -> None:
        """Make the cluster once; a half-made one is made again."""
        self.own_folder(self.log.parent)
        if is_done(self.data, self.fingerprint()):
            return
        progress("making a private PostgreSQL cluster")
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        # The files of databases that are gone with an older cluster.
        shutil.rmtree(self.cache.run / "data" / "filestore", ignore_errors=True)
        self.own_folder(self.data)
        machine.run(
            [
                str(self.bin / "initdb"),
                "--pgdata",
                str(self.data),
                "--username",
                SUPERUSER,
                "--encoding",
                "UTF8",
                "--locale",
                "C.UTF-8",
                "--auth",
                "peer",
                "--no-sync",
                "--no-instructions",
            ],
            what="making the private PostgreSQL cluster",
            fix="rehearse up",
            account=self.account,
            cwd=self.cache.run,
            timeout=INITDB_SECONDS,
        )
        self.configure()
        mark_done(self.data, self.fingerprint())

    def fingerprint(self) -> str:
        """Return what a cluster must match to be used: the programs' version decides the files' format."""
        return f"{CLUSTER_FORMAT} {self.bin} {self.account.name}"

    def configure(self) -> None:
        """Write who may log in. Settings that depend on the cache's place are given at the start."""
        users = dict.fromkeys((self.account.name, "root"))
        roles = (SUPERUSER, ROLE)
        map_lines = "\n".join(f"rehearsal {user} {role}" for user in users for role in roles)
        write_private(self.data / "pg_ident.conf", map_lines + "\n", self.account)
        write_private(self.data / "pg_hba.conf", "local all all peer map=rehearsal\n", self.account)

    def own_folder(self, folder: Path) -> None:
        """Make *folder*, closed to all but the account."""
        folder.mkdir(exist_ok=True)
        if not self.account.is_caller:
            os.chown(folder, self.account.uid, self.account.gid, follow_symlinks=False)
        if not folder.is_symlink():
            folder.chmod(0o700)

    def start(self, progress: Tell) -> bool:
        """Start the server unless it runs and answers; return whether it ran already."""
        if self.postmaster() is not None and self.answers():
            return True
        self.clean_up()
        self.provide_socket()
        settings = SETTINGS.format(port=PORT, socket=self.socket)
        write_private(self.data / "postgresql.conf", settings, self.account)
        keep_apart(self.data / "base")
        progress("starting PostgreSQL")
        try:
            machine.run(
                [
                    str(self.bin / "pg_ctl"),
                    "start",
                    "--pgdata",
                    str(self.data),
                    "--log",
                    str(self.log),
                    "--wait",
                    "--timeout",
                    str(int(START_SECONDS)),
                    "--silent",
                ],
                what="starting PostgreSQL",
                fix=f"rehearse up   (its log: {self.log})",
                account=self.account,
                env=faketime.ScenarioTime(self.cache).preload(faketime.ONE_THREAD),
                cwd=self.cache.run,
                timeout=START_SECONDS + 10,
            )
        except EnvironmentNotReady as failed:
            raise EnvironmentNotReady(f"{failed}\n  {log_tail(self.log, 5)}") from failed
        self.provide_role()
        return False

    def provide_socket(self) -> None:
        """Make the socket's folder; one in the temporary folder must be ours, or somebody could sit on it."""
        folder = self.socket
        with contextlib.suppress(FileNotFoundError):
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (self.account.uid, os.geteuid()):
                raise EnvironmentNotReady(f"{folder} belongs to somebody else; remove it: rm -r {folder}")
        self.own_folder(folder)

    def provide_role(self) -> None:
        """Make the role that owns all of Odoo's databases; Odoo refuses the superuser."""
        roles = self.sql(MAINTENANCE, "SELECT rolname FROM pg_roles", role=SUPERUSER)
        if (ROLE,) not in roles:
            self.sql(MAINTENANCE, f"CREATE ROLE {ROLE} LOGIN CREATEDB", role=SUPERUSER)

    def answers(self) -> bool:
        """Whether the server answers a query now."""
        try:
            return self.sql(MAINTENANCE, "SELECT 1", role=SUPERUSER, timeout=10) == [("1",)]
        except EnvironmentNotReady:
            return False

    def clean_up(self) -> None:
        """End what a crash left: a server that doesn't answer, orphaned backends, a stale process id file.

        Only processes that work inside the data folder are touched; a recycled process id isn't.
        """
        self.stop()
        process.kill(self.processes)
        # PostgreSQL itself keeps a lock whose process id is in use, be it by a zombie or by a stranger.
        name = f".s.PGSQL.{PORT}"
        for stale in (self.data / "postmaster.pid", self.socket / name, self.socket / f"{name}.lock"):
            stale.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop the server: connections are cut; killed when it hasn't ended in time."""
        server = self.postmaster()
        if server is None:
            return
        # SIGINT is PostgreSQL's "fast" shutdown, SIGQUIT its "immediate" one.
        for how, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, process.KILL_SECONDS)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, how)
            if process.wait_until(lambda: not server.alive, seconds):
                return
        process.kill(self.processes)

    def sql(self, database: str, statement: str, *, timeout: float = SQL_SECONDS, role: str = ROLE) -> list[Row]:
        """Run SQL in *database* as *role*; the statement goes through stdin, since arguments are readable by everybody."""
        text = machine.run(
            [
                str(self.psql),
                *PSQL_WORDS,
                "--host",
                str(self.socket),
                "--port",
                str(PORT),
                "--username",
                role,
                "--dbname",
                database,
            ],
            what=f"SQL in database '{database}'",
            fix="rehearse status   (is the target up, does the database exist?)",
            account=self.account,
            stdin=statement,
            timeout=timeout,
        )
        return rows(text)

    @property
    def psql(self) -> Path:
        """The client program that belongs to the server's version."""
        own = self.bin / "psql"
        return own if own.exists() else Path(shutil.which("psql") or "psql")


def log_tail(path: Path, lines: int = machine.OUTPUT_TAIL_LINES) -> str:
    """Return the last lines of a log; empty when there's none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n  ".join(text.splitlines()[-lines:])
