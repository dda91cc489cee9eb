"""Word of what a node did comes in batches: handhelds sync when they find Wi-Fi, a 3PL sends a file now and then."""

from __future__ import annotations

from random import Random

from rehearsal.parts.fault import Joint, Travel
from rehearsal.vocabulary import Role
from simulators.faults._batches import BatchSettings, batch_problems, with_next_batch

AT = Joint.DELIVERY
NODE_ROLES = frozenset({Role.STAGES, Role.DECLINES, Role.HANDS_OVER})
problems = batch_problems


class Settings(BatchSettings):
    """What every fault of batches has, and nothing else."""


def concerns(fault: Settings, travel: Travel) -> bool:
    """What pickers did and did not find; a till's tickets have a sync of their own."""
    roles = travel.event.kind.roles
    return bool(roles & NODE_ROLES) and Role.ACCEPTS not in roles


def strike(fault: Settings, travel: Travel, rng: Random) -> Travel:
    """Keep it back until the next batch."""
    return with_next_batch(fault, travel)
