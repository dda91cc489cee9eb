"""Scenario files: YAML 1.2 in, one frozen `Scenario` out, or all problems with file:line:col.

``extends: NAME`` lays a file over another one, mapping by mapping; lists and single values replace.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from rehearsal.errors import ScenarioError
from rehearsal.scenario import Scenario

EXTENDS_DEPTH_MAX = 8
Tree = tuple[Path, CommentedMap]
Find = Callable[[str], Path]
"""Turns the name behind ``extends:`` into a path; raises `UsageError` when there is none."""


def load(path: Path, find: Find, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Return the scenario in *path*, with *overrides* laid over it (from the command line).

    Raises `ScenarioError` with one line per problem.
    """
    trees = _family(path, find)
    merged: dict[str, Any] = {}
    for _, tree in reversed(trees):
        merged = _laid_over(merged, tree)
    merged.pop("extends", None)
    merged = _laid_over(merged, overrides or {})
    try:
        return Scenario.model_validate(merged)
    except ValidationError as error:
        problems = tuple(f"{_position(trees, tuple(problem['loc']))} {_words(problem)}" for problem in error.errors())
        raise ScenarioError(problems) from None


def dump(scenario: Scenario) -> str:
    """Return *scenario* as YAML, every default written out; loading it again gives the same scenario."""
    text = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(_written(scenario), text)
    return text.getvalue()


def schema() -> str:
    """Return the JSON Schema of scenario files."""
    described = Scenario.model_json_schema(mode="validation")
    described["properties"]["extends"] = {
        "type": "string",
        "description": "Name or path of the scenario that this one is laid over.",
    }
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(described, indent=2, sort_keys=True)


def _family(path: Path, find: Find) -> list[Tree]:
    """Return the trees of *path* and of everything it extends, nearest first."""
    trees: list[Tree] = []
    while True:
        tree = _parsed(path)
        trees.append((path, tree))
        parent = tree.get("extends")
        if parent is None:
            return trees
        if len(trees) == EXTENDS_DEPTH_MAX:
            raise ScenarioError((f"{path}:1:1 extends goes deeper than {EXTENDS_DEPTH_MAX} files; is it a circle?",))
        sibling = path.parent / str(parent)
        path = sibling if sibling.is_file() else find(str(parent))


def _parsed(path: Path) -> CommentedMap:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError((f"{path}: cannot be read as text: {error}",)) from None
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        raise ScenarioError((f"{path}:{at} is not YAML: {error.problem or error.context}",)) from None
    if not isinstance(tree, CommentedMap):
        raise ScenarioError(
            (f"{path}:1:1 a scenario is a mapping of names to values; this file is {type(tree).__name__}",)
        )
    return tree


def _laid_over(base: Mapping[str, Any], top: Mapping[Any, Any]) -> dict[str, Any]:
    merged: dict[Any, Any] = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        if isinstance(value, Mapping):
            merged[key] = _laid_over(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def _position(trees: list[Tree], location: tuple[int | str, ...]) -> str:
    """Return file:line:col of the deepest part of *location* that some file of the family holds."""
    parts = [part for part in location if part != "[key]"]
    best: tuple[int, Path, int, int] = (-1, trees[0][0], 0, 0)
    for path, tree in trees:
        node: Any = tree
        depth, line, column = 0, 0, 0
        for part in parts:
            if not isinstance(node, CommentedBase):
                break
            key = _key(node, part)
            if key is None:
                break
            spot = _spot(node, key)
            line, column = spot or (line, column)
            node = node[key]  # type: ignore[index]
            depth += 1
        if depth > best[0]:
            best = (depth, path, line, column)
    _, path, line, column = best
    name = ".".join(str(part) for part in parts)
    return f"{path}:{line + 1}:{column + 1} {name}:" if name else f"{path}:{line + 1}:{column + 1}"


def _key(node: Any, part: int | str) -> Any:
    """Return the key of *part* in *node*; pydantic tells integer keys as text."""
    if isinstance(node, list):
        return part if isinstance(part, int) and part < len(node) else None
    for key in (part, int(part) if isinstance(part, str) and part.isdigit() else part):
        if key in node:
            return key
    return None


def _spot(node: CommentedBase, key: Any) -> tuple[int, int] | None:
    """Return line and column of the value behind *key*; None when YAML merged it from elsewhere."""
    try:
        where = node.lc.value(key) if isinstance(node, CommentedMap) else node.lc.item(key)
    except (KeyError, AttributeError, TypeError):
        return None
    return (where[0], where[1])


def _words(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return "is no word of a scenario here; `rehearse scenario schema` lists them"
    if problem["type"] == "missing":
        return "is missing"
    shown = repr(problem.get("input"))
    return message if len(shown) > 60 or shown in message else f"{message} (it is {shown})"


def _written(value: Any, field: str = "") -> Any:
    """Return *value* in the words of a scenario file: durations, amounts and clock times as text."""
    if hasattr(value, "model_fields_set"):
        kinds = type(value).__annotations__
        return {name: _as_text(getattr(value, name), str(kinds.get(name, ""))) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_written(item) for item in value]
    return value


def _as_text(value: Any, kind: str) -> Any:
    if kind == "Duration":
        return f"{value}s"
    if kind == "Money":
        return f"{value // 100}.{value % 100:02d}"
    if kind == "ClockTime":
        return f"{value // 3600:02d}:{value % 3600 // 60:02d}"
    return _written(value)
