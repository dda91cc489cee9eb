"""Odoo is ended and started again, as somebody does who installs an update."""

from __future__ import annotations

from random import Random

from rehearsal.parts.fault import Joint, Processes, ProcessFaultSettings

AT = Joint.PROCESS


class Settings(ProcessFaultSettings):
    """What every fault of processes has, and nothing else."""


def strike(fault: Settings, processes: Processes, rng: Random) -> str:
    """End it and start it; what is under way is lost."""
    return processes.restart_odoo()
