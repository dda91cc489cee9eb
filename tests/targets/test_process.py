from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.targets import lease, process
from rehearsal.targets.native.target import server_of
from rehearsal.targets.process import Process

STUBBORN = "import signal,time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('on', flush=True)\ntime.sleep(60)"


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "on\n"
        yield child
        child.kill()


def test_a_recycled_process_id_is_not_the_process() -> None:
    me = Process.of(os.getpid())
    assert me is not None and me.alive
    assert not Process(me.pid, me.started + 1).alive


def test_stop_kills_who_ignores_the_request(stubborn: subprocess.Popen[str]) -> None:
    found = Process.of(stubborn.pid)
    assert found is not None
    found.stop_group(grace=0.1)
    assert not found.alive and process.group_members(stubborn.pid) == ()


def test_stop_leaves_a_stranger_alone(stubborn: subprocess.Popen[str]) -> None:
    found = Process.of(stubborn.pid)
    assert found is not None
    Process(found.pid, found.started + 1).stop_group(grace=0.1)
    assert found.alive


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen(["true"])
    child.wait(10)
    assert Process.of(child.pid) is None


def test_only_the_program_that_is_meant_is_found_in_a_folder(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as child:
        assert process.working_in(tmp_path, "postgres") == ()
        assert child.pid in process.working_in(tmp_path, Path("/bin/sleep").resolve().name)
        child.send_signal(signal.SIGKILL)


def test_leases_of_dead_processes_count_for_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    assert not lease.release(folder)
    lease.take(folder)
    (folder / "999999999-1").touch()
    with subprocess.Popen(["sleep", "60"]) as other:
        found = Process.of(other.pid)
        assert found is not None
        (folder / f"{found.pid}-{found.started}").touch()
        assert lease.others(folder) == (other.pid,)
        other.kill()
        other.wait(10)
    assert lease.others(folder) == ()
    assert lease.release(folder)
    assert list(folder.iterdir()) == []


def test_state_of_a_dead_server_is_no_server() -> None:
    me = Process.of(os.getpid())
    assert me is not None
    state: dict[str, object] = {"pid": me.pid, "started": me.started, "http_port": 1, "gevent_port": 2}
    found = server_of(state)
    assert found is not None and found.url == "http://127.0.0.1:1"
    assert server_of({**state, "started": me.started + 1}) is None
    assert server_of({**state, "http_port": "1"}) is None
    assert server_of({}) is None
