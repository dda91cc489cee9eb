"""Scenario time in containers: the same dates as on this machine, the way back, and what it is kept out of."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rehearsal.clock.erp_clock import ErpClock
from rehearsal.errors import EnvironmentNotReady, NoScenarioTime
from rehearsal.pipeline.run import Options, Run, ready_target, rehearse
from rehearsal.targets import faketime, lease, server
from rehearsal.targets.docker import scenario_time as container_time
from rehearsal.targets.docker.stack import DB, HTTP_PORT, ODOO, Stack
from rehearsal.targets.docker.target import DockerTarget
from rehearsal.targets.process import Process
from rehearsal.targets.sql import MAINTENANCE
from tests.cli.command import rehearse as command
from tests.cli.command import started, wait_for_lines
from tests.conftest import load, quiet
from tests.odoo.test_erp_clock import (
    DATES,
    FEW,
    FRIDAY,
    NEAR_S,
    Played,
    instants_of_the_run,
    killed_in_scenario_time,
    require_days_of,
)

pytestmark = pytest.mark.xdist_group("docker")


def play(docker: DockerTarget, folder: Path, told: Callable[[str], None] = quiet, **more: Any) -> tuple[Run, dict[str, Any]]:
    """Rehearse a very small Friday that asks for scenario time; its database is kept."""
    scenario = load("promo_day", connector="governed", erp_clock="scenario", **{**FEW, **more})
    return rehearse(scenario, docker, Options(out=folder / "run", keep=True), told, quiet)


def told_by(docker: DockerTarget) -> tuple[datetime, datetime]:
    """Return what Odoo and PostgreSQL take for now."""
    ((postgres,),) = docker.sql(MAINTENANCE, "SELECT extract(epoch FROM now())")
    return server.told_at(docker.stack.need(ODOO).ports[HTTP_PORT]), datetime.fromtimestamp(float(postgres), UTC)


def on_the_real_time(docker: DockerTarget) -> bool:
    """Whether both tell it, carry the library no more, and will do without it when they start again."""
    place = docker.stack.need(ODOO).clock
    assert place is not None
    far = [at for at in told_by(docker) if abs(at.timestamp() - time.time()) > NEAR_S]
    maps = "".join(
        docker.stack.run(service, ["cat", "/proc/1/maps"], "looking", user=user)
        for service, user in ((DB, "postgres"), (ODOO, "odoo"))
    )
    marked = (place / container_time.MARKER).exists() or docker.cache.clock()
    return not far and faketime.PACKAGE not in maps and not marked


@pytest.fixture(scope="module")
def friday(docker: DockerTarget, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A governed Friday in scenario time."""
    began = datetime.now(UTC)
    run, summary = play(docker, tmp_path_factory.mktemp("scenario"))
    database = docker.database(run.manifest["target"]["database"])
    yield Played(run, summary, database, began)
    docker.drop(database)


def test_a_friday_in_scenario_time_is_clean_and_ends_on_the_real_time(friday: Played, docker: DockerTarget) -> None:
    """The manifest says that it was so, and that it was taken back."""
    assert friday.summary["verdict"] == "pass", (friday.run.folder / "verdict.json").read_text()
    manifest = json.loads((friday.run.folder / "manifest.json").read_text())["erp_clock"]
    assert (manifest["kind"], manifest["reason"], manifest["restored"]) == ("scenario", "", True)
    assert manifest["moves"] > 30
    assert on_the_real_time(docker)


@pytest.mark.parametrize(("table", "columns"), DATES, ids=[table for table, _ in DATES])
def test_its_dates_fall_on_the_scenarios_days(table: str, columns: tuple[str, ...], friday: Played, docker: DockerTarget) -> None:
    """From the hour before the doors open to the end of settling, whoever wrote them."""
    require_days_of(friday, docker, table, columns)


def test_nothing_in_the_database_is_of_the_day_of_the_run(friday: Played, docker: DockerTarget) -> None:
    """No column of any table holds an instant at which the run really took place."""
    assert instants_of_the_run(friday, docker) == {}


def test_a_restart_in_the_middle_stays_in_scenario_time(docker: DockerTarget, tmp_path: Path) -> None:
    """Each container starts again with the scenario's clock, and its workers are not taken for stuck ones."""
    faults = [{"name": name, "times": 1, "ends": "18h"} for name in ("restart_odoo", "restart_postgres")]
    run, summary = play(docker, tmp_path, faults=faults, clock={"timeout": "3s"})
    database = docker.database(run.manifest["target"]["database"])
    ((first, last),) = docker.sql(database, "SELECT min(create_date), max(write_date) FROM sale_order")
    docker.drop(database)

    assert [fault["fired"] for fault in summary["faults"]] == [1, 1]
    assert summary["verdict"] == "pass", (run.folder / "verdict.json").read_text()
    assert "2025-11-28" <= first <= last < "2025-12-13"
    assert on_the_real_time(docker)


def test_a_killed_run_leaves_scenario_time_until_it_is_healed(docker: DockerTarget, tmp_path: Path) -> None:
    """By `rehearse heal`; the next command that wants Odoo does it, too (below)."""
    run = tmp_path / "run"
    (tmp_path / "scenarios").mkdir()
    few = {"extends": "promo_day", "name": "few", "connector": "governed", "erp_clock": "scenario", **FEW}
    (tmp_path / "scenarios" / "few.yaml").write_text(json.dumps(few), encoding="utf-8")
    lease.release(docker.cache.leases)
    try:
        with started("run", "few", "--target", "docker", "--out", run, cwd=tmp_path) as process:
            wait_for_lines(run, 100, process)
            process.kill()
            process.wait(60)
        left = told_by(docker)
        mended = command("heal", run, "--target", "docker", cwd=tmp_path)

        assert all(FRIDAY - timedelta(hours=2) < at < FRIDAY + timedelta(days=5) for at in left), left
        assert mended.code == 0, mended.err
        assert on_the_real_time(docker)
        assert "healed: Odoo is on the real time" in mended.err
    finally:
        ready_target(docker, quiet)


def test_the_next_command_that_wants_odoo_takes_it_back_from_scenario_time(docker: DockerTarget, tmp_path: Path) -> None:
    """Whoever put it there is dead."""
    lease.release(docker.cache.leases)
    try:
        killed_in_scenario_time("docker")
        left = told_by(docker)
        mended = command("up", "--target", "docker", cwd=tmp_path)

        assert all(0 <= (at - FRIDAY).total_seconds() < NEAR_S for at in left), left
        assert mended.code == 0, mended.err
        assert on_the_real_time(docker)
    finally:
        ready_target(docker, quiet)


def test_heal_leaves_a_clock_alone_that_is_kept(docker: DockerTarget) -> None:
    """A run heals its own faults while it goes on, and Odoo stays where it is."""
    docker.set_clock(FRIDAY)
    try:
        before = docker.stack.containers()
        docker.heal()
        assert docker.stack.containers() == before
        docker.set_clock(FRIDAY + timedelta(days=1))
        assert all(0 <= (at - FRIDAY - timedelta(days=1)).total_seconds() < NEAR_S for at in told_by(docker))
    finally:
        docker.set_clock(None)
    assert on_the_real_time(docker)


def test_an_image_without_the_library_keeps_the_real_time_and_says_so(
    docker: DockerTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is restarted for it, and the reason and the fix are told, as the scenario's clock tells them for its run."""
    monkeypatch.setattr(container_time, "PLACES", "/nowhere/*/faketime")
    before, told = docker.stack.containers(), list[str]()
    clock = ErpClock(load("promo_day", erp_clock="scenario"), docker, told.append)
    clock.start()
    clock.follow(5.0)
    clock.stop()

    (said,) = told
    assert said.startswith("erp_clock: scenario is off, Odoo keeps the real time")
    assert "has no libfaketime" in said and "build-images" in said and "_IMAGE=" in said
    assert (clock.kind, clock.restored) == ("wall", True)
    assert docker.stack.containers() == before
    assert on_the_real_time(docker)


def test_a_library_that_does_not_load_is_noticed(docker: DockerTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader only warns; the servers' own clocks tell, and they are taken back."""
    monkeypatch.setattr(container_time, "FIND", "echo /etc/hostname")
    with pytest.raises(NoScenarioTime, match="tells a time that is"):
        docker.set_clock(FRIDAY)

    assert on_the_real_time(docker)


def test_a_clock_that_cannot_be_moved_is_refused_before_anything_is_restarted(
    docker: DockerTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is somebody else's, and containers of an older docker-compose.yml; each with what to run."""
    before = docker.stack.containers()

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(container_time, "write_marker", denied)
        with pytest.raises(NoScenarioTime, match="run: sudo chown"):
            docker.set_clock(FRIDAY)
    with monkeypatch.context() as patch:
        patch.setattr(Stack, "need", lambda _, service: replace(before[service], clock=None))
        with pytest.raises(NoScenarioTime, match="older docker-compose"):
            docker.set_clock(FRIDAY)

    assert docker.stack.containers() == before
    assert on_the_real_time(docker)


def test_containers_that_others_use_are_not_taken_into_scenario_time(docker: DockerTarget) -> None:
    """Their clock would move as well; the other way round they are told to wait."""
    with subprocess.Popen(["sleep", "60"]) as other:
        theirs = Process.of(other.pid)
        assert theirs is not None
        note = docker.cache.leases / f"{theirs.pid}-{theirs.started}"
        note.touch()
        try:
            with pytest.raises(EnvironmentNotReady, match=rf"process {other.pid} uses this Odoo.*COMPOSE_PROJECT_NAME"):
                docker.set_clock(FRIDAY)
            docker.cache.write_clock({"on": True, "pid": theirs.pid, "started": theirs.started})
            with pytest.raises(EnvironmentNotReady, match=f"process {other.pid} keeps this Odoo in scenario time"):
                ready_target(DockerTarget(), quiet)
        finally:
            docker.cache.clock_file.unlink(missing_ok=True)
            note.unlink(missing_ok=True)
            other.kill()
    assert on_the_real_time(docker)


def test_containers_that_are_made_anew_have_the_real_time(docker: DockerTarget) -> None:
    """`down` in the middle of it leaves nothing of it behind."""
    docker.set_clock(FRIDAY)
    docker.down()
    ready_target(docker, quiet)

    assert on_the_real_time(docker)
