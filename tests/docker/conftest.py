"""A Docker target of its own on a real engine: project and ports are nobody else's. `bin/with-docker` brings the engine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.pipeline.run import ready_target
from rehearsal.targets.docker.engine import Engine
from rehearsal.targets.docker.stack import IMAGE_SETTINGS
from rehearsal.targets.docker.target import DockerTarget
from tests.conftest import free_port, quiet

ROOT = Path(__file__).parents[2]
PROJECT = "rehearsal-test"
COMPOSE_SECONDS = 420.0
PROBE = "rehearsal_probe"
"""A module of a customer's own."""


def compose(*words: str) -> str:
    """Run ``docker compose`` in the checkout, as a user without `rehearse` does; return its stdout."""
    done = subprocess.run(
        ["docker", "compose", *words], cwd=ROOT, capture_output=True, text=True, timeout=COMPOSE_SECONDS, check=False
    )

    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def engine() -> Engine:
    """An engine that answers. Without one the tests fail, unless `bin/with-docker` said why there can be none."""
    reason = os.environ.get("REHEARSE_NO_DOCKER")
    if reason:
        pytest.skip(f"no Docker here: {reason}")
    engine = Engine()
    engine.require()
    return engine


@pytest.fixture(scope="session")
def alone(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What ``docker compose up -d --wait`` brings on its own, on volumes that are new; the URL of its Odoo."""
    addons = tmp_path_factory.mktemp("addons")
    addons.chmod(0o755)
    for folder in addons.parents:
        if folder.stat().st_uid == os.geteuid() and folder.is_relative_to(tmp_path_factory.getbasetemp().parent):
            folder.chmod(folder.stat().st_mode | 0o055)
    (addons / PROBE).mkdir()
    (addons / PROBE / "__init__.py").touch()
    (addons / PROBE / "__manifest__.py").write_text("{'name': 'Probe', 'license': 'LGPL-3', 'depends': ['base']}")
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPOSE_PROJECT_NAME", PROJECT)
        patch.setenv("ODOO_PORT", str(port))
        patch.setenv("POSTGRES_PORT", str(free_port()))
        patch.setenv("ODOO_ADDONS", str(addons))
        patch.setenv("ODOO_WORKERS", "2")
        for service, image in DockerTarget().stack.images().items():
            patch.setenv(IMAGE_SETTINGS[service], image)
        compose("down", "--volumes", "--timeout", "5")
        try:
            compose("up", "--detach", "--wait")
            yield f"http://127.0.0.1:{port}"
        finally:
            compose("down", "--volumes", "--timeout", "5")


@pytest.fixture(scope="session")
def docker(alone: str) -> DockerTarget:
    """The Docker target, up with the project's own template, on the containers that Compose started."""
    target = DockerTarget()
    ready_target(target, quiet)
    return target
