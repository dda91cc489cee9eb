"""What a target is: the place where a real Odoo runs, and the databases it lends to rehearsals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from rehearsal.model import Tell
from rehearsal.parts.addon import Software
from rehearsal.targets.sensor import Sensor


def quiet(_: str) -> None:
    """A progress that tells nobody."""


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """How to reach the PostgreSQL server behind a target (native and docker only)."""

    host: str
    """A socket directory or a loopback address."""
    port: int
    user: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Database:
    """One Odoo database lent to one rehearsal, with what a client needs to talk to it."""

    url: str
    """Without a trailing slash, such as ``http://127.0.0.1:8069``."""
    name: str
    login: str
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    uid: int = 0
    """Whose the API key is, where that is known; then nobody has to log in."""
    postgres: PostgresAddress | None = None


@dataclass(frozen=True, slots=True)
class TemplateRecipe:
    """What a template database is made of; its key names the template, so a change makes a new one."""

    modules: tuple[str, ...]
    """Odoo modules to install, by technical name."""
    settings: str = ""
    """Python source run once in ``odoo shell`` after the modules are in (``env`` is at hand; it must commit).

    It must define no secret; the target creates the API key itself.
    """
    software: Software = field(default_factory=Software)
    """What comes on top; the template without it is kept as well."""


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """What ``rehearse status`` tells; `as_json` is its machine form."""

    kind: str
    running: bool
    url: str | None = None
    odoo_version: str | None = None
    databases: tuple[str, ...] = ()
    postgres: PostgresAddress | None = None
    detail: str = ""


class Target(Protocol):
    """Where a real Odoo runs. Every wait inside has a bound; every failure is an `EnvironmentNotReady`."""

    kind: str

    def up(self, recipe: TemplateRecipe, progress: Tell) -> None:
        """Provide Odoo, PostgreSQL and the template database; does nothing that is already done."""

    def clone(self, name: str) -> Database:
        """Return a fresh database *name*, copied from the template together with its filestore."""

    def clone_of(self, source: str, name: str) -> Database:
        """Return a copy of database *source*, which somebody restored on this target, as *name*; the source stays as it is."""

    def clone_world(self, key: str, name: str) -> Database | None:
        """Return a database *name* with the opening world *key* in it already; None where none is kept."""

    def keep_world(self, database: Database, key: str) -> None:
        """Keep a copy of *database* as world *key*, for later runs; silent where that cannot be."""

    def database(self, name: str) -> Database:
        """Return the database *name* that is there already (for another look at a kept one)."""

    def copy(self, database: Database, name: str) -> Database:
        """Return a copy of *database* as *name* (for saboteurs: one finished weekend, many sabotages)."""

    def password_hint(self) -> str:
        """Return in words where the password of its databases is to be read; never the password itself."""

    def drop(self, database: Database) -> None:
        """Remove *database* and its filestore; silent when it is gone already."""

    def disturb(self, what: str, seconds: float = 0.0) -> str:
        """Do one fault of infrastructure (see `rehearsal.parts.fault.Processes`) and undo it; blocks meanwhile.

        Return the proof that it fired, in words. Raises `EnvironmentNotReady` when it could not.
        """

    def heal(self) -> None:
        """Undo what a fault or scenario time may have left behind, also after a crash of the harness.

        Silent when all is well. Servers that this process itself keeps in scenario time stay in it.
        """

    def set_clock(self, at: datetime | None, progress: Tell = quiet) -> None:
        """Make Odoo and its database take *at* for now, from where time goes on; None: the real time again.

        The first call may restart servers, whose address stays the same; each further one must be cheap, for
        it is made between two operations. Raises `NoScenarioTime` when it cannot be done here, with everything
        as it was, and `EnvironmentNotReady` when another command uses the same servers.
        """

    def sensor(self, database: Database) -> Sensor | None:
        """Return what feels the machines below *database*; None when they cannot be seen from here."""

    def down(self) -> None:
        """Stop every process this target started; leaves the cache and the templates."""

    def status(self) -> TargetStatus:
        """Return what runs now, without starting anything."""
