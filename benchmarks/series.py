"""A long series of runs: a line is written as each ends, and what is in the file already is not run again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rehearsal.errors import RehearsalError

C = TypeVar("C")
O = TypeVar("O")  # noqa: E741  # an outcome, as C is a case


@dataclass(frozen=True, slots=True)
class Told:
    """What a summary tells of one run."""

    verdict: str
    broken: dict[str, int] = field(default_factory=dict)
    """Findings by invariant."""
    sell_through: float = 0.0
    dead_letters: int = 0

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> Told:
        """Return what *summary* says."""
        broken = {one["id"]: one["findings"] for one in summary["invariants"] if one["findings"]}
        return cls(summary["verdict"], broken, float(summary["kpis"].get("sell_through") or 0.0), summary["counts"]["dead_letters"])


def performed(play: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Return what an outcome has beside its case, of *play*, which returns a summary; an error of the harness is an outcome too."""
    began, error = time.monotonic(), ""
    try:
        told = Told.of(play())
    except RehearsalError as failed:
        told, error = Told("error"), str(failed)
    return asdict(told) | {"took_s": round(time.monotonic() - began, 1), "error": error}


def commit() -> str:
    """Return the commit that is measured."""
    return subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()


def tell(text: str) -> None:
    """Say something to the person at the keyboard."""
    print(text, file=sys.stderr, flush=True)


def stored(out: Path, case: Callable[..., C], outcome: Callable[..., O]) -> dict[C, O]:
    """Return what is in the file *out* already; a torn last line counts for nothing."""
    found: dict[C, O] = {}
    for text in out.read_text(encoding="utf-8").splitlines() if out.exists() else ():
        try:
            told = json.loads(text)
        except ValueError:
            continue
        one = case(**told.pop("case"))
        found[one] = outcome(one, **told)
    return found


def gone_on(cases: Iterable[C], done: dict[C, O], perform: Callable[[C], O], out: Path, minutes: float) -> dict[C, O]:
    """Perform what of *cases* is not *done*, write each outcome to *out*, and start none after *minutes*; return all outcomes."""
    began = time.monotonic()
    for case in cases:
        if case in done:
            continue
        if time.monotonic() - began > minutes * 60:
            tell(f"stopped after {minutes:g} minutes; the same command goes on")
            break
        done[case] = perform(case)
        told: Any = done[case]
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(told)) + "\n")
    return done
