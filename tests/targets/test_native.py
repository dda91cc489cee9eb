"""Against the real thing: an Odoo on this machine."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import EnvironmentNotReady, TargetRefused, UsageError
from rehearsal.odoo.connect import factory
from rehearsal.targets import doctor, process
from rehearsal.targets.base import Database, TemplateRecipe
from rehearsal.targets.existing import MARK, ExistingTarget, json2, jsonrpc
from rehearsal.targets.native.target import NativeTarget

AUTOVACUUM_SECONDS = 90.0


def parameter(database: Database, key: str) -> Any:
    uid = jsonrpc(database.url, "common", "login", [database.name, database.login, database.password])
    words = [database.name, uid, database.password, "ir.config_parameter", "get_param", [key]]
    return jsonrpc(database.url, "object", "execute_kw", words)


def partners(database: Database) -> int:
    assert database.api_key is not None
    return int(json2(database.url, database.name, database.api_key, "res.partner", "search_count", {"domain": []}))


@pytest.fixture
def staging(database: Database, monkeypatch: pytest.MonkeyPatch) -> ExistingTarget:
    """A clone, looked at as if it were a customer's staging."""
    monkeypatch.setenv("REHEARSE_ODOO_DATABASE", database.name)
    monkeypatch.setenv("REHEARSE_ODOO_LOGIN", database.login)
    monkeypatch.setenv("REHEARSE_ODOO_PASSWORD", str(database.password))
    monkeypatch.delenv("REHEARSE_ODOO_API_KEY", raising=False)
    return ExistingTarget(database.url)


def test_a_clone_answers_on_both_interfaces_and_is_marked(database: Database) -> None:
    assert parameter(database, MARK) == database.name
    assert parameter(database, "rehearsal.test") == "settings ran"
    assert partners(database) >= 1


def test_the_harness_asks_as_a_user_of_its_own_who_may_what_the_administrator_may(native: NativeTarget, database: Database) -> None:
    """Who has no password, so that none is checked for half a second; people log in as the administrator."""
    groups = "SELECT string_agg(gid::text, ' ' ORDER BY gid) FROM res_groups_users_rel WHERE uid = u.id"
    told = native.sql(
        database, f"SELECT id, password IS NULL, ({groups}) FROM res_users u WHERE login IN ('admin', 'rehearsal') ORDER BY id"
    )
    (admin, own) = told

    assert (own[0], own[1]) == (str(database.uid), "t")
    assert (admin[1], own[2]) == ("f", admin[2])
    for kind in ("odoorpc", "json2"):
        made = factory(database, kind, 30.0)().call("res.partner", "create", None, {"vals_list": [{"name": kind}]}, {})
        assert native.sql(database, f"SELECT create_uid FROM res_partner WHERE id = {made[0]}") == [(own[0],)]


def test_a_copy_has_the_very_files_of_its_source_and_leaves_them_when_it_goes(native: NativeTarget, name: str) -> None:
    """Odoo names a file after what is in it, and never changes one."""
    lent = native.clone(name)
    store = native.cache.run / "data" / "filestore"
    there = {path.relative_to(store / name): path.stat().st_ino for path in (store / name).rglob("*") if path.is_file()}
    copied = native.copy(lent, f"{name}_copy")
    try:
        same = {one: (store / copied.name / one).stat().st_ino for one in there}
    finally:
        native.drop(copied)
    left = {path.relative_to(store / name): path.stat().st_ino for path in (store / name).rglob("*") if path.is_file()}
    native.drop(lent)

    assert there and same == there and left == there


def test_up_again_finds_everything_there(native: NativeTarget) -> None:
    again = NativeTarget(native.cache.root)
    told: list[str] = []
    again.up(TemplateRecipe(("base",), "env['ir.config_parameter'].set_param('rehearsal.test', 'settings ran')"), told.append)
    assert again.was_running and told == []


def test_a_copy_has_what_the_source_had_and_no_more(native: NativeTarget, database: Database, name: str) -> None:
    before = partners(database)
    native.sql(database, "INSERT INTO res_partner (name, active, complete_name) VALUES ('sabotage', true, 'sabotage')")
    copied = native.copy(database, f"{name}_copy")
    try:
        native.sql(copied, "DELETE FROM res_partner WHERE name = 'sabotage'")
        assert partners(copied) == before
        assert partners(database) == before + 1, "the source answers again after it was cut off"
    finally:
        native.drop(copied)


def test_a_database_of_an_old_name_is_not_mistaken_for_the_old_one(native: NativeTarget, database: Database) -> None:
    native.sql(database, "UPDATE ir_config_parameter SET value = 'old' WHERE key = 'rehearsal.test'")
    assert {parameter(database, "rehearsal.test") for _ in range(6)} == {"old"}
    native.drop(database)
    native.clone(database.name)
    assert {parameter(database, "rehearsal.test") for _ in range(6)} == {"settings ran"}


def test_a_database_goes_while_autovacuum_is_in_it(native: NativeTarget, name: str) -> None:
    lent = native.clone(name)
    try:
        # A vacuum of ten pages a second takes a minute; autovacuum looks into a database every ten seconds.
        slow = "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 1"
        native.sql(lent, f"CREATE TABLE dead (id int) WITH ({slow}, autovacuum_vacuum_scale_factor = 0)")
        native.sql(lent, "INSERT INTO dead SELECT generate_series(1, 200000); DELETE FROM dead")
        # Its type is hidden from a role that's no superuser; that it belongs to no user isn't.
        working = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}' AND usesysid IS NULL"
        assert process.wait_until(lambda: bool(native.sql(lent, working)), AUTOVACUUM_SECONDS)
    finally:
        native.drop(lent)
    assert name not in native.status().databases


def test_drop_is_silent_the_second_time_and_takes_the_files(native: NativeTarget, name: str) -> None:
    lent = native.clone(name)
    files = native.cache.run / "data" / "filestore" / name
    assert files.is_dir() and lent.name in native.status().databases
    native.drop(lent)
    native.drop(lent)
    assert not files.exists() and lent.name not in native.status().databases


def test_an_existing_database_is_not_overwritten(native: NativeTarget, database: Database) -> None:
    with pytest.raises(EnvironmentNotReady, match="exists already"):
        native.clone(database.name)


def test_sql_returns_rows_of_text(native: NativeTarget, database: Database) -> None:
    assert native.sql(database, "SELECT 1, 'a,\"b\nc', NULL") == [("1", 'a,"b\nc', "")]
    with pytest.raises(EnvironmentNotReady, match="nonsense"):
        native.sql(database, "SELECT nonsense")


def test_status_tells_how_to_reach_postgres(native: NativeTarget, database: Database) -> None:
    found = native.status()
    assert found.running and found.url == database.url and found.odoo_version == native.odoo_version
    assert found.odoo_version is not None and found.odoo_version.startswith("19.0")
    assert found.postgres == database.postgres
    assert native.postgres_version[0].isdigit()


def test_what_is_secret_is_in_no_process_list_and_no_open_file(native: NativeTarget, database: Database) -> None:
    words = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    for secret in (database.password, database.api_key):
        assert secret and secret.encode() not in words and secret not in repr(database)
    for path in (native.cache.secrets_file, native.cache.run / "odoo.conf"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for log in (native.cache.run / "log").iterdir():
        text = log.read_text(errors="replace")
        assert str(database.password) not in text and str(database.api_key) not in text


def test_servers_do_not_run_as_root(native: NativeTarget) -> None:
    state = native.cache.state()
    assert Path(f"/proc/{state['pid']}").stat().st_uid != 0


def test_an_unknown_module_is_refused_before_the_work(native: NativeTarget) -> None:
    before = time.monotonic()
    with pytest.raises(EnvironmentNotReady, match="no module no_such_module"):
        NativeTarget(native.cache.root).up(TemplateRecipe(("no_such_module",)), print)
    assert time.monotonic() - before < 20


def test_doctor_finds_it_running(native: NativeTarget) -> None:
    found = {check.name: check for check in doctor.checks(native.cache.root)}
    assert found["running"].ok and found["template database"].ok and doctor.ready(tuple(found.values()))


def test_existing_lends_the_database_itself(staging: ExistingTarget, database: Database) -> None:
    staging.up(TemplateRecipe(("base", "web")), print)
    lent = staging.clone("ignored")
    assert (lent.name, lent.login, lent.password) == (database.name, "admin", database.password)
    assert staging.status().odoo_version is not None
    staging.drop(lent)
    staging.down()
    assert partners(database) >= 1


def test_existing_with_an_api_key(staging: ExistingTarget, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSE_ODOO_API_KEY", str(database.api_key))
    staging.up(TemplateRecipe(("base",)), print)
    assert staging.clone("ignored").login == "rehearsal"
    monkeypatch.setenv("REHEARSE_ODOO_API_KEY", "0" * 40)
    with pytest.raises(EnvironmentNotReady, match="refuses the login"):
        ExistingTarget(database.url).connect()
    monkeypatch.setenv("REHEARSE_ODOO_DATABASE", "no_such_database")
    with pytest.raises(EnvironmentNotReady, match="no_such_database"):
        ExistingTarget(database.url).connect()


@pytest.mark.parametrize("with_key", [False, True])
def test_an_unmarked_database_is_refused_until_its_name_is_typed(
    native: NativeTarget, staging: ExistingTarget, database: Database, monkeypatch: pytest.MonkeyPatch, with_key: bool
) -> None:
    if with_key:
        monkeypatch.setenv("REHEARSE_ODOO_API_KEY", str(database.api_key))
    native.sql(database, f"DELETE FROM ir_config_parameter WHERE key = '{MARK}'")
    with pytest.raises(TargetRefused, match=f"'{database.name}'.*rehearse mark"):
        staging.up(TemplateRecipe(("base",)), print)
    with pytest.raises(UsageError, match=database.name):
        staging.write_mark("wrong")
    with pytest.raises(TargetRefused):
        staging.clone("ignored")
    staging.write_mark(database.name)
    assert staging.read_mark().marked == database.name
    staging.clone("ignored")


def test_a_mark_of_another_database_does_not_count_but_neutralised_does(
    native: NativeTarget, staging: ExistingTarget, database: Database
) -> None:
    native.sql(database, f"UPDATE ir_config_parameter SET value = 'production' WHERE key = '{MARK}'")
    with pytest.raises(TargetRefused, match="marked for 'production'"):
        staging.require_mark()
    native.sql(database, "INSERT INTO ir_config_parameter (key, value) VALUES ('database.is_neutralized', 'true')")
    staging.require_mark()


def test_existing_tells_what_is_wrong(staging: ExistingTarget, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnvironmentNotReady, match=r"lacks 1 of the 2 modules.*no_such_module"):
        staging.up(TemplateRecipe(("base", "no_such_module")), print)
    monkeypatch.setenv("REHEARSE_ODOO_PASSWORD", "wrong")
    with pytest.raises(EnvironmentNotReady, match="neither this password nor this login 'admin'"):
        ExistingTarget(database.url).connect()
    monkeypatch.setenv("REHEARSE_ODOO_DATABASE", "no_such_database")
    with pytest.raises(EnvironmentNotReady, match="has no database 'no_such_database'"):
        ExistingTarget(database.url).connect()
    monkeypatch.delenv("REHEARSE_ODOO_DATABASE")
    with pytest.raises(EnvironmentNotReady, match="REHEARSE_ODOO_DATABASE"):
        ExistingTarget(database.url).connect()


def test_an_unreachable_url_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSE_ODOO_DATABASE", "d")
    monkeypatch.setenv("REHEARSE_ODOO_API_KEY", "k")
    target = ExistingTarget("http://127.0.0.1:9")
    with pytest.raises(EnvironmentNotReady, match=r"no server answers at http://127.0.0.1:9"):
        target.connect()
    assert not target.status().running


@pytest.mark.parametrize("url", ["http://", "https://user:secret@host", "http://host/?db=x", "http:///x"])
def test_a_wrong_url_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        ExistingTarget(url)
    assert "secret" not in str(refused.value)
