"""A second Odoo server on a database of the target's, with an add-on of its own and, if wanted, a replica to read from."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rehearsal.targets import machine, server
from rehearsal.targets.base import Database
from rehearsal.targets.cache import Cache
from rehearsal.targets.cluster import PORT, Cluster
from rehearsal.targets.native.target import NativeTarget
from rehearsal.targets.process import Process
from rehearsal.targets.server import SERVER, Installation
from tests.conftest import free_port, quiet

INSTALL_S_MAX = 120.0


@contextmanager
def replica_of(target: NativeTarget, database: Database) -> Iterator[Path]:
    """Yield the socket folder of another PostgreSQL that has *database* as it is now, and never hears of what comes."""
    installation = target._need()
    folder = public_folder()
    cache = Cache(folder)
    cluster = Cluster(cache, installation.account, installation.cluster.bin)
    try:
        cache.provide_run(installation.account)
        cluster.provide(quiet)
        cluster.start(quiet)
        cluster.create(database.name)
        there = ["--host", str(installation.cluster.socket), "--username", "odoo", database.name]
        here = ["--host", str(cluster.socket), "--username", "odoo", "--quiet", "--dbname", database.name]
        dump = subprocess.run([cluster.bin / "pg_dump", *there], stdout=subprocess.PIPE, check=True)
        subprocess.run([cluster.psql, *here], input=dump.stdout, stdout=subprocess.DEVNULL, check=True)
        yield cluster.socket
    finally:
        cluster.stop()
        shutil.rmtree(folder)


@contextmanager
def with_addon(target: NativeTarget, database: Database, name: str, source: str) -> Iterator[Path]:
    """Yield a folder with add-on *name*, made of *source*, which is installed in *database*."""
    folder = public_folder()
    addon = folder / name
    addon.mkdir()
    (addon / "__manifest__.py").write_text(f"{{'name': {name!r}, 'depends': ['base'], 'license': 'LGPL-3'}}")
    (addon / "__init__.py").write_text(source)
    installation = target._need()
    words = ["-d", database.name, "-i", name, "--stop-after-init", "--no-http", "--workers", "0"]
    try:
        machine.run(
            _command(installation, folder, *words),
            what="installing the add-on",
            fix="look into the test",
            account=installation.account,
            env=installation.environment(),
            cwd=installation.cache.run,
            timeout=INSTALL_S_MAX,
        )
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def served(target: NativeTarget, database: Database, addons: Path, replica: Path) -> Iterator[Database]:
    """Yield *database* as a second Odoo serves it, which reads from *replica* where it may."""
    installation, port = target._need(), free_port()
    words = ["--http-port", str(port), "--gevent-port", str(free_port()), "--workers", "0"]
    words += ["--db_replica_host", str(replica), "--db_replica_port", str(PORT)]
    child = subprocess.Popen(
        _command(installation, addons, *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=installation.cache.run,
        start_new_session=True,
        env=machine.environment(installation.account, installation.environment()),
        **machine.switch(installation.account),
    )
    started = Process.of(child.pid)
    assert started is not None
    try:
        assert server.await_health(child, port)
        yield replace(database, url=f"http://127.0.0.1:{port}")
    finally:
        started.stop_group()


def public_folder() -> Path:
    """Return a new folder that the servers' account can look into, which pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="rehearse-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


def _command(installation: Installation, addons: Path, *words: str) -> list[str]:
    """Return a command line that is not taken for the target's own server, which somebody may clean up."""
    launcher = addons / "second-odoo"
    launcher.write_text("from odoo.cli.command import main\n\nmain()\n")
    everywhere = ",".join(str(path) for path in (*installation.tree.addons, *installation.addons, addons))
    config = str(installation.config(SERVER))
    return [str(installation.python), str(launcher), "server", "--config", config, "--addons-path", everywhere, *words]
