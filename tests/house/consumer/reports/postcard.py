"""A postcard for the owner of the shop: one line, which is all that he reads."""

from __future__ import annotations

from pathlib import Path

from rehearsal.verdict.judge import Judged
from rehearsal.verdict.record import Record


def write(record: Record, judged: tuple[Judged, ...], folder: Path) -> None:
    """Write ``postcard.txt`` into the run folder."""
    broken = [one.id for one in judged if one.judgement.findings]
    (folder / "postcard.txt").write_text(f"{record.scenario.title}: {', '.join(broken) or 'all is well'}\n", encoding="utf-8")
