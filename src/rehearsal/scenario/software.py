"""The add-ons that a scenario or the command line asks for, as a target wants to hear of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.parts.addon import Software, modules_in, requirement
from rehearsal.parts.software import Odoo
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import Problem


def software_of(scenario: Scenario) -> Software:
    """Return what *scenario* asks for, its folders found; raises `UsageError` for what is not there."""
    asked = scenario.odoo
    folders = tuple(place(text) for text in asked.addons)
    return Software(asked.modules, folders, asked.python, asked.server_wide_modules, _source(asked))


def place(text: str) -> Path:
    """Return the file or folder that *text* names: from the top of the project, where it is not absolute."""
    found = [path for root in project.roots() if (path := root / Path(text).expanduser()).exists()]
    if not found:
        raise UsageError(f"{text!r} is not there; looked in {', '.join(str(root) for root in project.roots())}")
    return found[0].resolve()


def _source(asked: Odoo) -> str:
    if not asked.settings:
        return ""
    path = place(asked.settings)
    if not path.is_file():
        raise UsageError(f"{asked.settings!r} is a folder; expected a Python file")
    return path.read_text(encoding="utf-8")


def with_more(scenario: Scenario, addons: Sequence[str], modules: Sequence[str]) -> Scenario:
    """Return *scenario* with the words of ``--addons`` and ``--modules`` added; a folder is meant where there is one.

    Raises `UsageError` for what is neither a folder nor a package.
    """
    folders = [str(Path(text).expanduser().absolute()) for text in addons if Path(text).expanduser().is_dir()]
    packages = [text for text in addons if not Path(text).expanduser().is_dir()]
    for text in packages:
        requirement(text)
    had = scenario.odoo
    more = {"addons": (*had.addons, *folders), "python": (*had.python, *packages), "modules": (*had.modules, *modules)}
    return scenario.model_copy(update={"odoo": Odoo.model_validate(had.model_dump() | more)})


def addons_are_there(s: Scenario) -> Iterator[Problem]:
    """Yield what is wrong with the add-ons that *s* asks for, as far as can be seen without an Odoo."""
    for n, text in enumerate(s.odoo.addons):
        try:
            modules_in(place(text))
        except UsageError as error:
            yield Problem.at(str(error), "odoo", "addons", n)
    for n, text in enumerate(s.odoo.python):
        try:
            requirement(text)
        except UsageError as error:
            yield Problem.at(str(error), "odoo", "python", n)
    try:
        _source(s.odoo)
    except UsageError as error:
        yield Problem.at(str(error), "odoo", "settings")
