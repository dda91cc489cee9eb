"""What can be wrong with an engine: each is told with the command that mends it, and ends with 3.

Where the real engine cannot be made to fail, a stand-in for ``docker`` says what Docker says then.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from rehearsal.targets.docker.engine import Engine
from rehearsal.targets.docker.stack import DB, ODOO
from rehearsal.targets.docker.target import DockerTarget
from tests.cli.command import Said, rehearse
from tests.conftest import free_port
from tests.docker.conftest import PROJECT, compose

pytestmark = pytest.mark.xdist_group("docker")
ANSWERS = {
    "version": "echo 28.0.1",
    "compose version": "echo 2.30.0",
    "compose config": """echo '{"services": {"db": {"image": "postgres:17"}, "odoo": {"image": "odoo:19.0"}}}'""",
    "compose up": ":",
    "image inspect": "echo sha256:1",
    "ps": ":",
    "pull": ":",
}
"""What a Docker in good health says to the commands that are given to it."""
SAID: dict[str, tuple[dict[str, str], str, str]] = {
    "no engine": (
        {"version": "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?' >&2; exit 1"},
        "no Docker engine answers",
        "systemctl start docker",
    ),
    "not allowed": (
        {
            "version": "echo 'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock' >&2; exit 1"
        },
        "you may not talk to the Docker engine",
        "sudo usermod -aG docker $USER",
    ),
    "no Compose": (
        {"compose version": 'echo "docker: unknown command: docker compose" >&2; exit 1'},
        "has no Compose plug-in",
        "apt-get install -y docker-compose-plugin",
    ),
    "Compose too old": (
        {"compose version": "echo 2.3.3"},
        "Docker Compose is 2.3.3, at least 2.26 is needed",
        "docker/get-compose",
    ),
    "no image and no network": (
        {
            "image inspect": "echo 'Error: No such image: it' >&2; exit 1",
            "pull": "echo 'Get \"https://registry.example/v2/\": dial tcp: lookup registry.example: no such host' >&2; exit 1",
        },
        "image postgres:17 is not here and cannot be pulled: its registry is out of reach",
        "docker/build-images",
    ),
    "no such image": (
        {
            "image inspect": "echo 'Error: No such image: it' >&2; exit 1",
            "pull": "echo 'manifest for postgres:17 not found: manifest unknown' >&2; exit 1",
        },
        "image postgres:17 is not here and cannot be pulled;",
        "docker/build-images",
    ),
    "disk full while pulling": (
        {
            "image inspect": "echo 'Error: No such image: it' >&2; exit 1",
            "pull": "echo 'write /var/lib/docker/tmp/GetImageBlob1: no space left on device' >&2; exit 1",
        },
        "No space left for the Docker engine: write /var/lib/docker",
        "docker system prune",
    ),
    "disk full while starting": (
        {"compose up": "echo 'mkdir /var/lib/docker/overlay2/1: no space left on device' >&2; exit 1"},
        "No space left for the Docker engine: mkdir",
        "docker system prune",
    ),
}


def stand_in(folder: Path, answers: dict[str, str]) -> dict[str, str]:
    """Return an environment in which ``docker`` gives *answers*."""
    cases = [f"  {key.replace(' ', chr(92) + ' ')}*) {answer} ;;" for key, answer in answers.items()]
    script = [
        "#!/bin/sh",
        'if [ "$1" = compose ]; then',
        "  shift",
        "  while case $1 in --project-name | --progress) true ;; *) false ;; esac; do shift 2; done",
        '  set -- compose "$1"',
        "fi",
        'case "$1 $2" in',
        *cases,
        "esac",
        "",
    ]
    program = folder / "docker"
    program.write_text("\n".join(script), encoding="utf-8")
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "REHEARSE_CACHE": str(folder / "cache")}


@pytest.mark.parametrize("case", sorted(SAID))
def test_what_is_wrong_is_told_with_its_cure(case: str, tmp_path: Path) -> None:
    """One sentence, and the command to run."""
    answers, told, cure = SAID[case]
    said = rehearse("up", "--target", "docker", cwd=tmp_path, env=stand_in(tmp_path, ANSWERS | answers))

    assert (said.code, said.out) == (3, ""), said
    assert told in said.err
    assert cure in said.err


def test_no_docker_at_all(tmp_path: Path) -> None:
    """The other target is named, too."""
    said = rehearse("up", "--target", "docker", cwd=tmp_path, env={"PATH": str(tmp_path)})

    assert said.code == 3
    assert "program 'docker' is not installed" in said.err
    assert "apt-get install -y --no-install-recommends docker.io" in said.err
    assert "--target native" in said.err


@pytest.mark.parametrize(
    ("version", "words", "told"),
    [
        ("18.0", (), "Odoo 18.0 is not supported: the tests have run 19.0; use that version, or add --allow-untested-odoo"),
        ("18.0", ("--allow-untested-odoo",), "there is no odoo-18.0.yml in"),
    ],
)
def test_an_untested_version_is_refused_by_its_number(version: str, words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    """Allowed, it still needs the file that says what it wants."""
    said = rehearse("up", "--target", "docker", *words, cwd=tmp_path, env=stand_in(tmp_path, ANSWERS) | {"ODOO_VERSION": version})

    assert said.code == 3
    assert told in said.err


# -- on the real engine ----------------------------------------------------------------------------------


def up(tmp_path: Path, **env: str) -> Said:
    """Run `rehearse up` on the containers of these tests."""
    return rehearse("up", "--target", "docker", cwd=tmp_path, env=env)


def test_a_port_that_is_taken_is_named(engine: Engine, alone: str, tmp_path: Path) -> None:
    """With the setting that chooses another one; nothing of the half start is left running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = {"COMPOSE_PROJECT_NAME": "rehearsal-other", "POSTGRES_PORT": str(port), "ODOO_PORT": str(free_port())}
        try:
            said = up(tmp_path, **other)
        finally:
            compose("--project-name", "rehearsal-other", "down", "--volumes", "--timeout", "1")

    assert said.code == 3
    assert f"port {port} on 127.0.0.1 is taken" in said.err
    assert "POSTGRES_PORT=15433 rehearse up --target docker" in said.err


@pytest.mark.parametrize(
    ("service", "path", "told"),
    [
        (ODOO, "/var/lib/odoo/.series", "the volume holds databases of Odoo 12.0, and the image is for Odoo 19.0"),
        (DB, "/var/lib/postgresql/data/pgdata/PG_VERSION", "the volume holds a cluster of PostgreSQL 12"),
    ],
)
def test_a_volume_of_another_version_is_refused_and_left_alone(
    service: str, path: str, told: str, docker: DockerTarget, tmp_path: Path
) -> None:
    """Neither Odoo nor PostgreSQL touches files that are not theirs."""
    was = docker.stack.run(service, ["cat", path], "looking")
    docker.stack.run(service, ["sh", "-c", f"echo {'12.0' if service == ODOO else '12'} > {path}"], "ageing the volume")
    docker.stack.down()
    try:
        said = up(tmp_path)
    finally:
        image = docker.stack.images()[service]
        volume = f"{PROJECT}_{'odoo:/var/lib/odoo' if service == ODOO else 'postgres:/var/lib/postgresql/data'}"
        words = ["run", "--rm", "--network", "none", "--user", "root", "--volume", volume, "--entrypoint", "sh", image]
        docker.stack.engine.docker([*words, "-c", f"echo '{was.strip()}' > {path}"], "making it young again")
        docker.stack.up(print)

    assert said.code == 3
    assert told in said.err
    assert "rehearse down --target docker --volumes" in said.err
    assert docker.stack.answers()
