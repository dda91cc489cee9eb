"""What makes no sense of one fault: a time, a share or a place in which it could never strike anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pydantic.fields import FieldInfo

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.parts.bounds import duration, nearest
from rehearsal.parts.fault import Fault, Joint
from rehearsal.parts.fault_kinds import FaultKind, fault_kind
from rehearsal.parts.part import Lag
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import Problem, Rule, lag_problems, length_s
from rehearsal.scenario.readable import Unreadable


def _kind(fault: Fault) -> FaultKind | None:
    """Return what kind *fault* is; None for one that is not here, which is told as such."""
    try:
        return fault_kind(fault.name)
    except UsageError:
        return None


def _words(fault: Fault) -> Mapping[str, FieldInfo]:
    kind = _kind(fault)
    return kind.words if kind else {}


def _strikes_within_the_scenario(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    begins = getattr(fault, "begins", 0) if "begins" in _words(fault) else 0
    if begins and begins >= length_s(s):
        yield Problem.at(
            f"it begins at {duration(begins)}, when the scenario is over ({duration(length_s(s))}), and would never strike",
            "faults",
            place,
            "begins",
        )


def _ends_after_it_begins(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    if "ends" not in _words(fault):
        return
    begins, ends = getattr(fault, "begins", 0), getattr(fault, "ends", None)
    if ends is not None and ends <= begins:
        yield Problem.at(
            f"it ends at {duration(ends)}, and begins at {duration(begins)}: it would never strike", "faults", place, "ends"
        )


def _has_a_share(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    if "share" in _words(fault) and not getattr(fault, "share", 1):
        yield Problem.at("with share 0 it would never strike; write more, or leave the fault out", "faults", place, "share")


def _is_one_of_its_kind(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    def told(one: Fault) -> tuple[object, ...]:
        return (one.name, *(getattr(one, word, None) for word in ("begins", "ends", "only") if word in _words(one)))

    for other in range(place):
        if told(s.faults[other]) == told(fault):
            window = "for the same time; leave one out, or give them different begins and ends"
            same = window if "begins" in _words(fault) else "for the same things; leave one out"
            yield Problem.at(f"{fault.name} is there already as faults.{other}, {same}", "faults", place)
            return


def _delays_spread(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    for word, field in _words(fault).items():
        if field.annotation is Lag:
            yield from lag_problems(s, getattr(fault, word), "faults", place, word)


def _strikes_what_is_there(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    if "only" not in _words(fault):
        return
    known: dict[str, Collection[str]] = {"channel": s.channels, "node": s.nodes, "kind": project.kinds()}
    for word, names in known.items():
        for name in getattr(fault.only, word):  # type: ignore[attr-defined]  # it is among its words
            if name not in names:
                yield Problem.at(f"there is no {word} {name!r}{nearest(name, names)}", "faults", place, "only", word)


def _makes_sense_to_itself(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    kind = _kind(fault)
    for word, sentence in kind.problems(fault, s) if kind else ():
        yield Problem.at(sentence, "faults", place, *([word] if word else []))


def _fires_as_often_as_wanted(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    kind = _kind(fault)
    if kind is None or kind.joint is not Joint.PROCESS:
        return
    times: int = getattr(fault, "times", 0)
    if times < s.exercised.fault_fired:
        yield Problem(
            (("faults", place, "times"), ("exercised", "fault_fired"), ("faults", place)),
            f"{fault.name} strikes {times} time(s), and exercised.fault_fired wants {s.exercised.fault_fired}, so a run could "
            "only be undecided; write more times, or a smaller fault_fired",
        )


def problems_of_loading(s: Scenario) -> Iterator[Problem]:
    """Yield the faults of *s* that are not on the project path."""
    for place, fault in enumerate(s.faults):
        try:
            fault_kind(fault.name)
        except UsageError as error:
            yield Problem.at(str(error), "faults", place, "name")
        except Unreadable:
            continue


RULES: tuple[Rule, ...] = (
    _strikes_within_the_scenario,
    _ends_after_it_begins,
    _has_a_share,
    _is_one_of_its_kind,
    _delays_spread,
    _strikes_what_is_there,
    _makes_sense_to_itself,
    _fires_as_often_as_wanted,
)
