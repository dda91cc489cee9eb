"""Inside Odoo's own container: make the database that a load test in containers is driven against.

`docker compose --profile load up` has no harness outside of it, so the service ``load-database`` runs this with the
Python of Odoo's image: the standard library and what Odoo itself needs are all there is.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import machine, template
from rehearsal.targets.base import TemplateRecipe
from rehearsal.targets.cache import Cache
from rehearsal.targets.filestore import COPY, FolderFiles
from rehearsal.targets.names import checked_name
from rehearsal.targets.sql import PSQL_WORDS, SQL_SECONDS, Row, SqlServer, rows

DATABASE = "load"
FIX = "docker compose --profile load up"


@dataclass(frozen=True, slots=True)
class RemotePostgres(SqlServer):
    """PostgreSQL at an address; *settings* are libpq's (PGHOST, PGPASSWORD, …)."""

    settings: Mapping[str, str] = field(repr=False)

    def sql(self, database: str, statement: str, *, timeout: float = SQL_SECONDS) -> list[Row]:
        """Run SQL in *database*; the statement goes through stdin."""
        words = ["psql", *PSQL_WORDS, "--dbname", database]
        what = f"SQL in database '{database}'"
        return rows(machine.run(words, what=what, fix=FIX, env=self.settings, stdin=statement, timeout=timeout))


@dataclass(frozen=True, slots=True)
class InnerWorkshop(FolderFiles):
    """A `template.Workshop` whose programs and files are this container's own."""

    postgres: RemotePostgres
    cache: Cache
    version: str
    config: Path
    addons: tuple[Path, ...] = ()

    @property
    def filestore(self) -> Path:
        """One folder per database; beside the cache."""
        return self.cache.root.parent / "filestore"

    def require_modules(self, modules: tuple[str, ...]) -> None:
        """Leave it to the master, who refuses a database that lacks one, by name."""

    def odoo(self, words: list[str], what: str, seconds: float, name: str, stdin: str = "") -> str:
        """Run an Odoo program to its end; its messages go to the container's log, for a person to follow."""
        try:
            done = subprocess.run(
                ["odoo", *words, "--config", str(self.config), "--log-handler", ":WARNING"],
                input=stdin,
                stdout=subprocess.PIPE,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise EnvironmentNotReady(f"{what}: not finished after {seconds:.0f} s; run: {FIX}") from late
        if done.returncode != 0:
            raise EnvironmentNotReady(f"{what}: ended with exit code {done.returncode}, see above; run: {FIX}")
        return done.stdout

    def copy_files(self, source: str, name: str) -> None:
        """Copy the files of database *source* for *name*, replacing what a killed copy left there."""
        self.remove_files(name)
        if (self.filestore / source).is_dir():
            copied = [*COPY, str(self.filestore / source), str(self.filestore / checked_name(name))]
            machine.run(copied, what=f"copying the files of database '{source}'", fix=FIX)


def provided(shop: InnerWorkshop, recipe: TemplateRecipe) -> dict[str, str]:
    """Make database `DATABASE` anew from the template for *recipe*; return the login, as environment variables."""
    made = template.provide(shop, recipe, lambda line: print(f"rehearse: {line}", file=sys.stderr, flush=True))
    template.drop(shop, DATABASE)
    template.copy(shop, made.database, DATABASE)
    return {
        "REHEARSE_ODOO_DATABASE": DATABASE,
        "REHEARSE_ODOO_LOGIN": template.LOGIN,
        "REHEARSE_ODOO_PASSWORD": made.password,
        "REHEARSE_ODOO_API_KEY": made.api_key,
    }


def main(recipe_file: str, config: str, data: str, addons: str) -> int:
    """Print the login as shell assignments, for a private file; the words are those of compose/provide-load-database."""
    os.umask(0o077)
    told = runpy.run_path(recipe_file)
    postgres = RemotePostgres({name: value for name, value in os.environ.items() if name.startswith("PG")})
    version = machine.run(["odoo", "--version"], what="asking Odoo's version", fix=FIX).split()[-1]
    # The word keeps its template apart from that of `rehearse up --target docker`, whose key is elsewhere.
    shop = InnerWorkshop(postgres, Cache(Path(data) / ".rehearsal"), f"{version} {DATABASE}", Path(config), (Path(addons),))
    try:
        shop.cache.provide()
        login = provided(shop, TemplateRecipe(tuple(told["MODULES"]), str(told["SETTINGS"])))
    except EnvironmentNotReady as problem:
        print(f"rehearse: {problem}", file=sys.stderr)
        return problem.exit_code
    print("".join(f"export {name}='{value}'\n" for name, value in login.items()), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
