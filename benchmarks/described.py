"""What the code says of itself, as rows of tables: fields and methods with their sentences, members with their comments, views."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rehearsal import project
from rehearsal.history import lines
from rehearsal.model import Instruction, InstructionKind, World
from rehearsal.odoo import verbs
from rehearsal.scenario import file as scenario_file
from rehearsal.stage import instructions
from rehearsal.stage.paper import weekend
from rehearsal.verdict.record import Record

Row = tuple[str, ...]
MEMBER = re.compile(r'^\s+\w+ = "([^"]+)"\s*(?:# (?:noqa: \w+ - )?(.*))?$', re.MULTILINE)

ABOUT: Mapping[str, str] = {
    "history": "Every line as it was written; `kind` says of what. The views below are made of it.",
    "events": "What happened outside; `roles` are those of a kind of your own.",
    "deliveries": "Each arrival of word of an event at the connector; a duplicate has `attempt` 2 or more.",
    "operations": "What the connector asked of Odoo; `cause` is the event behind it.",
    "answers": "How an operation ended: `ok`, `refused` or `unknown`.",
    "instructions": "What the connector asked of actors outside.",
    "phases": "simulate, settle, rest, observe: how far the run came.",
    "dead_letters": "What the connector dropped, why, and at which line of it.",
    "resolutions": "What became of an operation whose outcome was unknown.",
    "publications": "What a channel was told that it may sell.",
    "orders": "Accepted orders and till tickets (`till`).",
    "order_lines": "What was ordered.",
    "handed": "Goods that left a node, to a customer or a carrier.",
    "money": "Captured (+, `taken`) and given back (-), in minor units.",
    "effects": "When the last operation that an event made the connector write was answered with success.",
    "doubts": "Orders touched by an operation of which nobody knows whether it was done.",
    "handovers": "When a node (NULL: any) first had an order ready, and handed it over.",
    "promises": "What was accepted (+), moved (- and +), substituted (- and +) or cancelled (-), line by line.",
    "parts": "What a node keeps of an order, and when it was ready and handed over.",
    "endings": "Orders that are at their end: handed_over or cancelled.",
    "due": "An order's total, less what was cancelled of it.",
    "book": "Opening stock, as the books said.",
    "gone_before": "Units that had left a node by the time the doors opened, by the books, and for where (customer, inventory).",
    "erp_products": "Odoo's id of a SKU.",
    "erp_nodes": "Odoo's id of a node's warehouse.",
    "erp_journals": "Odoo's id of a tender's journal.",
    "erp_tills": "Odoo's id of a till.",
    "erp_methods": "Odoo's id of a payment method of a till.",
    "money_booked": "Payments in Odoo, of orders and of tickets.",
    "money_breaks": "Both sides of every order, tender and direction: moved outside, booked in Odoo.",
}
"""What the rows of each view are, beside those that are of one table of Odoo's."""


def table(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield a table of Markdown, and an empty line after it."""
    yield _line(head)
    yield "|" + "---|" * len(head)
    yield from map(_line, rows)
    yield ""


def code(text: str) -> str:
    """Return *text* as code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def fields(kind: type) -> list[Row]:
    """Return the fields that a class itself declares, each with its type and the sentence below it."""
    body = _tree(kind).body
    found: list[Row] = []
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            said = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            found.append((code(node.target.id), code(_type(node.annotation)), _sentence(str(said))))
    return found


def words(kind: type) -> str:
    """Return the names of the fields that a class itself declares."""
    return ", ".join(name for name, *_ in fields(kind))


def methods(kind: type, after: str = "", before: str = "") -> list[Row]:
    """Return the public methods of a class, with their sentences; those between two of its comments where they are named."""
    source = inspect.getsource(kind).splitlines()
    first = next(place for place, line in enumerate(source, start=1) if after in line)
    last = next((place for place, line in enumerate(source, start=1) if before and before in line), len(source))
    own = [node.name for node in _tree(kind).body if isinstance(node, ast.FunctionDef) and first <= node.lineno <= last]
    return [told(getattr(kind, name)) for name in own if not name.startswith("_") and not isinstance(getattr(kind, name), property)]


def told(function: Callable[..., Any]) -> Row:
    """Return the call of a function, and its sentence."""
    found = [one for name, one in inspect.signature(function).parameters.items() if name != "self"]
    shown = ", ".join(one.name if one.default is one.empty else f"{one.name}={_default(one.default)}" for one in found)
    return code(f"{function.__name__}({shown})"), _sentence(function.__doc__ or "")


def members(kind: type[Enum]) -> list[tuple[str, str]]:
    """Return the values of an enumeration, each with the comment beside it."""
    found = [(name, comment or "") for name, comment in MEMBER.findall(inspect.getsource(kind))]
    assert [name for name, _ in found] == [one.value for one in kind], f"{kind.__name__} is not written as it is read here"
    return found


@cache
def happened() -> dict[str, tuple[frozenset[str], dict[str, Any]]]:
    """Return what events of each kind said on a Friday on paper: every word of them, and the data of the first one."""
    scenario = scenario_file.load(project.scenario_path("promo_day"), project.scenario_path)
    found: dict[str, tuple[frozenset[str], dict[str, Any]]] = {}
    with TemporaryDirectory() as folder:
        weekend(scenario, Path(folder))
        for line in lines(Path(folder) / "history"):
            if line["kind"] == "event":
                told, first = found.get(line["type"], (frozenset(), line["data"]))
                found[line["type"]] = told | set(line["data"]), first
    return found


@cache
def views() -> dict[str, dict[str, str]]:
    """Return every table and view of a record with its columns and their types, in the order in which they are made."""
    scenario = scenario_file.load(project.scenario_path("promo_day"), project.scenario_path)
    with TemporaryDirectory() as folder, Record(scenario, World((), (), {}, {}), Path(folder), blank=True) as record:
        rows = record.rows(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_name <> 'found' "
            "ORDER BY table_name, ordinal_position"
        )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return found


def columns(view: str) -> str:
    """Return the columns of a view, with their types."""
    return ", ".join(f"`{name}` {kind}" for name, kind in views()[view].items())


def made_by(sql: str) -> list[str]:
    """Return the names of the tables and views that *sql* makes."""
    return re.findall(r"CREATE (?:OR REPLACE )?(?:VIEW|TABLE) (\w+)", sql)


def verb_names() -> list[str]:
    """Return the names of what asks Odoo for something, in the order of their module."""
    return [name for name, one in vars(verbs).items() if callable(one) and one.__module__ == verbs.__name__ and name[0].islower()]


def objections() -> Iterator[tuple[str, str, str]]:
    """Yield each word of each instruction with what is said to who leaves it out: the kernel's own objection."""
    scenario = scenario_file.load(project.scenario_path("promo_day"), project.scenario_path)
    basket = [{"sku": "TEE", "units": 1}]
    whole = (
        Instruction(
            InstructionKind.FULFIL,
            "dc",
            "webshop",
            "W1",
            {"request": "SO7", "mode": "home_delivery", "lines": basket, "patience_s": 0},
        ),
        Instruction(InstructionKind.CANCEL, "webshop", "webshop", "W1", {"reason": "out of stock", "lines": basket}),
        Instruction(
            InstructionKind.REFUND, "gateway", "webshop", "W1", {"reference": "RF-W1", "tender": "card", "amount_minor": 1500}
        ),
    )
    about = dict(members(InstructionKind))
    for one in whole:
        for word in one.data:
            less = replace(one, data={name: said for name, said in one.data.items() if name != word})
            objection, nothing = (instructions.objection(each, scenario, ("TEE",), (("webshop", "W1"),)) for each in (less, one))
            assert not nothing, nothing
            yield f"{code(one.kind)} {about[one.kind]}", code(word), objection.partition(": ")[2] or "it may be left out"


def _default(value: object) -> str:
    return value.__name__ if isinstance(value, type) else repr(value)


def _line(cells: Row) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _tree(kind: type) -> ast.ClassDef:
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(found, ast.ClassDef)
    return found


def _type(node: ast.expr) -> str:
    """Return a type as it is written; of a bounded one, what it is without its bounds."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Annotated" and isinstance(node.slice, ast.Tuple):
        return ast.unparse(node.slice.elts[0])
    return ast.unparse(node)


def _sentence(text: str) -> str:
    """Return the first paragraph of a docstring, on one line, in the marks of Markdown."""
    return " ".join(text.strip().split("\n\n")[0].split()).replace("``", "`")
