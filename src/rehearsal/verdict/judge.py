"""Judge: every invariant looks at the record once; a crashed one is undecided and keeps its traceback."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rehearsal.model import Judgement, Verdict, counted
from rehearsal.scenario.channels import tenders_used
from rehearsal.scenario.gates import GateResult
from rehearsal.stage.faults import Count, labelled
from rehearsal.strangers import in_a_line, raise_ours, shown
from rehearsal.verdict.laws import Law, areas
from rehearsal.verdict.record import Record

NOTHING = "there was nothing to examine"


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


def invariants() -> list[tuple[str, Law, bool]]:
    """Return area, function, and whether the history alone is enough, of all invariants on the project path."""
    return [(area.name, law, law in area.from_history) for area in areas() for law in area.laws]


def judge(record: Record) -> tuple[Judged, ...]:
    """Return what every invariant says about *record*, in order of area."""
    return tuple(judged_by(record, area, law, alone) for area, law, alone in invariants())


def sentence_of(law: Law) -> str:
    """Return what must hold: the first paragraph of the docstring."""
    return " ".join((law.__doc__ or law.__name__).strip().split("\n\n")[0].split())


def unjudged(because: str) -> tuple[Judged, ...]:
    """Return every invariant as undecided *because* of something, without asking any."""
    return tuple(
        Judged(law.__name__, area, sentence_of(law), Judgement(0, undecided_because=because)) for area, law, _ in invariants()
    )


@dataclass(frozen=True, slots=True)
class Exercise:
    """Something that must have happened at least so often, or the run proves nothing about it (non-vacuity)."""

    what: str
    """Such as ``channel webshop``."""
    done: float
    wanted: float
    said: str

    @property
    def idle(self) -> bool:
        """Whether it happened less often than the scenario wants."""
        return self.done < self.wanted


def overall(
    judged: tuple[Judged, ...], gates: tuple[GateResult, ...], unproven: Sequence[str], doubts: Sequence[str]
) -> tuple[Verdict, int]:
    """Return the verdict of the whole run and its exit code.

    *unproven* says why nothing can be decided at all (a damaged record, no end reached, a harness that could not keep
    up); *doubts* say what keeps a run from passing, but excuses no broken invariant (idle things, dead letters).
    """
    if any(gate.aborted for gate in gates):
        return Verdict.FAIL, 4
    if unproven:
        return Verdict.UNDECIDED, 5
    if any(one.verdict is Verdict.FAIL for one in judged):
        return Verdict.FAIL, 1
    if doubts or not judged or any(one.verdict is Verdict.UNDECIDED for one in judged) or any(gate.held is None for gate in gates):
        return Verdict.UNDECIDED, 5
    if any(not gate.held for gate in gates):
        return Verdict.FAIL, 4
    return Verdict.PASS, 0


def exercises(record: Record, judged: tuple[Judged, ...], faults: Mapping[str, Count]) -> tuple[Exercise, ...]:
    """Return everything that the scenario wants to have happened, with how often it did."""
    least, scenario = record.scenario.exercised, record.scenario
    sold = _counted(record, "SELECT channel, count(*) FROM orders GROUP BY ALL")
    paid = _counted(record, 'SELECT tender, count(DISTINCT "order") FROM money GROUP BY ALL')
    tenders = dict.fromkeys(tender for channel in scenario.channels.values() for tender in tenders_used(channel))
    found = [
        Exercise(
            f"channel {code}",
            sold.get(code, 0),
            least.orders_per_channel,
            _few(f"channel {code} took {counted(sold.get(code, 0), 'order')}", least.orders_per_channel),
        )
        for code in scenario.channels
    ]
    found += [
        Exercise(
            f"tender {tender}",
            paid.get(tender, 0),
            least.orders_per_tender,
            _few(f"tender {tender} paid {counted(paid.get(tender, 0), 'order')}", least.orders_per_tender),
        )
        for tender in tenders
    ]
    for name in labelled(scenario):  # of two windows of one fault each must have struck
        fired = faults[name].fired if name in faults else 0
        said = _few(f"fault {name} fired {counted(fired, 'time')}", least.fault_fired)
        found.append(Exercise(f"fault {name}", fired, least.fault_fired, said))
    found += [
        Exercise(
            f"invariant {one.id}",
            one.judgement.examined,
            least.examined,
            _few(f"invariant {one.id.replace('_', ' ')} examined {counted(one.judgement.examined, 'thing')}", least.examined),
        )
        for one in judged
        if one.verdict is not Verdict.UNDECIDED
    ]
    return (*found, _kept(record, least.orders_kept))


def _few(done: str, wanted: int) -> str:
    return f"{done}; {wanted:,} {'is' if wanted == 1 else 'are'} wanted"


def _kept(record: Record, wanted: float) -> Exercise:
    """Whoever cancels every order is never wrong, and of no use."""
    row = record.rows("""SELECT count(*) AS n, count(*) FILTER (e.how IS DISTINCT FROM 'cancelled') AS kept
        FROM orders o LEFT JOIN endings e ON e.channel = o.channel AND e."order" = o."order" """)[0]
    share = row["kept"] / row["n"] if row["n"] else 0.0
    said = (
        f"{row['kept']} of {counted(row['n'], 'accepted order')} {'was' if row['kept'] == 1 else 'were'} kept, the others cancelled; "
        f"{wanted:.0%} are wanted"
    )
    return Exercise("orders kept", round(share, 4), wanted, said)


def _counted(record: Record, sql: str) -> dict[str, int]:
    return {str(name): int(n) for name, n in record.db.execute(sql).fetchall()}


def judged_by(record: Record, area: str, law: Law, alone: bool) -> Judged:
    """Return what one invariant says about *record*; one that crashes is undecided and keeps its traceback."""
    sentence = sentence_of(law)
    if not alone and not record.observed:
        return Judged(law.__name__, area, sentence, Judgement(0, undecided_because="Odoo's books were not read"))
    try:
        judgement = law(record)
    except BaseException as error:
        raise_ours(error)
        because = f"the invariant itself crashed: {in_a_line(error)}"
        return Judged(law.__name__, area, sentence, Judgement(0, undecided_because=because), traceback.format_exc())
    if not isinstance(judgement, Judgement):
        because = f"the invariant returns {shown(judgement)}; expected a Judgement"
        return Judged(law.__name__, area, sentence, Judgement(0, undecided_because=because))
    if not record.finished and not judgement.undecided_because:
        judgement = replace(judgement, undecided_because="the run did not reach its end; this is what is known so far")
    if not judgement.examined and not judgement.undecided_because:
        judgement = replace(judgement, undecided_because=NOTHING)
    return Judged(law.__name__, area, sentence, judgement)
