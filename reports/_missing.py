"""What keeps a run from being decided: each reason in a sentence, with what only who mends it needs as its detail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rehearsal.model import counted
from reports._wording import Facts, figure_name, in_words, some

CRASHED = "the invariant itself crashed: "
SIMULATOR = "a simulator failed"
NO_CONNECTOR = "the connector could not be made"


@dataclass(frozen=True, slots=True)
class Missing:
    """One reason."""

    text: str
    detail: str = ""
    """Error, file and line, where there are any."""


def missing(run: Facts) -> list[Missing]:
    """Return everything that keeps this run from being decided; empty when nothing does."""
    summary = run.summary
    said = [Missing(f"The record is not what was written: {damage}.") for damage in summary["damages"]]
    said += _early(run)
    said += _undecided(run)
    said += [
        Missing(f"Gate {figure_name(gate['figure'])} {gate['limit']}: the figure does not exist in this run.")
        for gate in summary["gates"]
        if gate["held"] is None
    ]
    said += [Missing(trouble) for trouble in (summary.get("load") or {}).get("trouble", ())]
    if letters := summary["counts"].get("dead_letters", 0):
        said.append(
            Missing(
                f"The connector dropped {counted(letters, 'event')}, and nobody handled {'it' if letters == 1 else 'them'} afterwards."
            )
        )
    said += [_uncomputed(crashed) for crashed in summary["crashed"]]
    if summary["finished"] and not summary["rested"]:
        said.append(Missing("Something was still under way when the time for settling was over."))
    if idle := summary["idle"]:
        said.append(Missing(f"Not exercised enough: {some(idle, 4)}."))
    return said


def _early(run: Facts) -> Iterator[Missing]:
    """Yield why the run did not reach its end."""
    aborted = run.summary["aborted"]
    if not aborted:
        if not run.summary.get("finished", True):
            yield Missing(
                "The run was killed or interrupted, so orders may still have been on their way; nothing counts as a pass."
            )
        return
    what = "the connector failed"
    if SIMULATOR in aborted:
        what = "a simulator of the scenario failed"
    if NO_CONNECTOR in aborted:
        what = "the connector could not be started"
    yield Missing(f"The run ended early: {what}.", aborted)


def _undecided(run: Facts) -> Iterator[Missing]:
    reasons: dict[str, list[str]] = {}
    for one in run.invariants:
        if one["verdict"] == "undecided":
            reasons.setdefault(one["because"] or "nothing was examined", []).append(in_words(one["id"]))
    for because, names in reasons.items():
        crashed = because.startswith(CRASHED)
        shown = ("it crashed itself" if len(names) == 1 else "they crashed themselves") if crashed else because
        yield Missing(
            f"{counted(len(names), 'invariant')} {'is' if len(names) == 1 else 'are'} undecided, because {shown}: {some(names, 4)}.",
            because.removeprefix(CRASHED) if crashed else "",
        )


def _uncomputed(crashed: str) -> Missing:
    """Return what could not be computed; what it stumbled over stands in brackets after it."""
    what, _, error = crashed.partition(" (")
    return Missing(f"{what[:1].upper()}{in_words(what[1:])}.", error.removesuffix(")"))
