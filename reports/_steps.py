"""What to do next: for a run that failed its cure, for an undecided one what fits the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.model import counted
from rehearsal.parts.bounds import duration
from rehearsal.verdict.judge import NOTHING
from rehearsal.verdict.repeat import first
from reports._missing import CRASHED, NO_CONNECTOR, SIMULATOR
from reports._span import span_of
from reports._wording import Facts, figure_name, in_words, repeat, some

LISTED = "Method and line are under “Dropped by the connector”."


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next: a sentence and, where one helps, a command."""

    text: str
    command: str = ""


def steps(run: Facts) -> list[Step]:
    """Return what to do next, the first thing first."""
    found: list[Step] = []
    noun = span_of(run.scenario).noun
    if before := first(run.summary["target"]):
        found.append(Step(f"Before any of these commands: {before}."))
    if run.verdict == "undecided":
        return [*found, *_undecided(run, noun)]
    if run.verdict == "fail":
        return [*found, *_failed(run, noun)]
    return [*found, Step(f"Play the same {noun} with other seeds before you trust it; this run repeats with:", repeat(run))]


def _failed(run: Facts, noun: str) -> Iterator[Step]:
    scenario = run.scenario
    if run.findings:
        yield Step("Read the first chapter and the story of one of its orders: its last line says what never happened.")
    for gate in (one for one in run.summary["gates"] if one["held"] is False):
        yield Step(
            f"The limit on {figure_name(gate['figure'])} was missed ({gate['value']}, wanted {gate['limit']}): what it counts stands under “Figures”."
        )
    if scenario.cure and scenario.cure != scenario.connector:
        yield Step(f"See the same {noun} with the connector {scenario.cure}:", repeat(run, scenario.cure))
    yield Step(f"After a change, play this {noun} again:", repeat(run))
    yield Step("Then see what is new, ongoing and fixed between the two run folders:", "rehearse compare RUN_BEFORE RUN_AFTER")


def _undecided(run: Facts, noun: str) -> Iterator[Step]:
    """Yield what fits the reason why nothing is decided: first what spoils the whole run, then the rest of it."""
    again = Step(f"Then play the same {noun} again; the same seed meets the same shoppers:", repeat(run))
    whole = list(_whole(run, noun))
    if whole:
        yield from whole
        return
    partial = list(_partial(run))
    yield from partial
    if any(_crashed(one) for one in run.invariants) and len(partial) == 1:
        return  # the record is whole: nothing needs to be played again
    yield again if partial else Step("Read the reason beside each invariant that is undecided, then repeat the run:", repeat(run))


def _whole(run: Facts, noun: str) -> Iterator[Step]:
    """Yield what to do about a run that proves nothing at all."""
    summary = run.summary
    if damages := summary["damages"]:
        if all("snapshot/" in damage for damage in damages):
            yield Step(
                "Read Odoo's books again, if the database was kept (`--keep`); RUN is the folder of this report:",
                "rehearse observe RUN",
            )
            yield Step(f"If it was not kept, play the same {noun} again:", repeat(run))
        else:
            yield Step(f"Get the run folder back as it was written, or play the same {noun} again:", repeat(run))
    elif aborted := summary["aborted"]:
        yield _mended(aborted)
        yield Step(f"Then play the same {noun} again:", repeat(run))
    elif not summary.get("finished", True):
        if any(fault["armed"] > fault["healed"] for fault in summary.get("faults", ())):
            yield Step(
                "Take back what was still disturbed when the run was killed; RUN is the folder of this report:", "rehearse heal RUN"
            )
        yield Step(
            f"Let the {noun} play to {'their' if noun.endswith('s') else 'its'} end; the same seed meets the same shoppers:",
            repeat(run),
        )
    elif (summary.get("load") or {}).get("trouble"):
        yield Step(
            "The harness could not keep up, so this says nothing about Odoo: take less speed (`clock: {speedup: …}`, now "
            f"{run.scenario.clock.speedup:g}), fewer lanes (`--users`), or more `--workers`, and run it again:",
            repeat(run),
        )


def _mended(aborted: str) -> Step:
    if SIMULATOR in aborted:
        return Step("Mend the simulator that failed: its file and line stand with the reason above.")
    if NO_CONNECTOR in aborted:
        return Step("Mend how the connector is made: its file and line stand with the reason above.")
    return Step(f"Mend the connector where it ended the run. {LISTED}")


def _partial(run: Facts) -> Iterator[Step]:
    """Yield what to do about the parts of a whole run that are undecided."""
    summary = run.summary
    if crashed := [in_words(one["id"]) for one in run.invariants if _crashed(one)]:
        yield Step(
            f"Mend {some(crashed, 4, ', ')} in assertions/: where it crashed stands beside it. Then judge this run again, without Odoo:",
            "rehearse check RUN",
        )
    if letters := summary["counts"].get("dead_letters", 0):
        cure = run.scenario.cure
        other = f" Or see how the connector {cure} does it: {repeat(run, cure)}." if cure and cure != run.scenario.connector else ""
        yield Step(f"Mend the connector where it dropped {counted(letters, 'event')}. {LISTED}{other}")
    if not summary["rested"]:
        yield Step(
            f"Something was still going on {duration(run.scenario.settle.limit)} after the doors had closed: look for what the connector "
            "asks again and again (what it does by the clock belongs into `outside.every`), or give it more time with `settle: {limit: …}`."
        )
    yield from (_exercised(run, one) for one in summary.get("exercised", ()) if one["done"] < one["wanted"])
    yield from (
        Step(
            f"Gate {figure_name(gate['figure'])} {gate['limit']} has no figure here: take it out, or use `rehearse load` where it is about pressure."
        )
        for gate in summary["gates"]
        if gate["held"] is None
    )
    if empty := [
        in_words(one["id"]) for one in run.invariants if one["verdict"] == "undecided" and one["because"] in ("", NOTHING)
    ]:
        yield Step(
            f"Nothing came up that could be held against: {some(empty, 4)}. Let the scenario have what they are about, or more of it."
        )
    if summary["crashed"]:
        yield Step(
            "A figure could not be computed: what it stumbled over stands with the reason above; please report it with the run folder."
        )


def _exercised(run: Facts, one: Mapping[str, Any]) -> Step:
    """Return what to change in the scenario for something that happened too rarely, by what it is."""
    kind, _, name = one["what"].partition(" ")
    lack = f"{one['said'][:1].upper()}{one['said'][1:]}. "
    return Step(
        lack
        + {
            "channel": f"Give channel {name} more `orders`, or the scenario more days; or ask for less under `exercised`.",
            "tender": f"Let a channel take {name} more often (`tenders`), or ask for less under `exercised`.",
            "fault": f"Give the fault {name} a larger `share`, more `times` or an earlier `begins`, or take it out of `faults`.",
            "invariant": f"Let the scenario have more of what {in_words(name)} is about, or ask for less under `exercised`.",
            "orders": "Whoever cancels nearly every order sells nothing: look at the connector's reasons, or at too little stock.",
        }.get(kind, "Give the scenario more orders or days, or ask for less under `exercised`.")
    )


def _crashed(one: Mapping[str, Any]) -> bool:
    return one["verdict"] == "undecided" and str(one["because"]).startswith(CRASHED)
