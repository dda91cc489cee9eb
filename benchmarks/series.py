"""A long series of runs: a line is written as each ends, and what is in the file already is not run again."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

C = TypeVar("C")
O = TypeVar("O")  # noqa: E741  # an outcome, as C is a case


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
