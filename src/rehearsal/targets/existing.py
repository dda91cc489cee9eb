"""An Odoo that exists already: the customer's staging, reached by its URL.

Nothing is written to it unless it was neutralised or marked for rehearsal. Who logs in comes from the
environment, or from a prompt that doesn't echo; never from the command line, which everybody can read.

    REHEARSE_ODOO_DATABASE   REHEARSE_ODOO_LOGIN   REHEARSE_ODOO_PASSWORD or REHEARSE_ODOO_API_KEY
"""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

from rehearsal.errors import EnvironmentNotReady, TargetRefused, UsageError
from rehearsal.model import Tell
from rehearsal.targets.base import Database, TargetStatus, TemplateRecipe, quiet
from rehearsal.targets.dialect import require_tested
from rehearsal.targets.wire import Refusal, post

MARK = "rehearsal.marked"
NEUTRALIZED = "database.is_neutralized"
MARK_DOMAIN = [["key", "in", [MARK, NEUTRALIZED]]]
MARK_FIELDS = ["key", "value"]
ENVIRONMENT = "REHEARSE_ODOO_"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a database says about being rehearsed on."""

    database: str
    neutralized: bool
    marked: str | None

    @property
    def allows(self) -> bool:
        """Whether it may be written to: a copied database keeps its mark, so the mark must name it."""
        return self.neutralized or self.marked == self.database

    def require(self, url: str) -> None:
        """Raise `TargetRefused` unless the database, at *url*, may be written to."""
        if not self.allows:
            told = f"is marked for '{self.marked}'" if self.marked else "isn't marked"
            raise TargetRefused(
                f"database '{self.database}' at {url} is not neutralised and {told}, so it may be "
                f"production and nothing was written; if it's a copy, run: rehearse mark {url}"
            )


@dataclass(frozen=True, slots=True)
class Connection:
    """A login that was accepted."""

    url: str
    database: str
    login: str
    uid: int
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)

    def search_read(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        """Return the records of *model* that match."""
        found = self.call(model, "search_read", domain=domain, fields=fields)
        return found if isinstance(found, list) else []

    def call(self, model: str, method: str, **named: Any) -> Any:
        """Call a model's method with named arguments, over JSON-2 with an API key, else over JSON-RPC."""
        if self.api_key is not None:
            return json2(self.url, self.database, self.api_key, model, method, named)
        arguments = [self.database, self.uid, self.password, model, method, [], named]
        return jsonrpc(self.url, "object", "execute_kw", arguments)


class ExistingTarget:
    """The Odoo at *url*. It's neither started nor stopped, and its database is lent as it is."""

    kind = "existing"

    def __init__(self, url: str, allow_untested: bool = False) -> None:
        self.url = checked_url(url)
        self.allow_untested = allow_untested
        self._connection: Connection | None = None

    def up(self, recipe: TemplateRecipe, progress: Tell) -> None:
        """Log in; see that version and modules are what is wanted, and writing is allowed. Writes nothing."""
        connection = self.connect()
        progress(f"logged in to database '{connection.database}' at {self.url}")
        self.require_modules((*recipe.modules, *recipe.software.modules))
        if recipe.software.folders or recipe.software.python or recipe.software.settings:
            progress("this Odoo is not ours: it has the add-ons that it has, and those of the scenario are not put into it")
        self.require_mark()

    def connect(self) -> Connection:
        """Log in once; raises `EnvironmentNotReady` with the reason when that isn't possible."""
        if self._connection is None:
            database = needed("DATABASE", "name")
            require_tested(server_version(self.url), self.allow_untested)
            self._connection = log_in(self.url, database)
        return self._connection

    def clone(self, name: str) -> Database:
        """Return the database itself, after reading its mark; it isn't copied, so *name* is unused."""
        self.require_mark()
        return self.database(self.connect().database)

    def database(self, name: str) -> Database:
        """Return the database to read from again; raises `EnvironmentNotReady` when it isn't the one called *name*."""
        found = self.connect()
        if found.database != name:
            raise EnvironmentNotReady(
                f"the login is for database '{found.database}' at {self.url}, wanted is '{name}'; set {ENVIRONMENT}DATABASE={name}"
            )
        return Database(self.url, found.database, found.login, found.password, found.api_key, found.uid if found.api_key else 0)

    def copy(self, database: Database, name: str) -> Database:
        """Refuse: a customer's server isn't asked to copy its databases."""
        raise EnvironmentNotReady(
            f"database '{database.name}' at {self.url} cannot be copied as '{name}'; run with: --target native"
        )

    def clone_of(self, source: str, name: str) -> Database:
        """Refuse: a customer's server isn't asked to copy its databases."""
        raise UsageError(
            f"--clone {source}: databases are copied on our own servers alone; use --target native or docker, or leave it out"
        )

    def clone_world(self, key: str, name: str) -> Database | None:
        """Return None: worlds are kept on our own PostgreSQL alone."""
        return None

    def keep_world(self, database: Database, key: str) -> None:
        """Keep nothing."""

    def password_hint(self) -> str:
        """Return where the password of its databases is to be read: it is the user's own."""
        return "its password: the one that this command was given"

    def drop(self, database: Database) -> None:
        """Leave the database alone; it isn't ours."""

    def disturb(self, what: str, seconds: float = 0.0) -> str:
        """Refuse: an Odoo that is not ours is not to be broken."""
        raise EnvironmentNotReady(f"fault {what!r} needs a target that the harness runs; use --target native or docker")

    def heal(self) -> None:
        """Nothing was broken, so nothing is mended."""

    def sensor(self, database: Database) -> None:
        """Nobody looks into a machine that isn't ours."""

    def set_clock(self, at: datetime | None, progress: Tell = quiet) -> None:
        """Refuse: an Odoo that is not ours keeps the real time."""
        if at is not None:
            raise EnvironmentNotReady("the clock of an Odoo that is not ours is not moved; use --target native, or erp_clock: wall")

    def down(self) -> None:
        """Forget the login; the server isn't ours to stop."""
        self._connection = None

    def status(self) -> TargetStatus:
        """Return whether the server answers, and its version; needs no login."""
        try:
            version = server_version(self.url)
        except EnvironmentNotReady as problem:
            return TargetStatus(self.kind, running=False, url=self.url, detail=str(problem))
        named = os.environ.get(ENVIRONMENT + "DATABASE")
        return TargetStatus(self.kind, True, self.url, version, (named,) if named else ())

    def require_modules(self, modules: tuple[str, ...]) -> None:
        """Refuse when some of *modules* aren't installed; installing them is the customer's decision."""
        domain = [["name", "in", list(modules)], ["state", "=", "installed"]]
        installed = {row["name"] for row in self.connect().search_read("ir.module.module", domain, ["name"])}
        missing = sorted(set(modules) - installed)
        if missing:
            raise EnvironmentNotReady(
                f"database '{self.connect().database}' lacks {len(missing)} of the {len(set(modules))} "
                f"modules that a rehearsal needs: {', '.join(missing)}; install them there (Apps)"
            )

    def read_mark(self) -> Mark:
        """Read from the database, now, whether it may be rehearsed on; before every phase that writes."""
        connection = self.connect()
        return mark_of(connection.database, connection.search_read("ir.config_parameter", MARK_DOMAIN, MARK_FIELDS))

    def require_mark(self) -> None:
        """Raise `TargetRefused` unless the database may be written to."""
        self.read_mark().require(self.url)

    def write_mark(self, database_name_typed: str) -> None:
        """Mark the database for rehearsal; its name must have been typed in full by a person."""
        connection = self.connect()
        if database_name_typed != connection.database:
            raise UsageError(
                f"typed {database_name_typed!r}, expected the database's name '{connection.database}'; nothing was marked"
            )
        connection.call("ir.config_parameter", "set_param", key=MARK, value=connection.database)
        if not self.read_mark().allows:
            raise EnvironmentNotReady(f"database '{connection.database}' didn't keep the mark; nothing may be rehearsed on it")


def is_true(value: str) -> bool:
    """Whether a system parameter's value says yes."""
    return value.strip().lower() in ("true", "1", "t")


def mark_of(database: str, parameters: list[dict[str, Any]]) -> Mark:
    """Return what the system *parameters* of *database* (those of MARK_DOMAIN) say about being rehearsed on."""
    values = {str(row["key"]): str(row["value"] or "") for row in parameters}
    neutralized = is_true(values.get(NEUTRALIZED, ""))
    return Mark(database, neutralized, values.get(MARK))


def checked_url(url: str) -> str:
    """Return *url* without a trailing slash, if it's one of an Odoo and holds no password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"target URL: {error}; expected http(s)://HOST[:PORT]") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(
            f"target URL: expected http(s)://HOST[:PORT], such as https://staging.example.com; got host {parts.hostname!r}"
        )
    if parts.username or parts.password:
        raise UsageError(
            f"target URL for {parts.hostname}: expected no user or password in it (process lists show them); "
            f"set {ENVIRONMENT}LOGIN and {ENVIRONMENT}PASSWORD"
        )
    return url.rstrip("/")


def needed(name: str, what: str, secret: bool = False) -> str:
    """Return a setting from the environment, or ask for it on a terminal."""
    value = os.environ.get(ENVIRONMENT + name, "")
    if not value and sys.stdin is not None and sys.stdin.isatty():
        value = getpass.getpass(f"{what}: ") if secret else ask(f"{what} of the Odoo database: ")
    if not value:
        also = f" or {ENVIRONMENT}API_KEY" if name == "PASSWORD" else ""
        raise EnvironmentNotReady(f"the {what} of the Odoo database is not known; set {ENVIRONMENT}{name}{also}")
    return value


def ask(prompt: str) -> str:
    """Ask on stderr, since stdout is for data."""
    print(prompt, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def log_in(url: str, database: str) -> Connection:
    """Log in with what the environment or the user gives."""
    api_key = os.environ.get(ENVIRONMENT + "API_KEY")
    if api_key:
        context = json2(url, database, api_key, "res.users", "context_get", {})
        uid = int(context["uid"])
        users = json2(url, database, api_key, "res.users", "read", {"ids": [uid], "fields": ["login"]})
        return Connection(url, database, str(users[0]["login"]), uid, api_key=api_key)
    login = needed("LOGIN", "login")
    password = needed("PASSWORD", "password", secret=True)
    uid = jsonrpc(url, "common", "login", [database, login, password])
    if not uid:
        raise EnvironmentNotReady(
            f"database '{database}' at {url} takes neither this password nor this login '{login}'; "
            f"correct {ENVIRONMENT}LOGIN and {ENVIRONMENT}PASSWORD"
        )
    return Connection(url, database, login, int(uid), password=password)


def server_version(url: str) -> str:
    """Return the version of the Odoo at *url*."""
    answer = post(url, "/web/webclient/version_info", {"jsonrpc": "2.0", "method": "call", "params": {}})
    version = answer.get("result", {}).get("server_version") if isinstance(answer, dict) else None
    if not version:
        raise EnvironmentNotReady(f"{url} answers, but not as an Odoo; correct the URL")
    return str(version)


def jsonrpc(url: str, service: str, method: str, arguments: list[Any]) -> Any:
    """Call a service of ``/jsonrpc`` (Odoo 16 to 21) and return its result."""
    params = {"service": service, "method": method, "args": arguments}
    answer = post(url, "/jsonrpc", {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
    if not isinstance(answer, dict):
        raise EnvironmentNotReady(f"{url} answers, but not as an Odoo; correct the URL")
    if "error" in answer:
        data = answer["error"].get("data") or {}
        refuse(url, str(arguments[0]), str(data.get("name", "")), str(data.get("message") or answer["error"]))
    return answer.get("result")


def json2(url: str, database: str, api_key: str, model: str, method: str, named: dict[str, Any]) -> Any:
    """Call a model's method over ``/json/2`` (Odoo 19 on) and return its result."""
    headers = {"Authorization": f"bearer {api_key}", "X-Odoo-Database": database}
    try:
        return post(url, f"/json/2/{model}/{method}", named, headers)
    except Refusal as refusal:
        refuse(url, database, refusal.name, refusal.message, refusal.status)


def refuse(url: str, database: str, name: str, message: str, status: int = 200) -> NoReturn:
    """Raise what a refused call means for the user."""
    if ("does not exist" in message and database in message) or "Database not found" in message:
        raise EnvironmentNotReady(f"{url} has no database '{database}'; correct {ENVIRONMENT}DATABASE")
    if status == 401 or name.endswith("AccessDenied"):
        raise EnvironmentNotReady(
            f"database '{database}' at {url} refuses the login; correct {ENVIRONMENT}LOGIN and "
            f"{ENVIRONMENT}PASSWORD, or {ENVIRONMENT}API_KEY"
        )
    if status == 404 and not name.startswith("odoo."):
        raise EnvironmentNotReady(
            f"{url} has no JSON-2 interface for database '{database}' (Odoo 19 and later have one); "
            f"correct {ENVIRONMENT}DATABASE, or set {ENVIRONMENT}PASSWORD in place of {ENVIRONMENT}API_KEY"
        )
    if name.endswith("AccessError") or status == 403:
        raise EnvironmentNotReady(
            f"the login may not do this in database '{database}': {message.splitlines()[0]}; "
            "use a user of group Administration / Settings"
        )
    raise EnvironmentNotReady(f"database '{database}' at {url} refused a call: {name} {message}; see its log")
