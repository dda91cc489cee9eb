"""What a target needs of this machine, checked in about a second, without the network."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import archive, faketime, interpreter, machine
from rehearsal.targets.cache import Cache, default_root
from rehearsal.targets.check import Check
from rehearsal.targets.disk import NEEDED_BYTES, existing_parent
from rehearsal.targets.docker import doctor as container_doctor
from rehearsal.targets.native.target import NativeTarget, server_of

GB = 1024**3


def checks(root: Path | None = None) -> tuple[Check, ...]:
    """Return every check for the cache folder *root* (default: the one that a native target would use).

    A check that `rehearse up` mends by itself is not ok and has ``rehearse up`` as its fix.
    """
    cache = Cache(root if root is not None else default_root())
    return tuple(look(cache))


def ready(found: tuple[Check, ...]) -> bool:
    """Whether a rehearsal can start: what fails is at most what ``rehearse up`` provides, or not needed."""
    return all(check.ok or not check.needed or check.fix.startswith("rehearse up") for check in found)


def look(cache: Cache) -> Iterator[Check]:
    """Yield the checks in the order in which a cold start needs them."""
    yield python_version()
    yield cache_folder(cache)
    yield disk_space(cache)
    yield rights()
    yield postgres()
    yield system_python()
    yield package_tools(cache)
    yield scenario_time(cache)
    yield loopback()
    yield read_replica()
    yield from provided(cache)
    yield from container_doctor.look()


def python_version() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return Check("Python", ok, f"{version}, at least 3.11 is needed", "" if ok else "python3.11 -m pip install peak-rehearsal")


def cache_folder(cache: Cache) -> Check:
    place = existing_parent(cache.root)
    ok = os.access(place, os.W_OK)
    return Check("cache folder", ok, str(cache.root), "" if ok else "export REHEARSE_CACHE=$HOME/.cache/peak-rehearsal")


def disk_space(cache: Cache) -> Check:
    free = shutil.disk_usage(existing_parent(cache.root)).free
    # What is provided already needs little more: its databases are some 60 MB each.
    needed = NEEDED_BYTES if archive.find_tree(cache) is None else NEEDED_BYTES // 6
    ok = free >= needed
    fix = "" if ok else "export REHEARSE_CACHE=FOLDER   (one on a disk with more room)"
    return Check("disk space", ok, f"{free / GB:.1f} GB free, {needed / GB:.1f} GB needed", fix)


def rights() -> Check:
    """Whether missing system packages can be installed; not needed when there's nothing to install."""
    if os.geteuid() == 0:
        return Check("rights", True, f"root; servers run as account '{machine.ACCOUNT_NAME}'")
    complete = machine.postgres_bin() is not None and interpreter.find_base() is not None
    if complete or machine.sudo_is_free():
        return Check("rights", True, "servers run as you" + ("" if complete else "; sudo installs what is missing"))
    return Check("rights", False, "system packages are missing and sudo asks for a password", "sudo -v")


def postgres() -> Check:
    folder = machine.postgres_bin()
    if folder is not None:
        return Check("PostgreSQL", True, f"server programs in {folder}")
    return Check("PostgreSQL", False, "server programs (initdb, postgres) not found", machine.install_command(("postgresql",)))


def system_python() -> Check:
    base = interpreter.find_base()
    if base is None:
        return Check(
            "Python for Odoo", False, "no Python 3.10 to 3.13 in /usr/bin", machine.install_command(("python3", "python3-venv"))
        )
    if not interpreter.can_make_environments(base):
        return Check(
            "Python for Odoo", False, f"{base} has no venv", machine.install_command((f"{interpreter.package_of(base)}-venv",))
        )
    return Check("Python for Odoo", True, str(base))


def package_tools(cache: Cache) -> Check:
    """Whether Odoo can be fetched, where it isn't there already."""
    if archive.find_tree(cache) is not None:
        return Check("Odoo's source", True, "no download needed")
    missing = [name for name in ("apt-get", "dpkg-deb") if shutil.which(name) is None]
    if missing:
        return Check("Odoo's source", False, f"no {' and no '.join(missing)} to fetch it with", archive.GIVE_A_SOURCE)
    try:
        found = archive.debian_source(archive.sources(), archive.codename())
    except EnvironmentNotReady as problem:
        return Check("Odoo's source", False, str(problem), archive.GIVE_A_SOURCE)
    if not archive.KEYRING.is_file():
        return Check("Odoo's source", False, f"{archive.KEYRING} is missing", machine.install_command(("debian-archive-keyring",)))
    return Check("Odoo's source", True, f"from the archive that serves '{found.suite}' to this machine")


def scenario_time(cache: Cache) -> Check:
    """Whether Odoo can live in scenario time; a scenario that asks for it goes on without, and says so."""
    name, only = "scenario time", f"{faketime.PACKAGE}, which erp_clock: scenario alone needs"
    found = faketime.find(cache)
    if found is not None:
        return Check(name, True, f"{faketime.PACKAGE} in {found}", needed=False)
    try:
        faketime.origin()
    except EnvironmentNotReady as problem:
        return Check(
            name,
            False,
            f"there is no {only}, and it cannot be fetched: {problem}",
            machine.install_command((faketime.PACKAGE,)),
            needed=False,
        )
    return Check(name, True, f"{only}, is fetched when the first one does", needed=False)


def loopback() -> Check:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1", 0))
    except OSError as problem:
        return Check("loopback ports", False, f"127.0.0.1 cannot be used: {problem.strerror}", "ip link set lo up")
    return Check("loopback ports", True, "127.0.0.1 has free ports")


def read_replica() -> Check:
    """Whether Odoo may answer from a copy of its database that is behind; of one that is not ours nobody can tell."""
    ours = "none with --target native or docker, whose configuration is ours"
    theirs = "an Odoo that is not ours does not tell over RPC whether it has one (db_replica_host)"
    anyway = "unknown outcomes are looked up where writes go, whether it has one or not"
    return Check("read replica", True, f"{ours}; {theirs}: {anyway}", needed=False)


def provided(cache: Cache) -> Iterator[Check]:
    """Yield what ``rehearse up`` has provided so far."""
    up = "rehearse up"
    tree, python = archive.find_tree(cache), interpreter.find_python(cache)
    yield Check("Odoo", tree is not None, tree.version if tree else "not in the cache yet", "" if tree else up)
    yield Check("Odoo's Python packages", python is not None, str(python or "not in the cache yet"), "" if python else up)
    try:
        templates = list(cache.secrets().get("templates", {}))
        state = NativeTarget(cache.root).status()
        running = server_of(cache.state()) is not None and state.running
    except EnvironmentNotReady as problem:
        yield Check("template database", False, str(problem), "export REHEARSE_CACHE=$HOME/.cache/peak-rehearsal")
        return
    yield Check("template database", bool(templates), f"{len(templates)} in the cache", "" if templates else up)
    yield Check("running", running, state.url or "Odoo is not running" if running else "Odoo is not running", "" if running else up)
