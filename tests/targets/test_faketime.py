"""libfaketime itself: where it comes from, what a process makes of the offset file, and what is swept up after it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.errors import EnvironmentNotReady, NoScenarioTime
from rehearsal.targets import archive, doctor, faketime, machine
from rehearsal.targets.base import quiet
from rehearsal.targets.cache import Cache
from rehearsal.targets.faketime import OffsetFile, ScenarioTime

DECADES_S = 30 * 366 * 86_400.0
CLOCK = "import sys, time\nfor _ in sys.stdin:\n    print(time.time(), time.monotonic(), flush=True)\n"
"""A process that tells both its clocks when it is asked."""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both libraries, fetched from the archive into a cache of this module's own."""
    return faketime.fetch(Cache(tmp_path_factory.mktemp("cache")), quiet)


@pytest.fixture(scope="module", params=faketime.libraries())
def ask(
    request: pytest.FixtureRequest, libraries: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[float], tuple[float, float]]]:
    """Sets an offset for a process that runs already, and returns what its clock and its monotonic clock tell."""
    offset = OffsetFile(tmp_path_factory.mktemp("clock") / "offset")
    offset.write(0.0)
    environment = os.environ | faketime.environment(str(libraries / request.param), str(offset.path))
    with subprocess.Popen(
        [sys.executable, "-c", CLOCK], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        asked, told = process.stdin, process.stdout

        def tell(offset_s: float) -> tuple[float, float]:
            offset.write(offset_s)
            asked.write("\n")
            asked.flush()
            at, monotonic = told.readline().split()
            return float(at), float(monotonic)

        yield tell
        asked.close()
    for prefix in faketime.REMAINS:
        (faketime.SHARED_MEMORY / f"{prefix}{process.pid}").unlink(missing_ok=True)


@settings(deadline=None)
@given(offset_s=st.floats(-DECADES_S, DECADES_S))
def test_a_process_that_runs_follows_the_file_and_keeps_its_monotonic_clock(
    ask: Callable[[float], tuple[float, float]], offset_s: float
) -> None:
    """Forwards and backwards, by decades or by milliseconds, both libraries."""
    before = time.time(), time.monotonic()
    at, monotonic = ask(offset_s)
    after = time.time(), time.monotonic()

    assert before[0] - 1e-3 <= at - offset_s <= after[0] + 1e-3
    assert before[1] <= monotonic <= after[1]


@settings(deadline=None)
@given(offset_s=st.floats(-DECADES_S, DECADES_S))
def test_what_is_written_is_what_is_read(offset_s: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    """To the microsecond, in the one form that the library takes for an offset."""
    file = OffsetFile(tmp_path_factory.getbasetemp() / "offset")
    file.write(offset_s)
    assert abs(file.read() - offset_s) < 1e-6
    assert re.fullmatch(r"[+-]\d+\.\d{6}\n", file.path.read_text())


def test_nobody_reads_half_an_offset(tmp_path: Path) -> None:
    """The library would end the process that does."""
    file, stop = OffsetFile(tmp_path / "offset"), threading.Event()
    file.write(0.0)
    torn: list[str] = []

    def read() -> None:
        while not stop.is_set():
            text = file.path.read_text()
            if not re.fullmatch(r"[+-]\d+\.\d{6}\n", text):
                torn.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(3000):
        file.write(-number * 12_345.678)
    stop.set()
    reader.join(10)

    assert torn == []
    assert [path.name for path in tmp_path.iterdir()] == ["offset"]
    assert file.path.stat().st_mode & 0o444 == 0o444


def test_an_instant_becomes_its_distance_from_the_real_time(tmp_path: Path) -> None:
    file = OffsetFile(tmp_path / "offset")
    assert file.read() == 0.0
    file.point_to(datetime(2025, 11, 28, 9, 30, tzinfo=UTC))
    assert abs(datetime(2025, 11, 28, 9, 30, tzinfo=UTC).timestamp() - time.time() - file.read()) < 5


def test_the_library_is_fetched_once_and_its_package_lists_are_not_kept(libraries: Path) -> None:
    cache = Cache(libraries.parents[1])
    assert sorted(path.name for path in libraries.iterdir()) == sorted(faketime.libraries())
    assert [path.name for path in cache.faketime.iterdir()] == ["lib"]
    assert faketime.find(cache) is not None
    assert faketime.provide(cache, pytest.fail) == faketime.find(cache)


def test_a_machine_that_cannot_fetch_it_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    monkeypatch.setattr(faketime, "folders", lambda _: iter(()))
    monkeypatch.setattr(archive, "sources", lambda: ())
    with pytest.raises(NoScenarioTime, match=r"libfaketime is not here.*names the archive.*\n.*install.*libfaketime"):
        faketime.provide(cache, quiet)
    found = {check.name: check for check in doctor.checks(cache.root)}["scenario time"]
    assert (found.ok, found.needed) == (False, False)
    assert found.fix == machine.install_command(("libfaketime",))
    assert doctor.ready((found,))


def test_a_path_that_the_loader_would_cut_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "my cache"
    place.mkdir()
    for name in faketime.libraries():
        (place / name).touch()
    monkeypatch.setattr(faketime, "folders", lambda _: iter((place,)))
    with pytest.raises(NoScenarioTime, match=r"my cache.*REHEARSE_CACHE"):
        faketime.provide(Cache(tmp_path), quiet)


def test_an_archive_out_of_reach_is_no_end_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_reach(*_: object, **__: object) -> str:
        raise EnvironmentNotReady("downloading libfaketime: ended with exit code 100")

    monkeypatch.setattr(faketime, "folders", lambda _: iter(()))
    monkeypatch.setattr(machine, "run", out_of_reach)
    with pytest.raises(NoScenarioTime, match="exit code 100"):
        faketime.provide(Cache(tmp_path), quiet)
    assert list(tmp_path.rglob("*.so*")) == []


def test_servers_have_it_while_scenario_time_is_on_and_no_longer(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.run.mkdir()
    clock, account = ScenarioTime(cache), machine.current_account()
    assert (clock.preload(faketime.ONE_THREAD), clock.begun, clock.keeper) == ({}, False, None)
    clock.begin(Path("/somewhere"), datetime(2025, 11, 28, tzinfo=UTC), account)
    assert clock.preload(faketime.ONE_THREAD)["LD_PRELOAD"] == f"/somewhere/{faketime.ONE_THREAD}"
    assert clock.is_ours and clock.begun and clock.offset.read() < 0
    clock.end()
    assert clock.preload(faketime.ONE_THREAD) == {}
    assert clock.begun, "until the servers were seen to start again"
    assert clock.offset.read() == 0.0
    clock.forget()
    clock.forget()
    assert not clock.begun


def test_remains_of_the_dead_are_swept_up_and_those_of_the_living_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faketime, "SHARED_MEMORY", tmp_path)
    child = subprocess.Popen(["true"])
    child.wait()
    for number in (child.pid, os.getpid()):
        for prefix in faketime.REMAINS:
            (tmp_path / f"{prefix}{number}").touch()
    (tmp_path / "faketime_notes").touch()
    (tmp_path / "PostgreSQL.1").touch()
    faketime.sweep(machine.current_account())
    left = {f"{prefix}{os.getpid()}" for prefix in faketime.REMAINS} | {"faketime_notes", "PostgreSQL.1"}
    assert {path.name for path in tmp_path.iterdir()} == left
