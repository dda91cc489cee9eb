"""The Docker target against the real thing: containers on this machine's engine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import EnvironmentNotReady
from rehearsal.parts.addon import Software
from rehearsal.pipeline.run import recipe
from rehearsal.targets import VARIABLE, choose
from rehearsal.targets.base import Database, TemplateRecipe
from rehearsal.targets.docker.stack import ADDONS, ODOO
from rehearsal.targets.docker.target import DockerTarget
from rehearsal.targets.doctor import checks
from rehearsal.targets.existing import MARK, json2, jsonrpc
from tests.cli.command import rehearse
from tests.docker.conftest import PROBE, PROJECT
from tests.targets.test_addons import module

pytestmark = pytest.mark.xdist_group("docker")


def parameter(database: Database, key: str) -> Any:
    """Read a system parameter over JSON-RPC, with the password."""
    uid = jsonrpc(database.url, "common", "login", [database.name, database.login, database.password])
    words = [database.name, uid, database.password, "ir.config_parameter", "get_param", [key]]
    return jsonrpc(database.url, "object", "execute_kw", words)


def partners(database: Database) -> int:
    """Count partners over JSON-2, with the API key."""
    assert database.api_key is not None
    return int(json2(database.url, database.name, database.api_key, "res.partner", "search_count", {"domain": []}))


@pytest.fixture
def name() -> str:
    return f"test_{os.getpid()}_{time.monotonic_ns()}"


@pytest.fixture
def database(docker: DockerTarget, name: str) -> Iterator[Database]:
    lent = docker.clone(name)
    yield lent
    docker.drop(lent)


def test_a_clone_answers_on_both_interfaces_and_is_marked(docker: DockerTarget, database: Database) -> None:
    """And its files came with it."""
    files = [docker._workshop().files().count(one) for one in (database.name, docker._need_template().database)]

    assert parameter(database, MARK) == database.name
    assert partners(database) >= 1
    assert files == [1, 1]


def test_up_again_finds_everything_there(docker: DockerTarget) -> None:
    """The very same containers, and no second template."""
    before, told = docker.stack.containers(), list[str]()
    again = DockerTarget()
    again.up(recipe(), told.append)

    assert (again.was_running, told, again.stack.containers()) == (True, [], before)


def test_a_copy_has_what_the_source_had_and_no_more(docker: DockerTarget, database: Database, name: str) -> None:
    """The source answers again after it was cut off."""
    docker.sql(database, f"UPDATE ir_config_parameter SET value = 'in both' WHERE key = '{MARK}'")
    copied = docker.copy(database, f"{name}_copy")
    try:
        docker.sql(copied, f"UPDATE ir_config_parameter SET value = 'in the copy' WHERE key = '{MARK}'")

        assert (parameter(copied, MARK), parameter(database, MARK)) == ("in the copy", "in both")
    finally:
        docker.drop(copied)
        docker.drop(copied)
    assert copied.name not in docker.status().databases
    assert copied.name not in docker._workshop().files()


def test_a_database_of_an_old_name_is_not_mistaken_for_the_old_one(docker: DockerTarget, database: Database) -> None:
    """Each worker forgets what it knew."""
    docker.sql(database, f"UPDATE ir_config_parameter SET value = 'old' WHERE key = '{MARK}'")
    old = {parameter(database, MARK) for _ in range(6)}
    docker.drop(database)
    docker.clone(database.name)

    assert (old, {parameter(database, MARK) for _ in range(6)}) == ({"old"}, {database.name})


def test_what_is_there_is_not_overwritten_and_what_is_not_ours_is_not_dropped(docker: DockerTarget, database: Database) -> None:
    """Templates and the server's own database stay."""
    with pytest.raises(EnvironmentNotReady, match="exists already"):
        docker.clone(database.name)
    for other in ("postgres", docker._need_template().database):
        with pytest.raises(EnvironmentNotReady, match="not dropped"):
            docker.drop(Database(docker.url, other, "admin"))


def test_status_tells_how_to_reach_odoo_and_postgres(docker: DockerTarget, database: Database) -> None:
    """With a password that is shown to nobody."""
    found = docker.status()

    assert found.running and found.url == database.url and database.name in found.databases
    assert str(found.odoo_version).startswith("19.0") and docker.postgres_version[0].isdigit()
    assert found.postgres == database.postgres and found.postgres is not None
    assert found.postgres.password and found.postgres.password not in repr(found)
    assert docker.sql(database, "SELECT 1, 'a,\"b\nc', NULL") == [("1", 'a,"b\nc', "")]
    with pytest.raises(EnvironmentNotReady, match="nonsense"):
        docker.sql(database, "SELECT nonsense")


def test_what_is_secret_is_in_no_process_list_and_no_log(docker: DockerTarget, database: Database) -> None:
    """Neither the administrator's password nor the API key."""
    told = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()).decode()
    told += "".join(docker.stack.logs(container.id) for container in docker.stack.containers().values())

    assert database.password and database.api_key
    assert [secret for secret in (database.password, database.api_key) if secret in told + repr(database)] == []


def test_a_customers_module_is_found_and_an_unknown_one_refused_before_the_work(docker: DockerTarget) -> None:
    """The mounted folder counts; settings run, and a template of its own comes of them."""
    settings = "env['ir.config_parameter'].set_param('rehearsal.test', 'settings ran')"
    began = time.monotonic()
    with pytest.raises(EnvironmentNotReady, match=r"no module no_such_module.*ODOO_ADDONS=FOLDER"):
        DockerTarget().up(TemplateRecipe(("no_such_module", PROBE)), print)
    assert time.monotonic() - began < 20
    target = DockerTarget()
    target.up(TemplateRecipe((PROBE,), settings), print)
    lent = target.clone("probe")
    try:
        assert parameter(lent, "rehearsal.test") == "settings ran"
        assert target.sql(lent, f"SELECT state FROM ir_module_module WHERE name = '{PROBE}'") == [("installed",)]
    finally:
        target.drop(lent)


def test_auto_takes_docker_where_an_engine_has_the_images_and_native_where_it_cannot_get_them(
    docker: DockerTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says why, each time."""
    monkeypatch.delenv(VARIABLE)
    told: list[str] = []
    with_images = choose("auto", told=told.append)
    monkeypatch.setenv("ODOO_IMAGE", "127.0.0.1:9/nobody/odoo:19.0")
    without = choose("auto", told=told.append)

    assert (with_images.kind, without.kind) == ("docker", "native")
    assert told == [
        "target docker: a Docker engine answers and has the images",
        "target native: a Docker engine answers, but has no image 127.0.0.1:9/nobody/odoo:19.0 and cannot pull it",
    ]


def test_doctor_finds_engine_compose_and_images(docker: DockerTarget) -> None:
    """None of which is needed where the native target does."""
    found = {check.name: check for check in checks() if check.name.startswith("Docker")}

    assert [(check.ok, check.fix, check.needed) for check in found.values()] == [(True, "", False)] * 3


def test_a_command_takes_it_by_name(docker: DockerTarget, tmp_path: Path) -> None:
    """`rehearse status` tells the same as the target."""
    said = rehearse("status", "--target", "docker", cwd=tmp_path)

    assert (said.code, f"docker: running at {docker.url}" in said.out, PROJECT in said.out) == (0, True, True)


def test_gathered_add_ons_are_mounted_and_installed_and_gone_with_the_next_command(docker: DockerTarget, tmp_path: Path) -> None:
    """In a template of their own; what they import lies beside them."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    module(tmp_path / "shop", "rehearsal_gathered", depends=["base"])
    target = DockerTarget()
    try:
        target.up(replace(recipe(), software=Software(("rehearsal_gathered",), (tmp_path / "shop",))), print)
        lent = target.clone("gathered")
        state = target.sql(lent, "SELECT state FROM ir_module_module WHERE name = 'rehearsal_gathered'")
        there = target.stack.run(ODOO, ["ls", ADDONS], "looking").split()
        target.drop(lent)
    finally:
        docker.up(recipe(), print)

    assert (state, there) == ([("installed",)], ["rehearsal_gathered", PROBE])
    assert docker.stack.run(ODOO, ["ls", ADDONS], "looking").split() == [PROBE]
