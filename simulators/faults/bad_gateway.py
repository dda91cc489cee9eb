"""Somebody in between answers instead of Odoo, with a page of their own: 502 or 503."""

from __future__ import annotations

from random import Random

from rehearsal.parts.fault import Ending, Joint, Request, RequestFaultSettings

AT = Joint.REQUEST


class Settings(RequestFaultSettings):
    """What every fault of requests has, and nothing else."""


def strike(fault: Settings, request: Request, rng: Random) -> Request:
    """Answer it, and pass nothing on."""
    return request.ended(Ending.BAD_GATEWAY if rng.random() < 0.5 else Ending.UNAVAILABLE)
