"""The native target's workshop: Odoo's programs run on this machine, the databases' files lie in the cache."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import machine
from rehearsal.targets.cache import Cache
from rehearsal.targets.cluster import Cluster
from rehearsal.targets.filestore import COPY, FolderFiles
from rehearsal.targets.server import Installation

BUILDER = "build"
"""The name of the configuration for building; a server that runs meanwhile keeps its own."""
COPY_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class NativeWorkshop(FolderFiles):
    """A `template.Workshop` on *installation*."""

    installation: Installation

    @property
    def version(self) -> str:
        return self.installation.tree.version

    @property
    def addons(self) -> tuple[Path, ...]:
        return self.installation.addons

    @property
    def cache(self) -> Cache:
        return self.installation.cache

    @property
    def postgres(self) -> Cluster:
        return self.installation.cluster

    @property
    def filestore(self) -> Path:
        """One folder per database."""
        return self.installation.data / "filestore"

    def require_modules(self, modules: tuple[str, ...]) -> None:
        """Refuse names that no module has."""
        folders = (*self.installation.tree.addons, *self.addons)
        missing = [name for name in modules if not any((folder / name / "__manifest__.py").is_file() for folder in folders)]
        if missing:
            raise EnvironmentNotReady(
                f"Odoo {self.version} has no module {', '.join(missing)}; looked in "
                f"{', '.join(str(folder) for folder in folders)}; "
                "correct the module list, or give the folder or the package that holds it: --addons FOLDER or --addons PACKAGE"
            )

    def odoo(self, words: list[str], what: str, seconds: float, name: str, stdin: str = "") -> str:
        """Run an Odoo program to its end; its messages (stderr) go to the log, so that a failure can be read afterwards."""
        self.installation.write_config(BUILDER)
        account, log = self.installation.account, self.installation.log.with_name(name)
        log.unlink(missing_ok=True)
        with log.open("x", encoding="utf-8") as messages:
            try:
                done: subprocess.CompletedProcess[str] = subprocess.run(
                    machine.mortal(self.installation.command(BUILDER, *words)),
                    input=stdin,
                    stdout=subprocess.PIPE,
                    stderr=messages,
                    text=True,
                    errors="replace",
                    cwd=self.cache.run,
                    timeout=seconds,
                    check=False,
                    umask=0o077,
                    env=machine.environment(account, self.installation.environment()),
                    **machine.switch(account),
                )
            except subprocess.TimeoutExpired as late:
                raise EnvironmentNotReady(
                    f"{what}: not finished after {seconds:.0f} s; run: rehearse up   (its log: {log})"
                ) from late
        if done.returncode != 0:
            told = log.read_text(encoding="utf-8", errors="replace")
            raise EnvironmentNotReady(machine.failure(what, done.returncode, told, f"rehearse up   (its log: {log})"))
        return done.stdout

    def copy_files(self, source: str, name: str) -> None:
        """Copy the files of database *source* for *name*, as the account that owns them."""
        self.remove_files(name)
        if (self.filestore / source).is_dir():
            machine.run(
                [*COPY, str(self.filestore / source), str(self.filestore / name)],
                what=f"copying the files of database '{source}'",
                fix="rehearse up",
                account=self.installation.account,
                timeout=COPY_SECONDS,
            )
