"""The machine: as whom programs run, how they are run, and which system packages they need.

PostgreSQL and Odoo refuse or dislike root, so root lends them to a system account that owns nothing else.
"""

from __future__ import annotations

import errno
import functools
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell

ACCOUNT_NAME = "rehearsal"
SHORT_COMMAND_SECONDS = 60.0
PACKAGE_INSTALL_SECONDS = 900.0
OUTPUT_TAIL_LINES = 15

# A cluster made by the distribution would start with the machine, take port 5432 and stay behind;
# postgresql-common reads this before it makes one, and every version after it honours it.
NO_SYSTEM_CLUSTER = Path("/etc/postgresql-common/createcluster.d/peak-rehearsal.conf")


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system account that runs PostgreSQL and Odoo."""

    name: str
    uid: int
    gid: int

    @property
    def is_caller(self) -> bool:
        """Whether it's the account of this process, so that nothing must be switched."""
        return self.uid == os.geteuid()


def current_account() -> Account:
    """Return the account of this process."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Account(name, uid, os.getegid())


def find_account() -> Account | None:
    """Return the account that runs the servers, or None when root hasn't made it yet."""
    if os.geteuid() != 0:
        return current_account()
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def provide_account(progress: Tell) -> Account:
    """Return the account that runs the servers; root makes it once, as a system account without a shell."""
    account = find_account()
    if account is None:
        progress(f"making system account '{ACCOUNT_NAME}'")
        run(
            [
                "useradd",
                "--system",
                "--user-group",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
                "--shell",
                "/usr/sbin/nologin",
                ACCOUNT_NAME,
            ],
            what=f"making the system account '{ACCOUNT_NAME}'",
            fix=f"useradd --system --user-group {ACCOUNT_NAME}",
        )
        account = find_account()
    if account is None or account.uid == 0:
        raise EnvironmentNotReady(
            f"account '{ACCOUNT_NAME}' is missing or is root, and PostgreSQL refuses to run as root; "
            f"make it with: useradd --system --user-group {ACCOUNT_NAME}"
        )
    return account


def run(
    command: Sequence[str],
    *,
    what: str,
    fix: str,
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout: float = SHORT_COMMAND_SECONDS,
) -> str:
    """Run *command* to its end and return what it wrote to stdout; it's killed after *timeout* seconds.

    *env* is added to the environment of this process. With *account* it runs as that account, which
    root alone can do. *stdin* and *env* are the only roads for a secret: arguments are world-readable.
    Raises `EnvironmentNotReady` with *what* failed, the end of its output, and *fix*.
    """
    try:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            mortal(command),
            input=stdin if stdin is not None else "",
            env=environment(account, env),
            cwd=cwd if cwd is not None else "/",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            umask=0o022,
            check=False,
            **switch(account),
        )
    except FileNotFoundError as missing:
        raise EnvironmentNotReady(f"{what}: program '{command[0]}' is not installed; run: {fix}") from missing
    except PermissionError as denied:
        raise EnvironmentNotReady(f"{what}: '{command[0]}' may not be run ({denied.strerror}); run: {fix}") from denied
    except subprocess.TimeoutExpired as late:
        raise EnvironmentNotReady(f"{what}: not finished after {timeout:.0f} s, so it was stopped; run: {fix}") from late
    if done.returncode != 0:
        raise EnvironmentNotReady(failure(what, done.returncode, done.stdout + done.stderr, fix))
    return done.stdout


def mortal(command: Sequence[str]) -> list[str]:
    """Return *command* so that it dies with this process, even when this one is killed.

    An orphaned pip or Odoo would go on writing where the next command starts afresh.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or shutil.which(command[0]) is None:
        return list(command)
    return [setpriv, "--pdeathsig", "KILL", "--", *command]


def failure(what: str, code: int, output: str, fix: str) -> str:
    """Return the message for a program that ended with *code*; a full disk is named as such."""
    told = "\n  ".join(output.strip().splitlines()[-OUTPUT_TAIL_LINES:])
    ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    if os.strerror(errno.ENOSPC) in output:
        fix = "free some disk space, or set REHEARSE_CACHE to a folder with 3 GB free, and try again"
    return f"{what}: {ended}:\n  {told}\n{fix if fix.startswith('free') else 'run: ' + fix}"


def environment(account: Account | None, extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return the environment for a child process, with messages in English.

    A server gets next to nothing of the caller's: what a shell or a CI job carries (tokens, proxies,
    PostgreSQL and Python settings) would steer it, and would be readable in /proc for its whole life.
    """
    if account is not None:
        env = {key: os.environ[key] for key in ("PATH", "TZ") if key in os.environ}
        # Odoo's dates are UTC; the home of the servers is of no use to them.
        env.update(HOME="/nonexistent", USER=account.name, LOGNAME=account.name)
    else:
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "PYTHON", "ODOO"))}
    env.update(LC_ALL="C.UTF-8", LANGUAGE="C", DEBIAN_FRONTEND="noninteractive")
    env.update(extra or {})
    return env


def switch(account: Account | None) -> dict[str, Any]:
    """Return the arguments that make `subprocess` run a program as *account*."""
    if account is None or account.is_caller:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def postgres_bin() -> Path | None:
    """Return the folder of the newest PostgreSQL server programs, or None when there are none."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    folders = [folder for folder in folders if folder.parent.name.isdigit() and (folder / "postgres").exists()]
    if folders:
        return max(folders, key=lambda folder: int(folder.parent.name))
    # Not Debian: the programs may simply be on the path.
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found and shutil.which("postgres") else None


def provide_postgres(progress: Tell) -> Path:
    """Return the folder of the PostgreSQL server programs, installing them where that's allowed."""
    folder = postgres_bin()
    if folder is None:
        if os.geteuid() == 0:
            NO_SYSTEM_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
            NO_SYSTEM_CLUSTER.write_text("create_main_cluster = false\n", encoding="utf-8")
        install(("postgresql",), progress)
        folder = postgres_bin()
    if folder is None:
        raise EnvironmentNotReady(
            "PostgreSQL's server programs (initdb, postgres) are in no /usr/lib/postgresql/*/bin; "
            "run: apt-get install -y postgresql"
        )
    return folder


def install_command(packages: Sequence[str]) -> str:
    """Return the command that installs system *packages*, as a user would type it."""
    prefix = "" if os.geteuid() == 0 else "sudo "
    return f"{prefix}apt-get install -y --no-install-recommends {' '.join(packages)}"


def install(packages: Sequence[str], progress: Tell) -> None:
    """Install system *packages* with apt: as root, or through sudo when it asks for no password."""
    command = install_command(packages)
    if shutil.which("apt-get") is None:
        raise EnvironmentNotReady(
            f"packages {', '.join(packages)} are needed and this machine has no apt-get; install them by its own means"
        )
    if os.geteuid() != 0 and not sudo_is_free():
        raise EnvironmentNotReady(f"packages {', '.join(packages)} are needed and need root; run: {command}")
    progress(f"installing system packages: {' '.join(packages)}")
    words = command.replace("sudo ", "sudo -n ").split()
    what = f"installing {', '.join(packages)}"
    try:
        run(words, what=what, fix=command, timeout=PACKAGE_INSTALL_SECONDS)
    except EnvironmentNotReady:
        # A machine fresh from its image has no package lists, or old ones.
        update = [*words[: words.index("apt-get") + 1], "update"]
        run(update, what="updating the package lists", fix=" ".join(update), timeout=PACKAGE_INSTALL_SECONDS)
        run(words, what=what, fix=command, timeout=PACKAGE_INSTALL_SECONDS)


@functools.cache
def sudo_is_free() -> bool:
    """Whether sudo is there and asks for no password."""
    sudo = shutil.which("sudo")
    if sudo is None:
        return False
    try:
        return subprocess.run([sudo, "-n", "true"], capture_output=True, timeout=5, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
