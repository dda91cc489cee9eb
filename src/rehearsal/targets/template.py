"""The template database: Odoo's modules and settings, initialised once per recipe and copied ever after.

It's built under another name and renamed when it's whole, so a killed build is never copied. Nothing can
connect to it afterwards (``ALLOW_CONNECTIONS false``), so a copy never has to wait for anybody.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.parts.addon import Software
from rehearsal.targets.base import TemplateRecipe
from rehearsal.targets.cache import Cache
from rehearsal.targets.names import checked_name
from rehearsal.targets.server import BUILDING_PREFIX, TEMPLATE_PREFIX, WORLD_PREFIX
from rehearsal.targets.sql import MAINTENANCE, SqlServer

FORMAT = "3"
"""Part of every key; raised when what this module does to a template changes."""
KEPT = 5
HIDDEN = (TEMPLATE_PREFIX, BUILDING_PREFIX, WORLD_PREFIX)
"""How the names of databases begin that no rehearsal uses itself."""
LOGIN = "admin"
"""For people, with a password; checking one costs Odoo half a second (600,000 rounds of PBKDF2) in each worker."""
OWN_LOGIN = "rehearsal"
"""For the harness: a user who may do the same, with an API key and no password. Checking a key costs milliseconds, and a
password that is there would be tried first."""
MARK = "rehearsal.marked"
MARK_BY_NAME = """INSERT INTO ir_config_parameter (key, value, create_uid, write_uid, create_date, write_date)
VALUES ('{key}', '{name}', 1, 1, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
ON CONFLICT (key) DO UPDATE SET value = excluded.value"""
"""Lets a copy of ours be written to, and no copy of it that somebody makes elsewhere: a mark names its database."""
KEY_NAME = "peak-rehearsal"
INIT_SECONDS = 900.0
SETTINGS_SECONDS = 300.0
SEPARATOR = "rehearsal:api-key:"

# Run in Odoo's shell after the recipe's settings. What must not be seen comes in through stdin, as JSON
# in the last line's argument, and the key goes out through stdout, which is a pipe of ours.
FINISH = """
def finish(env, password, own_login, mark_key, key_name, separator):
    admin = env.ref('base.user_admin')
    admin.password = password
    named = {'name': 'Peak rehearsal', 'login': own_login, 'email': own_login + '@rehearsal.example'}
    own = env['res.users'].search([('login', '=', own_login)]) or admin.with_context(no_reset_password=True).copy(named)
    key = env['res.users.apikeys'].with_user(own)._generate('rpc', key_name, None)
    env['ir.config_parameter'].sudo().set_param(mark_key, 'template')
    env.cr.commit()
    print(separator + key + ' ' + str(own.id))
"""


class Workshop(Protocol):
    """Where a target makes and copies its databases: a PostgreSQL server, their files, and Odoo's own programs."""

    @property
    def version(self) -> str:
        """Odoo's version, as precise as its source says; another one needs another template."""

    @property
    def addons(self) -> tuple[Path, ...]:
        """Folders of this machine with further modules."""

    @property
    def cache(self) -> Cache:
        """Whose secrets hold the administrator's password and the API key of each template."""

    @property
    def postgres(self) -> SqlServer:
        """The server that holds the databases."""

    def require_modules(self, modules: tuple[str, ...]) -> None:
        """Refuse names that no module has: Odoo itself would only warn, after its minute of work."""

    def odoo(self, words: list[str], what: str, seconds: float, name: str, stdin: str = "") -> str:
        """Run an Odoo program, told *words*, to its end, and return its stdout, which may carry a key.

        Its messages go to the log called *name*. Raises `EnvironmentNotReady` when it fails, or is not
        through after *seconds*.
        """

    def files(self) -> tuple[str, ...]:
        """Return the names of the databases that have files."""

    def copy_files(self, source: str, name: str) -> None:
        """Copy the files of database *source* for *name*, replacing what a killed copy left there."""

    def rename_files(self, source: str, name: str) -> None:
        """Let database *name* have the files of *source*; silent when there are none."""

    def remove_files(self, name: str) -> None:
        """Remove the files of a database; silent when there are none."""


@dataclass(frozen=True, slots=True)
class Template:
    """One finished template database and how to log in to its copies."""

    key: str
    api_key: str
    uid: int
    """Whose the API key is."""
    password: str

    @property
    def database(self) -> str:
        return TEMPLATE_PREFIX + self.key


def template_key(recipe: TemplateRecipe, odoo_version: str, addons: tuple[Path, ...] = ()) -> str:
    """Return the name of what *recipe* makes: the same for the same modules in any order."""
    ingredients = [FORMAT, odoo_version, sorted(set(recipe.modules)), recipe.settings, [content(path) for path in addons]]
    return hashlib.sha256(json.dumps(ingredients).encode()).hexdigest()[:16]


def content(folder: Path) -> str:
    """Return a hash over the files below *folder*: a changed module of the customer needs a new template."""
    digest = hashlib.sha256(str(folder).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and ".git" not in path.parts:
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def find(shop: Workshop, key: str) -> Template | None:
    """Return the finished template *key*, or None; PostgreSQL must run."""
    known = shop.cache.secrets()
    ours = known.get("templates", {}).get(key, {})
    password = known.get("password")
    if not ours.get("api_key") or not ours.get("uid") or not password or TEMPLATE_PREFIX + key not in shop.postgres.databases():
        return None
    return Template(key, ours["api_key"], ours["uid"], password)


def find_newest(shop: Workshop) -> Template | None:
    """Return the template that was used last, or None."""
    keys = list(shop.cache.secrets().get("templates", {}))
    return find(shop, keys[-1]) if keys else None


def provide(shop: Workshop, recipe: TemplateRecipe, progress: Tell) -> Template:
    """Return the template for *recipe*, building it once; the caller holds the cache's lock."""
    key = template_key(recipe, shop.version, shop.addons)
    found = find(shop, key)
    if found is None:
        clean_up(shop, key)
        found = build(shop, recipe, key, progress)
    use(shop, key)
    return found


def build(shop: Workshop, recipe: TemplateRecipe, key: str, progress: Tell) -> Template:
    """Initialise a database from *recipe* and make it the template *key*."""
    shop.require_modules(recipe.modules)
    building = BUILDING_PREFIX + key
    shop.postgres.create(building)
    progress(f"initialising the template database: {len(recipe.modules)} modules (about a minute)")
    initialise(shop, building, ("base", *recipe.modules))
    progress("settings and API key")
    password = shop.cache.secrets().get("password") or secrets.token_urlsafe(24)
    api_key, uid = finish(shop, building, recipe.settings, password)
    return sealed(shop, building, Template(key, api_key, uid, password))


def sealed(shop: Workshop, building: str, made: Template) -> Template:
    """Make the database *building*, in which all is installed, the template *made*; return it."""
    # Copies inherit statistics and clean pages, so autovacuum leaves them alone while they are measured.
    shop.postgres.sql(building, "VACUUM (FREEZE, ANALYZE)")
    known = shop.cache.secrets()
    templates = {**known.get("templates", {}), made.key: {"api_key": made.api_key, "uid": made.uid}}
    shop.cache.write_secrets({**known, "password": made.password, "templates": templates})
    shop.rename_files(building, made.database)
    # Last of all, since the template's name says that everything else is done.
    shop.postgres.seal(building, made.database)
    return made


def extend(shop: Workshop, base: Template, software: Software, modules: tuple[str, ...], progress: Tell) -> Template:
    """Return a template that has *modules* of others, and their settings, on top of *base*; built once."""
    ingredients = [
        base.key,
        sorted(modules),
        software.settings,
        software.server_wide_modules,
        [content(path) for path in shop.addons],
    ]
    key = hashlib.sha256(json.dumps(ingredients).encode()).hexdigest()[:16]
    found = find(shop, key)
    if found is None:
        clean_up(shop, key)
        found = build_on(shop, base, software, modules, key, progress)
    use(shop, key)
    return found


def build_on(shop: Workshop, base: Template, software: Software, modules: tuple[str, ...], key: str, progress: Tell) -> Template:
    """Install *modules* into a copy of *base* and make it the template *key*; what fails leaves nothing."""
    building = BUILDING_PREFIX + key
    try:
        shop.copy_files(base.database, building)
        shop.postgres.copy(base.database, building)
        if modules:
            progress(f"installing add-ons into a copy of the template: {', '.join(modules)}")
            install(shop, building, modules)
        if software.settings:
            progress("settings of the add-ons")
            run_settings(shop, building, software.settings)
        return sealed(shop, building, replace(base, key=key))
    except BaseException:
        drop(shop, building)
        raise


def install(shop: Workshop, database: str, modules: tuple[str, ...]) -> None:
    """Install *modules* of others; raises `EnvironmentNotReady` for each that is not installed then: Odoo itself only warns."""
    initialise(shop, database, modules, f"installing {', '.join(modules)}")
    rows = shop.postgres.sql(database, "SELECT name FROM ir_module_module WHERE state = 'installed'")
    missing = sorted(set(modules) - {row[0] for row in rows})
    if missing:
        raise EnvironmentNotReady(
            f"Odoo did not install {', '.join(missing)}; its log (init.log in the cache folder) says why; correct odoo: {{modules}}"
        )


def initialise(shop: Workshop, database: str, modules: tuple[str, ...], what: str = "initialising the template database") -> None:
    """Install *modules* into a database."""
    words = ["server", "--database", database, "--init", ",".join(sorted(modules))]
    words += ["--stop-after-init", "--no-http", "--workers", "0"]
    shop.odoo(words, what, INIT_SECONDS, "init.log")


def run_settings(shop: Workshop, database: str, settings: str) -> None:
    """Run Python source in Odoo's shell, and commit."""
    script = f"exec(compile({settings!r}, '<settings>', 'exec'), globals())\nenv.cr.commit()\n"
    words = ["shell", "--database", database, "--no-http", "--workers", "0"]
    shop.odoo(words, "applying the settings of the add-ons", SETTINGS_SECONDS, "settings.log", script)


def finish(shop: Workshop, database: str, settings: str, password: str) -> tuple[str, int]:
    """Run the recipe's *settings*, set the *password* and the mark; return the API key of the harness's user, and its id."""
    arguments = ", ".join(repr(word) for word in (password, OWN_LOGIN, MARK, KEY_NAME, SEPARATOR))
    # The settings are compiled apart, so that their line numbers in a traceback are those of the recipe.
    script = f"exec(compile({settings!r}, '<settings>', 'exec'), globals())\nenv.cr.commit()\n{FINISH}\nfinish(env, {arguments})\n"
    words = ["shell", "--database", database, "--no-http", "--workers", "0"]
    output = shop.odoo(words, "applying the template's settings", SETTINGS_SECONDS, "settings.log", script)
    for line in output.splitlines():
        if line.startswith(SEPARATOR):
            api_key, _, uid = line.removeprefix(SEPARATOR).partition(" ")
            return api_key, int(uid)
    raise EnvironmentNotReady("Odoo's shell ended without an API key; run: rehearse up   (its log: settings.log)")


def copy(shop: Workshop, source: str, name: str) -> None:
    """Copy database *source* as *name*, files first: a database that is there is complete.

    Raises `EnvironmentNotReady` when there's one of that name already.
    """
    checked_name(name)
    if name.startswith(HIDDEN) or name in shop.postgres.databases():
        raise EnvironmentNotReady(
            f"database '{name}' exists already (or has a template's name); choose another name, or drop it first"
        )
    shop.copy_files(source, name)
    try:
        shop.postgres.copy(source, name)
        shop.postgres.sql(name, MARK_BY_NAME.format(key=MARK, name=name))
        shop.postgres.forget_registry(name)
    except BaseException:
        drop(shop, name)
        raise


def drop(shop: Workshop, database: str) -> None:
    """Remove a database and its files."""
    shop.postgres.drop(database)
    shop.remove_files(database)


def drop_copy(shop: Workshop, database: str) -> None:
    """Remove a database that was copied for a rehearsal, with its files; no other is removed."""
    if database.startswith(HIDDEN) or database == MAINTENANCE:
        raise EnvironmentNotReady(f"database '{database}' is no rehearsal's; it's not dropped")
    drop(shop, database)


def lent(shop: Workshop) -> tuple[str, ...]:
    """Return the names of all databases but templates and kept worlds."""
    return tuple(name for name in shop.postgres.databases() if not name.startswith(HIDDEN))


def clean_up(shop: Workshop, key: str) -> None:
    """Remove what killed builds left, and half of a template *key* (its files without its database)."""
    for name in (*shop.postgres.databases(), *shop.files()):
        if name.startswith(BUILDING_PREFIX):
            drop(shop, name)
    drop(shop, TEMPLATE_PREFIX + key)


def use(shop: Workshop, key: str) -> None:
    """Note that template *key* is the newest in use, and drop those that are older than the KEPT newest."""
    known = shop.cache.secrets()
    templates = dict(known.get("templates", {}))
    templates[key] = templates.pop(key)
    # A dictionary in a file keeps its order: the last one is the newest.
    for name in list(templates)[:-KEPT]:
        drop(shop, TEMPLATE_PREFIX + name)
        del templates[name]
    if list(templates) != list(known.get("templates", {})):
        shop.cache.write_secrets({**known, "templates": templates})
