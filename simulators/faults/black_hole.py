"""A request is swallowed: nothing goes through, and nothing comes back until the client gives up."""

from __future__ import annotations

from random import Random

from rehearsal.parts.fault import Ending, Joint, Request, RequestFaultSettings

AT = Joint.REQUEST


class Settings(RequestFaultSettings):
    """What every fault of requests has, and nothing else."""


def strike(fault: Settings, request: Request, rng: Random) -> Request:
    """Swallow it."""
    return request.ended(Ending.BLACK_HOLE)
