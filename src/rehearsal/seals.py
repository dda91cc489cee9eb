"""Seals: what tells a whole record from a damaged one.

When a run has reached its end its manifest says of each file of the record how much was written and what it hashes
to, and of itself what it hashes to. Whoever judges looks first: a record that is not what was written is undecided,
however good or bad it looks. Of a run that was killed only its history can be looked at, line by line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import orjson

SEALS = "seals"
OWN = "sha256"
"""Where a manifest keeps its own hash."""
FILES = ("scenario.yaml", "world.json", "faults.ndjson")
READ_AGAIN = "rehearse observe RUN reads it again, if the database was kept"
PIECE = 1 << 20
PROBLEMS_MAX = 20
KINDS = (
    "event", "delivery", "operation", "answer", "instruction", "publication", "phase", "dead_letter", "resolution", "shelf",
    "unsettled", "oracle", "sent", "performed", "worker_lost",
)  # fmt: skip
"""What a line of history may be; `History.write` is called with no other."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was written."""

    file: str
    """Relative to the run folder; the line behind a colon where it is known."""
    said: str
    fix: str = ""
    """The command that makes the file again, where there is one."""

    def __str__(self) -> str:
        return f"{self.file}: {self.said}" + (f"; {self.fix}" if self.fix else "")


def seals_of(run: Path, history: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return the seals of a finished run; *history* holds those that the writers know themselves, by process."""
    own = dict(history or {})
    files = sorted((run / "history").glob("*.ndjson"))
    return {
        "files": {name: hashed(run / name) for name in FILES if (run / name).is_file()},
        "history": {path.stem: own.get(path.stem) or _sealed(path) for path in files},
        "snapshot": snapshot_seals(run),
    }


def snapshot_seals(run: Path) -> dict[str, Any]:
    """Return rows and hash of each table of the snapshot."""
    with duckdb.connect() as db:
        return {
            path.stem: {"rows": _rows(db, path), "sha256": hashed(path)} for path in sorted((run / "snapshot").glob("*.parquet"))
        }


def own_hash(manifest: Mapping[str, Any]) -> str:
    """Return what a manifest hashes to, without its own hash."""
    rest = {key: value for key, value in manifest.items() if key != OWN}
    return sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def damages(run: Path, manifest: Mapping[str, Any]) -> tuple[Damage, ...]:
    """Return everything in *run* that is not as it was written.

    Of a run without seals, and of one whose *manifest* cannot be believed (empty), only the history can be looked at.
    """
    found = _broken_seals(run, manifest[SEALS]) if SEALS in manifest else _killed(run)
    return tuple(_bounded(found))


UNSEALED = Damage("manifest.json", "holds no seals, as of a run that was killed at its very end")
"""Of a run whose history ends as it should."""


def hashed(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _broken_seals(run: Path, seals: Mapping[str, Any]) -> Iterator[Damage]:
    for name, wanted in seals.get("files", {}).items():
        yield from _file(run, name, wanted)
    history = seals.get("history", {})
    for process, wanted in history.items():
        yield from _history(run, process, wanted)
    for path in sorted((run / "history").glob("*.ndjson")):
        if path.stem not in history:
            yield Damage(f"history/{path.name}", "is not of this run")
    for table, wanted in seals.get("snapshot", {}).items():
        yield from _file(run, f"snapshot/{table}.parquet", wanted["sha256"], READ_AGAIN)
    for path in sorted((run / "snapshot").glob("*.parquet")):
        if path.stem not in seals.get("snapshot", {}):
            yield Damage(f"snapshot/{path.name}", "is not of this run")


def _file(run: Path, name: str, wanted: str, fix: str = "") -> Iterator[Damage]:
    if not (run / name).is_file():
        yield Damage(name, "is missing", fix)
    elif hashed(run / name) != wanted:
        yield Damage(name, "is not what was written", fix)


def _history(run: Path, process: str, wanted: Mapping[str, Any]) -> Iterator[Damage]:
    path = run / "history" / f"{process}.ndjson"
    if not path.is_file():
        yield Damage(f"history/{path.name}", "is missing")
        return
    found = _sealed(path)
    if found == dict(wanted):
        return
    lines = list(_lines(path))
    if lines:
        yield from lines
        return
    yield Damage(
        f"history/{path.name}",
        f"{found['lines']} lines where {wanted['lines']} were written"
        if found["lines"] != wanted["lines"]
        else "is not what was written, and no line shows where",
    )


def _killed(run: Path) -> Iterator[Damage]:
    for path in sorted((run / "history").glob("*.ndjson")):
        yield from _lines(path)


def _lines(path: Path) -> Iterator[Damage]:
    """Yield what is wrong with single lines: no JSON, an index out of order, a phase whose seal does not fit.

    The last line may be torn: a killed run ends so.
    """
    digest, name, sealed_at = sha256(), f"history/{path.name}", 1
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if not text.endswith(b"\n"):
                return
            line = _parsed(text)
            if not isinstance(line, dict):
                yield Damage(f"{name}:{number}", "is no line of history")
                return
            if line.get("i") != number - 1 or isinstance(line["i"], bool):
                yield Damage(
                    f"{name}:{number}", f"has index {line.get('i')!r} where {number - 1} is due: a line is lost, doubled or moved"
                )
                return
            wrong = _odd(line)
            if wrong:
                yield Damage(f"{name}:{number}", wrong)
                return
            if line["kind"] == "phase" and not _fits(line, number - 1, digest.hexdigest()):
                yield Damage(f"{name}:{sealed_at}-{number}", "some line here is not what was written")
                return
            sealed_at = number if line["kind"] == "phase" else sealed_at
            digest.update(text)


def _odd(line: Mapping[str, Any]) -> str:
    """Return what no writer of ours would have written, in words: units and amounts are whole numbers."""
    if line.get("kind") not in KINDS:
        return f"is of kind {line.get('kind')!r}, which no line of history is"
    if isinstance(line.get("at_s"), bool) or not isinstance(line.get("at_s"), int | float):
        return f"is at {line.get('at_s')!r}; expected scenario seconds"
    return next(_fractions(line), "") if line["kind"] in ("event", "publication", "shelf", "oracle") else ""


def _fractions(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        whole = key == "units"
        for name, inner in value.items():
            yield from _fractions(inner, "units" if whole else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _fractions(inner, key)
    elif (key == "units" or key.endswith("_minor")) and (isinstance(value, bool) or not isinstance(value, int)):
        yield f"{key} is {value!r}; expected a whole number"


def _fits(line: Mapping[str, Any], lines: int, digest: str) -> bool:
    wall = line.get("wall")
    return isinstance(wall, Mapping) and (wall.get("lines"), wall.get("sha256")) == (lines, digest)


def _parsed(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def _sealed(path: Path) -> dict[str, Any]:
    digest, lines = sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            lines += piece.count(b"\n")
    return {"lines": lines, "sha256": digest.hexdigest()}


def _rows(db: duckdb.DuckDBPyConnection, path: Path) -> int:
    found = db.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchone()
    return int(found[0]) if found else 0


def _bounded(found: Iterator[Damage]) -> list[Damage]:
    told = []
    for damage in found:
        told.append(damage)
        if len(told) == PROBLEMS_MAX:
            break
    return told
