"""`rehearse` and `pytest` in a process of their own, forked from one that has imported both: half a second less each.

The streams are files, as in a pipeline. A test that is about a new interpreter (what it imports, its terminal, its signals,
its hash seed, the program as installed) uses `tests.cli.command`.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cli.command import COMMAND_S_MAX, REHEARSE, Said, environment

IMPORTED = (
    "rehearsal.cli",
    "rehearsal.pipeline.conclusion",
    "rehearsal.pipeline.compare",
    "rehearsal.pipeline.run",
    "rehearsal.targets.native.target",
    "rich.table",
    "pytest",
    "xdist.plugin",
    "allure_pytest.plugin",
    "hypothesis",
)
"""What most commands import; nothing in it starts a thread or reads a setting."""


def rehearse(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Said:
    """Run ``rehearse *words*`` in *cwd* to its end, as `tests.cli.command.rehearse` does; nobody ever sees a traceback."""
    said = _said("rehearsal.cli", "main", [str(REHEARSE), *map(str, words)], cwd, [str(REHEARSE.parent)], environment(env))
    assert "Traceback" not in said.out + said.err, said.err
    return said


def pytest(*words: str | Path, cwd: Path) -> Said:
    """Run ``python -m pytest *words*`` in *cwd* to its end."""
    return _said("pytest", "console_main", ["pytest", *map(str, words)], cwd, [str(cwd)], dict(os.environ))


def _said(module: str, main: str, words: list[str], cwd: Path, first: list[str], env: dict[str, str]) -> Said:
    """Call *main* of *module* as a program of its own would: with its words, folder, environment, and *first* on its path."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        told = (module, main, words, str(cwd), env, [*first, *_path()], str(out), str(err))
        process = _forks().Process(target=_command, args=told)
        process.start()
        process.join(COMMAND_S_MAX)
        code = process.exitcode
        if code is None:
            process.kill()
            raise AssertionError(f"{words} did not end within {COMMAND_S_MAX} s")
        return Said(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


@cache
def _forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


@cache
def _path() -> list[str]:
    """Return where a new interpreter of the installed program looks for modules: not where pytest does."""
    look = [sys.executable, "-c", "import sys; print(*sys.path[1:], sep='\\n')"]
    found = subprocess.run(look, capture_output=True, text=True, check=True, timeout=COMMAND_S_MAX, env=environment())
    return found.stdout.splitlines()


def _command(
    module: str, main: str, words: Sequence[str], cwd: str, env: Mapping[str, str], path: Sequence[str], out: str, err: str
) -> None:
    """Become the command: its streams, folder, environment and words; the process ends with its exit code."""
    for number, name, how in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY | os.O_CREAT), (2, err, os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(name, how), number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115 - the process's own
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:] = path
    sys.argv = list(words)
    sys.exit(getattr(import_module(module), main)())
