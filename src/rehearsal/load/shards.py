"""Which worker performs which operation: every order belongs to one worker, whoever is asked and whenever.

The choice is by highest random weight, so that the orders of a lost worker are dealt anew among the others
and nobody else's order moves.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rehearsal.model import Operation


def key_of(operation: Operation, cause: str) -> str:
    """Return what decides the worker: the (first) order that the operation concerns, else what caused it.

    A connector that hands several orders to Odoo in one call makes one operation of them; it is performed once.
    """
    return operation.orders[0] if operation.orders else cause


def shard_of(key: str, shards: Collection[int]) -> int:
    """Return the shard of *key* among *shards*; raises ValueError when there is none."""
    return max(shards, key=lambda shard: sha256(f"{shard}:{key}".encode()).digest())


@dataclass(frozen=True, slots=True)
class Dealing:
    """How the operations of a run were shared out, as the workers' own files tell it."""

    asked: int
    missing: tuple[int, ...]
    """Operations that no worker says it sent."""
    twice: tuple[int, ...]
    """Operations that more than one worker says it sent."""

    @property
    def whole(self) -> bool:
        """Whether every operation was sent by exactly one worker."""
        return not self.missing and not self.twice


def dealing(asked: Iterable[int], by_worker: Mapping[str, Iterable[Mapping[str, Any]]]) -> Dealing:
    """Compare what was *asked* (indices in the main history) with the lines of each worker's file."""
    wanted = set(asked)
    seen: set[int] = set()
    twice: set[int] = set()
    for lines in by_worker.values():
        for line in lines:
            if line["kind"] == "sent":
                (twice if line["operation"] in seen else seen).add(line["operation"])
    return Dealing(len(wanted), tuple(sorted(wanted - seen)), tuple(sorted(twice)))


@dataclass(frozen=True, slots=True)
class WorkersFile:
    """What one worker's file says, each line once."""

    lines: tuple[Mapping[str, Any], ...]
    flaw: str
    """What is wrong with the file, in words; empty for a whole one."""

    @property
    def sent(self) -> frozenset[int]:
        """The operations that it says were sent."""
        return frozenset(line["operation"] for line in self.lines if line["kind"] == "sent")


def told_by(path: Path) -> WorkersFile:
    """Return what a worker's file says; a line that is torn, lost or doubled is told, and is no second performance."""
    kept: dict[int, Mapping[str, Any]] = {}
    flaw = ""
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            line = _line(text)
            if line is None:
                flaw = flaw or f"line {number} is torn or was never a worker's"
            elif line["i"] in kept:
                flaw = flaw or f"line {number} came before"
            else:
                kept[line["i"]] = line
    lost = max(kept, default=-1) + 1 - len(kept)
    return WorkersFile(tuple(kept.values()), flaw or (f"{lost} line(s) are lost" if lost else ""))


def _line(text: bytes) -> Mapping[str, Any] | None:
    """Return a line of a worker's file; None when it is none."""
    try:
        line = json.loads(text) if text.endswith(b"\n") else None
    except ValueError:
        return None
    whole = isinstance(line, dict) and all(isinstance(line.get(key), int) for key in ("i", "operation")) and "kind" in line
    return line if whole else None
