"""A run as test cases: everything that must hold, one case each, for whoever tells CI (JUnit, Allure, pytest).

They are one list, so that no two of them can disagree: a run passes exactly when each of its cases does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.model import amount, counted
from rehearsal.verdict.fingerprints import DOUBT, FIGURES, GATE, LETTER, REST, rough

REHEARSAL = "rehearsal"
"""Area of the cases about the run itself."""
RELEASE = "release"
"""Area of the cases about what was taken on."""
LETTERS = "the_connector_handled_everything"
UNPROVEN = ("the_record_is_whole", "the_run_reached_its_end", "the_harness_kept_up")
"""What no terms excuse: nothing is proven without."""
DOUBTS = {"every_figure_was_computed": FIGURES, "the_world_came_to_rest": REST}
FIXED = (
    "the_record_is_whole",
    "the_run_reached_its_end",
    "the_world_came_to_rest",
    LETTERS,
    "every_figure_was_computed",
    "the_harness_kept_up",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that must hold, and what became of it."""

    area: str
    name: str
    verdict: str
    """``pass``, ``fail`` or ``undecided``."""
    message: str = ""
    """Why it is no pass, in a sentence."""
    details: tuple[str, ...] = ()
    invariant: int = -1
    """Its place in ``verdict.json``; -1 for what is none."""


def cases(summary: Mapping[str, Any], verdict: Mapping[str, Any]) -> list[Case]:
    """Return every case of a run, each under an area and name of its own; *verdict* is the content of ``verdict.json``."""
    judged = (
        _invariant(place, one, verdict["findings"], summary.get("currency", "")) for place, one in enumerate(verdict["invariants"])
    )
    found = [*judged, *_gates(summary), *_exercised(summary), *_of_the_run(summary)]
    release = summary.get("release")
    return list(
        _unique(
            [_excused(case, verdict, release, summary["verdict"] == "undecided") for case in found] + _terms(release)
            if release
            else found
        )
    )


def _excused(case: Case, verdict: Mapping[str, Any], release: Mapping[str, Any], undecided: bool) -> Case:
    """Return *case* as the release sees it: what is known or waived fails nobody, and is told all the same; of a run that is
    *undecided* as a whole no doubt is excused."""
    if case.verdict == "pass" or case.name in UNPROVEN or (undecided and case.verdict == "undecided"):
        return case
    held = {row["fingerprint"] for part in ("new", "worse") for row in release[part]}
    shape = str if release["same_demand"] else rough
    if case.name == LETTERS:
        own = {name for name in held if name.startswith(f"{LETTER}:")}
    elif case.verdict == "undecided":
        own = {f"{DOUBT}: {DOUBTS.get(case.name, case.name)}"}
    elif case.invariant >= 0:
        own = {shape(one["fingerprint"]) for one in verdict["findings"] if one["invariant"] == case.name}
    else:
        own = {f"{GATE}: {case.name}"}
    return case if own & held else replace(case, verdict="pass", message=f"known: {case.message}")


def _terms(release: Mapping[str, Any]) -> list[Case]:
    """Return one case for each waiver that has expired."""
    return [
        Case(
            RELEASE,
            f"the waiver of {one['match']}",
            "fail",
            f"{one['owner']} waived it until {one['expires']} ({one['reason']}); mend it, or renew it",
        )
        for one in release["expired"]
    ]


def _invariant(place: int, one: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], currency: str) -> Case:
    own = [finding for finding in findings if finding["invariant"] == one["id"]]
    if one["verdict"] == "undecided":
        return Case(one["area"], one["id"], "undecided", one["because"] or "nothing was examined", invariant=place)
    said = f"{counted(len(own), 'finding')}, {amount(one['money_at_risk'], currency)} at risk: {one['sentence']}" if own else ""
    return Case(one["area"], one["id"], one["verdict"], said, tuple(finding["message"] for finding in own), place)


def _gates(summary: Mapping[str, Any]) -> Iterator[Case]:
    for gate in summary["gates"]:
        said = f"{gate['figure']} is {gate['value']}, wanted {gate['limit']}"
        verdict = "undecided" if gate["held"] is None else "pass" if gate["held"] else "fail"
        yield Case("gates", f"{gate['figure']} {gate['limit']}", verdict, said if verdict != "pass" else "")


def _exercised(summary: Mapping[str, Any]) -> Iterator[Case]:
    for one in summary["exercised"]:
        idle = one["done"] < one["wanted"]
        yield Case("exercised", one["what"], "undecided" if idle else "pass", one["said"] if idle else "")


def _of_the_run(summary: Mapping[str, Any]) -> Iterator[Case]:
    """Yield what the run itself must have been; each of these, where it does not hold, leaves the run undecided."""
    reasons: dict[str, Sequence[str]] = {
        "the_record_is_whole": summary["damages"],
        "the_run_reached_its_end": []
        if summary["finished"]
        else [summary["aborted"] or "the run was killed or interrupted; what was under way is unknown"],
        "the_world_came_to_rest": []
        if summary["rested"] or not summary["finished"]
        else ["something was still under way when the time for settling was over"],
        LETTERS: summary["dead_letters"],
        "every_figure_was_computed": summary["crashed"],
        "the_harness_kept_up": (summary.get("load") or {}).get("trouble", ()),
    }
    for name, said in reasons.items():
        if name == LETTERS and said:  # method and line are for who mends it: they are the details
            times = sum(kind["times"] for kind in summary["dead_letter_kinds"])
            yield Case(REHEARSAL, name, "undecided", f"the connector dropped {counted(times, 'event')}", tuple(said))
            continue
        more = f" and {len(said) - 1} more" if len(said) > 1 else ""
        yield Case(REHEARSAL, name, "undecided" if said else "pass", (said[0] + more) if said else "", tuple(said[1:]))


def _unique(found: Sequence[Case]) -> Iterator[Case]:
    """Number what shares area and name: CI servers take two such cases for one, and hide the first."""
    seen: dict[tuple[str, str], int] = {}
    for case in found:
        nth = seen[case.area, case.name] = seen.get((case.area, case.name), 0) + 1
        yield case if nth == 1 else replace(case, name=f"{case.name} ({nth})")
