"""docker-compose.yml as it is: one command brings an Odoo to log in to, and nothing that the world can reach."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rehearsal.targets.dialect import DIALECTS, TESTED
from rehearsal.targets.docker.target import DockerTarget
from rehearsal.targets.existing import jsonrpc
from tests.docker.conftest import ROOT

pytestmark = pytest.mark.xdist_group("docker")
SECRETS = ROOT / ".rehearse" / "docker" / "secrets.env"


def secrets() -> dict[str, str]:
    """Return what the first start made."""
    return dict(line.split("=", 1) for line in SECRETS.read_text(encoding="utf-8").splitlines())


def test_one_command_brings_an_odoo_to_log_in_to(alone: str) -> None:
    """With its own password, and with no other."""
    uid = jsonrpc(alone, "common", "login", ["odoo", "admin", secrets()["ODOO_ADMIN_PASSWORD"]])
    words: list[Any] = ["odoo", uid, secrets()["ODOO_ADMIN_PASSWORD"], "res.users", "read", [uid], {"fields": ["login"]}]

    assert jsonrpc(alone, "object", "execute_kw", words)[0]["login"] == "admin"
    assert jsonrpc(alone, "common", "login", ["odoo", "admin", "admin"]) is False


def test_the_passwords_are_private_ignored_and_in_no_process_list(alone: str) -> None:
    """Neither do the containers' settings or logs tell them."""
    told = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    stack = DockerTarget().stack
    told += "".join(stack.logs(container.id) for container in stack.containers().values()).encode()
    told += str(stack.engine.inspect([container.id for container in stack.containers().values()], "looking")).encode()

    assert stat.S_IMODE(SECRETS.stat().st_mode) == 0o600
    assert subprocess.run(["git", "check-ignore", "--quiet", SECRETS], cwd=ROOT, check=False).returncode == 0
    assert [name for name, value in secrets().items() if len(value) < 24 or value.encode() in told] == []


def test_nothing_is_reachable_from_outside(alone: str) -> None:
    """Both ports are on the loopback address alone."""
    stack = DockerTarget().stack
    told = stack.engine.inspect([container.id for container in stack.containers().values()], "looking")
    places = [place for one in told for places in one["NetworkSettings"]["Ports"].values() for place in places or ()]

    assert len(places) == 2
    assert {place["HostIp"] for place in places} == {"127.0.0.1"}


def test_every_tested_version_has_its_override_that_says_what_the_dialect_says() -> None:
    """One is for containers, the other for the harness's own server."""
    for series in TESTED:
        text = (ROOT / "compose" / f"odoo-{series}.yml").read_text(encoding="utf-8")

        assert f'ODOO_SERIES: "{series}"' in text
        assert [f"{key} = {value}" for key, value in DIALECTS[series].options.items() if f"{key} = {value}\n" not in text] == []
