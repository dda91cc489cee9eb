"""The kinds of actors of the project path: modules of ``simulators/``, each checked when it is loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.parts.actor import CALLED, UNKNOWN, Channel, Node, Service
from rehearsal.parts.part import Part
from rehearsal.strangers import shown

if TYPE_CHECKING:
    from rehearsal.scenario import Scenario

FOLDER = "simulators"
FORMERLY: Mapping[str, tuple[object, ...]] = {"sync_every": (0, "0s")}
"""Words that once stood at every channel of a run's own scenario file, with what they said when nobody had written them."""

USUAL = ("gateway", "carrier")
"""The services of a scenario that names none."""


@dataclass(frozen=True, slots=True)
class ActorKind:
    """One module of ``simulators/`` that acts."""

    kind: str
    path: Path
    run: Callable[..., Any]
    settings: type[Part] | None
    """None: it has no words of its own, and may be a channel, a node or a service."""
    problems: Callable[..., Iterator[tuple[str, str]]]
    sentence: str
    """First paragraph of the module's docstring."""

    @property
    def family(self) -> str:
        """Return what it is: a channel, a node, a service; empty when it does not say."""
        return next((name for part, name in CALLED.items() if self.settings and issubclass(self.settings, part)), "")

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of its own, beside those that its family has."""
        base = next((part for part in CALLED if self.settings and issubclass(self.settings, part)), None)
        return tuple(word for word in self.settings.model_fields if word not in base.model_fields) if self.settings and base else ()

    def reads(self, base: type[Part]) -> type[Part]:
        """Return what reads the words of such an actor where a *base* is wanted; raises `UsageError` when it is none."""
        if self.settings is None:
            return base
        if not issubclass(self.settings, base):
            raise UsageError(f"{self.kind} is a kind of {self.family}, and this is a {CALLED[base]}")
        return self.settings


def actor_kind(kind: str) -> ActorKind:
    """Return the kind of actor that ``simulators/<kind>.py`` defines; raises `UsageError` with what was found and expected."""
    return _kind(kind, Path(str(project.module(FOLDER, kind).__file__)))


def actor_kinds() -> dict[str, ActorKind]:
    """Return every kind of actor on the project path; a module of ``simulators/`` without ``run`` is none."""
    files = sorted(project.files(FOLDER, ".py"))
    return {kind: actor_kind(kind) for kind in files if hasattr(project.module(FOLDER, kind), "run")}


def settled(base: type[Part]) -> Callable[[object], object]:
    """Return what reads an actor as its own kind does; of what this project path does not have all words are kept.

    It raises ValueError (pydantic's, with the place of each word) for what it cannot read.
    """

    def read(value: object) -> object:
        if not isinstance(value, Mapping) or not isinstance(value.get("kind"), str):
            return value
        return reader_of(base, value["kind"]).model_validate(current(reader_of(base, value["kind"]), value))

    return read


def reader_of(base: type[Part], kind: str) -> type[Part]:
    """Return what reads the words of a *base* of that *kind*; raises ValueError when it is none."""
    if kind not in project.files(FOLDER, ".py"):
        return UNKNOWN[base]
    try:
        module = project.module(FOLDER, kind)
        return actor_kind(kind).reads(base) if hasattr(module, "run") else UNKNOWN[base]
    except UsageError as error:
        raise ValueError(str(error)) from error


def current(reader: type[Part], value: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return *value* without words that *reader* does not read and that say nothing."""
    return {word: said for word, said in value.items() if word in reader.model_fields or said not in FORMERLY.get(str(word), ())}


def named(value: object) -> object:
    """Return services as a mapping, whether they are written as one or as a list of kinds."""
    if isinstance(value, list | tuple):
        problems = [
            InitErrorDetails(type=PydanticCustomError("value_error", "{said}", {"said": said}), loc=(place,), input=kind)
            for place, kind in enumerate(value)
            if (said := _unlisted(kind, value[:place]))
        ]
        if problems:
            raise ValidationError.from_exception_data("services", problems)
        return {kind: {"kind": kind} for kind in value}
    if isinstance(value, Mapping):
        return {
            code: {"kind": code, **(words or {})} if isinstance(words, Mapping | None) else words for code, words in value.items()
        }
    return value


def _unlisted(kind: object, before: Sequence[object]) -> str:
    """Return why *kind* cannot stand in a list of services, in words."""
    if not isinstance(kind, str):
        return f"{kind!r} is no name of a service; write services as a mapping of names to settings, or list names alone"
    return f"{kind!r} is named twice, and would act twice; name it once" if kind in before else ""


def usual() -> Any:
    """Return the services of a scenario that names none, as they would be written."""
    return {kind: {"kind": kind} for kind in USUAL}


def kind_on_path(kind: str) -> ActorKind | None:
    """Return the kind of actor of that name, or None when this project path has none; what is wrong with it is told elsewhere."""
    try:
        return actor_kind(kind) if kind in project.files(FOLDER, ".py") else None
    except UsageError:
        return None


def require_actors(scenario: Scenario) -> None:
    """Raise `UsageError` unless everybody whom *scenario* names can act."""
    families: dict[str, Mapping[str, Any]] = {"service": scenario.services, "node": scenario.nodes, "channel": scenario.channels}
    for family, actors in families.items():
        for code, settings in actors.items():
            try:
                actor_kind(settings.kind)
            except UsageError as error:
                raise UsageError(f"{family} {code}: {error}") from error


@cache
def _kind(kind: str, path: Path) -> ActorKind:
    module = project.module(FOLDER, kind)
    run, settings, problems = getattr(module, "run", None), getattr(module, "Settings", None), getattr(module, "problems", _none)
    if not callable(run) or not project.takes(run, 3):
        raise UsageError(f"{path}: {_there('run', run)}; expected a generator function run(env, market, actor)")
    if settings is not None and not (isinstance(settings, type) and issubclass(settings, (Channel, Node, Service))):
        raise UsageError(
            f"{path}: Settings is {shown(settings)}; expected a class that inherits Channel, Node, Service, Gateway or Carrier of "
            "rehearsal.parts.actor"
        )
    if not callable(problems) or not project.takes(problems, 3):
        raise UsageError(f"{path}: {_there('problems', problems)}; expected a function problems(settings, scenario, code)")
    sentence = " ".join((module.__doc__ or kind).strip().split("\n\n")[0].split())
    return ActorKind(kind, path, run, settings, problems, sentence)


def _there(word: str, found: Any) -> str:
    if callable(found):
        return f"{word}{inspect.signature(found)}"
    return f"{word} is {shown(found)}" if found else f"there is no {word}"


def _none(settings: Part, scenario: Any, code: str) -> Iterator[tuple[str, str]]:
    yield from ()
