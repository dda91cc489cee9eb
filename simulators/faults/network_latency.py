"""The way to Odoo is slow: requests are passed on late."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Annotated

from pydantic import Field

from rehearsal.draw import lognormal
from rehearsal.parts.fault import Joint, Request, RequestFaultSettings

AT = Joint.REQUEST


class Settings(RequestFaultSettings):
    """Beside what every fault of requests has."""

    wall_ms: Annotated[int, Field(ge=1, le=60_000)] = 200
    """Median wall milliseconds of a log-normal delay; its 95th percentile is three times as long."""


def strike(fault: Settings, request: Request, rng: Random) -> Request:
    """Keep it back for a draw of its own; several windows add up."""
    return replace(request, delay_s=request.delay_s + lognormal(rng, fault.wall_ms, 3 * fault.wall_ms) / 1000)
