"""The native target: a real Odoo and a private PostgreSQL cluster on this machine, out of the cache."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.parts.addon import Software
from rehearsal.targets import addons, archive, faketime, interpreter, lease, machine, server, staging, template, worlds
from rehearsal.targets.addons import Gathered
from rehearsal.targets.base import Database, PostgresAddress, TargetStatus, TemplateRecipe, quiet
from rehearsal.targets.cache import Cache, default_root
from rehearsal.targets.cluster import Cluster
from rehearsal.targets.dialect import require_tested, series
from rehearsal.targets.disk import disk_trouble, require_readable, require_space
from rehearsal.targets.faketime import OffsetFile, ScenarioTime
from rehearsal.targets.names import checked_name
from rehearsal.targets.native import ordeal, scenario_time
from rehearsal.targets.native.workshop import NativeWorkshop
from rehearsal.targets.process import Process
from rehearsal.targets.sensor import STATISTICS, LogFile, Sensor
from rehearsal.targets.server import Installation, Server
from rehearsal.targets.sql import Row
from rehearsal.targets.template import LOGIN, Template

ADDONS_VARIABLE = "ODOO_ADDONS"
"""Folders with further modules, as for the containers; several with ``:`` between them."""
OTHER_CACHE = "set REHEARSE_CACHE to a folder of its own for this one"


class NativeTarget:
    """Odoo on this machine. The cache is shared: a second command finds what the first one provided.

    *root* is the cache folder (see `cache.default_root`), *folders* are those with further Odoo modules,
    which the servers' account must be able to read.
    """

    kind = "native"

    def __init__(self, root: Path | None = None, folders: tuple[Path, ...] = (), allow_untested: bool = False) -> None:
        self.cache = Cache(root if root is not None else default_root())
        named = os.environ.get(ADDONS_VARIABLE, "")
        self.addons = tuple(path.absolute() for path in folders or map(Path, filter(None, named.split(os.pathsep))))
        self.allow_untested = allow_untested
        self.gathered: Gathered | None = None
        """Add-ons of others that the last `up` brought."""
        self.was_running = False
        """Whether Odoo ran already when `up` came; who finds it running should leave it running."""
        self._installation: Installation | None = None
        self._template: Template | None = None
        self._offset: OffsetFile | None = None
        """While this target keeps its servers in scenario time: what moves their clock."""

    def up(self, recipe: TemplateRecipe, progress: Tell) -> None:
        """Provide Odoo, PostgreSQL and the template; minutes at first, about two seconds ever after.

        Another command that provides the same cache is waited for. Raises `EnvironmentNotReady`.
        """
        self.gathered = None
        with disk_trouble(self.cache.root), self.cache.lock(progress):
            installation = self._provide_installation(progress)
            scenario_time.leave(installation, server_of(self.cache.state()))
            postgres_ran = installation.cluster.start(progress)
            self._template = template.provide(NativeWorkshop(installation), recipe, progress)
            if recipe.software:
                installation = self._extended(installation, recipe.software, progress)
            self.was_running = self._start_server(installation, postgres_ran, progress)
            lease.take(self.cache.leases)

    def _provide_installation(self, progress: Tell) -> Installation:
        """Fetch and install what's missing, none of which runs yet."""
        found = archive.find_tree(self.cache)
        if found is not None:
            require_tested(found.version, self.allow_untested)
        if found is None or interpreter.find_python(self.cache) is None:
            require_space(self.cache.root)
        programs = machine.provide_postgres(progress)
        account = machine.provide_account(progress)
        self.cache.provide_run(account)
        tree = archive.provide_tree(self.cache, progress)
        require_tested(tree.version, self.allow_untested)
        python = interpreter.provide_python(self.cache, progress)
        for source in (tree.python_path / "odoo", *self.addons):
            require_readable(source, account)
        cluster = Cluster(self.cache, account, programs)
        cluster.provide(progress)
        self._installation = Installation(self.cache, account, tree, python, cluster, self.addons)
        return self._installation

    def _extended(self, installation: Installation, software: Software, progress: Tell) -> Installation:
        """Gather the add-ons of *software*, and have a template with them; return the installation that knows them."""
        has = partial(interpreter.has_package, installation.python)
        self.gathered = gathered = addons.gather(
            self.cache.root / "addons", software, series(installation.tree.version), has, progress
        )
        installation = replace(
            installation, addons=(*installation.addons, gathered.folder), server_wide_modules=software.server_wide_modules
        )
        self._installation = installation
        shop = NativeWorkshop(installation)
        addons.require_needed(shop, gathered, software.server_wide_modules)
        self._template = template.extend(shop, self._up_template(), software, gathered.wanted, progress)
        return installation

    def _start_server(self, installation: Installation, postgres_ran: bool, progress: Tell) -> bool:
        """Start Odoo unless it runs well, on the same source; return whether it did."""
        state = self.cache.state()
        running = server_of(state)
        if running is not None:
            if postgres_ran and state.get("made_of") == made_of(installation) and running.healthy:
                return True
            if running.healthy:
                lease.require_alone(self.cache.leases, OTHER_CACHE, "it was started with other add-ons, so it would be restarted")
            running.stop()
        server.kill_strays(installation)
        self._note_server(installation, server.start(installation, progress))
        return False

    def _note_server(self, installation: Installation, started: Server) -> None:
        """Put the running server on record, so that other commands find it."""
        self.cache.write_state(
            {
                "pid": started.process.pid,
                "started": started.process.started,
                "http_port": started.http_port,
                "gevent_port": started.gevent_port,
                "odoo_version": installation.tree.version,
                "made_of": made_of(installation),
                "addons": [str(path) for path in installation.addons],
                "server_wide_modules": list(installation.server_wide_modules),
                "postgres_version": installation.cluster.version,
            }
        )

    def disturb(self, what: str, seconds: float = 0.0) -> str:
        """Do one fault of infrastructure and undo it again; blocks meanwhile. Returns the proof that it fired."""
        running, installation = self._need_server(), self._need()
        match what:
            case "kill_worker":
                return ordeal.kill_worker(running)
            case "restart_odoo":
                told, again = ordeal.restart_odoo(installation, running, quiet)
                self._note_server(installation, again)
                return told
            case "restart_postgres":
                return ordeal.restart_postgres(installation, quiet)
            case "freeze_odoo":
                return ordeal.freeze(running, seconds)
        raise EnvironmentNotReady(f"the native target knows no fault {what!r}")

    def heal(self) -> None:
        """Undo what a fault may have left behind: a frozen or dead Odoo, a PostgreSQL that is down, scenario time."""
        installation, running = self._need(), server_of(self.cache.state())
        if running is not None:
            ordeal.thaw(running)
        if ScenarioTime(self.cache).keeper is None:
            scenario_time.leave(installation, running)
        postgres_ran = installation.cluster.start(quiet)
        self._start_server(installation, postgres_ran, quiet)

    def set_clock(self, at: datetime | None, progress: Tell = quiet) -> None:
        """Put Odoo and PostgreSQL into scenario time at *at*, move them on to it, or (None) take them back.

        Moving is one small write, the other two restart both. Raises as `Target.set_clock` says.
        """
        if at is not None and self._offset is not None:
            self._offset.point_to(at)
            return
        with disk_trouble(self.cache.root), self.cache.lock(progress):
            clock, installation, last = ScenarioTime(self.cache), self._need(), noted_server(self.cache.state())
            noted = partial(self._note_server, installation)
            if at is not None:
                lease.require_alone(self.cache.leases, scenario_time.OTHERWISE)
                scenario_time.begin(installation, self._need_server(), at, noted, progress)
                self._offset = clock.offset
            elif clock.is_ours and last is not None:
                self._offset = None
                scenario_time.end(installation, last, noted, progress)

    def _need_server(self) -> Server:
        running = server_of(self.cache.state())
        if running is None:
            raise EnvironmentNotReady("Odoo is not running; run: rehearse up")
        return running

    def clone(self, name: str) -> Database:
        """Return a fresh database *name*, copied from the template; well under a second.

        Raises `EnvironmentNotReady` when there's one of that name already, or the target isn't up.
        """
        template.copy(NativeWorkshop(self._need()), self._up_template().database, name)
        return self.database(name)

    def _up_template(self) -> Template:
        if self._template is None:
            raise EnvironmentNotReady("the native target has no template yet; run: rehearse up")
        return self._template

    def clone_world(self, key: str, name: str) -> Database | None:
        """Return a database *name* with world *key* written into it already; None where that is not kept."""
        return self.database(name) if worlds.copied(NativeWorkshop(self._need()), self._up_template(), key, name) else None

    def keep_world(self, database: Database, key: str) -> None:
        """Keep a copy of *database*, in which world *key* was just written."""
        worlds.keep(NativeWorkshop(self._need()), self._up_template(), key, database.name)

    def copy(self, database: Database, name: str) -> Database:
        """Return a copy of *database* as *name*; who is connected to the source is cut off for a moment."""
        template.copy(NativeWorkshop(self._need()), checked_name(database.name), name)
        return self.database(name)

    def clone_of(self, source: str, name: str) -> Database:
        """Return a copy of database *source*, somebody's own, as *name*, with a login of the harness's in it."""
        staging.copied(NativeWorkshop(self._need()), self._up_template(), checked_name(source), name)
        return self.database(name)

    def database(self, name: str) -> Database:
        """Return what a client needs to talk to database *name*, which must exist."""
        running = self._need_server()
        chosen = staging.of_copy(self.cache, name, self._need_template())
        return Database(
            running.url, name, LOGIN, chosen.password, chosen.api_key, chosen.uid, postgres=self._need().cluster.address
        )

    def password_hint(self) -> str:
        """Return where the password of its databases is to be read."""
        return f'its password: see "password" in {self.cache.secrets_file}'

    def drop(self, database: Database) -> None:
        """Remove *database* and its files; silent when it's gone already."""
        template.drop_copy(NativeWorkshop(self._need()), database.name)
        staging.forget(self.cache, database.name)

    def down(self, progress: Tell = quiet) -> None:
        """Stop Odoo and PostgreSQL; leaves the cache and the templates. Silent when nothing runs.

        A process that called `up` only takes its hand off while another live process still uses them;
        one that did not (``rehearse down``) stops them whoever does.
        """
        with self.cache.lock(progress):
            if lease.release(self.cache.leases) and lease.others(self.cache.leases):
                progress("Odoo is left running: another rehearse command uses it")
                return
            running = server_of(self.cache.state())
            if running is not None:
                running.stop()
            found = self._find_installation()
            if found is not None:
                server.kill_strays(found)
                found.cluster.clean_up()
                faketime.sweep(found.account)
            ScenarioTime(self.cache).forget()
            self._offset = None
            self.cache.write_state({})

    def status(self) -> TargetStatus:
        """Return what runs now; takes a moment, starts nothing."""
        if not self.cache.root.is_dir():
            return TargetStatus(self.kind, running=False, detail=f"nothing provided yet in {self.cache.root}")
        state = self.cache.state()
        running = server_of(state)
        found = self._find_installation()
        postgres = found is not None and found.cluster.postmaster() is not None
        if running is None or found is None or not postgres:
            return TargetStatus(self.kind, running=False, odoo_version=state.get("odoo_version"), detail=f"cache {self.cache.root}")
        return TargetStatus(
            self.kind,
            running=running.healthy,
            url=running.url,
            odoo_version=found.tree.version,
            databases=template.lent(NativeWorkshop(found)),
            postgres=found.cluster.address,
            detail=f"cache {self.cache.root}",
        )

    def sql(self, database: Database | str, statement: str) -> list[Row]:
        """Run SQL in a database as its owner; return rows of text (NULL is empty). For saboteurs."""
        name = database if isinstance(database, str) else database.name
        return self._need().cluster.sql(checked_name(name), statement)

    def sensor(self, database: Database) -> Sensor:
        """Return what feels this machine's Odoo and PostgreSQL while *database* is used."""
        installation = self._need()
        return Sensor(
            odoo=lambda: [running.process.pid] if (running := server_of(self.cache.state())) else [],
            postgres=lambda: [found.pid] if (found := installation.cluster.postmaster()) else [],
            statistics=lambda: self.sql(database, STATISTICS)[0],
            log_lines=LogFile(installation.log).lines,
        )

    @property
    def odoo_version(self) -> str:
        """Odoo's version, as precise as its source says."""
        return self._need().tree.version

    @property
    def postgres_version(self) -> str:
        """PostgreSQL's version, such as ``15.13``."""
        return self._need().cluster.version

    @property
    def postgres(self) -> PostgresAddress:
        """How to reach PostgreSQL."""
        return self._need().cluster.address

    def _need(self) -> Installation:
        """Return the installation, or say how to get one."""
        found = self._installation or self._find_installation()
        if found is None:
            raise EnvironmentNotReady(f"nothing is provided in {self.cache.root} yet; run: rehearse up")
        return found

    def _need_template(self) -> Template:
        """Return the template of the last `up`; without one in this process, the newest of the cache."""
        if self._template is None:
            self._template = template.find_newest(NativeWorkshop(self._need()))
        if self._template is None:
            raise EnvironmentNotReady("the native target has no template yet; run: rehearse up")
        return self._template

    def _find_installation(self) -> Installation | None:
        """Return what's provided already, without providing anything."""
        tree, python = archive.find_tree(self.cache), interpreter.find_python(self.cache)
        account, folder = machine.find_account(), machine.postgres_bin()
        if tree is None or python is None or account is None or folder is None:
            return None
        state = self.cache.state()
        cluster = Cluster(self.cache, account, folder)
        ran_with = tuple(Path(path) for path in state.get("addons", self.addons))
        return Installation(self.cache, account, tree, python, cluster, ran_with, tuple(state.get("server_wide_modules", ())))


def made_of(installation: Installation) -> list[str]:
    """Return what a running server must have been started from to be used again."""
    return [server.FORMAT, installation.tree.version, *map(str, installation.addons), *installation.server_wide_modules]


def server_of(state: dict[str, object]) -> Server | None:
    """Return the server that *state* tells of if that very process still lives."""
    found = noted_server(state)
    return found if found is not None and found.process.alive else None


def noted_server(state: dict[str, object]) -> Server | None:
    """Return the server that *state* tells of, alive or not."""
    numbers = [state.get(key) for key in ("pid", "started", "http_port", "gevent_port")]
    if not all(isinstance(number, int) for number in numbers):
        return None
    pid, started, http_port, gevent_port = (int(str(number)) for number in numbers)
    return Server(Process(pid, started), http_port, gevent_port)
