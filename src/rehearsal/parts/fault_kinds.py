"""The faults of the project path: modules of ``simulators/faults/``, each checked when it is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import inf
from pathlib import Path
from random import Random
from typing import Any

from pydantic.fields import FieldInfo

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.parts.bounds import nearest
from rehearsal.parts.fault import THINGS, WORDS, Fault, Figure, Joint, Travel, UnknownFault
from rehearsal.strangers import shown

FOLDER = "simulators/faults"
SHARED = ("share", "times", "begins", "ends", "only")
"""Words that faults of a joint have in common."""
FORMERLY: Mapping[str, tuple[object, ...]] = {
    "share": (1.0,),
    "every": (0, "0s"),
    "delay": (None,),
    "begins": (0, "0s"),
    "ends": (None,),
    "times": (1,),
    "wall": (5, "5s"),
    "wall_ms": (200,),
    "bytes_per_s": (20_000,),
}
"""Words that once stood at every fault of a run's own scenario file, with what they said when nobody had written them."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One module of ``simulators/faults/``."""

    name: str
    path: Path
    settings: type[Fault]
    joint: Joint
    strike: Callable[..., Any]
    concerns: Callable[..., bool]
    key: Callable[..., str]
    problems: Callable[..., Iterator[tuple[str, str]]]
    sentence: str

    @property
    def words(self) -> Mapping[str, FieldInfo]:
        """Return what it reads of a scenario, beside its name; its own words first."""
        read = {word: field for word, field in self.settings.model_fields.items() if word != "name"}
        shared = [word for word in SHARED if word in read]
        return {word: read[word] for word in (*(word for word in read if word not in shared), *shared)}

    def struck(self, fault: Fault, thing: Any, rng: Random) -> Any:
        """Return what *fault* makes of *thing*; raises `UsageError` when that is something else than it was given."""
        after = self.strike(fault, thing, rng)
        expected = str if self.joint is Joint.PROCESS else THINGS[self.joint]
        if not isinstance(after, expected):
            raise UsageError(f"{self.path}: strike returns {shown(after)}; expected a {expected.__name__}")
        for seconds in _arrivals(after):
            if not isinstance(seconds, int | float) or not 0 <= seconds < inf:
                raise UsageError(
                    f"{self.path}: strike lets it arrive in {shown(seconds)} s; expected a number from 0 on, or no arrival"
                )
        return after


def fault_kind(name: str) -> FaultKind:
    """Return the fault *name*; raises `UsageError` when there is none, or it is not what it must be."""
    known = project.files(FOLDER, ".py")
    if name not in known:
        raise UsageError(f"no fault {name!r} in {FOLDER}/{nearest(name, known)}")
    return _kind(name, known[name])


def fault_kinds() -> dict[str, FaultKind]:
    """Return every fault of the project path by name."""
    return {name: _kind(name, path) for name, path in sorted(project.files(FOLDER, ".py").items())}


def kind_of(fault: Fault) -> FaultKind | None:
    """Return what kind a scenario's fault is; None for one that is not on this project path."""
    return None if isinstance(fault, UnknownFault) else fault_kind(fault.name)


def at_joint(faults: tuple[Fault, ...], joint: Joint) -> list[str]:
    """Return the names of those of *faults* that strike at *joint*."""
    return [fault.name for fault in faults if (kind := kind_of(fault)) and kind.joint is joint]


def settled(value: object) -> object:
    """Return a fault as its own module reads it; what this project path does not have is left as it stands.

    Raises ValueError (pydantic's, with the place of each word) for what it cannot read.
    """
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
        return value
    name = value["name"]
    if name not in project.files(FOLDER, ".py"):
        return UnknownFault.model_validate(value)
    try:
        kind = fault_kind(name)
    except UsageError as error:
        raise ValueError(str(error)) from error
    return kind.settings.model_validate(current(kind, value))


def current(kind: FaultKind, value: Mapping[str, object]) -> dict[str, object]:
    """Return *value* without words that *kind* does not read and that say nothing."""
    return {word: said for word, said in value.items() if word in kind.settings.model_fields or said not in FORMERLY.get(word, ())}


@cache
def _kind(name: str, path: Path) -> FaultKind:
    module = project.module(FOLDER, name)
    joint = getattr(module, "AT", None)
    if not isinstance(joint, Joint):
        raise UsageError(f"{path}: AT is {shown(joint)}; expected a rehearsal.parts.fault.Joint")
    settings = getattr(module, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, WORDS[joint])):
        raise UsageError(
            f"{path}: Settings is {shown(settings)}; expected a class that inherits rehearsal.parts.fault.{WORDS[joint].__name__}, "
            f"since it strikes at Joint.{joint.name}"
        )
    functions = {
        "strike": (3, "(fault, thing, rng)", None),
        "concerns": (2, "(fault, thing)", _all),
        "key": (1, "(thing)", _own_key),
        "problems": (2, "(fault, scenario)", _none),
    }
    found: dict[str, Callable[..., Any]] = {}
    for word, (count, shape, default) in functions.items():
        function = getattr(module, word, default)
        if not callable(function) or not project.takes(function, count):
            there = f"{word}{inspect.signature(function)}" if callable(function) else f"{word} is {shown(function)}"
            raise UsageError(f"{path}: {there}; expected a function {word}{shape}")
        found[word] = function
    sentence = " ".join((module.__doc__ or name).strip().split("\n\n")[0].split())
    return FaultKind(name, path, settings, joint, found["strike"], found["concerns"], found["key"], found["problems"], sentence)


def _arrivals(thing: Any) -> tuple[Any, ...]:
    """Return in how many seconds *thing* arrives, where it is something that travels: once, several times, or never."""
    match thing:
        case Travel(arrives_in_s=several):
            return several
        case Figure(arrives_in_s=one) if one is not None:
            return (one,)
    return ()


def _all(fault: Fault, thing: Any) -> bool:
    return True


def _own_key(thing: Any) -> str:
    return str(thing.key)


def _none(fault: Fault, scenario: Any) -> Iterator[tuple[str, str]]:
    yield from ()
