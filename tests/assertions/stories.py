"""What the tests of invariants share: a breach, told whole, with its clean twin beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.model import Finding, Judgement, Severity, Verdict
from rehearsal.verdict.record import Record
from tests.tiny_record import Tiny, judged

Law = Callable[[Record], Judgement]


@dataclass(frozen=True, slots=True)
class Breach:
    """One way to break an invariant: a tiny record, all that is said of it, and a twin of which nothing is said."""

    law: Law
    name: str
    broken: Tiny
    findings: tuple[Finding, ...]
    twin: Tiny
    examined: int = 1
    twin_examined: int = 1
    twin_because: str = ""
    """Why the twin is undecided, where it is."""

    def __str__(self) -> str:
        return f"{self.law.__name__}: {self.name}"


def grave(message: str, **values: Any) -> Finding:
    """Return a critical finding."""
    return Finding(message, Severity.CRITICAL, **values)


def messages(law: Law, tiny: Tiny) -> tuple[str, ...]:
    """Return what is said of a record, where the rest was compared elsewhere."""
    return tuple(finding.message for finding in judged(law, tiny).findings)


def with_facts(tiny: Tiny, *facts: Any) -> Tiny:
    """Return the same record with more facts at its end."""
    return replace(tiny, facts=(*tiny.facts, *facts))


def with_rows(tiny: Tiny, *rows: Any) -> Tiny:
    """Return the same record with more rows in Odoo's books."""
    return replace(tiny, rows=(*(tiny.rows or ()), *rows))


def undecided(law: Law, tiny: Tiny) -> bool:
    """Return whether there is nothing to examine: that is never a pass."""
    judgement = judged(law, tiny)
    return judgement == Judgement(0) and judgement.verdict is Verdict.UNDECIDED
