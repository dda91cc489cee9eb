"""Scenario time in a real Odoo, on a native target of its own: its dates, its promotions, and the way back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fridays import CANONICAL
from rehearsal.errors import EnvironmentNotReady, NoScenarioTime, UsageError
from rehearsal.history import comparable, lines
from rehearsal.model import Operation
from rehearsal.odoo.client import perform
from rehearsal.odoo.connect import factory
from rehearsal.pipeline.run import Options, Run, ready_target, rehearse
from rehearsal.targets import archive, faketime, lease, server
from rehearsal.targets.base import Database
from rehearsal.targets.docker.target import DockerTarget
from rehearsal.targets.existing import ExistingTarget
from rehearsal.targets.native.target import NativeTarget, server_of
from rehearsal.targets.process import Process
from tests.cli.command import rehearse as command
from tests.cli.command import started, wait_for_lines
from tests.conftest import load, quiet

pytestmark = pytest.mark.xdist_group("chaos")
FRIDAY = datetime(2025, 11, 28, tzinfo=UTC)
NEAR_S = 30.0
"""How far apart two looks at a clock may be on a busy machine."""
FEW: dict[str, Any] = {
    "catalogue": {"products": 6, "promoted": 2, "scarce": 1},
    "customers": 6,
    "faults": [],
    "channels": {
        "webshop": {"orders": 5, "publish_every": "6h"},
        "marketplace": {"orders": 2, "publish_every": "6h"},
        "till_1": {"orders": 2, "publish_every": "6h"},
        "till_2": {"orders": 1, "publish_every": "6h"},
        "till_3": {"orders": 1, "publish_every": "6h"},
    },
    "exercised": {"orders_per_channel": 0, "orders_per_tender": 0, "fault_fired": 0, "examined": 1},
}
DATES = (
    ("sale_order", ("create_date", "write_date", "date_order")),
    ("stock_move", ("create_date", "write_date", "date")),
    ("stock_picking", ("create_date", "write_date", "date_done", "scheduled_date")),
    ("pos_order", ("create_date", "write_date", "date_order")),
    ("pos_session", ("create_date", "start_at", "stop_at")),
    ("account_move", ("create_date", "write_date", "date")),
    ("account_payment", ("create_date", "date")),
)
"""What Odoo and the connector date, by table."""


@dataclass(frozen=True, slots=True)
class Played:
    """A Friday that ended, with its database still there."""

    run: Run
    summary: dict[str, Any]
    database: Database
    began: datetime


def play(
    target: NativeTarget, folder: Path, erp_clock: str, connector: str, told: Callable[[str], None] = quiet, **more: Any
) -> tuple[Run, dict[str, Any]]:
    """Rehearse a Friday on the wall clock or on its own."""
    scenario = load("promo_day", connector=connector, erp_clock=erp_clock, **more)
    return rehearse(scenario, target, Options(out=folder / "run", keep=True), told, quiet)


def told_by(target: NativeTarget) -> tuple[datetime, datetime]:
    """Return what Odoo and PostgreSQL take for now."""
    running = server_of(target.cache.state())
    assert running is not None
    (row,) = target._need().cluster.sql("postgres", "SELECT extract(epoch FROM now())")
    return server.told_at(running.http_port), datetime.fromtimestamp(float(row[0]), UTC)


def on_the_real_time(target: NativeTarget) -> bool:
    """Whether Odoo and PostgreSQL tell it, and no server carries the library any more."""
    state = target.cache.state()
    maps = Path(f"/proc/{state['pid']}/maps").read_text()
    far = [at for at in told_by(target) if abs(at.timestamp() - time.time()) > NEAR_S]
    return not far and faketime.PACKAGE not in maps and not target.cache.clock()


@pytest.fixture(scope="module")
def friday(breakable: NativeTarget, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A governed Friday in scenario time."""
    began = datetime.now(UTC)
    run, summary = play(breakable, tmp_path_factory.mktemp("scenario"), "scenario", "governed", **CANONICAL)
    database = breakable.database(run.manifest["target"]["database"])
    yield Played(run, summary, database, began)
    breakable.drop(database)


def test_a_friday_in_scenario_time_is_clean_and_ends_on_the_real_time(friday: Played, breakable: NativeTarget) -> None:
    """The manifest says that it was so, how often the clock was moved, and that it was taken back."""
    assert friday.summary["verdict"] == "pass", (friday.run.folder / "verdict.json").read_text()
    manifest = json.loads((friday.run.folder / "manifest.json").read_text())["erp_clock"]
    assert (manifest["kind"], manifest["reason"], manifest["restored"]) == ("scenario", "", True)
    assert manifest["moves"] > 100
    assert on_the_real_time(breakable)


@pytest.mark.parametrize(("table", "columns"), DATES, ids=[table for table, _ in DATES])
def test_its_dates_fall_on_the_scenarios_days(
    table: str, columns: tuple[str, ...], friday: Played, breakable: NativeTarget
) -> None:
    """From the hour before the doors open to the end of settling, whoever wrote them."""
    require_days_of(friday, breakable, table, columns)


def test_nothing_in_the_database_is_of_the_day_of_the_run(friday: Played, breakable: NativeTarget) -> None:
    """No column of any table holds an instant at which the run really took place."""
    assert instants_of_the_run(friday, breakable) == {}


def require_days_of(friday: Played, target: NativeTarget | DockerTarget, table: str, columns: tuple[str, ...]) -> None:
    """Raise unless *columns* of *table* are dated on the days of *friday*'s scenario."""
    scenario = friday.run.scenario
    first, last = FRIDAY - timedelta(hours=1), FRIDAY + timedelta(seconds=scenario.lasts + scenario.settle.limit)
    for column in columns:
        (row,) = target.sql(friday.database, f"SELECT count({column}), min({column})::date, max({column}) FROM {table}")
        count, low, high = row
        assert int(count) > 0, column
        assert f"{first:%Y-%m-%d}" <= low <= high <= f"{last:%Y-%m-%d %H:%M:%S}", (column, low, high)


def instants_of_the_run(friday: Played, target: NativeTarget | DockerTarget) -> dict[str, str]:
    """Return how many instants since *friday* began to be rehearsed stand in its database, by column.

    Records of the template are left out: what it planned for later may fall into the time of the run.
    """
    over = FRIDAY + timedelta(seconds=friday.run.scenario.lasts + friday.run.scenario.settle.limit)
    columns = target.sql(
        friday.database,
        "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_name) "
        "WHERE table_type = 'BASE TABLE' AND columns.table_schema = 'public' AND tables.table_schema = 'public' "
        "AND data_type LIKE 'timestamp%'",
    )
    dated = {table for table, column in columns if column == "create_date"}
    counts = " UNION ALL ".join(
        f"SELECT '{table}.{column}', count(*) FROM \"{table}\" WHERE \"{column}\" BETWEEN '{friday.began:%Y-%m-%d %H:%M:%S}' "
        f"AND '{datetime.now(UTC):%Y-%m-%d %H:%M:%S}'"
        + (f" AND NOT create_date BETWEEN '{over:%Y-%m-%d}' AND '{friday.began:%Y-%m-%d %H:%M:%S}'" if table in dated else "")
        for table, column in columns
    )
    assert len(columns) > 500
    return {name: count for name, count in target.sql(friday.database, counts) if count != "0"}


def test_its_history_is_that_of_the_same_friday_on_the_wall_clock(friday: Played, canonical: Callable[[str], Run]) -> None:
    """Line by line, but for wall times and ids: which clock Odoo has is no input of the rehearsal."""
    run = canonical("governed")

    told = [[comparable(line) for line in lines(one.folder / "history")] for one in (friday.run, run)]
    assert len(told[0]) > 500
    assert told[0] == told[1]
    assert json.loads((run.folder / "manifest.json").read_text())["erp_clock"]["kind"] == "wall"


def test_the_naive_connector_fails_by_the_same_invariants_on_either_clock(
    breakable: NativeTarget, canonical: Callable[[str], Run], tmp_path: Path
) -> None:
    """Scenario time hides no failure and makes none. It takes a minute: moving Odoo's clock costs as much as the Friday."""
    run, summary = play(breakable, tmp_path, "scenario", "naive", **CANONICAL)
    breakable.drop(breakable.database(run.manifest["target"]["database"]))
    before = json.loads((canonical("naive").folder / "summary.json").read_text())

    broken = [{one["id"]: one["findings"] for one in told["invariants"] if one["verdict"] == "fail"} for told in (summary, before)]
    assert broken[0] == broken[1] != {}
    assert [summary["target"]["erp_clock"], before["target"]["erp_clock"]] == ["scenario", "wall"]


def test_a_restart_in_the_middle_stays_in_scenario_time(breakable: NativeTarget, tmp_path: Path) -> None:
    """A fault of infrastructure brings the servers back with the scenario's clock, not with the real one."""
    faults = [{"name": name, "times": 1, "ends": "18h"} for name in ("restart_odoo", "restart_postgres")]
    began = datetime.now(UTC)
    run, summary = play(breakable, tmp_path, "scenario", "governed", **{**CANONICAL, "faults": faults, "clock": {"timeout": "3s"}})
    database = breakable.database(run.manifest["target"]["database"])
    (row,) = breakable.sql(database, "SELECT min(create_date), max(write_date) FROM sale_order")
    breakable.drop(database)

    assert [fault["fired"] for fault in summary["faults"]] == [1, 1]
    assert summary["verdict"] == "pass", (run.folder / "verdict.json").read_text()
    assert "2025-11-28" <= row[0] <= row[1] < f"{began:%Y-%m-%d}"
    assert on_the_real_time(breakable)


def test_a_promotion_is_applied_inside_its_window_and_not_outside(breakable: NativeTarget) -> None:
    """Odoo itself decides, by its own clock: half price on Friday from nine to noon."""
    database = breakable.clone(f"promotion_{os.getpid()}")
    breakable.set_clock(FRIDAY)
    try:
        client = factory(database, "odoorpc", 60.0)()

        def call(model: str, method: str, ids: tuple[int, ...] | None = None, **arguments: Any) -> Any:
            answer = perform(client, Operation(method, model, method, ids, arguments))
            assert answer.ok, answer.message
            return answer.value

        (product,) = call("product.product", "create", vals_list=[{"name": "Lamp", "list_price": 80.0}])
        window = {"date_start": "2025-11-28 09:00:00", "date_end": "2025-11-28 12:00:00"}
        item = {"compute_price": "percentage", "percent_price": 50.0, "applied_on": "3_global", **window}
        (pricelist,) = call("product.pricelist", "create", vals_list=[{"name": "Friday", "item_ids": [(0, 0, item)]}])
        prices, ordered = {}, {}
        for clock in ("08:59:30", "09:00:30", "11:59:00", "12:00:30", "23:00:00"):
            breakable.set_clock(datetime.fromisoformat(f"2025-11-28T{clock}+00:00"))
            line = (0, 0, {"product_id": product, "product_uom_qty": 1})
            vals = {"partner_id": 1, "pricelist_id": pricelist, "order_line": [line]}
            (order,) = call("sale.order", "create", vals_list=[vals])
            (row,) = call("sale.order", "read", (order,), fields=["amount_untaxed", "date_order", "create_date"])
            prices[clock], ordered[clock] = row["amount_untaxed"], (row["date_order"], row["create_date"])
    finally:
        breakable.set_clock(None)
        breakable.drop(database)

    assert prices == {"08:59:30": 80.0, "09:00:30": 40.0, "11:59:00": 40.0, "12:00:30": 80.0, "23:00:00": 80.0}
    for clock, stamps in ordered.items():
        wanted = datetime.fromisoformat(f"2025-11-28T{clock}")
        for stamp in stamps:
            assert 0 <= (datetime.fromisoformat(stamp) - wanted).total_seconds() <= NEAR_S, (clock, stamp)


def test_a_weekend_that_is_still_to_come_can_be_rehearsed_on_its_own_days(breakable: NativeTarget, tmp_path: Path) -> None:
    """Odoo posts nothing that is dated in the future, and for it this is not the future."""
    coming = datetime.now(UTC).year + 1
    run, summary = play(breakable, tmp_path, "scenario", "governed", starts_at=f"{coming}-11-26T00:00:00", **FEW)
    database = breakable.database(run.manifest["target"]["database"])
    (row,) = breakable.sql(
        database, "SELECT min(date), min(create_date)::date, count(*) FILTER (WHERE state <> 'posted') FROM account_move"
    )
    breakable.drop(database)

    assert summary["verdict"] == "pass", (run.folder / "verdict.json").read_text()
    assert summary["target"]["erp_clock"] == "scenario"
    assert row == (f"{coming}-11-26", f"{coming}-11-26", "0")


def test_where_the_library_is_missing_the_run_goes_on_and_says_so(
    breakable: NativeTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the wall clock, with the reason and what to install, told and in the manifest."""
    monkeypatch.setattr(faketime, "folders", lambda _: iter(()))
    monkeypatch.setattr(archive, "sources", lambda: ())
    pid = breakable.cache.state()["pid"]
    told: list[str] = []
    began = datetime.now(UTC)
    run, summary = play(breakable, tmp_path, "scenario", "governed", told.append, **FEW)
    database = breakable.database(run.manifest["target"]["database"])
    ((first,),) = breakable.sql(database, "SELECT min(create_date)::date FROM sale_order")
    breakable.drop(database)

    assert (summary["verdict"], summary["target"]["erp_clock"]) == ("pass", "wall")
    (said,) = [text for text in told if "erp_clock" in text]
    assert "libfaketime is not here" in said and "install" in said
    manifest = json.loads((run.folder / "manifest.json").read_text())["erp_clock"]
    assert (manifest["kind"], manifest["restored"]) == ("wall", True)
    assert "libfaketime is not here" in manifest["reason"]
    assert breakable.cache.state()["pid"] == pid, "nothing was restarted for it"
    assert first >= f"{began:%Y-%m-%d}", "on the wall clock, Odoo dates its records today"


def test_a_library_that_does_not_load_is_noticed(
    breakable: NativeTarget, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loader only warns; the servers' own clocks tell, and they are taken back."""
    place = breakable.cache.root / "broken_library"
    place.mkdir(exist_ok=True)
    for name in faketime.libraries():
        (place / name).write_text("no library")
    monkeypatch.setattr(faketime, "folders", lambda _: iter((place,)))
    with pytest.raises(NoScenarioTime, match="tells a time that is"):
        breakable.set_clock(FRIDAY)

    assert on_the_real_time(breakable)


def test_an_odoo_that_others_use_is_not_taken_into_scenario_time(breakable: NativeTarget) -> None:
    """Their clock would move as well; the other way round they are told to wait."""
    with subprocess.Popen(["sleep", "60"]) as other:
        theirs = Process.of(other.pid)
        assert theirs is not None
        note = breakable.cache.leases / f"{theirs.pid}-{theirs.started}"
        note.touch()
        try:
            with pytest.raises(EnvironmentNotReady, match=f"process {other.pid} uses this Odoo"):
                breakable.set_clock(FRIDAY)
            assert lease.others(breakable.cache.leases) == (other.pid,)
            breakable.cache.write_clock({"on": True, "folder": "/x", "pid": theirs.pid, "started": theirs.started})
            with pytest.raises(EnvironmentNotReady, match=f"process {other.pid} keeps this Odoo in scenario time"):
                ready_target(NativeTarget(breakable.cache.root), quiet)
        finally:
            breakable.cache.clock_file.unlink(missing_ok=True)
            note.unlink(missing_ok=True)
            other.kill()
    assert on_the_real_time(breakable)


def test_a_killed_run_leaves_scenario_time_until_it_is_healed(breakable: NativeTarget, tmp_path: Path) -> None:
    """By `rehearse heal`; the next command that wants Odoo does it, too (below)."""
    run, environment = tmp_path / "run", {"REHEARSE_CACHE": str(breakable.cache.root)}
    (tmp_path / "scenarios").mkdir()
    few = {"extends": "promo_day", "name": "few", "connector": "governed", "erp_clock": "scenario", **FEW}
    (tmp_path / "scenarios" / "few.yaml").write_text(json.dumps(few), encoding="utf-8")
    breakable.down()
    try:
        with started("run", "few", "--target", "native", "--out", run, cwd=tmp_path, env=environment) as process:
            wait_for_lines(run, 100, process)
            process.kill()
            process.wait(60)
        left = told_by(breakable)
        mended = command("heal", run, "--target", "native", cwd=tmp_path, env=environment)

        assert all(FRIDAY - timedelta(hours=2) < at < FRIDAY + timedelta(days=5) for at in left), left
        assert mended.code == 0, mended.err
        assert on_the_real_time(breakable)
        assert "healed: Odoo is on the real time" in mended.err
        again = command("heal", run, "--target", "native", cwd=tmp_path, env=environment)
        assert "every fault was healed already" in again.err
    finally:
        ready_target(breakable, quiet)


def test_the_next_command_that_wants_odoo_takes_it_back_from_scenario_time(breakable: NativeTarget, tmp_path: Path) -> None:
    """Whoever put it there is dead."""
    breakable.down()
    try:
        killed_in_scenario_time("native", breakable.cache.root)
        left = told_by(breakable)
        mended = command("up", "--target", "native", cwd=tmp_path, env={"REHEARSE_CACHE": str(breakable.cache.root)})

        assert all(0 <= (at - FRIDAY).total_seconds() < NEAR_S for at in left), left
        assert mended.code == 0, mended.err
        assert on_the_real_time(breakable)
    finally:
        ready_target(breakable, quiet)


def killed_in_scenario_time(target: str, root: Path | None = None) -> None:
    """Put the servers of *target* into scenario time from a process of its own, and kill it: what a dead run leaves."""
    child = subprocess.Popen(
        [sys.executable, "-c", FAR, target, str(root or ""), FRIDAY.isoformat()], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "far\n"
    child.kill()
    child.communicate(timeout=60)


FAR = """
import sys, time
from datetime import datetime
from pathlib import Path
from rehearsal.pipeline.run import ready_target
from rehearsal.targets.docker.target import DockerTarget
from rehearsal.targets.native.target import NativeTarget

kind, root, at = sys.argv[1:]
target = NativeTarget(Path(root)) if kind == "native" else DockerTarget()
ready_target(target, lambda _: None)
target.set_clock(datetime.fromisoformat(at))
print("far", flush=True)
time.sleep(600)
"""


def test_an_odoo_that_is_not_ours_keeps_its_clock(tmp_path: Path) -> None:
    """Refused before anything is started."""
    theirs = ExistingTarget("http://127.0.0.1:9")
    with pytest.raises(UsageError, match=r"erp_clock: scenario.*not ours.*--target native"):
        rehearse(load("promo_day", erp_clock="scenario"), theirs, Options(out=tmp_path / "run"), quiet, quiet)
    with pytest.raises(EnvironmentNotReady, match="not ours is not moved"):
        theirs.set_clock(FRIDAY)

    assert not (tmp_path / "run").exists()
