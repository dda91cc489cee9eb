"""`rehearse` in a process of its own, forked from one that has imported the harness already: half a second less each.

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
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cli.command import COMMAND_S_MAX, REHEARSE, Said, environment

IMPORTED = ("rehearsal.cli", "rehearsal.conclusion", "rehearsal.compare", "rehearsal.run", "rehearsal.targets.native", "rich.table")
"""What most commands import; nothing in it starts a thread or reads a setting."""


def rehearse(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Said:
    """Run ``rehearse *words*`` in *cwd* to its end, as `tests.cli.command.rehearse` does; nobody ever sees a traceback."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        told = (list(map(str, words)), str(cwd), environment(env), _path(), str(out), str(err))
        process = _forks().Process(target=_command, args=told)
        process.start()
        process.join(COMMAND_S_MAX)
        code = process.exitcode
        if code is None:
            process.kill()
            raise AssertionError(f"rehearse {words} did not end within {COMMAND_S_MAX} s")
        said = Said(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    assert "Traceback" not in said.out + said.err, said.err
    return said


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
    return [str(REHEARSE.parent), *found.stdout.splitlines()]


def _command(words: Sequence[str], cwd: str, env: Mapping[str, str], path: Sequence[str], out: str, err: str) -> None:
    """Become the command: its streams, folder, environment and words; the process ends with its exit code."""
    for number, name, how in ((0, os.devnull, os.O_RDONLY), (1, out, os.O_WRONLY | os.O_CREAT), (2, err, os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(name, how), number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115 - the process's own
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:] = path
    sys.argv = [str(REHEARSE), *words]
    from rehearsal.cli import main

    main()
