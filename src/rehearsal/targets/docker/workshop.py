"""The Docker target's workshop: Odoo's programs and psql run inside the containers, the files lie in a volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets.base import PostgresAddress
from rehearsal.targets.cache import Cache
from rehearsal.targets.disk import KEEP_APART
from rehearsal.targets.docker.stack import ADDONS, DB, ODOO, POSTGRES_PORT, Stack
from rehearsal.targets.filestore import COPY
from rehearsal.targets.names import checked_name
from rehearsal.targets.sql import PSQL_WORDS, SQL_SECONDS, Row, SqlServer, rows

ROLE = "odoo"
CONFIG = "/run/rehearsal/odoo.conf"
FILESTORE = "/var/lib/odoo/filestore"
SECRETS = "/secret/secrets.env"
PASSWORD = "POSTGRES_PASSWORD"  # noqa: S105  the name of the setting
FILES_SECONDS = 120.0

# Where Odoo itself would look: the folders of its configuration, and its own modules.
MISSING_MODULES = """
import configparser, importlib.util, pathlib, sys
options = configparser.RawConfigParser(strict=False)
options.read(sys.argv[1])
package = pathlib.Path(importlib.util.find_spec("odoo").submodule_search_locations[0])
folders = [package / "addons", package.parent / "addons"]
folders += [pathlib.Path(word.strip()) for word in options.get("options", "addons_path", fallback="").split(",") if word]
print(*(name for name in sys.argv[2:] if not any((folder / name / "__manifest__.py").is_file() for folder in folders)))
"""


@dataclass(frozen=True, slots=True)
class ContainerPostgres(SqlServer):
    """PostgreSQL in the container of the service ``db``, asked through the psql beside it."""

    stack: Stack

    def sql(self, database: str, statement: str, *, timeout: float = SQL_SECONDS) -> list[Row]:
        """Run SQL in *database* as the owner of Odoo's databases; the statement goes through stdin."""
        words = ["psql", *PSQL_WORDS, "--username", ROLE, "--dbname", database]
        return rows(self.stack.run(DB, words, f"SQL in database '{database}'", stdin=statement, seconds=timeout))

    def keep_apart(self) -> None:
        """Ask the file system to keep databases apart, as `disk.keep_apart` does; silent where it does not."""
        script = f'{" ".join(KEEP_APART)} "$PGDATA/base" 2>&1 || :'
        self.stack.run(DB, ["sh", "-c", script], "looking at the volume of PostgreSQL")

    @property
    def address(self) -> PostgresAddress:
        """How to reach it from this machine."""
        port = self.stack.need(DB).ports[POSTGRES_PORT]
        return PostgresAddress("127.0.0.1", port, ROLE, self.secrets()[PASSWORD])

    def secrets(self) -> Mapping[str, str]:
        """Return what was made at the first start; its file may belong to root, so the container reads it."""
        text = self.stack.run(DB, ["cat", SECRETS], "reading the password of PostgreSQL")
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


@dataclass(frozen=True, slots=True)
class ContainerWorkshop:
    """A `template.Workshop` in the containers of *stack*."""

    stack: Stack
    cache: Cache
    version: str
    """Odoo's version and its image: a rebuilt image may hold other code."""
    addons: tuple[Path, ...] = ()

    @property
    def postgres(self) -> ContainerPostgres:
        return ContainerPostgres(self.stack)

    def require_modules(self, modules: tuple[str, ...]) -> None:
        """Refuse names that no module has."""
        told = self.stack.run(
            ODOO, ["python3", "-", CONFIG, *modules], "looking for Odoo's modules", user="odoo", stdin=MISSING_MODULES
        )
        if told.split():
            raise EnvironmentNotReady(
                f"this image of Odoo has no module {', '.join(told.split())}, and neither has {ADDONS}; correct the "
                "module list, or mount the folder that holds it: ODOO_ADDONS=FOLDER rehearse up --target docker"
            )

    def odoo(self, words: list[str], what: str, seconds: float, name: str, stdin: str = "") -> str:
        """Run an Odoo program inside the container; its messages go to the log *name* in the cache."""
        log = f"/tmp/{name}"  # noqa: S108  inside the container
        command = ["sh", "-c", f'exec odoo "$@" 2> {log}', "sh", *words, "--config", CONFIG]
        try:
            return self.stack.run(ODOO, command, what, user="odoo", stdin=stdin, seconds=seconds)
        except EnvironmentNotReady as failed:
            told = self.stack.run(ODOO, ["tail", "-n", "15", log], "reading a log")
            raise EnvironmentNotReady(f"{failed}\n{told}") from failed

    def files(self) -> tuple[str, ...]:
        """Return the names of the databases that have files."""
        return tuple(self.stack.run(ODOO, ["ls", FILESTORE], "looking at the filestore").split())

    def copy_files(self, source: str, name: str) -> None:
        """Copy the files of database *source* for *name*, replacing what a killed copy left there."""
        script = f'rm -rf "$2" && if [ -d "$1" ]; then {" ".join(COPY)} "$1" "$2"; fi'
        self._files(script, f"copying the files of database '{source}'", source, name)

    def rename_files(self, source: str, name: str) -> None:
        """Let database *name* have the files of *source*; silent when there are none."""
        self._files('if [ -d "$1" ]; then mv "$1" "$2"; fi', f"moving the files of database '{source}'", source, name)

    def remove_files(self, name: str) -> None:
        """Remove the files of a database; silent when there are none."""
        self._files('rm -rf "$1"', f"removing the files of database '{name}'", name)

    def _files(self, script: str, what: str, *names: str) -> None:
        """Run a shell *script* on the folders of some databases, as root, which keeps their owner."""
        folders = [f"{FILESTORE}/{checked_name(name)}" for name in names]
        self.stack.run(ODOO, ["sh", "-ec", script, "sh", *folders], what, seconds=FILES_SECONDS)
