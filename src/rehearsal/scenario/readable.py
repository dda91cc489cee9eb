"""What can be read of a scenario that is not valid yet, so that all its problems are told at once.

A `Readable` has the attributes of the part that it stands for. A word that is missing or wrong raises `Unreadable` when
somebody looks at it: a check that needs it has nothing to say then, and all others say what they have.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from rehearsal.errors import UsageError
from rehearsal.parts.actor import Channel, Node, Service
from rehearsal.parts.actor_kinds import current as current_words
from rehearsal.parts.actor_kinds import reader_of
from rehearsal.parts.fault import Fault
from rehearsal.parts.fault_kinds import current, fault_kind
from rehearsal.parts.part import Part
from rehearsal.scenario import Gate, Scenario

FAMILIES: tuple[type[Part], ...] = (Channel, Node, Service)


class Unreadable(Exception):
    """A value is missing or wrong; that much has been told already."""


class Readable:
    """A part of a scenario, as far as it can be read."""

    def __init__(self, kind: type[Part], raw: object) -> None:
        self.stands_for = kind
        words = raw if isinstance(raw, Mapping) else None
        self.written = frozenset(words or ())
        for name, field in kind.model_fields.items():
            try:
                if words is not None and name in words:
                    setattr(self, name, _read(Annotated[field.annotation, *field.metadata, ...], words[name]))
                elif words is not None and not field.is_required():
                    default = field.get_default(call_default_factory=True)
                    setattr(self, name, _read(field.annotation, default) if field.validate_default else default)
            except (Unreadable, ValidationError):
                continue
        self._read_more(words or {})

    def _read_more(self, words: Mapping[str, Any]) -> None:
        """Read words that the part allows beside its own, each of the type that it gives to all of them."""
        more = _more(self.stands_for)
        for name in [word for word in words if isinstance(word, str) and word not in self.stands_for.model_fields] if more else ():
            with suppress(Unreadable, ValidationError):
                setattr(self, name, _read(more, words[name]))

    def __getattr__(self, name: str) -> Any:
        if name not in (*self.stands_for.model_fields, *self.written) and _more(self.stands_for):
            raise AttributeError(name)  # nobody wrote it
        raise Unreadable(name)


def readable(raw: Mapping[str, Any]) -> Scenario:
    """Return what can be read of *raw* in the shape of a scenario; for the checks of `scenario_checks` alone."""
    return cast("Scenario", Readable(Scenario, raw))


def _read(kind: Any, raw: object) -> Any:
    """Return *raw* as *kind*; of mappings and lists of parts, each as far as it can be read."""
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    origin, inside = get_origin(bare), get_args(bare)
    if origin in (Union, UnionType):
        (bare,) = (one for one in inside if one is not type(None)) if raw is not None else (type(None),)
    part = _part(bare)
    if part is Fault and isinstance(raw, Mapping):
        return _fault(raw)
    if part in FAMILIES and isinstance(raw, Mapping):
        return _actor(part, raw)
    if part is not None:
        return Readable(part, {"limit": raw} if part is Gate and isinstance(raw, str) else raw)
    if origin is dict and _part(inside[1]) is not None:
        raw = _laid_out(kind, raw)
        if not isinstance(raw, Mapping):
            raise Unreadable
        return {str(key): _read(inside[1], item) for key, item in raw.items()}
    if origin is tuple and _part(inside[0]) is not None:
        if not isinstance(raw, list | tuple):
            raise Unreadable
        return tuple(_read(inside[0], item) for item in raw)
    return TypeAdapter(kind).validate_python(raw)


@cache
def _more(kind: type[Part]) -> Any:
    """Return the type of the words that *kind* allows beside its own; None when it allows none, or any."""
    told = get_type_hints(kind, include_extras=True).get("__pydantic_extra__")
    return get_args(told)[1] if get_origin(told) is dict else None


def _laid_out(kind: Any, raw: object) -> object:
    """Return *raw* as the words of *kind* are written, whatever short way they may be written in."""
    for said in get_args(kind)[1:] if get_origin(kind) is Annotated else ():
        raw = cast("Any", said.func)(raw) if isinstance(said, BeforeValidator) else raw
    return raw


def _fault(raw: Mapping[str, Any]) -> Readable:
    """Return a fault in the shape that its own module gives it."""
    try:
        kind = fault_kind(str(raw.get("name")))
    except UsageError:
        return Readable(Fault, raw)  # told as what it is
    return Readable(kind.settings, current(kind, raw))


def _actor(family: type[Part], raw: Mapping[str, Any]) -> Readable:
    """Return a channel, node or service in the shape that its own module gives it."""
    try:
        reader = reader_of(family, str(raw.get("kind")))
    except ValueError:
        return Readable(family, raw)  # told as what it is
    return Readable(reader, current_words(reader, raw))


def _part(kind: Any) -> type[Part] | None:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return bare if isinstance(bare, type) and issubclass(bare, Part) else None
