"""What a connector may do, and what becomes of the rest: code of strangers runs behind this counter.

Whatever a connector's code does (raise, exit, hang, return or yield what nobody can use) ends in a value or in a
`Slip` that names its class, method, file and line. A slip is the connector's, never the harness's own failure.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from types import CodeType, FrameType, TracebackType
from typing import Any

import simpy

from rehearsal.errors import UsageError
from rehearsal.strangers import CutOff, is_ours, leave, named, raise_ours, raised_at, short, shown

HANDLER_S = 30.0
"""How long a handler may neither yield nor return, in wall seconds; ``REHEARSE_HANDLER_S`` says otherwise."""
TICKS = 8
"""How often in that time somebody looks."""
CUTS_MAX = 3
"""A handler that swallows being cut off so often cannot be ended; then the process ends."""
TRACE_MAX = 2000

Steps = Generator[simpy.Event, Any, Any]


class Slip(Exception):
    """A connector did what it must not; *where* is ``Class.method (file:line)``, *trace* its own frames."""

    def __init__(self, kind: str, where: str, said: str, trace: str = "") -> None:
        super().__init__(kind, where, said, trace)  # SimPy makes a failed event's exception anew, from its arguments
        self.kind = kind
        """In one word: the exception's name, or what was wrong."""
        self.where = where
        self.said = said
        self.trace = trace

    def __str__(self) -> str:
        return f"{self.where}: {self.said}"

    @classmethod
    def of(cls, who: Handler, error: BaseException) -> Slip:
        """Return what *error*, raised by the connector's own code, is to a reader."""
        place, said = raised_at(error) or who.home, named(error)
        if isinstance(error, CutOff):
            said = "it neither yielded nor returned in time, and was cut off"
        if isinstance(error, SystemExit):
            said = f"it tried to end the process ({error.code!r})"
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        return cls(type(error).__name__, f"{who.name} ({place})", said, trace)

    def as_data(self) -> dict[str, str]:
        """Return it as a dead letter keeps it, bounded."""
        return {"message": str(self)[:TRACE_MAX], "trace": self.trace[-TRACE_MAX:], "where": self.where}


@dataclass(frozen=True, slots=True)
class Handler:
    """A method of a connector: how a reader calls it, and where it stands."""

    name: str
    home: str

    @property
    def whole(self) -> str:
        """Return both, as a `Slip` has them."""
        return f"{self.name} ({self.home})"

    @classmethod
    def of(cls, owner: object, method: str) -> Handler:
        """Return the handler *method* of *owner*, an object or the class it is to be made of."""
        kind = owner if isinstance(owner, type) else type(owner)
        return cls(f"{kind.__name__}.{method}", defined_at(getattr(kind, method, None)))


class Watch:
    """Sees that no handler holds up the weekend: one timer for all of them, since most return at once."""

    def __init__(self, seconds: float | None = None, elsewhere: Callable[[], None] | None = None) -> None:
        """*elsewhere* cuts a handler off that has let other greenlets run meanwhile, where there are such."""
        self._elsewhere = elsewhere
        self.seconds = handler_s() if seconds is None else seconds
        self._since: float | None = None
        self._thread = 0
        self._cuts = 0
        self._put_off = 0
        self._before: Any = None
        self._on = False

    def __enter__(self) -> Watch:
        if self.seconds > 0:
            with contextlib.suppress(ValueError):  # signals come to the main thread alone; elsewhere nobody watches
                self._before = signal.signal(signal.SIGALRM, self._look)
                signal.setitimer(signal.ITIMER_REAL, self.seconds / TICKS, self.seconds / TICKS)
                self._on = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._on:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)
            self._on = False

    def bound(self, call: Callable[..., Any], *given: Any) -> Any:
        """Return what *call* returns for what is *given*; it is cut off when it takes too long."""
        if not self._on:
            return call(*given)
        self._since, self._thread = time.monotonic(), threading.get_ident()
        self._cuts = self._put_off = 0
        try:
            return call(*given)
        finally:
            self._since = None

    def _look(self, _: int, frame: FrameType | None) -> None:
        """Cut the handler off if its time is over; never while the harness's own code writes on its behalf."""
        since = self._since
        if since is None or time.monotonic() - since < self.seconds:
            return
        if threading.get_ident() != self._thread:  # under gevent the ident is the greenlet's: another one must not be hit
            if self._elsewhere is not None:
                self._elsewhere()
            return
        if frame is not None and is_ours(frame.f_code) and self._put_off < TICKS:
            self._put_off += 1
            return
        self._cuts += 1
        if self._cuts > CUTS_MAX:
            print(f"rehearse: {_place(frame)} cannot be ended; the run is undecided", file=sys.stderr, flush=True)
            leave(5)
        raise CutOff


def handler_s() -> float:
    """Return how long a handler may take, in wall seconds; raises `UsageError` for an environment that says no number."""
    said = os.environ.get("REHEARSE_HANDLER_S") or str(HANDLER_S)
    try:
        return float(said)
    except ValueError:
        raise UsageError(f"REHEARSE_HANDLER_S={said!r}: expected seconds, such as 30; 0 lets a handler take for ever") from None


def called(who: Handler, watch: Watch, call: Callable[..., Any], *given: Any) -> Any:
    """Return what a plain *call* into a connector returns for what is *given*; raises `Slip`."""
    try:
        return watch.bound(call, *given)
    except BaseException as error:
        raise_ours(error)
        raise Slip.of(who, error) from error


def attended(env: simpy.Environment, who: Handler, call: Callable[[], Any], watch: Watch) -> Steps:
    """Run one handler to its end and return its value; raises `Slip` for whatever it must not do.

    A handler is a generator that yields events of *env*; a plain function is one that never waits.
    """
    answer = called(who, watch, call)
    if not inspect.isgenerator(answer):
        return answer
    made: Any = answer
    step: Callable[[], Any] = partial(made.send, None)
    while True:
        try:
            asked = stepped(env, who, made, step, watch)
        except StopIteration as end:
            return end.value
        try:
            step = partial(made.send, (yield asked))
        except GeneratorExit:
            _closed(made)
            raise
        except BaseException as error:
            step = partial(made.throw, error)


def stepped(env: simpy.Environment, who: Handler, made: Steps, step: Callable[[], Any], watch: Watch) -> simpy.Event:
    """Let the handler *made* take one *step*; return the event of *env* that it waits for then.

    Raises StopIteration with its value when it is at its end, and `Slip` for whatever it must not do.
    """
    try:
        asked = watch.bound(step)
    except StopIteration:
        raise
    except BaseException as error:
        raise_ours(error)
        raise Slip.of(who, error) from error
    if not isinstance(asked, simpy.Event) or asked.env is not env:
        where = f"{who.name} ({waiting_at(made)})"
        _closed(made)
        raise Slip("Yielded", where, f"it yields {shown(asked)}; expected erp.ask(…) or another event of erp.env")
    return asked


def waiting_at(made: Any) -> str:
    """Return ``file:line`` where a suspended handler waits, through what it delegates to."""
    place = "an unknown line"
    while inspect.isgenerator(made) and made.gi_frame is not None:
        frame = made.gi_frame
        if not is_ours(frame.f_code):
            place = _place(frame)
        made = frame.f_locals.get("made") if frame.f_code is attended.__code__ else made.gi_yieldfrom
    return place


def defined_at(method: Any) -> str:
    """Return ``file:line`` where a method is defined."""
    code = getattr(inspect.unwrap(method), "__code__", None)
    return f"{short(code.co_filename)}:{code.co_firstlineno}" if isinstance(code, CodeType) else "an unknown line"


def _closed(made: Any) -> None:
    try:
        made.close()
    except BaseException as error:
        raise_ours(error)


def _place(frame: FrameType | None) -> str:
    return f"{short(frame.f_code.co_filename)}:{frame.f_lineno}" if frame is not None else "an unknown line"
