"""A target that is up while one command needs it, and a person who watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rehearsal.model import Tell
from rehearsal.pipeline.run import ready_target
from rehearsal.pipeline.terminal import Progress
from rehearsal.scenario import Scenario
from rehearsal.targets.base import Target


@dataclass(slots=True)
class Standing:
    """A target that is up for one command."""

    progress: Progress
    keep: bool


@contextmanager
def standing(
    target: Target, tell: Tell, scenario: Scenario, keep: bool = False, interrupted: str = "interrupted, and nothing was judged"
) -> Iterator[Standing]:
    """Have *target* up for *scenario*, and leave it as it was found, or up where *keep* says so; a person hears of an interruption."""
    was_running = target.status().running
    with Progress(tell) as progress:
        up = Standing(progress, keep)
        try:
            ready_target(target, progress.tell, scenario)
            yield up
        except KeyboardInterrupt:
            progress.tell(f"rehearse: {interrupted}")
            raise
        finally:
            if not was_running and not up.keep:
                target.down()
