"""What faults share that keep word of something back until the next batch."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.parts.bounds import SomeTime, duration
from rehearsal.parts.fault import FaultSettings, Travel
from rehearsal.scenario import Scenario


class BatchSettings(FaultSettings):
    """Beside what every fault of deliveries has."""

    every: SomeTime
    """the time between two batches, such as 4h"""


def with_next_batch(fault: BatchSettings, travel: Travel) -> Travel:
    """Return *travel* as it arrives with the next batch."""
    return travel.later(-(travel.at_s + travel.arrives_in_s[0]) % fault.every) if travel.arrives_in_s else travel


def batch_problems(fault: BatchSettings, scenario: Scenario) -> Iterator[tuple[str, str]]:
    """A batch must come while somebody watches."""
    if fault.every > scenario.settle.limit:
        yield (
            "every",
            (
                f"{duration(fault.every)} is longer than settle.limit ({duration(scenario.settle.limit)}): the last batch would never "
                "arrive"
            ),
        )
