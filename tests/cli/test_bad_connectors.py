"""Whatever a team's own connector does, the command ends with a verdict that names it, and stdout stays data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.targets.native.target import NativeTarget
from tests.cli.command import TINY, Said, rehearse

pytestmark = pytest.mark.xdist_group("cli")

HEAD = """
import os, sys
from connectors.governed import Connector

class Shop(Connector):
"""


def shop(tmp_path: Path, body: str, head: str = HEAD) -> Path:
    """Write a project with one connector."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "tiny.yaml").write_text(TINY, encoding="utf-8")
    (tmp_path / "mine.py").write_text(head + body, encoding="utf-8")
    return tmp_path


def run(folder: Path, *words: str) -> Said:
    """Rehearse with that connector."""
    return rehearse("run", "tiny", "--connector", "mine:Shop", "--target", "native", "--out", "run", *words, cwd=folder)


@pytest.mark.parametrize("body", ["sys.exit(0)", "raise SystemExit", "os._exit(0)", "1 / 0", "raise KeyboardInterrupt"])
def test_a_connector_that_ends_the_process_when_it_is_imported_is_a_usage_error(body: str, tmp_path: Path) -> None:
    """CI must not turn green because a module says goodbye; nothing was started, and nothing is left."""
    folder = shop(tmp_path, body, "import os, sys\n")

    said = run(folder)
    assert (said.code, said.out) == (2, "")
    assert "connector 'mine:Shop' cannot be loaded" in said.err
    assert "mine.py:2" in said.err
    assert not (folder / "run").exists()


@pytest.mark.parametrize("body", ["sys.exit(0)", "os._exit(0)", "raise ValueError('no settings')"])
def test_a_connector_that_cannot_be_made_ends_undecided_and_is_named(body: str, target: NativeTarget, tmp_path: Path) -> None:
    """No database was made for it; the verdict is there all the same, and is data on stdout."""
    folder = shop(tmp_path, f"    def __init__(self, scenario):\n        {body}\n")

    said = run(folder, "--json")
    summary = json.loads(said.out)
    assert (said.code, summary["verdict"], summary["exit_code"]) == (5, "undecided", 5)
    assert "Shop.__init__ (mine.py:7)" in summary["aborted"]
    assert "harness failed" not in said.err
    assert (folder / "run" / "report.html").is_file()
    assert rehearse("check", "run", cwd=folder).code == 5


def test_a_connector_that_prints_and_exits_leaves_stdout_to_data(target: NativeTarget, tmp_path: Path) -> None:
    """Its words go to stderr, by whatever way it says them; each event that it left the process for is a dead letter."""
    talk = "print('hello from mine'); os.write(1, b'raw words\\n'); os.system('echo from a shell')"
    body = (
        f"    def receive(self, delivery, erp):\n        {talk}\n        if delivery.event.kind == 'payment.captured':\n"
        "            sys.exit(0)\n        return (yield from super().receive(delivery, erp))\n"
    )
    folder = shop(tmp_path, body)

    said = run(folder, "--json")
    summary = json.loads(said.out)
    assert (said.code, summary["verdict"]) == (1, "fail"), "no payment was booked"
    for words in ("hello from mine", "raw words", "from a shell"):
        assert words in said.err
    (letter,) = summary["dead_letters"]
    assert letter.startswith("Shop.receive (mine.py:9): it tried to end the process (0)")


def test_a_connector_that_cannot_start_ends_undecided_and_is_named(target: NativeTarget, tmp_path: Path) -> None:
    """The doors never opened, so nothing was proven."""
    folder = shop(tmp_path, "    def start(self, erp):\n        yield erp.env.timeout(1)\n        raise ValueError('no token')\n")

    said = run(folder)
    assert said.code == 5
    assert "Shop.start (mine.py:8): ValueError: no token" in said.out
    assert "VERDICT  UNDECIDED" in said.out
