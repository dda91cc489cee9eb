"""The Docker engine, through its own command line: whichever engine that one talks to is meant.

What can be wrong with an engine is known here, and each has the command that mends it.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal import project
from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import machine

COMPOSE_MIN = (2, 26)
"""The oldest Compose that the tests have run."""
ASK_SECONDS = 30.0
REGISTRY_SECONDS = 15.0
PULL_SECONDS = 1800.0
USE_NATIVE = "or run with: --target native"
UNREACHABLE = ("dial tcp", "no such host", "timeout", "timed out", "connection refused", "name resolution", "TLS", "EOF")
"""What Docker says when the registry is out of reach; anything else means that it has no such image."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine that ``docker`` talks to; *settings* are given to Compose with every command."""

    settings: Mapping[str, str] = field(default_factory=dict)

    def docker(
        self, words: Sequence[str], what: str, *, stdin: str = "", seconds: float = ASK_SECONDS, cwd: Path | None = None
    ) -> str:
        """Run ``docker WORDS`` and return its stdout; raises `EnvironmentNotReady` that says what to do."""
        return self._run(["docker", *words], what, stdin, seconds, cwd)

    def both(self, words: Sequence[str], what: str) -> str:
        """Run ``docker WORDS`` and return its stdout and stderr in their order: a container writes its log to either."""
        return self._run(["sh", "-c", 'exec docker "$@" 2>&1', "sh", *words], what, "", ASK_SECONDS, None)

    def _run(self, command: Sequence[str], what: str, stdin: str, seconds: float, cwd: Path | None) -> str:
        # Compose's variables begin with ODOO_ and would be held back with the rest of a caller's environment.
        env = {key: value for key, value in os.environ.items() if key.startswith(("ODOO_", "POSTGRES_"))}
        try:
            return machine.run(
                command, what=what, fix="docker info", stdin=stdin, timeout=seconds, cwd=cwd, env={**env, **self.settings}
            )
        except EnvironmentNotReady as failed:
            raise meaning(str(failed)) from failed

    def version(self) -> str:
        """Return the engine's version; raises `EnvironmentNotReady` when none answers."""
        return self.docker(["version", "--format", "{{.Server.Version}}"], "asking the Docker engine").strip()

    def compose_version(self) -> str:
        """Return Compose's version; raises `EnvironmentNotReady` when it's missing or too old."""
        try:
            told = self.docker(["compose", "version", "--short"], "asking Docker Compose").strip()
        except EnvironmentNotReady as failed:
            if "Docker engine" in str(failed) or "program 'docker'" in str(failed):
                raise
            raise EnvironmentNotReady(f"this docker has no Compose plug-in; {compose_fix()}") from failed
        numbers = tuple(int(number) for number in re.findall(r"\d+", told)[:2])
        if numbers < COMPOSE_MIN:
            wanted = ".".join(map(str, COMPOSE_MIN))
            raise EnvironmentNotReady(f"Docker Compose is {told}, at least {wanted} is needed; {compose_fix()}")
        return told

    def require(self) -> None:
        """Raise `EnvironmentNotReady` unless an engine and a Compose that is new enough answer."""
        self.version()
        self.compose_version()

    def image(self, name: str) -> str | None:
        """Return the id of image *name* if it is here."""
        try:
            return self.docker(["image", "inspect", "--format", "{{.Id}}", name], f"looking for image {name}").strip()
        except EnvironmentNotReady as failed:
            if "no such image" in str(failed).lower():
                return None
            raise

    def can_pull(self, name: str) -> bool:
        """Whether the registry has image *name* and is in reach; waits for it a few seconds at most."""
        try:
            self.docker(["manifest", "inspect", name], f"asking for image {name}", seconds=REGISTRY_SECONDS)
        except EnvironmentNotReady:
            return False
        return True

    def pull(self, name: str) -> None:
        """Fetch image *name*; raises `EnvironmentNotReady` with the way to build it here."""
        try:
            self.docker(["pull", "--quiet", name], f"pulling image {name}", seconds=PULL_SECONDS)
        except EnvironmentNotReady as failed:
            if "No space left" in str(failed) or "engine" in str(failed):
                raise
            why = "cannot be pulled: its registry is out of reach" if out_of_reach(str(failed)) else "cannot be pulled"
            raise EnvironmentNotReady(
                f"image {name} is not here and {why}; build such images on this machine with: "
                f"{script('build-images')}   (or name one that is here: ODOO_IMAGE, POSTGRES_IMAGE)"
            ) from failed

    def inspect(self, names: Sequence[str], what: str) -> list[dict[str, Any]]:
        """Return what the engine knows of some containers."""
        told = json.loads(self.docker(["inspect", *names], what)) if names else []
        return list(told)


def script(name: str) -> str:
    """Return the path of a script of docker/, as a user would type it."""
    path = project.bundled() / "docker" / name
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def out_of_reach(text: str) -> bool:
    """Whether Docker's *text* says that a registry could not be reached."""
    return any(sign in text for sign in UNREACHABLE)


def compose_fix() -> str:
    """Return how to get Compose; its package has a name of its own in each archive."""
    prefix = "" if os.geteuid() == 0 else "sudo "
    return (
        f"run: {prefix}apt-get install -y docker-compose-plugin   (from Docker's archive; Ubuntu: docker-compose-v2, "
        f"Debian 13: docker-compose, Debian 12: {script('get-compose')}; {USE_NATIVE})"
    )


def meaning(text: str) -> EnvironmentNotReady:
    """Return the error for what Docker said, with the command that mends it where we know one."""
    prefix = "" if os.geteuid() == 0 else "sudo "
    said = text.lower()
    if "program 'docker' is not installed" in text:
        return EnvironmentNotReady(
            f"program 'docker' is not installed, so there is no Docker engine; "
            f"run: {machine.install_command(('docker.io',))}   ({USE_NATIVE})"
        )
    if "permission denied" in said and "docker" in said and "sock" in said:
        return EnvironmentNotReady(
            f"you may not talk to the Docker engine; run: sudo usermod -aG docker $USER   (then log in again; {USE_NATIVE})"
        )
    if "cannot connect to the docker daemon" in said or "error during connect" in said:
        return EnvironmentNotReady(
            f"no Docker engine answers; run: {prefix}systemctl start docker   (or set DOCKER_HOST; {USE_NATIVE})"
        )
    taken = re.search(r"(?:\d+\.\d+\.\d+\.\d+|\[::\]):(\d+)[^\n]*(?:already allocated|already in use)", text)
    if taken is not None:
        return EnvironmentNotReady(
            f"port {taken[1]} on 127.0.0.1 is taken; see by whom: ss -ltnp 'sport = :{taken[1]}', or choose others: "
            "ODOO_PORT=8070 POSTGRES_PORT=15433 rehearse up --target docker"
        )
    if os.strerror(errno.ENOSPC).lower() in said:
        return EnvironmentNotReady(
            f"No space left for the Docker engine: {last_line(text)}; see what takes it: docker system df, "
            "and free it: docker system prune"
        )
    return EnvironmentNotReady(text)


def last_line(text: str) -> str:
    """Return the last line of Docker's output, which says what was wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("run: ")]
    return lines[-1] if lines else ""
