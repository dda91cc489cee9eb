"""Folders that must hold much, or be open to the servers' account; and what the system says when they aren't."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import machine
from rehearsal.targets.machine import Account

NEEDED_BYTES = 3 * 1024**3
"""Odoo's source, its Python packages, a template and some copies of it."""
KEEP_APART = ("chattr", "+T")


def existing_parent(folder: Path) -> Path:
    """Return *folder*, or the nearest folder above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder


def keep_apart(folder: Path) -> None:
    """Ask the file system to keep the folders below *folder* apart from each other (``chattr +T``); silent where it does not.

    A database is a folder of 3,500 files. ext4 without a journal, as virtual machines have it, takes no inode again for a
    minute after its file is gone, and looks at each of them for each new file beside it: a copy of a database took three
    seconds where others had just been dropped, and takes a fifth of one where each lies in a place of its own.
    """
    if shutil.which(KEEP_APART[0]) is not None:
        subprocess.run([*KEEP_APART, folder], capture_output=True, timeout=10, check=False)


def require_readable(folder: Path, account: Account) -> None:
    """Refuse a folder of the user's that the servers' account cannot enter."""
    machine.run(
        ["test", "-r", str(folder), "-a", "-x", str(folder)],
        what=f"folder {folder} is missing or closed to account '{account.name}', which runs Odoo",
        fix=f"chmod -R o+rX {folder}   (and chmod o+x for each folder above it)",
        account=account,
    )


def require_space(folder: Path) -> None:
    """Refuse to start a provisioning that the disk can't hold."""
    place = existing_parent(folder)
    free = shutil.disk_usage(place).free
    if free < NEEDED_BYTES:
        raise EnvironmentNotReady(
            f"{place} has {free / 1024**3:.1f} GB free, and Odoo needs {NEEDED_BYTES / 1024**3:.0f}; "
            "free some disk space, or set REHEARSE_CACHE to a folder with more"
        )


@contextlib.contextmanager
def disk_trouble(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals (disk full, not permitted) into what a user can act on."""
    try:
        yield
    except OSError as problem:
        raise EnvironmentNotReady(
            f"{problem.filename or folder}: {os.strerror(problem.errno or 0)}; "
            "set REHEARSE_CACHE to a folder that you may write, with 3 GB free"
        ) from problem
