"""Add-ons of others in a real Odoo: of a package of the Python index, and of folders that are wrong; on a native target of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.fridays import SMALL
from rehearsal.errors import EnvironmentNotReady
from rehearsal.parts.addon import Software
from rehearsal.pipeline.run import Options, ready_target, recipe, rehearse
from rehearsal.targets.native.target import NativeTarget
from rehearsal.targets.server import BUILDING_PREFIX
from tests.conftest import load, quiet
from tests.targets.test_addons import module

pytestmark = pytest.mark.xdist_group("chaos")
WORDS = {**SMALL, "exercised": {**SMALL["exercised"], "orders_per_channel": 0}}
BREAKS = "def broken(env):\n    raise ValueError('the shop is closed')\n"


def test_a_package_of_the_index_is_fetched_installed_and_named_and_the_plain_template_stays(
    breakable: NativeTarget, tmp_path: Path
) -> None:
    """OCA's add-on that forbids negative stock: a whole Friday is governed with it, and the next command has an Odoo without it."""
    scenario = load("no_negative_stock", connector="governed", seed=12, **WORDS)
    plain = breakable._up_template()
    try:
        ready_target(breakable, quiet, scenario)
        with_it = breakable._up_template()
        run, summary = rehearse(scenario, breakable, Options(out=tmp_path / "run"), quiet, quiet)
    finally:
        ready_target(breakable, quiet)

    told = json.loads((run.folder / "manifest.json").read_text())["addons"]
    assert (summary["verdict"], told["installed"]) == ("pass", ["stock_no_negative"])
    assert told["modules"]["stock_no_negative"].startswith("19.0.")
    assert told["python"].keys() == {"odoo-addon-stock-no-negative"}
    assert breakable.gathered is None, "a run after it must not claim to have it"
    assert (breakable._up_template(), with_it != plain, with_it.api_key) == (plain, True, plain.api_key)


@pytest.mark.parametrize(
    ("manifest", "files", "said"),
    [
        ({"post_init_hook": "broken"}, {"__init__.py": BREAKS}, "installing shop: ended with exit code"),
        ({"data": ["nowhere.xml"]}, {}, "nowhere.xml"),
        ({"depends": ["base", "no_such_module"]}, {}, r"has no module no_such_module.*\(module shop needs it\)"),
    ],
)
def test_an_add_on_that_does_not_install_is_told_and_leaves_nothing(
    manifest: dict[str, object], files: dict[str, str], said: str, breakable: NativeTarget, tmp_path: Path
) -> None:
    """Neither half a template nor another Odoo than before."""
    shop = module(tmp_path / "shop", "shop", **{"depends": ["base"], **manifest})
    for name, text in files.items():
        (shop / name).write_text(text, encoding="utf-8")
    plain = breakable._up_template()
    wanted = replace(recipe(), software=Software(("shop",), (tmp_path / "shop",)))
    try:
        with pytest.raises(EnvironmentNotReady, match=f"(?s){said}"):
            breakable.up(wanted, quiet)
    finally:
        ready_target(breakable, quiet)

    assert breakable._up_template() == plain
    assert [name for name in breakable._need().cluster.databases() if name.startswith(BUILDING_PREFIX)] == []


def test_what_is_loaded_for_every_database_and_what_is_set_is_there(breakable: NativeTarget, tmp_path: Path) -> None:
    """A module of a folder, server-wide, and settings that are run when all is installed."""
    module(tmp_path / "shop", "shop_wide", depends=["base"])
    settings = "env['ir.config_parameter'].set_param('rehearsal.test', 'settings ran')"
    software = Software(("shop_wide",), (tmp_path / "shop",), server_wide_modules=("shop_wide",), settings=settings)
    try:
        breakable.up(replace(recipe(), software=software), quiet)
        database = breakable.clone("with_addons")
        rows = breakable.sql(
            database,
            "SELECT state FROM ir_module_module WHERE name = 'shop_wide' UNION ALL "
            "SELECT value FROM ir_config_parameter WHERE key = 'rehearsal.test'",
        )
        breakable.drop(database)
        options = (breakable.cache.run / "odoo.conf").read_text()
    finally:
        ready_target(breakable, quiet)

    assert rows == [("installed",), ("settings ran",)]
    assert "server_wide_modules = base,rpc,web,shop_wide\n" in options
