"""What shoppers said, in one line for the owner of the shop."""

from __future__ import annotations

from pathlib import Path

from rehearsal.verdict.judge import Judged
from rehearsal.verdict.record import Record


def write(record: Record, judged: tuple[Judged, ...], folder: Path) -> None:
    """Write ``ratings.txt`` into the run folder."""
    (told,) = record.rows("SELECT count(*) AS n, coalesce(round(avg(stars), 1), 0) AS mean FROM ratings")
    broken = ", ".join(one.id.replace("_", " ") for one in judged if one.judgement.findings)
    line = f"{record.scenario.title}: {told['n']} ratings, {told['mean']:g} of 5 stars; broken: {broken or 'nothing'}\n"
    (folder / "ratings.txt").write_text(line, encoding="utf-8")
