"""The cache folder: everything that a native target needs outlives a run there, and nowhere else.

    apt/        private package lists and downloads
    odoo/V/     Odoo's source tree, one folder per version
    venv/       Odoo's Python dependencies
    faketime/   libfaketime, where the machine has none
    secrets.json   the administrator's password and API keys (mode 0600)
    state.json  what runs now
    clock.json  whether it runs in scenario time, and for whom
    leases/     which commands use it
    run/        belongs to the account that runs the servers: cluster, configuration, filestore, logs

A step that can be interrupted either builds beside its place and is renamed into it, or is done again
until its mark is there; so what a killed run left behind is never used.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.targets.machine import Account

LOCK_SECONDS = 900.0
"""How long a command waits for another one that provides the same cache; a cold start takes minutes."""
LOCK_POLL_SECONDS = 0.2
DONE = ".done"


def default_root() -> Path:
    """Return where the cache is: REHEARSE_CACHE, else the place the system has for such things."""
    named = os.environ.get("REHEARSE_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/cache/peak-rehearsal")
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "peak-rehearsal"


@dataclass(frozen=True, slots=True)
class Cache:
    """The folders of one cache."""

    root: Path

    @property
    def apt(self) -> Path:
        return self.root / "apt"

    @property
    def odoo(self) -> Path:
        return self.root / "odoo"

    @property
    def venv(self) -> Path:
        return self.root / "venv"

    @property
    def faketime(self) -> Path:
        return self.root / "faketime"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def leases(self) -> Path:
        return self.root / "leases"

    @property
    def state_file(self) -> Path:
        return self.root / "state.json"

    @property
    def clock_file(self) -> Path:
        return self.root / "clock.json"

    @property
    def secrets_file(self) -> Path:
        return self.root / "secrets.json"

    def provide(self) -> None:
        """Make the cache folder, open for reading whatever the caller's umask is."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if self.root.stat().st_uid == os.geteuid():
                self.root.chmod(0o755)
        except OSError as problem:
            raise EnvironmentNotReady(
                f"cache folder {self.root} cannot be made ({problem.strerror}); set REHEARSE_CACHE to a folder that you may write"
            ) from problem
        if not os.access(self.root, os.W_OK):
            raise EnvironmentNotReady(
                f"cache folder {self.root} belongs to somebody else; set REHEARSE_CACHE to a folder that you may write"
            )

    def provide_run(self, account: Account) -> None:
        """Make the folder that belongs to *account*, and see that the account can get there."""
        self.run.mkdir(exist_ok=True)
        if not account.is_caller:
            os.chown(self.run, account.uid, account.gid)
        self.run.chmod(0o700)
        for folder in self.root.parents:
            mode, owner = folder.stat().st_mode, folder.stat().st_uid
            if not account.is_caller and owner != account.uid and not mode & 0o001:
                raise EnvironmentNotReady(
                    f"folder {folder} is closed to account '{account.name}', which runs PostgreSQL and Odoo "
                    f"in {self.root}; run: chmod o+x {folder}   (or set REHEARSE_CACHE to another folder)"
                )

    @contextlib.contextmanager
    def lock(self, progress: Tell, seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """Hold the cache for one command; others wait, at most *seconds*. A dead holder holds nothing."""
        self.provide()
        path = self.root / "lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            told = False
            deadline = time.monotonic() + seconds
            while not try_lock(handle):
                if time.monotonic() >= deadline:
                    raise EnvironmentNotReady(f"another command has held {path} for {seconds:.0f} s; see who with: fuser {path}")
                if not told:
                    progress("waiting for another rehearse command that provides the same cache")
                    told = True
                time.sleep(LOCK_POLL_SECONDS)
            yield
        finally:
            os.close(handle)

    def state(self) -> dict[str, Any]:
        """Return what the last command wrote about running servers; empty when there is nothing."""
        return read_json(self.state_file)

    def write_state(self, state: Mapping[str, Any]) -> None:
        """Replace the state."""
        write_private(self.state_file, json.dumps(state, indent=1))

    def clock(self) -> dict[str, Any]:
        """Return who put the servers into scenario time, and how; empty when nobody did."""
        return read_json(self.clock_file)

    def write_clock(self, clock: Mapping[str, Any]) -> None:
        """Replace what is known of scenario time."""
        write_private(self.clock_file, json.dumps(clock, indent=1))

    def secrets(self) -> dict[str, Any]:
        """Return the secrets of this cache."""
        return read_json(self.secrets_file)

    def write_secrets(self, secrets: Mapping[str, Any]) -> None:
        """Replace the secrets; nobody else can read them at any moment."""
        write_private(self.secrets_file, json.dumps(secrets, indent=1))


def try_lock(handle: int) -> bool:
    """Take the lock on *handle* if nobody has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in file *path*; empty when it's missing or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except PermissionError as problem:
        raise EnvironmentNotReady(
            f"{path} belongs to somebody else; run as its owner, or set REHEARSE_CACHE to a folder of your own"
        ) from problem
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_private(path: Path, text: str, owner: Account | None = None) -> None:
    """Replace file *path* in one step, readable by its owner alone from its first byte on."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        if owner is not None and not owner.is_caller:
            os.chown(name, owner.uid, owner.gid)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def is_done(folder: Path, fingerprint: str) -> bool:
    """Whether *folder* was finished, and from the same ingredients."""
    try:
        return (folder / DONE).read_text(encoding="utf-8") == fingerprint
    except OSError:
        return False


def mark_done(folder: Path, fingerprint: str) -> None:
    """Say that *folder* is finished; the last thing that its builder does."""
    write_private(folder / DONE, fingerprint)
    (folder / DONE).chmod(0o644)


def remove_remains(folder: Path) -> None:
    """Remove what killed builds left in *folder*; the caller holds the cache's lock."""
    for remains in folder.glob(".*.partial"):
        shutil.rmtree(remains, ignore_errors=True)


@contextlib.contextmanager
def staged(place: Path) -> Iterator[Path]:
    """Lend a folder beside *place* that becomes *place* when the block ends well, and vanishes otherwise.

    Remains of killed builds are removed first, so the caller must hold the cache's lock.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    remove_remains(place.parent)
    stage = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}.", suffix=".partial"))
    try:
        stage.chmod(0o755)
        yield stage
        if place.exists():
            shutil.rmtree(place)
        stage.replace(place)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
