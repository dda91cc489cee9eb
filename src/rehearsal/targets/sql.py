"""What a target asks of its PostgreSQL server, whoever runs it: list, make, copy and remove Odoo's databases."""

from __future__ import annotations

import csv
import io
import secrets
from abc import ABC, abstractmethod

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets.names import literal, quoted

MAINTENANCE = "postgres"
SQL_SECONDS = 600.0
ALONE_TRIES = 5
PSQL_WORDS = ("--no-psqlrc", "--quiet", "--csv", "--tuples-only", "--no-password", "--set", "ON_ERROR_STOP=1")
"""How psql is asked, so that `rows` can read its answer."""
# File by file, as before PostgreSQL 15: its new way, through the buffers and the log, takes half as long again.
BY_FILE = "SELECT CASE WHEN current_setting('server_version_num')::int >= 150000 THEN 'STRATEGY FILE_COPY' ELSE '' END AS by_file \\gset\n"

Row = tuple[str, ...]


def rows(text: str) -> list[Row]:
    """Return what psql printed as rows of text; NULL is the empty string."""
    return [tuple(row) for row in csv.reader(io.StringIO(text))]


class SqlServer(ABC):
    """A PostgreSQL server that holds Odoo's databases; `sql` is all that a kind of server must bring."""

    __slots__ = ()

    @abstractmethod
    def sql(self, database: str, statement: str, *, timeout: float = SQL_SECONDS) -> list[Row]:
        """Run SQL in *database* as the owner of Odoo's databases; several statements run one by one.

        Return the rows of all as text (NULL is the empty string). Raises `EnvironmentNotReady` with what
        the server said about the first statement that failed.
        """

    def databases(self) -> tuple[str, ...]:
        """Return the names of all of Odoo's databases, templates included."""
        found = self.sql(
            MAINTENANCE,
            "SELECT datname FROM pg_database JOIN pg_roles r ON r.oid = datdba WHERE rolname = current_user "
            f"AND NOT datistemplate AND datname <> {literal(MAINTENANCE)} ORDER BY 1",
            timeout=30,
        )
        return tuple(row[0] for row in found)

    def create(self, name: str) -> None:
        """Make an empty database."""
        self.sql(MAINTENANCE, f"CREATE DATABASE {quoted(name)} TEMPLATE template0 ENCODING 'UTF8'")

    def copy(self, source: str, name: str) -> None:
        """Copy database *source* as *name*; whoever is connected to the source is cut off."""
        self._alone(source, f"{BY_FILE}CREATE DATABASE {quoted(name)} TEMPLATE {quoted(source)} :by_file;")

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected; silent when there's none."""
        # Not WITH (FORCE), which fails when autovacuum happens to be in that database: it may be ended by a
        # superuser alone. Without FORCE, PostgreSQL sends autovacuum away by itself.
        self._alone(name, f"DROP DATABASE IF EXISTS {quoted(name)};")

    def _alone(self, name: str, statement: str) -> None:
        """Run *statement*, which needs a database *name* that nobody uses, after cutting off its clients.

        A client may come back between the cut and the statement, so both are tried a bounded number of times.
        """
        # Names are checked (see `quoted`), which leaves nothing to inject.
        cut_off = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            f"WHERE datname = {literal(name)} AND pid <> pg_backend_pid() AND backend_type = 'client backend';\n"
        )
        for left in reversed(range(ALONE_TRIES)):
            try:
                self.sql(MAINTENANCE, cut_off + statement)
                return
            except EnvironmentNotReady as failed:
                if "being accessed by other users" not in str(failed) or not left:
                    raise

    def seal(self, name: str, sealed: str) -> None:
        """Rename database *name* to *sealed*; nobody can connect to it any more, so copying it never waits."""
        self.sql(
            MAINTENANCE,
            f"ALTER DATABASE {quoted(name)} ALLOW_CONNECTIONS false;\n"
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = {literal(name)} AND backend_type = 'client backend';\n"
            f"ALTER DATABASE {quoted(name)} RENAME TO {quoted(sealed)};",
        )

    def forget_registry(self, name: str) -> None:
        """Make Odoo's workers forget what they know of an earlier database of this name.

        They keep models and caches per database name, and compare a counter in the database with their own;
        a fresh copy starts at the template's count, which an earlier one may have had as well.
        """
        count = 1_000_000 + secrets.randbelow(1_000_000_000)
        self.sql(
            name,
            f"SELECT setval(pg_get_serial_sequence('orm_signaling_registry', 'id'), {count});\n"
            "INSERT INTO orm_signaling_registry DEFAULT VALUES;",
        )
