"""What the tests share: a real Odoo, a database of one's own, and finished weekends."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fridays import CANONICAL
from rehearsal import project
from rehearsal.pipeline.run import Options, Run, ready_target, rehearse
from rehearsal.pipeline.run_folder import reopen
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from rehearsal.targets.base import Database
from rehearsal.targets.cache import default_root
from rehearsal.targets.native.target import ADDONS_VARIABLE, NativeTarget
from tests.durations import Durations
from tests.shared import once

pytest_plugins = ["pytester"]
NEEDING = {"target", "native", "breakable", "wheel"}
"""Fixtures without which a test needs no Odoo, and no building."""
SHARED = ("apt", "odoo", "venv")
"""What the second instance takes from the first: source and packages; cluster, templates and ports are its own."""
# Whether an engine answers here or not; the tests of Docker name their target.
os.environ["REHEARSE_TARGET"] = "native"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a developer leave out what takes an Odoo."""
    parser.addoption("--without-odoo", action="store_true", help="leave out the tests that need an Odoo or a container")


def pytest_configure(config: pytest.Config) -> None:
    """Show at the end where the time went; of the workers it is told to the process that started them."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Durations(), "durations")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, where it is asked for, whatever uses a target, directly or through its fixtures."""
    if not config.getoption("--without-odoo"):
        return
    left = [item for item in items if needs_odoo(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]


def needs_odoo(item: pytest.Item) -> bool:
    """Whether a test needs an Odoo, a container engine, or the network."""
    folders = {"docker", "liars"}
    return bool(folders & set(item.path.parts) or NEEDING & set(getattr(item, "fixturenames", ())))


def load(name: str, **overrides: Any) -> Scenario:
    """Return a scenario of the project path, with overrides; the same one for the same words."""
    return _loaded(project.scenario_path(name), json.dumps(overrides))


@cache
def _loaded(path: Path, overrides: str) -> Scenario:
    return scenario_file.load(path, project.scenario_path, json.loads(overrides))


def quiet(*_: object) -> None:
    """Tell nobody."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def target() -> NativeTarget:
    """The native target, up; `bin/with-odoo` stops it when the tests are through."""
    native = plain_native()
    ready_target(native, quiet)
    return native


def plain_native(root: Path | None = None) -> NativeTarget:
    """Return the native target without the folder of modules that the tests of Docker name for Compose, in ``ODOO_ADDONS``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(ADDONS_VARIABLE, raising=False)
        return NativeTarget(root)


@pytest.fixture(scope="module", autouse=True)
def without_modules_of_others(request: pytest.FixtureRequest) -> Iterator[None]:
    """Outside the tests of Docker, hide the folder of modules that they name for as long as the session lasts."""
    with pytest.MonkeyPatch.context() as patch:
        if "docker" not in request.path.parts:
            patch.delenv(ADDONS_VARIABLE, raising=False)
        yield


@pytest.fixture(scope="session")
def breakable(target: NativeTarget) -> Iterator[NativeTarget]:
    """A second native instance, so that nobody else's Odoo is broken; its tests are of the xdist group "chaos"."""
    root = default_root() / "breakable"
    root.mkdir(exist_ok=True)
    for name in SHARED:
        if not (root / name).exists():
            (root / name).symlink_to(default_root() / name)
    native = plain_native(root)
    ready_target(native, quiet)
    yield native
    native.down()


@pytest.fixture(scope="session")
def fresh(target: NativeTarget) -> Iterator[Callable[[], Database]]:
    """Makes databases from the template, and drops them at the end."""
    made: list[Database] = []

    def make() -> Database:
        made.append(target.clone(f"test_{os.getpid()}_{len(made)}"))
        return made[-1]

    yield make
    for database in made:
        target.drop(database)


@pytest.fixture(scope="session")
def canonical(target: NativeTarget, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Returns the canonical Friday with a connector: played once per run of the suite, on this machine, over OdooRPC, on
    the wall clock; others are held against it."""

    def of(connector: str) -> Run:
        scenario = load("promo_day", connector=connector, **CANONICAL)
        return reopen(
            once(
                tmp_path_factory,
                f"canonical_{connector}",
                lambda folder: rehearse(scenario, target, Options(out=folder), quiet, quiet),
            )
        )

    return of


@pytest.fixture(scope="session")
def play(target: NativeTarget, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Run, dict[str, Any]]]:
    """Rehearses a scenario on a clone of its own; returns the run and its summary."""

    def run(scenario: Scenario, **options: Any) -> tuple[Run, dict[str, Any]]:
        folder: Path = tmp_path_factory.mktemp(scenario.connector) / "run"
        return rehearse(scenario, target, Options(out=folder, **options), quiet, quiet)

    return run
