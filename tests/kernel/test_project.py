"""A project is found from any of its folders, as git and pytest find theirs; and so are its runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import project
from rehearsal.errors import UsageError

SCENARIO = "extends: promo_day\nname: ours\n"


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project of our own, with folders that are none of the harness's."""
    monkeypatch.delenv("REHEARSE_PROJECT", raising=False)
    root = tmp_path / "ours"
    for folder in ("scenarios/peak", "docs/pages", "tests/fixtures"):
        (root / folder).mkdir(parents=True)
    (root / "scenarios" / "ours.yaml").write_text(SCENARIO, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("folder", "runs"),
    [(".", "runs"), ("scenarios", "../runs"), ("scenarios/peak", "../../runs"), ("docs/pages", "../../runs"), ("tests", "../runs")],
)
def test_a_project_is_found_from_each_of_its_folders(folder: str, runs: str, ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from one that has a folder `fixtures` for something else; its runs lie at its top, wherever one stands."""
    monkeypatch.chdir(ours / folder)

    assert project.roots() == (ours, project.bundled())
    assert project.scenario_path("ours") == ours / "scenarios" / "ours.yaml"
    assert project.runs() == Path(runs)


def test_the_nearest_project_is_meant(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One inside another one is a project of its own."""
    (ours / "shops" / "connectors").mkdir(parents=True)
    monkeypatch.chdir(ours / "shops")

    assert project.roots() == (ours / "shops", project.bundled())


def test_outside_of_any_project_there_is_the_bundled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs lie where one stands."""
    monkeypatch.delenv("REHEARSE_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)

    assert (project.roots(), project.runs()) == ((project.bundled(),), Path("runs"))
    with pytest.raises(UsageError, match="no scenario 'ours' in scenarios/"):
        project.scenario_path("ours")


def test_a_project_that_is_named_is_meant_and_its_runs_lie_where_one_stands(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be one that nobody here may write to."""
    monkeypatch.setenv("REHEARSE_PROJECT", str(ours))
    monkeypatch.chdir(tmp_path)

    assert (project.roots(), project.runs()) == ((ours, project.bundled()), Path("runs"))
