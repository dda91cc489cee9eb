"""The template database: Odoo's modules and settings, initialised once per recipe and copied ever after.

It's built under another name and renamed when it's whole, so a killed build is never copied. Nothing can
connect to it afterwards (``ALLOW_CONNECTIONS false``), so a copy never has to wait for anybody.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import machine
from rehearsal.targets.base import Progress, TemplateRecipe
from rehearsal.targets.cluster import MAINTENANCE
from rehearsal.targets.names import literal, quoted
from rehearsal.targets.server import BUILDING_PREFIX, TEMPLATE_PREFIX, Installation

FORMAT = "2"
"""Part of every key; raised when what this module does to a template changes."""
KEPT = 3
LOGIN = "admin"
BUILDER = "build"
"""The name of the configuration for building; a server that runs meanwhile keeps its own."""
MARK = "rehearsal.marked"
KEY_NAME = "peak-rehearsal"
INIT_SECONDS = 900.0
SETTINGS_SECONDS = 300.0
COPY_SECONDS = 120.0
SEPARATOR = "rehearsal:api-key:"

# Run in Odoo's shell after the recipe's settings. What must not be seen comes in through stdin, as JSON
# in the last line's argument, and the key goes out through stdout, which is a pipe of ours.
FINISH = """
def finish(env, password, mark_key, key_name, separator):
    admin = env.ref('base.user_admin')
    admin.password = password
    key = env['res.users.apikeys'].with_user(admin)._generate('rpc', key_name, None)
    env['ir.config_parameter'].sudo().set_param(mark_key, 'template')
    env.cr.commit()
    print(separator + key)
"""


@dataclass(frozen=True, slots=True)
class Template:
    """One finished template database and how to log in to its copies."""

    key: str
    api_key: str
    password: str

    @property
    def database(self) -> str:
        return TEMPLATE_PREFIX + self.key


def template_key(recipe: TemplateRecipe, odoo_version: str, addons: tuple[Path, ...] = ()) -> str:
    """Return the name of what *recipe* makes: the same for the same modules in any order."""
    ingredients = [
        FORMAT,
        odoo_version,
        sorted(set(recipe.modules)),
        recipe.settings,
        [content(path) for path in addons],
    ]
    return hashlib.sha256(json.dumps(ingredients).encode()).hexdigest()[:16]


def content(folder: Path) -> str:
    """Return a hash over the files below *folder*: a changed module of the customer needs a new template."""
    digest = hashlib.sha256(str(folder).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and ".git" not in path.parts:
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def find(installation: Installation, key: str) -> Template | None:
    """Return the finished template *key*, or None; PostgreSQL must run."""
    known = installation.cache.secrets()
    api_key = known.get("templates", {}).get(key, {}).get("api_key")
    password = known.get("password")
    if not api_key or not password or TEMPLATE_PREFIX + key not in installation.cluster.databases():
        return None
    return Template(key, api_key, password)


def provide(installation: Installation, recipe: TemplateRecipe, progress: Progress) -> Template:
    """Return the template for *recipe*, building it once; the caller holds the cache's lock."""
    key = template_key(recipe, installation.tree.version, installation.addons)
    found = find(installation, key)
    if found is None:
        clean_up(installation, key)
        found = build(installation, recipe, key, progress)
    use(installation, key)
    return found


def build(installation: Installation, recipe: TemplateRecipe, key: str, progress: Progress) -> Template:
    """Initialise a database from *recipe* and make it the template *key*."""
    require_modules(installation, recipe.modules)
    cluster, building = installation.cluster, BUILDING_PREFIX + key
    installation.write_config(BUILDER)
    cluster.create(building)
    progress(f"initialising the template database: {len(recipe.modules)} modules (about a minute)")
    initialise(installation, building, recipe.modules)
    progress("settings and API key")
    password = installation.cache.secrets().get("password") or secrets.token_urlsafe(24)
    api_key = finish(installation, building, recipe.settings, password)
    # Copies inherit statistics and clean pages, so autovacuum leaves them alone while they are measured.
    cluster.sql(building, "VACUUM (FREEZE, ANALYZE)")
    known = installation.cache.secrets()
    templates = {**known.get("templates", {}), key: {"api_key": api_key}}
    installation.cache.write_secrets({**known, "password": password, "templates": templates})
    filestore = installation.data / "filestore"
    if (filestore / building).exists():
        (filestore / building).rename(filestore / (TEMPLATE_PREFIX + key))
    # Last of all, since the template's name says that everything else is done.
    cluster.sql(
        MAINTENANCE,
        f"ALTER DATABASE {quoted(building)} ALLOW_CONNECTIONS false;\n"
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = {literal(building)} AND backend_type = 'client backend';\n"
        f"ALTER DATABASE {quoted(building)} RENAME TO {quoted(TEMPLATE_PREFIX + key)};",
    )
    return Template(key, api_key, password)


def initialise(installation: Installation, database: str, modules: tuple[str, ...]) -> None:
    """Install *modules* into an empty database."""
    log = installation.log.with_name("init.log")
    words = [
        "server",
        "--database",
        database,
        "--init",
        ",".join(sorted({"base", *modules})),
        "--stop-after-init",
        "--no-http",
        "--workers",
        "0",
    ]
    odoo(installation, words, "initialising the template database", INIT_SECONDS, log)


def require_modules(installation: Installation, modules: tuple[str, ...]) -> None:
    """Refuse names that no module has: Odoo itself would only warn, after its minute of work."""
    folders = (*installation.tree.addons, *installation.addons)
    missing = [name for name in modules if not any((folder / name / "__manifest__.py").is_file() for folder in folders)]
    if missing:
        raise EnvironmentNotReady(
            f"Odoo {installation.tree.version} has no module {', '.join(missing)}; looked in "
            f"{', '.join(str(folder) for folder in folders)}; "
            "correct the module list, or give the folder that holds it"
        )


def finish(installation: Installation, database: str, settings: str, password: str) -> str:
    """Run the recipe's *settings*, set the *password* and the mark; return the API key of the admin."""
    arguments = ", ".join(repr(word) for word in (password, MARK, KEY_NAME, SEPARATOR))
    # The settings are compiled apart, so that their line numbers in a traceback are those of the recipe.
    script = (
        f"exec(compile({settings!r}, '<settings>', 'exec'), globals())\nenv.cr.commit()\n"
        f"{FINISH}\nfinish(env, {arguments})\n"
    )
    log = installation.log.with_name("settings.log")
    words = ["shell", "--database", database, "--no-http", "--workers", "0"]
    output = odoo(installation, words, "applying the template's settings", SETTINGS_SECONDS, log, stdin=script)
    for line in output.splitlines():
        if line.startswith(SEPARATOR):
            return line.removeprefix(SEPARATOR)
    raise EnvironmentNotReady(f"Odoo's shell ended without an API key; run: rehearse up   (its log: {log})")


def odoo(installation: Installation, words: list[str], what: str, seconds: float, log: Path, stdin: str = "") -> str:
    """Run an Odoo program to its end; return its output when it has none of its own on *log*'s stderr.

    Its messages (stderr) go to the log file, so that a failure can be read afterwards; stdout, which may
    carry a key, is returned and written nowhere.
    """
    log.unlink(missing_ok=True)
    account = installation.account
    with log.open("x", encoding="utf-8") as messages:
        try:
            done: subprocess.CompletedProcess[str] = subprocess.run(
                machine.mortal(installation.command(BUILDER, *words)),
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=messages,
                text=True,
                errors="replace",
                cwd=installation.cache.run,
                timeout=seconds,
                check=False,
                umask=0o077,
                env=machine.environment(account, installation.environment()),
                **machine.switch(account),
            )
        except subprocess.TimeoutExpired as late:
            raise EnvironmentNotReady(
                f"{what}: not finished after {seconds:.0f} s; run: rehearse up   (its log: {log})"
            ) from late
    told = log.read_text(encoding="utf-8", errors="replace")
    if done.returncode != 0:
        raise EnvironmentNotReady(machine.failure(what, done.returncode, told, f"rehearse up   (its log: {log})"))
    return done.stdout + told if not stdin else done.stdout


def copy_filestore(installation: Installation, source: str, name: str) -> None:
    """Copy the files of database *source* for *name*, replacing what a killed copy left there."""
    filestore = installation.data / "filestore"
    shutil.rmtree(filestore / name, ignore_errors=True)
    if (filestore / source).is_dir():
        machine.run(
            ["cp", "--archive", "--no-target-directory", str(filestore / source), str(filestore / name)],
            what=f"copying the files of database '{source}'",
            fix="rehearse up",
            account=installation.account,
            timeout=COPY_SECONDS,
        )


def drop(installation: Installation, database: str) -> None:
    """Remove a database and its files."""
    installation.cluster.drop(database)
    shutil.rmtree(installation.data / "filestore" / database, ignore_errors=True)


def clean_up(installation: Installation, key: str) -> None:
    """Remove what killed builds left, and half of a template *key* (its files without its database)."""
    for name in installation.cluster.databases():
        if name.startswith(BUILDING_PREFIX):
            drop(installation, name)
    drop(installation, TEMPLATE_PREFIX + key)
    for folder in (installation.data / "filestore").glob(BUILDING_PREFIX + "*"):
        shutil.rmtree(folder, ignore_errors=True)


def use(installation: Installation, key: str) -> None:
    """Note that template *key* is the newest in use, and drop those that are older than the KEPT newest."""
    known = installation.cache.secrets()
    templates = dict(known.get("templates", {}))
    templates[key] = templates.pop(key)
    # A dictionary in a file keeps its order: the last one is the newest.
    old = list(templates)[:-KEPT]
    for name in old:
        drop(installation, TEMPLATE_PREFIX + name)
        del templates[name]
    if templates != known.get("templates") or list(templates) != list(known.get("templates", {})):
        installation.cache.write_secrets({**known, "templates": templates})
