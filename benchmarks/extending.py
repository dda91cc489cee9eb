"""The page for those who add parts of their own: ``python -m benchmarks extending`` writes docs/extending.md, without an Odoo.

The prose stands here; tables are read from the code, and examples are the files that `rehearse init` writes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.described import (
    ABOUT,
    code,
    columns,
    fields,
    happened,
    made_by,
    members,
    methods,
    objections,
    table,
    told,
    verb_names,
    words,
)
from benchmarks.series import tell
from connectors.governed.policy import Policy
from rehearsal.erp import Erp
from rehearsal.model import Answer, Delivery, Event, Finding, Instruction, Judgement, Operation, Outcome
from rehearsal.odoo.observe import MIDWAY, Table
from rehearsal.parts.actor import Carrier, Channel, Gateway, Node, Service
from rehearsal.parts.fault import THINGS, WORDS, Joint, Processes, RecordFaultSettings, TimedFaultSettings
from rehearsal.stage import paper
from rehearsal.stage.market import Connector, LiveChannel, Market
from rehearsal.stage.outside import Outside
from rehearsal.starter import examples
from rehearsal.verdict import views
from rehearsal.verdict.judge import Judged
from rehearsal.verdict.kpis import KPIS
from rehearsal.verdict.laws import areas, tables
from rehearsal.verdict.record import Record
from rehearsal.verdict.saboteurs import Saboteur
from rehearsal.vocabulary import KINDS, Kind, Role

PAGE = Path("docs/extending.md")
KERNELS = ("`about()`", "`changed(before)`")
"""What the kernel asks a thing, and no fault does."""


def main(words: Sequence[str]) -> int:
    """Write the page."""
    argparse.ArgumentParser("python -m benchmarks extending", description=__doc__).parse_args(list(words))
    PAGE.write_text("\n".join(page()) + "\n", encoding="utf-8")
    tell(f"written: {PAGE}")
    return 0


def page() -> Iterator[str]:
    """Yield the page, line by line."""
    yield "# Extending: one file each"
    yield ""
    yield "    rehearse init shop"
    yield ""
    yield "writes a project with one small part of each kind, and tests of them that need no Odoo. Its files are the examples on this"
    yield "page. A part is found by the folder that it lies in, a project's own before the bundled ones; it is checked when it is"
    yield "loaded, and told with what was found and what was expected. Nothing else needs to know of it."
    yield ""
    yield "Made by `python -m benchmarks extending`: the tables are what the code says."
    yield ""
    for section in (_scenario, _events, _actor, _fault, _connector, _policy, _record, _invariant, _report, _tests):
        yield from section()


def _scenario() -> Iterator[str]:
    yield from _section(
        "A scenario", "`scenarios/NAME.yaml`, a variant of one that is there. `rehearse scenario schema` has every word."
    )
    yield from _example("scenarios/small_friday.yaml")
    yield "A gate is a limit on a figure; [load.md](load.md) has those of load:"
    yield ""
    yield from table(("figure", "what it is"), [(code(figure.__name__), told(figure)[1]) for figure in KPIS])


def _events() -> Iterator[str]:
    yield from _section(
        "Events",
        "What happens outside is an event of some kind. Its roles say what it does to promises and money; views, figures, travel and",
        "the sentences of reports follow from them, so a kind of your own counts as soon as it has some. A simulator declares its",
        "kinds beside it (`EVENTS`, below).",
    )
    yield from table(("role", "words of its data"), [(code(role), about) for role, about in members(Role)])
    rows = [
        (code(kind.value), ", ".join(map(code, kind.data)), ", ".join(sorted(map(str, kind.roles))), _travels(kind))
        for kind in KINDS.values()
    ]
    yield from table(("kind", "data", "roles", "word of it reaches the connector"), rows)
    yield "The first of each kind on a Friday on paper, of several lines the first; whoever has one of these knows what is in the data:"
    yield ""
    yield from table(
        ("kind", "an example of its data"), [(code(kind), code(_shown(data))) for kind, (_, data) in happened().items()]
    )
    yield "Around its data, each event has:"
    yield ""
    yield from _fields(Event)


def _shown(data: Mapping[str, Any]) -> str:
    return json.dumps({word: said[:1] if isinstance(said, list) else said for word, said in data.items()}, ensure_ascii=False)


def _travels(kind: Kind) -> str:
    if not kind.told:
        return "never"
    return (
        "after its channel's `lag`"
        if kind.lag is None
        else f"after {kind.lag[0]:g} s in the median, {kind.lag[1]:g} s in the 95th percentile"
    )


def _actor() -> Iterator[str]:
    yield from _section("A simulator", "`simulators/KIND.py`: a kind of channel, node or service. `rehearse actors` lists them.")
    rows = [
        (
            "`run(env, market, actor)`",
            "A generator that acts until nothing is left to do; *actor* is a `LiveChannel`, else a code.",
        ),
        ("`Settings`", "Its words: a class that inherits one of the families below. Without it, it has those of its family."),
        ("`problems(settings, scenario, code)`", "Yields a word and a sentence for what makes no sense."),
        ("`EVENTS`", "The kinds of events that only it emits."),
    ]
    yield from table(("a module has", "which is"), rows)
    yield from _example("simulators/kiosk.py")
    yield "What it inherits its words from:"
    yield ""
    families = (Channel, Node, Service, Gateway, Carrier)
    yield from table(("`rehearsal.parts.actor`", "words"), [(code(one.__name__), words(one)) for one in families])
    yield "What it may do with the market, beside reading `scenario`, `world`, `demand` and `shelf`:"
    yield ""
    yield from table(("`market.`", "does"), methods(Market, "what simulators use", "what the pipeline uses"))
    yield from table(("`channel.`", "does"), methods(LiveChannel))


def _fault() -> Iterator[str]:
    yield from _section(
        "A fault",
        "`simulators/faults/NAME.py`. What `strike` returns is compared with what it was given; if nothing changed, nothing fired.",
        "`rehearse faults` lists them.",
    )
    rows = [
        ("`AT`", "Where it strikes, one of the joints below."),
        ("`Settings`", "Its words; what it inherits depends on the joint."),
        ("`strike(fault, thing, rng)`", "Returns the thing as it is afterwards."),
        ("`concerns(fault, thing)`", "Whether it is about this thing at all; asked before the share is drawn. May be left out."),
        ("`key(thing)`", "Things of one key share their fate. May be left out."),
        ("`problems(fault, scenario)`", "Yields a word and a sentence for what makes no sense. May be left out."),
    ]
    yield from table(("a module has", "which is"), rows)
    yield from _example("simulators/faults/slow_line.py")
    joints = [
        (code(f"Joint.{joint.name}"), comment, code(WORDS[joint].__name__), ", ".join(WORDS[joint].model_fields))
        for joint, (_, comment) in zip(Joint, members(Joint), strict=True)
    ]
    yield from table(("joint", "what strikes there is given", "`Settings` inherits", "words"), joints)
    yield "What is given is a frozen dataclass (`dataclasses.replace` makes another one of it), except for the processes:"
    yield ""
    for thing in (*THINGS.values(), Processes):
        said = [(name, about) for name, _, about in fields(thing)] + [row for row in methods(thing) if row[0] not in KERNELS]
        yield from table((f"`{thing.__name__}.`", "is, or returns"), said)
    yield "Words that are shared:"
    yield ""
    yield from table(("word", "type", "is"), [*fields(TimedFaultSettings), *fields(RecordFaultSettings)])


def _connector() -> Iterator[str]:
    yield from _section(
        "A connector",
        "The integration under test: `connectors/NAME.py` with a class `Connector`, or any class by `package.module:Class`. A handler",
        "is a generator: `answer = yield erp.ask(operation)`. Whatever it raises is a dead letter with file and line. One that polls or",
        "pushes takes `start(erp, outside)`.",
    )
    yield from table(("method", "does"), methods(Connector))
    yield from _example("connectors/shop.py")
    yield "What it is given:"
    yield ""
    yield from table(("`erp.`", "does"), methods(Erp))
    yield from table(("`outside.`", "does"), methods(Outside))
    yield from _fields(Delivery)
    yield from _fields(Operation)
    yield from _fields(Answer)
    yield from table(
        ("`Outcome`", "means"), [(code(outcome), about or "Odoo did what was asked") for outcome, about in members(Outcome)]
    )
    yield "`rehearsal.odoo.verbs` makes the operations that retailers need; `insist` asks again where that is safe, `must` does not:"
    yield ""
    yield ", ".join(code(name) for name in verb_names()) + "."
    yield ""
    yield "What follows from an event is a list of instructions:"
    yield ""
    yield from _fields(Instruction)
    yield from table(("instruction", "its data", "what is said without"), objections())


def _policy() -> Iterator[str]:
    yield from _section(
        "A policy",
        "`connectors/governed/policies/NAME.py`: a rule of the governed connector. `Rule` lies over those that are on, a project's",
        "own outermost, and asks `super()` for what it leaves as it is; off, it is out of the pile. `PREVENTS` names the scenarios",
        "that fail without it. `rehearse policies` lists them.",
    )
    yield from _example("connectors/governed/policies/piece_in_the_window.py")
    yield from table(("a rule may say", "which decides"), methods(Policy))


def _record() -> Iterator[str]:
    yield from _section(
        "The record, in SQL",
        "Scenario, history and Odoo's books as tables and views of DuckDB: all that an invariant, a figure or a report may see. Times",
        "are scenario seconds (`_s`), money is whole minor units (`_minor`), quantities are pieces. `order` is a word of SQL: write",
        '`"order"`. `i` is the place of a line in the history.',
    )
    yield from table(("`record.`", "does"), methods(Record))
    history = ["history", *made_by(views.HISTORY_VIEWS + views.HISTORY_TABLES), *made_by(views.PROMISES), "book", "gone_before"]
    yield "Of the outside, from the history:"
    yield ""
    yield from table(("view", "is", "columns"), [(code(view), ABOUT[view], columns(view)) for view in history])
    yield "Of Odoo's books, read at the end; those of `open_` again and again, while orders are open:"
    yield ""
    rows = [(code(f"erp_{one.name}"), code(one.model), columns(f"erp_{one.name}")) for one in (*tables(), *MIDWAY)]
    yield from table(("view", "read of", "columns"), rows)
    yield "Made of them, in the words of the scenario:"
    yield ""
    yield from table(
        ("view", "is", "columns"), [(code(view), ABOUT[view], columns(view)) for view in made_by(views.SNAPSHOT_VIEWS)]
    )
    if own := [(view, area.path.name) for area in areas() for view in made_by(area.views)]:
        yield "Brought by invariants:"
        yield ""
        yield from table(("view", "of", "columns"), [(code(view), code(name), columns(view)) for view, name in own])


def _invariant() -> Iterator[str]:
    yield from _section(
        "An invariant",
        "`assertions/AREA.py`: functions of the record. The docstring is the sentence that can be false; what examined nothing has",
        "not held. `rehearse assertions` lists them, `rehearse check RUN` judges an old run by a new one.",
    )
    rows = [
        ("`AREA`", "A word, under which it is told."),
        ("`INVARIANTS`", "A tuple of functions of a `Record` that return a `Judgement`."),
        ("`FROM_HISTORY`", "Those of them that need none of Odoo's books. May be left out."),
        ("`TABLES`", "What must be read of Odoo beside the tables above: a tuple of `Table`. May be left out."),
        ("`VIEWS`", "SQL that is run when a record is opened. May be left out."),
    ]
    yield from table(("a module has", "which is"), rows)
    yield from _example("assertions/house_rules.py")
    for kind in (Judgement, Finding, Table):
        yield from _fields(kind)
    yield "What proves that an invariant of Odoo's books can see is a saboteur, a deliberate bug in a copy of a finished run:"
    yield "`SABOTEURS` in `fixtures/saboteurs/AREA.py`, a dict by name."
    yield ""
    yield from _fields(Saboteur)


def _report() -> Iterator[str]:
    yield from _section(
        "A report",
        "`reports/NAME.py`: `write(record, judged, folder)`, called at the end of each run, and by `rehearse report RUN`.",
    )
    yield from _example("reports/ratings.py")
    yield from _fields(Judged)


def _tests() -> Iterator[str]:
    yield from _section(
        "Its tests",
        "`rehearsal.stage.paper` plays a scenario without any Odoo, in a fraction of a second. A run on a real one is a test by",
        "`pytest --run-dir=runs/latest`.",
    )
    yield from table(("`paper.`", "does"), [told(paper.weekend), told(paper.opened), told(paper.connected)])
    yield from _example("tests/test_house.py")


def _section(title: str, *prose: str) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield from prose
    yield ""


def _fields(kind: type) -> Iterator[str]:
    yield from table((f"`{kind.__name__}.`", "type", "is"), fields(kind))


def _example(name: str) -> Iterator[str]:
    """Yield a file of the new project, as it is written."""
    (found,) = (one for one in examples() if one.name == name)
    yield code(name)
    yield ""
    yield "```yaml" if name.endswith(".yaml") else "```python"
    yield from found.text.rstrip("\n").split("\n")
    yield "```"
    yield ""
