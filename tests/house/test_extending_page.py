"""The page for those who add parts of their own: it says what the code says now, and what it shows runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.described import happened, views
from benchmarks.extending import page
from rehearsal.parts.fault import Joint
from rehearsal.starter import examples
from rehearsal.verdict.kpis import NAMES
from rehearsal.vocabulary import KINDS, Role
from tests.cli.forked import pytest as run_pytest
from tests.cli.forked import rehearse

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^`(\S+)`\n\n```(?:python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_ON_PAPER = {"promise.moved", "promise.substituted", "refund.rejected"}
"""Kinds that need a connector which sends orders elsewhere, or asks for more than was paid."""


def test_the_page_is_what_the_code_says_now() -> None:
    """`python -m benchmarks extending` writes it, in two seconds; who changes a kind, a view or an interface runs it."""
    assert "\n".join(page()) + "\n" == PAGE, "docs/extending.md is out of date; write it anew with: python -m benchmarks extending"


def test_every_kind_view_figure_role_and_joint_is_on_it() -> None:
    """Each begins a row."""
    wanted = {*KINDS, *views(), *NAMES, *Role, *(f"Joint.{joint.name}" for joint in Joint)}
    begun = set(re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE))

    assert wanted - begun == set()


def test_an_event_says_the_words_that_its_kind_declares() -> None:
    """On a Friday on paper, no more and no less; otherwise the table of kinds is no use to who writes a connector."""
    told = {kind: words for kind, (words, _) in happened().items()}

    assert set(KINDS) - set(told) == NOT_ON_PAPER
    assert told == {kind: set(KINDS[kind].data) for kind in told}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the page shows, copied out of it."""
    folder = tmp_path_factory.mktemp("printed")
    for name, text in EXAMPLE.findall(PAGE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_it_shows_every_file_of_a_new_project_and_they_run_as_printed(printed: Path) -> None:
    """Copied by hand they are the same project that `rehearse init` writes."""
    assert {path.relative_to(printed).as_posix() for path in printed.rglob("*.*")} == {one.name for one in examples()}
    assert rehearse("scenario", "validate", "small_friday", cwd=printed).code == 0

    said = run_pytest("-q", "-p", "no:cacheprovider", "-p", "no:faker", "-p", "no:locust", "tests", cwd=printed)
    assert said.code == 0, said.out
