"""Deliberate disturbances: named, seeded, journalled, and healed before judgement.

A fault has fired only if something changed, and the journal says what.

Whether a fault strikes a given thing is drawn from the thing's own key, so that adding an order does
not move the faults of the others.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rehearsal.draw import chance
from rehearsal.scenario import Fault, Scenario


@dataclass(slots=True)
class Count:
    """How often one fault was armed, fired and healed."""

    armed: int = 0
    fired: int = 0
    healed: int = 0


class Faults:
    """The faults of one run, with their write-ahead journal ``faults.ndjson``."""

    def __init__(self, scenario: Scenario, journal: Path) -> None:
        self._scenario = scenario
        self._file: TextIO = journal.open("w", encoding="utf-8", buffering=1)
        self._healed = False
        self._lock = threading.Lock()  # the proxy and whoever kills processes live in threads of their own
        self._labelled = labelled(scenario)
        self.counts: dict[str, Count] = {}
        for label in self._labelled:
            self._note("armed", label, 0.0, "")
            self.counts[label] = Count(armed=1)

    def striking(self, name: str, key: str, at_s: float) -> Iterator[tuple[str, Fault]]:
        """Yield, with its label, each fault *name* whose window and share have the thing *key*; several compose.

        Nothing is journalled: whoever does the harm says `fired`, once something changed.
        """
        for label, fault in self._labelled.items():
            if fault.name != name or self._healed or not fault.begins <= at_s < (fault.ends or float("inf")):
                continue
            if chance(self._scenario.seed, f"fault:{label}", key) < fault.share:
                yield label, fault

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
        self._file.flush()

    def close(self) -> None:
        """Close the journal."""
        self._file.close()

    def _note(self, state: str, name: str, at_s: float, key: str, proof: str = "") -> None:
        line = {"fault": name, "state": state, "at_s": round(at_s, 3), "key": key} | ({"proof": proof} if proof else {})
        with self._lock:
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")


def labelled(scenario: Scenario) -> dict[str, Fault]:
    """Return the faults of *scenario* by the name that journal and summary give them: a second one is ``name#2``."""
    found: dict[str, Fault] = {}
    for fault in scenario.faults:
        nth = sum(other.name == fault.name for other in found.values()) + 1
        found[fault.name if nth == 1 else f"{fault.name}#{nth}"] = fault
    return found


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
