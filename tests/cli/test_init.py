"""`rehearse init`: a project with one part of each kind, which is valid as written and passes its own tests."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.starter import SCENARIO, examples, write
from tests.cli.forked import pytest as run_pytest
from tests.cli.forked import rehearse

NAMES = [one.name for one in examples()]
QUICK = ("-p", "no:cacheprovider", "-p", "no:faker", "-p", "no:locust")
LISTED = {"actors": "kiosk", "faults": "slow_line", "policies": "piece_in_the_window", "assertions": "every_rating_reaches_odoo"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new project, as the command writes it; a test that changes it copies it first."""
    above = tmp_path_factory.mktemp("new")
    said = rehearse("init", "shop", cwd=above)

    assert (said.code, said.out) == (0, ""), said.err
    assert [line.removeprefix("wrote shop/") for line in said.err.splitlines() if line.startswith("wrote ")] == NAMES
    return above / "shop"


def files(folder: Path) -> list[str]:
    """Return every file below *folder*."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_there_is_one_of_each_and_each_says_what_it_is() -> None:
    """A scenario first, its tests last; a part more or less is told here."""
    kinds = [name.rpartition("/")[0] for name in NAMES]

    assert kinds == [
        "scenarios",
        "simulators",
        "simulators/faults",
        "connectors",
        "connectors/governed/policies",
        "assertions",
        "reports",
        "tests",
    ]
    assert [one.name for one in examples() if not one.sentence.endswith(".")] == []


def test_a_new_project_is_valid_and_each_of_its_parts_is_found(shop: Path) -> None:
    """From its top and from below; what is listed is the file that was written."""
    assert rehearse("scenario", "validate", SCENARIO, cwd=shop / "simulators").code == 0

    for command, name in LISTED.items():
        rows = json.loads(rehearse(command, "--json", cwd=shop).out)
        (own,) = (row for row in rows if name in (row.get("id"), row.get("kind"), row.get("name")))
        assert Path(own["file"]).is_relative_to(shop)
    assert "kiosk" in rehearse("plan", SCENARIO, cwd=shop).out


@pytest.mark.parametrize("start", ["tests", ".."])
def test_its_own_tests_pass_wherever_pytest_is_started(shop: Path, start: str) -> None:
    """Without an Odoo; below its folder, and above it. None is left out."""
    said = run_pytest("-q", *QUICK, shop / "tests", cwd=(shop / start).resolve())

    assert said.code == 0, said.out
    assert re.search(r"^\d+ passed(, \d+ warnings?)? in", said.out, re.MULTILINE), said.out


@pytest.mark.parametrize(
    ("part", "broken", "instead"),
    [
        ("scenarios/small_friday.yaml", "rates: 1.0", "rates: 0.0"),
        ("simulators/kiosk.py", 'data={"stars": rng', 'data={"stars": 5 + rng'),
        ("simulators/faults/slow_line.py", "travel.later(fault.by)", "travel"),
        ("connectors/shop.py", "if sales:", "if not sales:"),
        ("connectors/governed/policies/piece_in_the_window.py", "units - 1", "units"),
        ("assertions/house_rules.py", "WHERE a.i IS NULL ORDER", "WHERE false ORDER"),
        ("reports/ratings.py", "if one.judgement.findings", "if one.trace"),
    ],
)
def test_its_tests_see_a_mistake_in_each_part(shop: Path, part: str, broken: str, instead: str, tmp_path: Path) -> None:
    """A part that no test would miss is no example of one."""
    copy = Path(shutil.copytree(shop, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__")))
    text = (copy / part).read_text(encoding="utf-8")
    assert text.count(broken) == 1
    (copy / part).write_text(text.replace(broken, instead), encoding="utf-8")

    said = run_pytest("-q", "-x", *QUICK, "tests", cwd=copy)
    assert said.code == 1, said.out


def test_what_is_there_already_is_told_all_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    """A file of its name, a package of its name, a file where a folder would stand, a link that leads nowhere."""
    (tmp_path / "assertions").write_text("mine", encoding="utf-8")
    (tmp_path / "connectors" / "shop").mkdir(parents=True)
    (tmp_path / "connectors" / "shop" / "__init__.py").touch()
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "small_friday.yaml").write_text("name: mine\n", encoding="utf-8")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "ratings.py").symlink_to("nowhere")
    before = files(tmp_path)

    said = rehearse("init", cwd=tmp_path)
    assert (said.code, said.out, files(tmp_path)) == (2, "", before)
    told = [line.strip() for line in said.err.splitlines() if line.startswith("  ")]
    assert told == ["scenarios/small_friday.yaml", "connectors/shop/__init__.py", "assertions", "reports/ratings.py"]
    assert "nothing was written" in said.err


def test_it_is_written_beside_what_does_not_stand_in_its_way(tmp_path: Path) -> None:
    """Into the folder one is in, and next to what a repository has already."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_mine.py").write_text("", encoding="utf-8")

    said = rehearse("init", cwd=tmp_path)
    assert (said.code, files(tmp_path)) == (0, sorted([*NAMES, "tests/test_mine.py"]))
    assert said.err.splitlines()[-4] == "next:"


def test_an_installation_that_lacks_the_files_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image of containers may leave them out; nothing at all would be a strange success."""
    monkeypatch.setattr(project, "bundled", lambda: tmp_path)

    with pytest.raises(UsageError, match="this installation has no starter/"):
        write(tmp_path / "shop")


def test_the_reference_project_is_nobodys_own(tmp_path: Path) -> None:
    """Every project has it behind its own."""
    said = rehearse("init", project.bundled(), cwd=tmp_path)

    assert (said.code, said.out) == (2, "")
    assert "is the reference project itself" in said.err
