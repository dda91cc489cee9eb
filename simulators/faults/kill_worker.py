"""An HTTP worker of Odoo is killed in the middle of a write, as the system does when memory runs out."""

from __future__ import annotations

from random import Random

from rehearsal.parts.fault import Joint, Processes, ProcessFaultSettings

AT = Joint.PROCESS


class Settings(ProcessFaultSettings):
    """What every fault of processes has, and nothing else."""


def strike(fault: Settings, processes: Processes, rng: Random) -> str:
    """Kill the one that is at work."""
    return processes.kill_worker()
