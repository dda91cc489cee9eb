"""Odoo does what it is asked and commits, and its answer is lost: whoever asked cannot know."""

from __future__ import annotations

from random import Random

from rehearsal.parts.fault import Ending, Joint, Request, RequestFaultSettings

AT = Joint.REQUEST


class Settings(RequestFaultSettings):
    """What every fault of requests has, and nothing else."""


def strike(fault: Settings, request: Request, rng: Random) -> Request:
    """Let Odoo answer, and nobody hear it."""
    return request.ended(Ending.CUT)
