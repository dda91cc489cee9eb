"""What `rehearse down` removes, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.pipeline.run import recipe
from rehearsal.targets.docker.engine import Engine
from rehearsal.targets.docker.stack import DB
from rehearsal.targets.docker.target import DockerTarget
from tests.cli.command import rehearse
from tests.conftest import free_port
from tests.docker.conftest import compose

pytestmark = pytest.mark.xdist_group("docker")
OTHER = "rehearsal-other"


@pytest.fixture
def bystander(engine: Engine, docker: DockerTarget) -> Iterator[tuple[str, str]]:
    """A container and a volume that have nothing to do with us."""
    image = docker.stack.images()[DB]
    words = ["run", "--detach", "--network", "none", "--volume", "bystander:/kept", "--entrypoint", "sleep", image, "600"]
    container = engine.docker(words, "starting a bystander").strip()
    yield container, "bystander"
    engine.docker(["rm", "--force", container], "removing the bystander")
    engine.docker(["volume", "rm", "bystander"], "removing the bystander's volume")


def test_down_removes_what_up_made_and_nothing_else(
    engine: Engine, docker: DockerTarget, bystander: tuple[str, str], tmp_path: Path
) -> None:
    """The volumes stay, so the next `up` has the same databases at once."""
    lent = docker.clone("kept_over_a_down")
    try:
        said = rehearse("down", "--target", "docker", cwd=tmp_path)
        gone = docker.stack.containers()
        others = engine.docker(["ps", "--quiet", "--no-trunc"], "looking").split()
        volumes = engine.docker(["volume", "ls", "--quiet"], "looking").split()
        told: list[str] = []
        docker.up(recipe(), told.append)

        assert (said.code, gone) == (0, {}), said.err
        assert bystander[0] in others and bystander[1] in volumes
        assert lent.name in docker.status().databases
        assert told == ["starting the containers of docker-compose.yml"]
    finally:
        docker.drop(lent)


def test_volumes_are_removed_only_once_the_projects_name_was_typed(
    engine: Engine, docker: DockerTarget, bystander: tuple[str, str], tmp_path: Path
) -> None:
    """And only those of the project."""
    env = {"COMPOSE_PROJECT_NAME": OTHER, "ODOO_PORT": str(free_port()), "POSTGRES_PORT": str(free_port())}
    compose("--project-name", OTHER, "create")

    def volumes() -> list[str]:
        return sorted(engine.docker(["volume", "ls", "--quiet"], "looking").split())

    before = volumes()
    wrong = rehearse("down", "--target", "docker", "--volumes", cwd=tmp_path, env=env, typed="yes\n")
    silent = rehearse("down", "--target", "docker", "--volumes", cwd=tmp_path, env=env)
    untouched = volumes()
    right = rehearse("down", "--target", "docker", "--volumes", cwd=tmp_path, env=env, typed=f"{OTHER}\n")

    assert (wrong.code, silent.code, right.code) == (2, 2, 0), right.err
    assert "nothing was removed" in wrong.err
    assert untouched == before
    assert [name for name in before if name not in volumes()] == [f"{OTHER}_{one}" for one in ("odoo", "postgres")]


def test_volumes_are_a_matter_of_docker_alone(tmp_path: Path) -> None:
    """The native target has a cache folder."""
    said = rehearse("down", "--target", "native", "--volumes", cwd=tmp_path)

    assert said.code == 2
    assert "--volumes is for --target docker" in said.err


def test_down_where_nothing_is_up_is_silent(engine: Engine, tmp_path: Path) -> None:
    """As often as one likes."""
    said = rehearse("down", "--target", "docker", cwd=tmp_path, env={"COMPOSE_PROJECT_NAME": "rehearsal-nobody"})

    assert said.code == 0
