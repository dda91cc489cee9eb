"""Answers of Odoo trickle."""

from __future__ import annotations

from random import Random
from typing import Annotated

from pydantic import Field

from rehearsal.parts.fault import Joint, Request, RequestFaultSettings

AT = Joint.REQUEST


class Settings(RequestFaultSettings):
    """Beside what every fault of requests has."""

    bytes_per_s: Annotated[int, Field(ge=100, le=1_000_000_000)] = 20_000
    """Bytes per wall second of each answer."""


def strike(fault: Settings, request: Request, rng: Random) -> Request:
    """Let the answer come no faster than this; of several windows the narrowest counts."""
    return request.slowed(fault.bytes_per_s)
