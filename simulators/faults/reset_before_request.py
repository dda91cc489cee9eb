"""The line breaks before Odoo hears of a request."""

from __future__ import annotations

from random import Random

from rehearsal.parts.fault import Ending, Joint, Request, RequestFaultSettings

AT = Joint.REQUEST


class Settings(RequestFaultSettings):
    """What every fault of requests has, and nothing else."""


def strike(fault: Settings, request: Request, rng: Random) -> Request:
    """Break it; nothing was done."""
    return request.ended(Ending.RESET)
