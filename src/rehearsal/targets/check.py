"""One thing that ``rehearse doctor`` looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, and what was seen; *fix* is the command to run, empty when *ok*."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    needed: bool = True
    """Whether no rehearsal at all can run without it; a target of several is not needed."""
