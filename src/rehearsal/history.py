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
HELD_BYTES = 1 << 16
"""How much of what the outside does may be kept back before it goes to the system."""
VOLATILE = ("wall", "erp")


class History:
    """Writes the lines of one process.

    What the outside does is kept back until there are `HELD_BYTES` of it, or until anything else is written: an operation
    reaches the system before it is sent. So a killed run loses at most facts of which the ERP never heard.
    """

    def __init__(self, folder: Path, process: str = "main") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{process}.ndjson"
        self._file = self.path.open("wb", buffering=0)
        self._next = 0
        self._digest = sha256()
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._began = time.monotonic()

    def __enter__(self) -> History:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Write what was kept back and close the file; later writes raise ValueError."""
        self.flush()
        self._file.close()

    def write(self, kind: str, at_s: float, **fields: Any) -> int:
        """Append one line, with everything before it, and return its index."""
        index = self._append({"i": self._next, "kind": kind, "at_s": round(at_s, 3), **fields})
        self.flush()
        return index

    def flush(self) -> None:
        """Hand what was kept back to the system; raises `HarnessFault` when it does not take it."""
        if not self._held:
            return
        text = b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        self._digest.update(text)
        try:
            whole = self._file.write(text) == len(text)
        except OSError as error:
            raise HarnessFault(f"the history cannot be written ({error}); free some space and run again") from error
        if not whole:
            raise HarnessFault("the history cannot be written (the disk took a part of a line); free some space and run again")

    @property
    def seal(self) -> dict[str, Any]:
        """Return how many lines were written so far, and what they hash to."""
        self.flush()
        return {"lines": self._next, "sha256": self._digest.hexdigest()}

    def event(self, event: Event, more: Mapping[str, Any] | None = None) -> int:
        """Append a fact of the outside world; of a kind that not everybody knows, with its roles. *more* is what else is known."""
        line = {
            "i": self._next,
            "kind": "event",
            "at_s": event.at_s,
            "event": event.id,
            "type": event.kind,
            "channel": event.channel,
            "order": event.order,
            "node": event.node,
            "data": event.data,
        }
        if event.kind not in KINDS:
            line["roles"] = sorted(event.kind.roles)
        return self._append(line if more is None else {**line, **more})

    def delivery(self, delivery: Delivery) -> int:
        """Append one arrival of an event at the connector."""
        event = delivery.event
        return self._append(
            {
                "i": self._next,
                "kind": "delivery",
                "at_s": delivery.at_s,
                "event": event.id,
                "type": event.kind,
                "channel": event.channel,
                "order": event.order,
                "attempt": delivery.attempt,
            }
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
        return self._append(
            {
                "i": self._next,
                "kind": "instruction",
                "at_s": round(at_s, 3),
                "type": instruction.kind,
                "recipient": instruction.recipient,
                "cause": cause,
                "channel": instruction.channel,
                "order": instruction.order,
                "data": instruction.data,
            }
        )

    def publication(self, channel: str, node: str, units: Mapping[str, int], at_s: float) -> int:
        """Append what a channel was told that it may sell."""
        return self._append(
            {"i": self._next, "kind": "publication", "at_s": round(at_s, 3), "channel": channel, "node": node, "units": units}
        )

    def phase(self, name: str, at_s: float) -> int:
        """Append that the run entered a phase, and the seal of all lines before."""
        since_s = round(time.monotonic() - self._began, 3)
        return self.write("phase", at_s, name=name, wall={"since_start_s": since_s, **self.seal})

    def _append(self, line: dict[str, Any]) -> int:
        """Append a line, which may be kept back as long as no ERP has heard of it.

        Raises TypeError for what is no data, such as a number of 80 digits.
        """
        try:
            text = orjson.dumps(line, str, orjson.OPT_APPEND_NEWLINE)
        except TypeError:  # names that are no texts cost twice as much, and hardly any line has them
            text = orjson.dumps(line, str, orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
        self._held.append(text)
        self._held_bytes += len(text)
        self._next += 1
        if self._held_bytes >= HELD_BYTES:
            self.flush()
        return self._next - 1


def lines(folder: Path, process: str = "*") -> Iterator[dict[str, Any]]:
    """Yield all lines of all processes (or of one) of a run's ``history`` folder; a torn last line is left out."""
    for path in sorted(folder.glob(f"{process}.ndjson")):
        with path.open(encoding="utf-8") as file:
            for text in file:
                if not text.endswith("\n"):
                    break
                yield json.loads(text)


def comparable(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return *line* without wall times and ERP ids: what two runs of one seed must share."""
    return {key: value for key, value in line.items() if key not in VOLATILE}
