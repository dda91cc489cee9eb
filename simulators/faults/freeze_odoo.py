"""Odoo stands still for a while and then goes on as if nothing had been: a snapshot of its machine, a disk that stalls."""

from __future__ import annotations

from random import Random

from rehearsal.parts.bounds import WallTime
from rehearsal.parts.fault import Joint, Processes, ProcessFaultSettings

AT = Joint.PROCESS


class Settings(ProcessFaultSettings):
    """Beside what every fault of processes has."""

    wall: WallTime = 5
    """Wall seconds for which it stands still."""


def strike(fault: Settings, processes: Processes, rng: Random) -> str:
    """Stop every process of it, and let them go on."""
    return processes.freeze_odoo(float(fault.wall))
