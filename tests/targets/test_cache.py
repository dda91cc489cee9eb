from __future__ import annotations

import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import cache as cache_module
from rehearsal.targets.cache import Cache, default_root, is_done, mark_done, staged


def test_environment_names_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSE_CACHE", "/some/where")
    assert default_root() == Path("/some/where")


def test_a_second_command_waits_and_says_so(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    told: list[str] = []
    order: list[str] = []

    def second() -> None:
        with cache.lock(told.append):
            order.append("second")

    with cache.lock(told.append):
        thread = threading.Thread(target=second)
        thread.start()
        deadline = time.monotonic() + 10
        while not told and time.monotonic() < deadline:
            time.sleep(0.01)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert len(told) == 1 and "waiting for another rehearse command" in told[0]


def test_waiting_is_bounded_and_names_the_lock(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with cache.lock(print), pytest.raises(EnvironmentNotReady, match=f"fuser {tmp_path}/lock"), cache.lock(print, seconds=0):
        pytest.fail("two commands hold one lock")


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from rehearsal.targets.cache import Cache\n"
        "with Cache(pathlib.Path(sys.argv[1])).lock(print):\n print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(cache_module.__file__).parents[2])},
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait(10)
    with Cache(tmp_path).lock(pytest.fail, seconds=1):
        pass


def test_secrets_are_never_readable_by_others(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write_secrets({"password": "p"})
    cache.write_secrets({"password": "q"})
    assert stat.S_IMODE(cache.secrets_file.stat().st_mode) == 0o600
    assert cache.secrets() == {"password": "q"}
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_damaged_state_counts_as_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.state_file.write_text("{half")
    assert cache.state() == {}


def test_a_failed_stage_leaves_nothing_and_remains_are_removed(tmp_path: Path) -> None:
    remains = tmp_path / ".other.x.partial"
    remains.mkdir()
    with pytest.raises(OSError, match="killed"), staged(tmp_path / "place") as stage:
        (stage / "file").touch()
        raise OSError("killed")
    assert list(tmp_path.iterdir()) == []
    with staged(tmp_path / "place") as stage:
        (stage / "file").touch()
    assert (tmp_path / "place" / "file").exists()


def test_a_folder_is_done_for_its_own_ingredients_alone(tmp_path: Path) -> None:
    assert not is_done(tmp_path, "a")
    mark_done(tmp_path, "a")
    assert is_done(tmp_path, "a") and not is_done(tmp_path, "b")
