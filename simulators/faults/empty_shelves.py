"""Store records are wrong: the book says more than lies on the shelf, and whoever looks for it finds too little."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from rehearsal.parts.fault import Joint, StockRecord
from simulators.faults._records import Settings, concerns, problems, wrong_by

__all__ = ["AT", "Settings", "concerns", "problems", "strike"]
AT = Joint.WORLD


def strike(fault: Settings, record: StockRecord, rng: Random) -> StockRecord:
    """Take one or two units off the shelf, and leave the book alone."""
    return replace(record, shelf=max(0, record.shelf - wrong_by(rng)))
