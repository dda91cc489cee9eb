"""Deliberate disturbances while they are at work: seeded, journalled, and healed before judgement.

A fault has fired only if something changed, and the journal says what: whatever a fault returns is compared with what it
was given. Several of them compose: each strikes what the one before it left.

Whether a fault strikes a given thing is drawn from the thing's own key, so that adding an order does
not move the faults of the others.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import orjson

from rehearsal.draw import chance, stream
from rehearsal.parts.fault import EVERYTHING, JOINTS, Fault, Joint, Only, Thing
from rehearsal.parts.fault_kinds import FaultKind, kind_of
from rehearsal.scenario import Scenario
from rehearsal.strangers import said

Armed = tuple[str, Fault, FaultKind]
"""A fault of a scenario with its label and its kind."""
Struck = TypeVar("Struck", bound=Thing)


@dataclass(slots=True)
class Count:
    """How often one fault was armed, fired and healed."""

    armed: int = 0
    fired: int = 0
    healed: int = 0


class Aimed:
    """A fault that strikes while the doors are open, and which things it means."""

    __slots__ = ("actor", "begins", "ends", "fault", "kind", "label", "only", "share")

    def __init__(self, label: str, fault: Fault, kind: FaultKind) -> None:
        self.label = label
        self.actor = f"fault:{label}"
        """Whose draws say whether it strikes."""
        self.fault = fault
        self.kind = kind
        self.share: float = getattr(fault, "share", 1.0)
        self.begins: float = getattr(fault, "begins", 0)
        ends: float | None = getattr(fault, "ends", None)
        self.ends = float("inf") if ends is None else ends
        only = getattr(fault, "only", EVERYTHING)
        self.only: Only | None = None if only == EVERYTHING else only


class Faults:
    """The faults of one run, with their write-ahead journal ``faults.ndjson``."""

    def __init__(self, scenario: Scenario, journal: Path) -> None:
        self._scenario = scenario
        self._file = journal.open("wb", buffering=0)
        self._seed = scenario.seed
        self._healed = False
        self._lock = threading.Lock()  # the proxy and whoever kills processes live in threads of their own
        self._at = {joint: [Aimed(*one) for one in armed(scenario, joint)] for joint in Joint}
        self.counts: dict[str, Count] = {}
        for label in labelled(scenario):
            self._note("armed", label, 0.0, "")
            self.counts[label] = Count(armed=1)

    def strikes_at(self, joint: Joint) -> bool:
        """Return whether the scenario has a fault there at all: a publication has as many figures as the catalogue has products."""
        return bool(self._at[joint])

    def met(self, thing: Struck) -> Struck:
        """Return *thing* as every fault that strikes it leaves it, and journal what each of them changed.

        Raises what a fault's own code raises, and `UsageError` when it returns something else than it was given; of a
        request, which nobody waits for here, either is journalled as failed.
        """
        for aimed in () if self._healed else self._at[JOINTS[type(thing)]]:
            label, fault, kind = aimed.label, aimed.fault, aimed.kind
            if not aimed.begins <= thing.at_s < aimed.ends or not kind.concerns(fault, thing):
                continue
            if aimed.only is not None and not aimed.only.has(thing.about()):
                continue
            if aimed.share < 1 and chance(self._seed, aimed.actor, kind.key(thing)) >= aimed.share:
                continue
            try:
                after = kind.struck(fault, thing, stream(self._seed, label, thing.key))
            except Exception as error:
                if kind.joint is not Joint.REQUEST:
                    raise
                self.failed(label, thing.key, thing.at_s, said(error))
                continue
            if changed := after.changed(thing):
                self.fired(label, thing.key, thing.at_s, changed)
            thing = after
        return thing

    def fired(self, label: str, key: str, at_s: float, proof: str) -> None:
        """Journal that *label* took effect on *key*, and what changed, in words; nothing if the scenario does not have it."""
        if label in self.counts:
            self._note("fired", label, at_s, key, proof)
            with self._lock:
                self.counts[label].fired += 1

    def failed(self, name: str, key: str, at_s: float, why: str) -> None:
        """Journal that *name* should have struck and could not; it then counts as not fired."""
        self._note("failed", name, at_s, key, why)

    def heal(self, at_s: float) -> None:
        """Switch every fault off; from here on nothing strikes. Once is enough."""
        if self._healed:
            return
        self._healed = True
        for name, count in self.counts.items():
            self._note("healed", name, at_s, "")
            count.healed = count.armed

    def close(self) -> None:
        """Close the journal."""
        self._file.close()

    def _note(self, state: str, name: str, at_s: float, key: str, proof: str = "") -> None:
        line = {"fault": name, "state": state, "at_s": round(at_s, 3), "key": key} | ({"proof": proof} if proof else {})
        with self._lock:
            self._file.write(orjson.dumps(line, None, orjson.OPT_APPEND_NEWLINE))


def labelled(scenario: Scenario) -> dict[str, Fault]:
    """Return the faults of *scenario* by the name that journal and summary give them: a second one is ``name#2``."""
    found: dict[str, Fault] = {}
    for fault in scenario.faults:
        nth = sum(other.name == fault.name for other in found.values()) + 1
        found[fault.name if nth == 1 else f"{fault.name}#{nth}"] = fault
    return found


def armed(scenario: Scenario, joint: Joint) -> list[Armed]:
    """Return the faults of *scenario* that strike at *joint*, in its order."""
    named = [(label, fault, kind_of(fault)) for label, fault in labelled(scenario).items()]
    return [(label, fault, kind) for label, fault, kind in named if kind and kind.joint is joint]


def still_armed(journal: Path) -> tuple[str, ...]:
    """Return the faults that a journal says were armed and never healed: the harness died before it could."""
    return tuple(name for name, count in counts_in(journal).items() if count.healed < count.armed)


def heal_journal(journal: Path, at_s: float = 0.0) -> None:
    """Note in the journal that everything was healed, after the fact."""
    armed = still_armed(journal)
    with journal.open("a", encoding="utf-8") as file:
        for name in armed:
            file.write(json.dumps({"fault": name, "state": "healed", "at_s": at_s, "key": "after a crash"}) + "\n")


def counts_in(journal: Path) -> dict[str, Count]:
    """Return the counts that a journal tells; empty without a journal."""
    counts: dict[str, Count] = {}
    if not journal.is_file():
        return counts
    for text in journal.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
            fault, state = str(line["fault"]), line["state"]
        except (ValueError, KeyError, TypeError):
            continue  # the torn last line of a killed run, or a damage, which `seals` tells
        count = counts.setdefault(fault, Count())
        if state in ("armed", "fired", "healed"):
            setattr(count, state, getattr(count, state) + 1)
    return counts
