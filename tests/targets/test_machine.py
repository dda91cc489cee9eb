from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import pytest

from rehearsal.errors import EnvironmentNotReady, UsageError
from rehearsal.targets import VARIABLE, choose, disk, doctor, machine
from rehearsal.targets.docker.target import DockerTarget
from rehearsal.targets.existing import ExistingTarget
from rehearsal.targets.names import checked_name, literal, quoted
from rehearsal.targets.native.target import NativeTarget
from rehearsal.targets.server import free_port


def test_a_missing_program_is_named_with_its_fix() -> None:
    with pytest.raises(EnvironmentNotReady, match=r"testing: program 'no-such-program'.*run: apt-get install it"):
        machine.run(["no-such-program"], what="testing", fix="apt-get install it")


def test_a_failure_tells_the_end_of_the_output() -> None:
    with pytest.raises(EnvironmentNotReady, match=r"(?s)testing: ended with exit code 3:\n  why\nrun: again"):
        machine.run(["sh", "-c", "echo why >&2; exit 3"], what="testing", fix="again")


def test_a_full_disk_is_named() -> None:
    with pytest.raises(EnvironmentNotReady, match="free some disk space, or set REHEARSE_CACHE"):
        machine.run(["sh", "-c", "cat /dev/zero > /dev/full"], what="testing", fix="again")


def test_a_slow_program_is_stopped() -> None:
    before = time.monotonic()
    with pytest.raises(EnvironmentNotReady, match="not finished after"):
        machine.run(["sleep", "60"], what="testing", fix="again", timeout=0.2)
    assert time.monotonic() - before < 30


def test_a_server_inherits_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "t")
    monkeypatch.setenv("PGHOST", "elsewhere")
    assert "SOME_TOKEN" not in machine.environment(machine.current_account(), None)
    assert "PGHOST" not in machine.environment(None, None)


def test_a_full_disk_is_refused_before_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "NEEDED_BYTES", 10**18)
    with pytest.raises(EnvironmentNotReady, match="GB free"):
        disk.require_space(tmp_path)


@pytest.mark.parametrize("program", ["chattr", "no-such-program"])
def test_folders_are_kept_apart_where_the_file_system_does_that(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it does not, and where there is no such program, nobody hears of it; nor of a folder that is not there."""
    monkeypatch.setattr(disk, "KEEP_APART", (program, "+T"))
    folders = [tmp_path / "kept", tmp_path / "by_hand"]
    for folder in folders:
        folder.mkdir()
    can = program == "chattr" and subprocess.run(["chattr", "+T", folders[1]], check=False).returncode == 0

    disk.keep_apart(folders[0])
    disk.keep_apart(tmp_path / "nowhere")
    told = subprocess.run(["lsattr", "-d", folders[0]], capture_output=True, text=True, check=False).stdout
    assert ("T" in told.partition(" ")[0]) == can


def test_folders_of_modules_are_named_by_the_environment_or_by_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``ODOO_ADDONS``, as for the containers; several with a colon between them."""
    monkeypatch.setenv("ODOO_ADDONS", f"{tmp_path}/one:{tmp_path}/two")

    assert NativeTarget(tmp_path).addons == (tmp_path / "one", tmp_path / "two")
    assert NativeTarget(tmp_path, (tmp_path / "mine",)).addons == (tmp_path / "mine",)
    monkeypatch.delenv("ODOO_ADDONS")
    assert NativeTarget(tmp_path).addons == ()


@pytest.mark.parametrize("name", ["", "../up", 'a"b', "-a", "a" * 64, "a b"])
def test_dangerous_database_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="database name"):
        checked_name(name)


def test_sql_quoting() -> None:
    assert quoted("a-b.c") == '"a-b.c"'
    assert literal("it's") == "'it''s'"


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert free_port(taken.getsockname()[1]) != taken.getsockname()[1]


def test_choose() -> None:
    assert isinstance(choose("native"), NativeTarget)
    assert isinstance(choose("docker"), DockerTarget)
    assert isinstance(choose("https://staging.example.com/"), ExistingTarget)
    with pytest.raises(UsageError, match="'oracle'"):
        choose("oracle")


def test_auto_is_native_without_an_engine_and_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    told: list[str] = []
    assert isinstance(choose("auto", told=told.append), NativeTarget)
    assert told == ["target native: program 'docker' is not installed, so there is no Docker engine"]


def test_auto_is_what_the_owner_of_the_machine_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "docker")
    assert isinstance(choose("auto"), DockerTarget)
    monkeypatch.setenv(VARIABLE, "https://staging.example.com")
    assert isinstance(choose("auto"), ExistingTarget)
    assert isinstance(choose("native"), NativeTarget)


def test_doctor_is_quick_and_every_failure_has_a_fix() -> None:
    before = time.monotonic()
    found = doctor.checks()
    assert time.monotonic() - before < 5
    assert len({check.name for check in found}) == len(found) >= 10
    assert all(check.fix for check in found if not check.ok)
    assert all(not check.fix for check in found if check.ok)


def test_doctor_on_an_empty_cache_asks_for_up(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = {check.name: check for check in doctor.checks(tmp_path_factory.mktemp("cache") / "new")}
    assert found["Odoo"].fix == found["running"].fix == "rehearse up"
