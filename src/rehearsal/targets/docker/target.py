"""The Docker target: Odoo and PostgreSQL in the containers of docker-compose.yml."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rehearsal import project
from rehearsal.errors import EnvironmentNotReady, UsageError
from rehearsal.model import Tell
from rehearsal.parts.addon import Software
from rehearsal.targets import addons, lease, staging, template, worlds
from rehearsal.targets.addons import Gathered, require_needed
from rehearsal.targets.base import Database, PostgresAddress, TargetStatus, TemplateRecipe, quiet
from rehearsal.targets.cache import Cache, default_root
from rehearsal.targets.dialect import require_tested, series
from rehearsal.targets.disk import disk_trouble
from rehearsal.targets.docker import ordeal as container_ordeal
from rehearsal.targets.docker import scenario_time as container_time
from rehearsal.targets.docker.engine import Engine
from rehearsal.targets.docker.stack import ADDONS, DB, HTTP_PORT, ODOO, PROJECT, Container, Stack
from rehearsal.targets.docker.workshop import ContainerPostgres, ContainerWorkshop
from rehearsal.targets.faketime import OffsetFile, ScenarioTime
from rehearsal.targets.names import checked_name
from rehearsal.targets.sensor import STATISTICS, LogTail, Sensor
from rehearsal.targets.sql import MAINTENANCE, Row
from rehearsal.targets.template import LOGIN, Template

VERSION_SECONDS = 60.0
ADDONS_SETTING, WIDE_SETTING = "ODOO_ADDONS", "ODOO_SERVER_WIDE_MODULES"
OTHER_PROJECT = "set COMPOSE_PROJECT_NAME, ODOO_PORT and POSTGRES_PORT to others for this one"


class DockerTarget:
    """Odoo in containers. What `docker compose up` started alone is used as it is.

    *root* is the cache folder (see `cache.default_root`), which holds the secrets of the templates; *folders* are at
    most one with further Odoo modules.
    """

    kind = "docker"

    def __init__(self, root: Path | None = None, folders: tuple[Path, ...] = (), allow_untested: bool = False) -> None:
        if len(folders) > 1:
            raise UsageError(f"{len(folders)} folders of modules: expected one, which is mounted at {ADDONS}")
        name = os.environ.get("COMPOSE_PROJECT_NAME") or PROJECT
        self.cache = Cache((root if root is not None else default_root()) / "docker" / (name + engine_mark()))
        self.stack = self._plain = Stack(Engine(settings(self.cache, folders)), project.bundled(), name)
        self.allow_untested = allow_untested
        self.gathered: Gathered | None = None
        """Add-ons of others that the last `up` brought."""
        self.was_running = False
        """Whether Odoo ran already when `up` came; who finds it running should leave it running."""
        self._template: Template | None = None
        self._address: PostgresAddress | None = None
        self._offset: OffsetFile | None = None
        """While this target keeps its containers in scenario time: what moves their clock."""

    def up(self, recipe: TemplateRecipe, progress: Tell) -> None:
        """Provide images, containers and the template; a minute or two at first, seconds ever after.

        Another command that provides the same containers is waited for. Raises `EnvironmentNotReady`.
        """
        self.stack, self.gathered = self._plain, None
        self.stack.require_override(require_tested(self.stack.odoo_version, self.allow_untested))
        self.stack.engine.require()
        with disk_trouble(self.cache.root), self.cache.lock(progress):
            container_time.leave(self.stack, ScenarioTime(self.cache), progress)
            self.was_running = self.stack.answers()
            if not self.was_running:
                progress("starting the containers of docker-compose.yml")
            if not (self.was_running and recipe.software):  # those that have the add-ons already are left as they are
                self._up(progress)
            self._workshop().postgres.keep_apart()
            require_tested(self.odoo_version, self.allow_untested)
            self._template = template.provide(self._workshop(), recipe, progress)
            if recipe.software:
                self._extend(recipe.software, progress)
            lease.take(self.cache.leases)

    def _up(self, progress: Tell) -> None:
        """Have the containers with the add-ons that are wanted; those that others use are not started anew for other ones."""
        wanted = str(self.gathered.folder) if self.gathered else ""
        if self.was_running and mounted(self.cache, self.stack.need(ODOO)) != wanted:
            lease.require_alone(self.cache.leases, OTHER_PROJECT, "it was started with other add-ons, so it would be restarted")
        self.stack.up(progress)

    def _extend(self, software: Software, progress: Tell) -> None:
        """Gather the add-ons of *software*, mount them, and have a template with them."""
        mine = os.environ.get(ADDONS_SETTING, "")
        software = replace(software, folders=(*software.folders, *([Path(mine).absolute()] if mine else [])))
        self.gathered = gathered = addons.gather(
            self.cache.root / "addons", software, series(self.odoo_version), self._has, progress
        )
        told = {ADDONS_SETTING: str(gathered.folder), WIDE_SETTING: ",".join(software.server_wide_modules)}
        self.stack = replace(self.stack, engine=replace(self.stack.engine, settings={**self.stack.engine.settings, **told}))
        self._up(progress)
        shop = replace(self._workshop(), addons=(gathered.folder,))
        require_needed(shop, gathered, software.server_wide_modules)
        self._template = template.extend(shop, self._need_template(), software, gathered.wanted, progress)

    def _has(self, name: str) -> bool:
        """Whether the Python in Odoo's image has a package of that name."""
        look = "import importlib.metadata, sys\ntry: importlib.metadata.version(sys.argv[1])\nexcept ImportError: print('no')"
        return not self.stack.run(ODOO, ["python3", "-c", look, name], "looking for a Python package", user="odoo").strip()

    def clone(self, name: str) -> Database:
        """Return a fresh database *name*, copied from the template; about a second.

        Raises `EnvironmentNotReady` when there's one of that name already, or the target isn't up.
        """
        template.copy(self._workshop(), self._need_template().database, name)
        return self.database(name)

    def clone_world(self, key: str, name: str) -> Database | None:
        """Return a database *name* with world *key* written into it already; None where that is not kept."""
        return self.database(name) if worlds.copied(self._workshop(), self._need_template(), key, name) else None

    def keep_world(self, database: Database, key: str) -> None:
        """Keep a copy of *database*, in which world *key* was just written."""
        worlds.keep(self._workshop(), self._need_template(), key, database.name)

    def copy(self, database: Database, name: str) -> Database:
        """Return a copy of *database* as *name*; who is connected to the source is cut off for a moment."""
        template.copy(self._workshop(), checked_name(database.name), name)
        return self.database(name)

    def clone_of(self, source: str, name: str) -> Database:
        """Return a copy of database *source*, somebody's own, as *name*, with a login of the harness's in it."""
        staging.copied(self._workshop(), self._need_template(), checked_name(source), name)
        return self.database(name)

    def database(self, name: str) -> Database:
        """Return what a client needs to talk to database *name*, which must exist."""
        chosen = staging.of_copy(self.cache, name, self._need_template())
        return Database(self.url, name, LOGIN, chosen.password, chosen.api_key, chosen.uid, postgres=self.postgres)

    def password_hint(self) -> str:
        """Return where the password of its databases is to be read."""
        return f'its password: see "password" in {self.cache.secrets_file}'

    def drop(self, database: Database) -> None:
        """Remove *database* and its files; silent when it's gone already."""
        template.drop_copy(self._workshop(), database.name)
        staging.forget(self.cache, database.name)

    def disturb(self, what: str, seconds: float = 0.0) -> str:
        """Do one fault of infrastructure and undo it again; blocks meanwhile. Returns the proof that it fired."""
        match what:
            case "kill_worker":
                return container_ordeal.kill_worker(self.stack)
            case "restart_odoo":
                return container_ordeal.restart_odoo(self.stack)
            case "restart_postgres":
                return container_ordeal.restart_postgres(self.stack)
            case "freeze_odoo":
                return container_ordeal.freeze(self.stack, seconds)
        raise EnvironmentNotReady(f"the docker target knows no fault {what!r}")

    def heal(self) -> None:
        """Undo what a fault may have left behind: a paused or stopped container, scenario time."""
        self.stack.need(ODOO)
        clock = ScenarioTime(self.cache)
        if clock.keeper is None:
            container_time.leave(self.stack, clock, quiet)
        self.stack.start()

    def set_clock(self, at: datetime | None, progress: Tell = quiet) -> None:
        """Put both containers into scenario time at *at*, move them on to it, or (None) take them back.

        Moving is one small write, the other two restart both. Raises as `Target.set_clock` says.
        """
        if at is not None and self._offset is not None:
            self._offset.point_to(at)
            return
        with disk_trouble(self.cache.root), self.cache.lock(progress):
            clock = ScenarioTime(self.cache)
            if at is not None:
                lease.require_alone(self.cache.leases, container_time.OTHERWISE)
                container_time.begin(self.stack, clock, at, progress)
                self._offset = clock.offset
            elif clock.is_ours:
                self._offset = None
                container_time.end(self.stack, clock, progress)

    def sensor(self, database: Database) -> Sensor:
        """Return what feels the containers while *database* is used; their processes are this machine's own."""
        stack = self.stack

        def processes(service: str) -> list[int]:
            found = stack.containers().get(service)
            return [found.pid] if found is not None and found.pid else []

        return Sensor(
            odoo=lambda: processes(ODOO),
            postgres=lambda: processes(DB),
            statistics=lambda: self.sql(database, STATISTICS)[0],
            log_lines=LogTail(lambda begun, ended: stack.logs_between(ODOO, begun, ended)).lines,
        )

    def down(self, progress: Tell = quiet) -> None:
        """Remove the containers; the volumes, so the databases, stay. Silent when nothing runs.

        A process that called `up` only takes its hand off while another live process still uses them;
        one that did not (``rehearse down``) removes them whoever does.
        """
        with self.cache.lock(progress):
            if lease.release(self.cache.leases) and lease.others(self.cache.leases):
                progress("Odoo is left running: another rehearse command uses it")
                return
            self._forget_clock()
            if self.stack.containers():
                self.stack.down()

    def remove(self) -> None:
        """Remove the containers and the volumes with every database in them."""
        with self.cache.lock(quiet):
            self._forget_clock()
            self.stack.down(volumes=True)

    def _forget_clock(self) -> None:
        """See that containers which are made from here on take the real time."""
        container_time.switch_off(ScenarioTime(self.cache))
        ScenarioTime(self.cache).forget()
        self._offset = None

    def status(self) -> TargetStatus:
        """Return what runs now; takes a moment, starts nothing."""
        try:
            odoo = self.stack.containers().get(ODOO)
        except EnvironmentNotReady as problem:
            return TargetStatus(self.kind, running=False, detail=str(problem))
        if odoo is None or not self.stack.answers():
            said = "paused" if odoo and odoo.paused else "not running" if odoo else "not there"
            return TargetStatus(self.kind, running=False, detail=f"project {self.stack.project}: container odoo is {said}")
        return TargetStatus(
            self.kind,
            running=True,
            url=self.url,
            odoo_version=self.odoo_version,
            databases=template.lent(self._workshop()),
            postgres=self.postgres,
            detail=f"project {self.stack.project}",
        )

    def sql(self, database: Database | str, statement: str) -> list[Row]:
        """Run SQL in a database as its owner; return rows of text (NULL is empty). For saboteurs."""
        name = database if isinstance(database, str) else database.name
        return ContainerPostgres(self.stack).sql(checked_name(name), statement)

    @property
    def url(self) -> str:
        """Where Odoo answers, on this machine alone."""
        return f"http://127.0.0.1:{self.stack.need(ODOO).ports[HTTP_PORT]}"

    @property
    def odoo_version(self) -> str:
        """Odoo's version, as precise as the image says."""
        return self._version_of(self.stack.need(ODOO).image)

    def _version_of(self, image: str) -> str:
        """Return the version of Odoo in the *image* that runs; asked once per image, since it takes a second."""
        state = self.cache.state()
        if state.get("image") != image:
            words = ["odoo", "--version"]
            told = self.stack.run(ODOO, words, "asking Odoo's version", user="odoo", seconds=VERSION_SECONDS)
            state = {"image": image, "odoo_version": told.split()[-1]}
            self.cache.provide()
            self.cache.write_state(state)
        return str(state["odoo_version"])

    @property
    def postgres_version(self) -> str:
        """PostgreSQL's version, such as ``17.6``."""
        return ContainerPostgres(self.stack).sql(MAINTENANCE, "SHOW server_version")[0][0].split()[0]

    @property
    def postgres(self) -> PostgresAddress:
        """How to reach PostgreSQL; its port and password last as long as its volume."""
        if self._address is None:
            self._address = ContainerPostgres(self.stack).address
        return self._address

    def _workshop(self) -> ContainerWorkshop:
        """Return where databases are made; only a template depends on the version and the customer's modules."""
        odoo = self.stack.need(ODOO)
        own = () if mounted(self.cache, odoo) else odoo.addons  # what was gathered is of a template on top
        return ContainerWorkshop(self.stack, self.cache, f"{self._version_of(odoo.image)} {odoo.image}", own)

    def _need_template(self) -> Template:
        """Return the template of the last `up`; without one in this process, the newest of the cache."""
        if self._template is None:
            self._template = template.find_newest(self._workshop())
        if self._template is None:
            raise EnvironmentNotReady("the docker target has no template yet; run: rehearse up --target docker")
        return self._template


def mounted(cache: Cache, odoo: Container) -> str:
    """Return the folder of add-ons that was gathered and is mounted; empty where none is."""
    return next((str(path) for path in odoo.addons if path.is_relative_to(cache.root / "addons")), "")


def engine_mark() -> str:
    """Return what tells this engine from others that the user talks to: databases of one are not on the other."""
    named = [os.environ.get(name, "") for name in ("DOCKER_HOST", "DOCKER_CONTEXT")]
    return "-" + hashlib.sha256("\n".join(named).encode()).hexdigest()[:8] if any(named) else ""


def settings(cache: Cache, addons: tuple[Path, ...]) -> dict[str, str]:
    """Return what Compose is told beside the user's own environment and .env."""
    told: dict[str, str] = {}
    if "ODOO_WORKERS" not in os.environ:
        told["ODOO_WORKERS"] = str(max(2, os.cpu_count() or 2))
    if addons:
        told["ODOO_ADDONS"] = str(addons[0].absolute())
    # An installed package is no place for secrets; a checkout has an ignored folder, which `docker compose` uses too.
    if not (project.bundled() / ".git").exists():
        for name, folder in (("REHEARSE_SECRETS", "secret"), ("REHEARSE_CLOCK", "clock")):
            if name not in os.environ:
                told[name] = str(cache.root / folder)
    return told
