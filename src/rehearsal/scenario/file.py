"""Scenario files: YAML 1.2 in, one frozen `Scenario` out, or all problems with file:line:col.

``extends: NAME`` lays a file over another one, mapping by mapping; lists and single values replace.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from pydantic import BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema
from ruamel.yaml import YAML

from rehearsal.errors import ScenarioError
from rehearsal.parts.actor_kinds import actor_kinds, reader_of
from rehearsal.parts.bounds import minor_units, nearest, second_of_day, seconds
from rehearsal.parts.fault_kinds import fault_kind, fault_kinds
from rehearsal.parts.part import Part
from rehearsal.scenario import Channel, Node, Scenario, Service
from rehearsal.scenario import checks as scenario_checks
from rehearsal.scenario import presence as scenario_parts
from rehearsal.scenario.channels import clock
from rehearsal.scenario.problem import Problem
from rehearsal.scenario.readable import readable
from rehearsal.scenario.tree import Find, Spot, Tree, Where, read

SHOWN_MAX = 60
FAMILIES: Mapping[str, type[Part]] = {"channels": Channel, "nodes": Node, "services": Service}
SHAPES = {"model_type": "mapping of words to values", "dict_type": "mapping of names to values", "tuple_type": "list"}
PROBLEMS_MAX = 100


def load(path: Path, find: Find, overrides: Mapping[str, Any] | None = None, parts: bool = False) -> Scenario:
    """Return the scenario in *path*, with *overrides* laid over it (from the command line).

    With *parts*, what it names must be here as well: simulators, connectors, back-office roles. Without, a run of
    another project can be read. Raises `ScenarioError` with one line per problem.
    """
    tree = read(path, find)
    tree.lay(overrides or {})
    problems, scenario = _seen(tree.values)
    problems += scenario_checks.problems(scenario)
    if parts:
        problems += scenario_parts.problems(scenario)
    if problems:
        raise ScenarioError(_told(tree, problems))
    return scenario


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
    _describe_parts(described)
    described["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(described, indent=2, sort_keys=True)


def _describe_parts(described: dict[str, Any]) -> None:
    """Put the words of every fault and every actor of the project path in the place of those that all have."""
    faults = {f"fault.{name}": ("name", name, kind.sentence, kind.settings) for name, kind in fault_kinds().items()}
    described["properties"]["faults"]["items"] = {"oneOf": _described(described, faults)}
    for family, base in FAMILIES.items():
        kinds = {
            f"{family[:-1]}.{name}": ("kind", name, kind.sentence, kind.settings or base)
            for name, kind in actor_kinds().items()
            if kind.settings is None or issubclass(kind.settings, base)
        }
        shapes = {"anyOf": _described(described, kinds)}
        for holder in described["properties"][family].get("anyOf", [described["properties"][family]]):
            holder |= (
                {"patternProperties": dict.fromkeys(holder["patternProperties"], shapes)} if "patternProperties" in holder else {}
            )
    for unused in ("Fault", "Channel", "Node", "Service"):
        described["$defs"].pop(unused, None)


def _described(described: dict[str, Any], parts: Mapping[str, tuple[str, str, str, type[Part]]]) -> list[dict[str, str]]:
    """Add a definition for each of *parts* (the word that names it, its name, its sentence, its settings); return references."""
    schemas, definitions = models_json_schema(
        [(settings, "validation") for *_, settings in parts.values()], ref_template="#/$defs/{model}", by_alias=True
    )
    shapes = {key: definitions["$defs"][schemas[part[3], "validation"]["$ref"].rpartition("/")[2]] for key, part in parts.items()}
    for key, (word, name, sentence, _) in parts.items():
        shape = shapes[key]
        properties = {**shape["properties"], word: {"const": name, "description": sentence}}
        required = [one for one in shape.get("required", []) if key.partition(".")[0] != "service" or one != word]
        described["$defs"][key] = {**shape, "properties": properties, "required": required, "title": name, "description": sentence}
    inner = {schemas[part[3], "validation"]["$ref"].rpartition("/")[2] for part in parts.values()}
    described["$defs"] |= {name: shape for name, shape in definitions["$defs"].items() if name not in inner}
    return [{"$ref": f"#/$defs/{key}"} for key in parts]


def _seen(values: Mapping[str, Any]) -> tuple[list[Problem], Scenario]:
    """Return what is wrong with single words of *values*, and as much of a scenario as can be read."""
    try:
        return [], Scenario.model_validate(values)
    except ValidationError as error:
        errors = error.errors()
        inside = {one["loc"][:-1] for one in errors}
        told = [one for one in errors if one["type"] != "too_short" or one["loc"] not in inside]  # items were left out
        return [Problem.at(_of_part(one, values) or _words(one), *_place(one["loc"])) for one in told], readable(values)


def _place(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    return tuple(part for part in location if part != "[key]")


def _told(tree: Tree, problems: list[Problem]) -> tuple[str, ...]:
    """Return one line per problem, in order of their places."""
    lines = sorted(dict.fromkeys(_line(tree, problem) for problem in problems))
    told = [line for _, line in lines[:PROBLEMS_MAX]]
    return (*told, *([f"and {len(lines) - PROBLEMS_MAX} problem(s) more"] if len(lines) > PROBLEMS_MAX else []))


def _line(tree: Tree, problem: Problem) -> tuple[Spot, str]:
    places: list[Where] = [tuple(str(part) for part in place) for place in problem.places]
    there = next((place for place in places if place in tree.spots), places[0])
    spot = tree.spot(there)
    if spot.file.startswith("--"):  # the option says which word it is
        return spot, f"{spot}: {problem.sentence}"
    return spot, f"{spot} {'.'.join(places[0])}: {problem.sentence}"


def _of_part(problem: Any, values: Mapping[str, Any]) -> str:
    """Return what is wrong with a word of a fault or an actor, as its own module has it; empty: nothing that only it can say."""
    where, what = problem["loc"], problem["type"]
    if len(where) != 3 or what not in ("extra_forbidden", "missing"):
        return ""
    word = where[2]
    if where[0] == "faults" and word != "name":
        name = values["faults"][where[1]]["name"]
        words = fault_kind(name).words
        if what == "missing":
            return f"{name} needs {word}: {words[word].description}"
        return f"{name} does not read {word}; it reads {', '.join(words)}"
    if where[0] in FAMILIES and what == "extra_forbidden":
        kind = values[where[0]][where[1]].get("kind", where[1]) if isinstance(values[where[0]], Mapping) else where[1]
        return f"{kind} does not read {word}{nearest(str(word), reader_of(FAMILIES[where[0]], kind).model_fields)}"
    return ""


def _meant(where: tuple[int | str, ...]) -> str:
    """Return the words that there are beside the one at *where*, or the nearest of them."""
    part: Any = Scenario
    for word in where[:-1]:
        fields = getattr(part, "model_fields", {})
        part = fields[word].annotation if word in fields else None
    fields = getattr(part, "model_fields", {})
    return nearest(str(where[-1]), fields) if fields else ""


def _words(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"is no word of a scenario here{_meant(problem['loc'])}; `rehearse scenario schema` lists them"
    if problem["type"] == "missing":
        return "is missing"
    if problem["type"] == "value_error":
        return message  # ours, and names the value
    shown = repr(problem.get("input"))
    if problem["type"] in SHAPES:
        message = f"is no {SHAPES[problem['type']]}"
    return message if len(shown) > SHOWN_MAX or shown in message else f"{message} (it is {shown})"


def _written(value: Any) -> Any:
    """Return *value* in the words of a scenario file: durations, amounts and clock times as text."""
    if hasattr(value, "model_fields_set"):
        words = {name: _as_text(getattr(value, name), field) for name, field in type(value).model_fields.items()}
        return words | (value.model_extra or {})  # of a part that this project path does not have; deadlines of declared modes
    if isinstance(value, Mapping):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_written(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def _as_text(value: Any, field: FieldInfo) -> Any:
    if value is None:
        return None
    for reader in _readers(field):
        if reader is seconds:
            return f"{value}s"
        if reader is minor_units:
            return f"{value // 100}.{value % 100:02d}"
        if reader is second_of_day:
            return clock(value)
    return _written(value)


def _readers(field: FieldInfo) -> Iterator[Any]:
    """Yield what reads the values of *field*, or of either side of a word that may be left empty."""
    for told in (*field.metadata, *(one for kind in get_args(field.annotation) for one in get_args(kind)[1:])):
        if isinstance(told, BeforeValidator):
            yield told.func
