"""PostgreSQL is ended at once and started again, as when it fails over."""

from __future__ import annotations

from random import Random

from rehearsal.parts.fault import Joint, Processes, ProcessFaultSettings

AT = Joint.PROCESS


class Settings(ProcessFaultSettings):
    """What every fault of processes has, and nothing else."""


def strike(fault: Settings, processes: Processes, rng: Random) -> str:
    """End it and start it."""
    return processes.restart_postgres()
