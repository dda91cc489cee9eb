"""Store records are wrong the other way: more lies on the shelf than the book says, such as a carton that nobody booked in."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from rehearsal.parts.fault import Joint, StockRecord
from simulators.faults._records import Settings, concerns, problems, wrong_by

__all__ = ["AT", "Settings", "concerns", "problems", "strike"]
AT = Joint.WORLD


def strike(fault: Settings, record: StockRecord, rng: Random) -> StockRecord:
    """Put one or two units more on the shelf, and leave the book alone."""
    return replace(record, shelf=record.shelf + wrong_by(rng))
