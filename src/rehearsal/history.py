"""The history of a run: append-only NDJSON, one file per process, readable after a kill -9.

Each line has ``i`` (its index, dense per file), ``kind`` (the record's kind) and ``at_s`` (scenario
seconds). What differs between two runs of one seed sits in two keys only, ``wall`` and ``erp``, so that
two histories can be compared without them. An operation is written before it is sent, and again when
its answer lands. Each phase says how many lines came before it and what they hash to, and the manifest says so of
the whole file at the end: a line that is cut, lost, doubled or changed later is seen (`seals`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from rehearsal.errors import HarnessFault
from rehearsal.model import Answer, Delivery, Event, Instruction, Operation
from rehearsal.vocabulary import KINDS

TEXT_MAX = 600
"""Longest server message kept, in characters."""
VOLATILE = ("wall", "erp")


class History:
    """Writes the lines of one process; every line goes to the system at once, so a killed run keeps what it wrote."""

    def __init__(self, folder: Path, process: str = "main") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{process}.ndjson"
        self._file = self.path.open("wb", buffering=0)
        self._next = 0
        self._digest = sha256()
        self._began = time.monotonic()

    def __enter__(self) -> History:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; later writes raise ValueError."""
        self._file.close()

    def write(self, kind: str, at_s: float, **fields: Any) -> int:
        """Append one line and return its index."""
        index = self._next
        text = _encoded({"i": index, "kind": kind, "at_s": round(at_s, 3), **fields})
        self._next = index + 1
        self._digest.update(text)
        try:
            whole = self._file.write(text) == len(text)
        except OSError as error:
            raise HarnessFault(f"the history cannot be written ({error}); free some space and run again") from error
        if not whole:
            raise HarnessFault("the history cannot be written (the disk took a part of a line); free some space and run again")
        return index

    @property
    def seal(self) -> dict[str, Any]:
        """Return how many lines were written so far, and what they hash to."""
        return {"lines": self._next, "sha256": self._digest.hexdigest()}

    def event(self, event: Event) -> int:
        """Append a fact of the outside world; of a kind that not everybody knows, with its roles."""
        return self.write("event", event.at_s, **fields_of(event))

    def delivery(self, delivery: Delivery) -> int:
        """Append one arrival of an event at the connector."""
        return self.write(
            "delivery",
            delivery.at_s,
            event=delivery.event.id,
            type=delivery.event.kind.value,
            channel=delivery.event.channel,
            order=delivery.event.order,
            attempt=delivery.attempt,
        )

    def operation(self, operation: Operation, at_s: float, cause: str) -> int:
        """Append an operation, before it is sent."""
        proof = operation.proof
        return self.write(
            "operation",
            at_s,
            name=operation.name,
            cause=cause,
            orders=list(operation.orders),
            writes=operation.writes,
            erp={
                "model": operation.model,
                "method": operation.method,
                "ids": list(operation.ids) if operation.ids is not None else None,
                "arguments": operation.arguments,
                "context": operation.context,
                "proof": [proof.model, list(proof.domain), proof.found_min] if proof else None,
            },
        )

    def answer(self, operation: int, answer: Answer, at_s: float, wall_s: float, cause: str, name: str) -> int:
        """Append how operation number *operation* ended."""
        value = answer.value if isinstance(answer.value, bool | int | str | type(None)) else type(answer.value).__name__
        return self.write(
            "answer",
            at_s,
            operation=operation,
            name=name,
            cause=cause,
            outcome=answer.outcome.value,
            wall={"took_s": round(wall_s, 4)},
            erp={"value": value, "message": answer.message[:TEXT_MAX]},
        )

    def instruction(self, instruction: Instruction, at_s: float, cause: str) -> int:
        """Append what the connector asked of an actor outside."""
        return self.write(
            "instruction",
            at_s,
            type=instruction.kind.value,
            recipient=instruction.recipient,
            cause=cause,
            channel=instruction.channel,
            order=instruction.order,
            data=instruction.data,
        )

    def phase(self, name: str, at_s: float) -> int:
        """Append that the run entered a phase, and the seal of all lines before."""
        since_s = round(time.monotonic() - self._began, 3)
        return self.write("phase", at_s, name=name, wall={"since_start_s": since_s, **self.seal})


def fields_of(event: Event) -> dict[str, Any]:
    """Return what a line of history says of *event*."""
    told = {
        "event": event.id,
        "type": event.kind.value,
        "channel": event.channel,
        "order": event.order,
        "node": event.node,
        "data": event.data,
    }
    return told if event.kind in KINDS else {**told, "roles": sorted(event.kind.roles)}


def lines(folder: Path, process: str = "*") -> Iterator[dict[str, Any]]:
    """Yield all lines of all processes (or of one) of a run's ``history`` folder; a torn last line is left out."""
    for path in sorted(folder.glob(f"{process}.ndjson")):
        with path.open(encoding="utf-8") as file:
            for text in file:
                if not text.endswith("\n"):
                    break
                yield json.loads(text)


def _encoded(line: dict[str, Any]) -> bytes:
    """Return *line* as JSON with its line end; raises TypeError for what is no data, such as a number of 80 digits."""
    return orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def comparable(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return *line* without wall times and ERP ids: what two runs of one seed must share."""
    return {key: value for key, value in line.items() if key not in VOLATILE}
