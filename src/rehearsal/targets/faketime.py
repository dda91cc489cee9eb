"""libfaketime: servers that take another instant for now, moved through one small file while they run.

A process that was started with `environment` reads an `OffsetFile` at each look at the clock, and adds what
stands there to the real time. So its clock ticks on between two moves, every worker has the same one, and one
that is started later has it too. Timeouts and worker limits that use the monotonic clock stay real, and so do
the dates of files: with those moved as well, Python would compile all of Odoo again at each start.

PostgreSQL must have the same file: Odoo takes ``create_date`` and ``write_date`` from its ``now()``.

Containers mount the offset file's folder, not the file, since it is replaced at each move: see `container_time`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady, NoScenarioTime
from rehearsal.model import Tell
from rehearsal.targets import archive, machine
from rehearsal.targets.cache import Cache, staged
from rehearsal.targets.machine import Account
from rehearsal.targets.process import Process

PACKAGE = "libfaketime"
ONE_THREAD = "libfaketime.so.1"
"""For PostgreSQL: its signal handlers look at the clock, and would wait for ever for the other one's lock."""
MANY_THREADS = "libfaketimeMT.so.1"
"""For Odoo."""
WATCHDOG_SECONDS = 10 * 366 * 86_400
"""Odoo's ``limit_time_real``: its master measures with the clock that is moved, and would kill every worker at dawn."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
REMAINS = ("faketime_shm_", "sem.faketime_sem_")
CANNOT_PRELOAD = " :;$"
"""Letters at which the loader would cut a library's path in two."""


@dataclass(frozen=True, slots=True)
class OffsetFile:
    """What is added to the real time, in seconds; processes follow it at once. Its folder must be open to them."""

    path: Path

    def point_to(self, at: datetime) -> None:
        """Make *at*, which must know its time zone, the instant that processes take for now."""
        self.write(at.timestamp() - time.time())

    def write(self, offset_s: float) -> None:
        """Replace the offset in one step: the library ends a process that reads half of one."""
        partial = self.path.with_name(f".{self.path.name}.partial")
        partial.write_text(f"{offset_s:+.6f}\n", encoding="ascii")
        partial.chmod(0o644)
        partial.replace(self.path)

    def read(self) -> float:
        """Return the offset in seconds; 0 when there is no file, as the library has it."""
        try:
            return float(self.path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0.0


def offset_in(place: Path) -> OffsetFile:
    """Return the offset file of folder *place*."""
    return OffsetFile(place / "offset")


def environment(library: str, file: str) -> dict[str, str]:
    """Return what a process needs in its environment to follow *file* through *library*, as it sees them."""
    return {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": file,
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


def find(cache: Cache) -> Path | None:
    """Return the folder with both libraries, of the machine or of the cache; None where there is none."""
    return next((folder for folder in folders(cache) if all((folder / n).is_file() for n in libraries())), None)


def libraries() -> tuple[str, str]:
    """Return the names of the two libraries."""
    return (ONE_THREAD, MANY_THREADS)


def folders(cache: Cache) -> Iterator[Path]:
    """Yield where the libraries may be."""
    kind = sysconfig.get_config_var("MULTIARCH") or f"{platform.machine()}-linux-gnu"
    for place in (f"lib/{kind}", "lib64", "lib", "local/lib"):
        yield Path("/usr") / place / "faketime"
    yield cache.faketime / "lib"


def provide(cache: Cache, progress: Tell) -> Path:
    """Return the folder with both libraries, fetching them into the cache once; the caller holds its lock.

    Raises `NoScenarioTime` when that is not possible.
    """
    found = find(cache)
    if found is None:
        try:
            found = fetch(cache, progress)
        except EnvironmentNotReady as problem:
            raise NoScenarioTime(f"{PACKAGE} is not here and cannot be fetched: {problem}\n{fix()}") from problem
    if set(str(found)) & set(CANNOT_PRELOAD):
        raise NoScenarioTime(
            f"{found} holds {PACKAGE}, and the loader takes no library from a path with a blank or one of ':;$' in it; "
            f"set REHEARSE_CACHE to another folder, or {fix()}"
        )
    return found


def fix() -> str:
    """Return how to get the library by hand."""
    return f"run: {machine.install_command((PACKAGE,))}"


def origin() -> archive.Source:
    """Return where this machine's own release comes from; raises `EnvironmentNotReady` when nothing can be fetched."""
    missing = [name for name in ("apt-get", "dpkg-deb") if shutil.which(name) is None]
    if missing:
        raise EnvironmentNotReady(f"no {' and no '.join(missing)} to fetch it with")
    try:
        return archive.debian_source(archive.sources(), archive.codename())
    except EnvironmentNotReady:
        raise EnvironmentNotReady(f"nothing in {archive.APT_FOLDER} names the archive of a Debian release") from None


def fetch(cache: Cache, progress: Tell) -> Path:
    """Download the package of this machine's own release, whose C library it fits, and unpack it into the cache."""
    source = origin()
    lists = cache.faketime / "apt"
    progress(f"downloading {PACKAGE}")
    with contextlib.ExitStack() as after:
        after.callback(shutil.rmtree, lists, ignore_errors=True)
        options = archive.private_apt(lists, source, source.suite)
        machine.run(
            ["apt-get", *options, "-o", "APT::Update::Error-Mode=any", "update"],
            what="reading Debian's package lists",
            fix="the same again, with the package archive in reach",
            timeout=archive.UPDATE_SECONDS,
        )
        machine.run(
            ["apt-get", *options, "download", PACKAGE],
            what=f"downloading {PACKAGE}",
            fix="the same again, with the package archive in reach",
            cwd=lists,
            timeout=archive.DOWNLOAD_SECONDS,
        )
        place = cache.faketime / "lib"
        with staged(place) as stage:
            package = next(lists.glob(f"{PACKAGE}_*.deb"))
            machine.run(["dpkg-deb", "-x", str(package), str(stage)], what=f"unpacking {package.name}", fix=fix())
            for name in libraries():
                next(stage.glob(f"usr/lib/*/faketime/{name}")).rename(stage / name)
            shutil.rmtree(stage / "usr")
    return place


@dataclass(frozen=True, slots=True)
class ScenarioTime:
    """Whether the servers of a cache live in scenario time, and which process keeps them there."""

    cache: Cache

    @property
    def offset(self) -> OffsetFile:
        """The offset file of these servers."""
        return offset_in(Path(self.cache.clock().get("place", self.cache.run / "clock")))

    @property
    def begun(self) -> bool:
        """Whether they were put into scenario time, and not yet brought back for certain."""
        return bool(self.cache.clock())

    @property
    def keeper(self) -> Process | None:
        """Return who put them into it if that very process still lives."""
        known = self.cache.clock()
        if not known:
            return None
        keeper = Process(int(known["pid"]), int(known["started"]))
        return keeper if keeper.alive else None

    @property
    def is_ours(self) -> bool:
        """Whether this process put them into it."""
        keeper = self.keeper
        return keeper is not None and keeper.pid == os.getpid()

    def require_unkept(self, otherwise: str) -> None:
        """Raise `EnvironmentNotReady` when another process that lives keeps them in it; *otherwise* is a way out."""
        keeper = self.keeper
        if keeper is not None and not self.is_ours:
            raise EnvironmentNotReady(
                f"process {keeper.pid} keeps this Odoo in scenario time; wait until it is through, or {otherwise}"
            )

    def preload(self, library: str) -> dict[str, str]:
        """Return what a server that starts now needs in its environment; nothing outside scenario time."""
        known = self.cache.clock()
        return environment(f"{known['folder']}/{library}", str(self.offset.path)) if known.get("on") else {}

    def begin(self, folder: Path, at: datetime, account: Account) -> None:
        """Let servers that start from here on take *at* for now, through the libraries in *folder*."""
        place = self.cache.run / "clock"
        place.mkdir(exist_ok=True)
        place.chmod(0o755)
        if not account.is_caller:
            os.chown(place, account.uid, account.gid)
        self.begin_in(place, at, folder=str(folder))

    def begin_in(self, place: Path, at: datetime, **known: str) -> None:
        """Point the offset file in *place* to *at*, and put on record that this process keeps servers there."""
        offset_in(place).point_to(at)
        me = Process.of(os.getpid())
        keeper = {"pid": os.getpid(), "started": me.started if me else 0}
        self.cache.write_clock({"on": True, "place": str(place), **keeper, **known})

    def end(self) -> None:
        """Let servers that start from here on take the real time; the offset of those that still run is 0."""
        if self.begun:
            self.cache.write_clock({**self.cache.clock(), "on": False})
            self.offset.write(0.0)

    def forget(self) -> None:
        """Note that no server lives in scenario time any more."""
        self.cache.clock_file.unlink(missing_ok=True)


def sweep(account: Account) -> None:
    """Remove what the library left in shared memory for processes that are gone; a later process of the same
    number would otherwise not start."""
    for place in SHARED_MEMORY.glob("*faketime_*"):
        number = place.name.removeprefix(REMAINS[0]).removeprefix(REMAINS[1])
        with contextlib.suppress(OSError):
            if number.isdigit() and place.stat().st_uid == account.uid and Process.of(int(number)) is None:
                place.unlink()
