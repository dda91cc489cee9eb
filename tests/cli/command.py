"""Runs the real `rehearse` in a process of its own, as a user does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REHEARSE = Path(sys.executable).with_name("rehearse")
COMMAND_S_MAX = 300.0
POLL_S = 0.02
TINY = """
extends: promo_day
name: tiny
currency: USD
title: Fifteen shoppers
connector: governed
catalogue: {products: 6, promoted: 2, scarce: 1}
customers: 6
channels:
  webshop: {orders: 7, publish_every: 6h}
  marketplace: {orders: 2, publish_every: 6h}
  till_1: {orders: 2, publish_every: 6h}
  till_2: {orders: 2, publish_every: 6h}
  till_3: {orders: 2, publish_every: 6h}
faults: []
exercised: {orders_per_channel: 0, orders_per_tender: 0, fault_fired: 0, examined: 1}
"""
"""A Friday of fifteen shoppers, for whole runs by the real command."""
OURS = ("REHEARSE_ODOO_", "REHEARSE_PROJECT", "REHEARSE_DEBUG", "REHEARSE_RECONNECT_S", "NO_COLOR")
"""Settings of whoever runs the tests, which the command must not see."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


def environment(added: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without our own settings, with *added*."""
    return {key: value for key, value in os.environ.items() if not key.startswith(OURS)} | dict(added or {})


def rehearse(
    *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None, typed: str = "", program: Path = REHEARSE
) -> Said:
    """Run ``rehearse *words*`` in *cwd* to its end; nobody ever sees a traceback."""
    done = subprocess.run(
        [program, *words],
        cwd=cwd,
        env=environment(env),
        input=typed,
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        check=False,
    )

    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


def _heard() -> None:
    """A process started in the background of a shell would be deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def started(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start ``rehearse *words*`` in *cwd*; whatever becomes of the test, the process does not outlive it."""
    process: subprocess.Popen[str] = subprocess.Popen(
        [REHEARSE, *words],
        cwd=cwd,
        env=environment(env),
        text=True,
        preexec_fn=_heard,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(COMMAND_S_MAX)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def ended(process: subprocess.Popen[Any]) -> Said:
    """Wait for *process* and return what it said."""
    out, err = process.communicate(timeout=COMMAND_S_MAX)

    assert "Traceback" not in out + err, err
    return Said(process.returncode, out, err)


def wait_for_lines(run: Path, least: int, process: subprocess.Popen[Any]) -> None:
    """Wait until the history of *run* has *least* lines, while *process* writes it."""
    path, until = run / "history" / "main.ndjson", time.monotonic() + COMMAND_S_MAX
    while time.monotonic() < until and process.poll() is None:
        if path.is_file() and path.read_bytes().count(b"\n") >= least:
            return
        time.sleep(POLL_S)
    raise AssertionError(f"the run ended, or stood still, before its history had {least} lines: {process.poll()}")
