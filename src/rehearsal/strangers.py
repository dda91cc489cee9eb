"""Code that others wrote, while it runs in this process: whose exception is whose, and no way out but through us."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

from rehearsal.errors import RehearsalError

SHOWN_MAX = 120
HERE = Path(__file__).parent
NOT_THEIRS = (str(HERE), str(Path(os.__file__).parent))
"""Where no line of somebody else's stands: the harness and Python itself."""
REFERENCE = HERE / "_reference"
DRIVER = f"{os.sep}site-packages{os.sep}simpy{os.sep}"
OURS = ("rehearsal", "gevent", "greenlet")
"""Packages whose own exceptions pass through strangers' code: they are orders to the harness, not its doing."""
leave = os._exit
"""The real one, whatever `no_way_out` made of it."""


class CutOff(BaseException):
    """Raised inside a handler that neither yields nor returns; no ``except Exception`` keeps it."""


def raise_ours(error: BaseException) -> None:
    """Raise *error* again if it is an order to the harness (Ctrl-C, a lost Odoo) and not the connector's own doing."""
    if isinstance(error, CutOff):
        return
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    raised_here = last is not None and is_ours(last.tb_frame.f_code)
    if isinstance(error, KeyboardInterrupt):
        if raised_here or signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            raise error
    elif isinstance(error, RehearsalError):
        if raised_here:
            raise error
    elif not isinstance(error, Exception | SystemExit | GeneratorExit) and type(error).__module__.split(".")[0] in OURS:
        raise error


def said(error: BaseException) -> str:
    """Return what *error*, raised by strangers' code, says, with file and line where they are known."""
    place = raised_at(error)
    return f"{named(error)}, at {place}" if place else named(error)


def in_a_line(error: BaseException) -> str:
    """Return what `said` does, of words that go over several lines only the first."""
    place = raised_at(error)
    words = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}{f': {words}' if words else ''}{f', at {place}' if place else ''}"


def named(error: BaseException) -> str:
    """Return an exception's kind and words."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def raised_at(error: BaseException) -> str:
    """Return ``file:line`` of the innermost line of strangers' code that *error* came through; empty when there is none."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if is_theirs(frame.filename)]
    return f"{short(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""


@contextmanager
def no_way_out() -> Iterator[None]:
    """Keep code of strangers from ending this process behind our back: ``os._exit`` becomes an exception here."""
    own = os.getpid()

    def refuse(code: int) -> None:
        if os.getpid() != own:
            leave(code)  # a child that was forked ends as it wants
        raise SystemExit(code)

    os._exit = refuse  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = leave


def shown(value: Any) -> str:
    """Return *value* as a short text, whatever its own ``repr`` does."""
    try:
        text = repr(value)
    except BaseException:
        text = f"a {type(value).__name__}"
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


def short(filename: str) -> str:
    """Return a file as seen from the working folder."""
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else filename


def is_ours(code: CodeType) -> bool:
    """Whether *code* is the harness's own; the reference project, which a wheel carries inside, is not."""
    return code.co_filename.startswith(str(HERE)) and not code.co_filename.startswith(str(REFERENCE))


def is_theirs(filename: str) -> bool:
    """Whether a file is neither the harness's nor Python's own, nor of the library that drives both."""
    if filename.startswith(str(REFERENCE)):
        return True
    return not filename.startswith((*NOT_THEIRS, "<frozen")) and DRIVER not in filename
