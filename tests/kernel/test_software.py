"""Add-ons as a scenario and the command line ask for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.errors import UsageError
from rehearsal.parts.addon import Software
from rehearsal.scenario.software import software_of, with_more
from tests.conftest import load
from tests.kernel.stories import variant


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of our own, with a module and settings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "addons" / "house_rules").mkdir(parents=True)
    (tmp_path / "addons" / "house_rules" / "__manifest__.py").write_text("{'name': 'House rules'}", encoding="utf-8")
    (tmp_path / "settings.py").write_text("env.company.name = 'Shop'\n", encoding="utf-8")
    return tmp_path


def test_what_a_scenario_asks_for_is_found_from_the_projects_top(shop: Path) -> None:
    """Wherever one stands in it; the settings are read."""
    words = {
        "addons": ["addons"],
        "modules": ["house_rules"],
        "python": ["queue"],
        "server_wide_modules": ["queue"],
        "settings": "settings.py",
    }
    scenario = load("promo_day", odoo=words)

    wanted = Software(("house_rules",), (shop / "addons",), ("queue",), ("queue",), "env.company.name = 'Shop'\n")
    assert software_of(scenario) == wanted
    assert not software_of(load("promo_day"))


def test_the_command_line_adds_to_what_the_scenario_asks_for(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder where there is one, seen from where one stands; else a package. What is neither is refused."""
    monkeypatch.chdir(shop / "addons")
    more = with_more(load("promo_day", odoo={"python": ["queue"]}), ["house_rules", "odoo-addon-peak>=19"], ["house_rules"])

    assert more.odoo.addons == (str(shop / "addons" / "house_rules"),)
    assert (more.odoo.python, more.odoo.modules) == (("queue", "odoo-addon-peak>=19"), ("house_rules",))
    with pytest.raises(UsageError, match=r"'\.\./nowhere' is neither a folder nor a package of the Python index"):
        with_more(more, ["../nowhere"], [])


@pytest.mark.parametrize(
    ("wrong", "told", "right"),
    [
        ("odoo: {addons: [nowhere]}\n", "mine.yaml:3:17 odoo.addons.0: 'nowhere' is not there; looked in", "odoo: {addons: [addons]}\n"),
        ("odoo: {addons: [scenarios]}\n", "mine.yaml:3:17 odoo.addons.0: add-ons: ", "odoo: {addons: [addons/house_rules]}\n"),
        ("odoo: {python: ['what?']}\n", "mine.yaml:3:17 odoo.python.0: add-ons: 'what?' is neither a folder nor a package", "odoo: {python: [what]}\n"),
        ("odoo: {settings: addons}\n", "mine.yaml:3:18 odoo.settings: 'addons' is a folder; expected a Python file", "odoo: {settings: settings.py}\n"),
        ("odoo: {modules: [House Rules]}\n", "mine.yaml:3:18 odoo.modules.0: String should match pattern", "odoo: {modules: [house_rules]}\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_where_it_stands(wrong: str, told: str, right: str, shop: Path) -> None:
    """Before anything is started."""
    (said,) = variant(shop, wrong)

    assert said.startswith(told)
    assert variant(shop, right) == ()
