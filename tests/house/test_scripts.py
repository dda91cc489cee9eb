"""bin/: what `make` starts, tried with a stand-in for `rehearse` that notes what it is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
S_MAX = 30.0


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout of which there is nothing but bin/ and a `rehearse` that writes its words to ``said``."""
    shutil.copytree(ROOT / "bin", tmp_path / "bin")
    stand_in = tmp_path / ".venv" / "bin" / "rehearse"
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text(
        f'#!/bin/sh\necho "$1" >> {tmp_path}/said\n'
        'case $1 in status) echo "{\\"running\\": $RUNNING}" ;; up) exit ${UP:-0} ;; esac\n',
        encoding="utf-8",
    )
    stand_in.chmod(0o755)
    return tmp_path


def asked(checkout: Path, command: str, running: str, up: int = 0) -> tuple[int, list[str]]:
    """Run *command* by bin/with-odoo from another folder; return its exit code and what `rehearse` was asked."""
    done = subprocess.run(
        [checkout / "bin" / "with-odoo", "sh", "-c", f"echo command >> {checkout}/said; {command}"],
        cwd="/",
        env=os.environ | {"RUNNING": running, "UP": str(up)},
        timeout=S_MAX,
        check=False,
    )
    return done.returncode, (checkout / "said").read_text(encoding="utf-8").split()


def test_an_odoo_that_runs_already_is_left_running(checkout: Path) -> None:
    """It belongs to whoever started it."""
    assert asked(checkout, "exit 4", running="true") == (4, ["status", "command"])


def test_an_odoo_that_was_started_is_stopped_whatever_becomes_of_the_command(checkout: Path) -> None:
    """And the command's exit code is kept, or CI would be green on red tests."""
    assert asked(checkout, "exit 1", running="false") == (1, ["status", "up", "command", "down"])


def test_a_command_is_not_run_without_an_odoo(checkout: Path) -> None:
    """What came up half is stopped."""
    assert asked(checkout, "exit 0", running="false", up=3) == (3, ["status", "up", "down"])


def test_a_python_that_is_too_old_is_told_with_the_way_out(checkout: Path) -> None:
    """Before anything is made."""
    (checkout / "old").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (checkout / "old").chmod(0o755)
    done = subprocess.run(
        [checkout / "bin" / "make-venv", checkout / "new"],
        env=os.environ | {"PYTHON": str(checkout / "old")},
        capture_output=True,
        text=True,
        timeout=S_MAX,
        check=False,
    )

    assert done.returncode == 3
    assert "Python 3.11 or newer is needed" in done.stderr
    assert not (checkout / "new").exists()


def awaited(checkout: Path, images: Path | None) -> tuple[int, str, str]:
    """Run ``echo command`` by bin/await-images; return its exit code, its output, and what it says beside it."""
    env = {name: value for name, value in os.environ.items() if name != "REHEARSE_IMAGES"}
    done = subprocess.run(
        [checkout / "bin" / "await-images", "echo", "command"],
        env=env | ({"REHEARSE_IMAGES": str(images)} if images else {}),
        capture_output=True,
        text=True,
        timeout=S_MAX,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("code", "said"), [("0", "command\n"), ("3", "")])
def test_a_command_is_run_once_its_images_were_made_and_never_without(code: str, said: str, checkout: Path, tmp_path: Path) -> None:
    """What was told while they were made is told again, since it went by unseen."""
    images = tmp_path / "images"
    images.mkdir()
    (images / "log").write_text("making them\n", encoding="utf-8")
    with subprocess.Popen(["sh", "-c", f"sleep 0.7; echo {code} > {images}/code.new; mv {images}/code.new {images}/code"]):
        assert awaited(checkout, images) == (int(code), said, "making them\n")


def test_where_no_images_are_made_a_command_is_run_at_once(checkout: Path) -> None:
    """As on a machine without Docker."""
    assert awaited(checkout, None) == (0, "command\n", "")


@pytest.mark.xdist_group("together")
def test_groups_of_tests_stay_together(request: pytest.FixtureRequest) -> None:
    """Workers that do not see the groups would break each other's Odoo; xdist shows that it does in the node's id."""
    alone = not hasattr(request.config, "workerinput")

    assert alone or request.node.nodeid.endswith("@together")
