"""Scenario files as read: YAML 1.2, laid over what they extend, with the place where each value stands.

Nothing here knows what a scenario is. What cannot be read ends in a sentence with file:line:col.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from rehearsal.errors import ScenarioError, UsageError

EXTENDS_DEPTH_MAX = 8
BYTES_MAX = 1_000_000
TEXTS_KEPT = 16
"""Files at once that need not be parsed again while they are what they were: a scenario and all that it extends."""
VALUES_MAX = 100_000
"""Aliases written out: a few lines of them can stand for more values than any memory holds."""
NESTED_MAX = 50
OPTIONS: Mapping[tuple[str, ...], str] = {
    ("seed",): "--seed",
    ("connector",): "--connector",
    ("client",): "--client",
    ("clock", "lanes"): "--lanes",
    ("clock", "speedup"): "--speedup",
    ("load", "shape"): "--shape",
    ("policies",): "--policy",
}
"""The words of the command line that are laid over a file."""
Where = tuple[str, ...]
Find = Callable[[str], Path]
"""Turns the name behind ``extends:`` into a path; raises `UsageError` when there is none."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """Where a value stands: in a file, or on the command line (then without a line)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(slots=True)
class Tree:
    """What the files of a family come to, and where each value of it stands."""

    values: dict[str, Any] = field(default_factory=dict)
    spots: dict[Where, Spot] = field(default_factory=dict)

    def spot(self, where: Where) -> Spot:
        """Return the place of the value at *where*, or of the innermost mapping that should hold it."""
        return next(spot for end in range(len(where), -1, -1) if (spot := self.spots.get(where[:end])))

    def lay(self, top: Mapping[Any, Any]) -> None:
        """Lay what the command line says over the files."""
        self.values = self._override(self.values, top, ())

    def _override(self, below: Any, top: Any, where: Where) -> Any:
        if not isinstance(top, Mapping):
            self.spots[where] = Spot(OPTIONS.get(where) or OPTIONS.get(where[:1], "override"))
            return top
        laid = dict(below) if isinstance(below, Mapping) else {}
        return laid | {key: self._override(laid.get(key), value, (*where, str(key))) for key, value in top.items()}


def read(path: Path, find: Find) -> Tree:
    """Return the file *path* laid over everything that it extends; raises `ScenarioError`."""
    tree = Tree()
    for file, top in reversed(_family(path, find)):
        tree.values = _Layer(file, tree.spots).laid(tree.values, top, Spot(str(file), 1, 1), ())
    tree.values.pop("extends", None)
    return tree


EQUALS = "tag:yaml.org,2002:value"
"""What YAML 1.1 makes of an equals sign that stands alone, as in a domain of Odoo's; it is meant as it stands."""


@dataclass(slots=True)
class _Layer:
    """One file on its way onto those that it extends: mappings merge, lists and single values replace."""

    file: Path
    spots: dict[Where, Spot]
    count: int = 0

    def laid(self, below: Any, node: Any, spot: Spot, where: Where) -> Any:
        self.count += 1
        if self.count > VALUES_MAX:
            raise ScenarioError((f"{spot} stands for over {VALUES_MAX} values once its aliases are written out",))
        if len(where) > NESTED_MAX:
            raise ScenarioError((f"{spot} is nested deeper than {NESTED_MAX} levels",))
        if isinstance(below, dict | list) and not (isinstance(node, CommentedMap) and isinstance(below, dict)):
            for gone in [one for one in self.spots if one[: len(where)] == where]:
                del self.spots[gone]
        self.spots[where] = spot
        if isinstance(node, CommentedMap):
            laid = dict(below) if isinstance(below, dict) else {}
            return laid | {
                key: self.laid(laid.get(key), node[key], self._spot(node, key, spot), (*where, str(key))) for key in node
            }
        if isinstance(node, CommentedSeq):
            return [self.laid(None, item, self._spot(node, place, spot), (*where, str(place))) for place, item in enumerate(node)]
        if isinstance(node, TaggedScalar) and node.tag.value == EQUALS:
            return str(node.value)
        if isinstance(node, TaggedScalar):
            raise ScenarioError((f"{spot} has the tag {node.tag.value}, which means nothing here; leave it out",))
        return node

    def _spot(self, node: Any, key: Any, otherwise: Spot) -> Spot:
        """Return the place of the value behind *key*: in *node* itself, or in what ``<<`` merges into it."""
        for holder in _with_merged(node):
            if key in (holder.lc.data or {}):
                named = isinstance(holder, CommentedMap)  # a word with nothing behind it is all that one can see
                look = (holder.lc.key if node[key] is None else holder.lc.value) if named else holder.lc.item
                line, column = look(key)
                return Spot(str(self.file), line + 1, column + 1)
        return otherwise


def _with_merged(node: Any) -> Iterator[Any]:
    yield node
    for merged in getattr(node, "merge", None) or ():
        yield from _with_merged(merged[1] if isinstance(merged, tuple) else merged)


def _family(path: Path, find: Find) -> list[tuple[Path, CommentedMap]]:
    """Return the files of *path* and of everything it extends, nearest first."""
    family: list[tuple[Path, CommentedMap]] = []
    while True:
        top = _parsed(path)
        family.append((path, top))
        parent = top.get("extends")
        if parent is None:
            return family
        line, column = top.lc.value("extends")
        at = f"{path}:{line + 1}:{column + 1} extends"
        if len(family) == EXTENDS_DEPTH_MAX:
            raise ScenarioError((f"{at} goes deeper than {EXTENDS_DEPTH_MAX} files; is it a circle?",))
        if not isinstance(parent, str) or not parent:
            raise ScenarioError((f"{at}: {parent!r} is no name of a scenario, and no path of a file",))
        try:
            sibling = path.parent / parent
            path = sibling if sibling.is_file() else find(parent)
        except UsageError as error:
            raise ScenarioError((f"{at}: {error}",)) from None
        except (OSError, ValueError) as error:  # a name that no file can have
            raise ScenarioError((f"{at}: {getattr(error, 'strerror', None) or error}",)) from None


def _parsed(path: Path) -> CommentedMap:
    text = _text(path)
    try:
        top = _loaded(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = _place(mark) if mark else "1:1"
        said = ", ".join(part for part in (error.context, error.problem) if part)
        raise ScenarioError((f"{path}:{at} is not YAML: {said}",)) from None
    except ReaderError as error:
        raise ScenarioError((f"{path}:{_at(text[: error.position])} is not YAML: {error.reason}",)) from None
    except RecursionError:
        raise ScenarioError((f"{path}:1:1 is nested too deeply to be read",)) from None
    except Exception as error:  # the parser's own: a date that is none, a number of thousands of digits
        raise ScenarioError((f"{path}:{_unreadable(text)} is a value that YAML cannot read: {error}",)) from None
    if not isinstance(top, CommentedMap):
        kind = "is empty" if top is None else "is a list" if isinstance(top, CommentedSeq) else "is a single value"
        raise ScenarioError((f"{path}:1:1 a scenario is a mapping of names to values; this file {kind}",))
    return top


@lru_cache(maxsize=TEXTS_KEPT)
def _loaded(text: str) -> Any:
    """Return what YAML says; nobody changes it, since files are laid over one another in values of their own."""
    return YAML(typ="rt").load(text)


def _unreadable(text: str) -> str:
    """Return line:col of the first single value of *text* that cannot be read by itself."""
    for node in _scalars(YAML(typ="rt").compose(text)):
        try:
            YAML(typ="safe").load(node.value)
        except Exception:
            return _place(node.start_mark)
    return "1:1"


def _scalars(node: Any) -> Iterator[Any]:
    if not isinstance(node.value, list):
        yield from [node] if node.style is None else []
        return
    for one in node.value:
        for inner in one if isinstance(one, tuple) else (one,):
            yield from _scalars(inner)


def _place(mark: Any) -> str:
    return f"{mark.line + 1}:{mark.column + 1}"


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes() if path.stat().st_size <= BYTES_MAX else None
    except OSError as error:
        raise ScenarioError((f"{path}: cannot be read: {error.strerror}",)) from None
    if raw is None:
        raise ScenarioError(
            (f"{path}:1:1 has {path.stat().st_size} bytes; a scenario has {BYTES_MAX} at most, and most have a few thousand",)
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        raise ScenarioError(
            (f"{path}:{_at(before)} cannot be read as text: byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8",)
        ) from None


def _at(before: str) -> str:
    """Return line:col of what comes after *before*."""
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
