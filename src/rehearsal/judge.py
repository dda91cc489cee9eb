"""Judge: every invariant looks at the record once; a crashed one is undecided and keeps its traceback."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.faults import Count
from rehearsal.gates import GateResult
from rehearsal.model import Judgement, Verdict
from rehearsal.record import Record

Invariant = Callable[[Record], Judgement]


@dataclass(frozen=True, slots=True)
class Judged:
    """One invariant with what it said."""

    id: str
    area: str
    sentence: str
    """First paragraph of its docstring: what must hold."""
    judgement: Judgement
    trace: str = ""

    @property
    def verdict(self) -> Verdict:
        """The judgement's verdict."""
        return self.judgement.verdict


def invariants() -> list[tuple[str, Invariant, bool]]:
    """Return area, function, and whether the history alone is enough, of all invariants on the project path.

    A module of ``assertions/`` says ``AREA``, ``INVARIANTS`` and, where some need no snapshot, ``FROM_HISTORY``.
    """
    found: list[tuple[str, Invariant, bool]] = []
    for name in sorted(project.files("assertions", ".py")):
        module = project.module("assertions", name)
        if not hasattr(module, "INVARIANTS") or not hasattr(module, "AREA"):
            raise UsageError(f"assertions/{name}.py must define AREA (a word) and INVARIANTS (a tuple of functions)")
        found += [(module.AREA, law, law in getattr(module, "FROM_HISTORY", ())) for law in module.INVARIANTS]
    return found


def judge(record: Record) -> tuple[Judged, ...]:
    """Return what every invariant says about *record*, in order of area."""
    return tuple(_judged(record, area, law, alone) for area, law, alone in invariants())


def overall(
    record: Record,
    judged: tuple[Judged, ...],
    gates: tuple[GateResult, ...],
    idle: tuple[str, ...],
    trouble: tuple[str, ...] = (),
) -> tuple[Verdict, int]:
    """Return the verdict of the whole run and its exit code; *trouble* is what the harness itself did not manage."""
    if any(gate.aborted for gate in gates):
        return Verdict.FAIL, 4
    if not record.finished or trouble:
        return Verdict.UNDECIDED, 5
    if any(one.verdict is Verdict.FAIL for one in judged):
        return Verdict.FAIL, 1
    if (
        idle
        or not judged
        or any(one.verdict is Verdict.UNDECIDED for one in judged)
        or any(gate.held is None for gate in gates)
    ):
        return Verdict.UNDECIDED, 5
    if any(not gate.held for gate in gates):
        return Verdict.FAIL, 4
    return Verdict.PASS, 0


def idle(record: Record, judged: tuple[Judged, ...], faults: Mapping[str, Count]) -> tuple[str, ...]:
    """Return a sentence for everything that was exercised less than the scenario wants (non-vacuity)."""
    least = record.scenario.exercised
    said: list[str] = []
    sold = {row["channel"]: row["n"] for row in record.rows("SELECT channel, count(*) AS n FROM orders GROUP BY ALL")}
    for code in record.scenario.channels:
        if sold.get(code, 0) < least.orders_per_channel:
            said.append(f"channel {code} took {sold.get(code, 0)} orders; {least.orders_per_channel} are wanted")
    paid = {
        row["tender"]: row["n"]
        for row in record.rows('SELECT tender, count(DISTINCT "order") AS n FROM money GROUP BY ALL')
    }
    tenders = {
        t: None for channel in record.scenario.channels.values() for t, share in channel.tenders.items() if share
    }
    said += [
        f"tender {tender} paid {paid.get(tender, 0)} orders; {least.orders_per_tender} are wanted"
        for tender in tenders
        if paid.get(tender, 0) < least.orders_per_tender
    ]
    for fault in record.scenario.faults:
        fired = faults[fault.name].fired if fault.name in faults else 0
        if fired < least.fault_fired:
            said.append(f"fault {fault.name} fired {fired} times; {least.fault_fired} are wanted")
    for one in judged:
        examined = one.judgement.examined
        if 0 < examined < least.examined and one.verdict is Verdict.PASS:
            said.append(f"invariant {one.id} examined {examined}; {least.examined} are wanted")
    return tuple(said)


def _judged(record: Record, area: str, law: Invariant, alone: bool) -> Judged:
    sentence = " ".join((law.__doc__ or law.__name__).strip().split("\n\n")[0].split())
    if not alone and not record.observed:
        return Judged(law.__name__, area, sentence, Judgement(0, undecided_because="Odoo's books were not read"))
    try:
        judgement = law(record)
    except Exception as error:
        because = f"the invariant itself crashed: {type(error).__name__}: {error}"
        return Judged(law.__name__, area, sentence, Judgement(0, undecided_because=because), traceback.format_exc())
    if not record.finished and not judgement.undecided_because:
        judgement = replace(judgement, undecided_because="the run did not reach its end; this is what is known so far")
    if not judgement.examined and not judgement.undecided_because:
        judgement = replace(judgement, undecided_because="there was nothing to examine")
    return Judged(law.__name__, area, sentence, judgement)
