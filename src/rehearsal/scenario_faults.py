"""What makes no sense of one fault: words that it does not read, and a fault that could never strike anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rehearsal.scenario import NETWORK_FAULTS, PROCESS_FAULTS, Fault, Scenario
from rehearsal.scenario_bounds import duration
from rehearsal.scenario_channels import STORE
from rehearsal.scenario_problem import Problem, Rule, expected, lag_problems, length_s
from rehearsal.scenario_readable import Unreadable

WINDOW = ("begins", "ends")
READS: Mapping[str, tuple[str, ...]] = {
    "late_pickup_batches": ("share", "every", *WINDOW),
    "duplicate_deliveries": ("share", *WINDOW),
    "late_carrier_events": ("share", "delay", *WINDOW),
    "empty_shelves": ("share",),
    **dict.fromkeys(NETWORK_FAULTS, ("share", *WINDOW)),
    "network_latency": ("share", "wall_ms", *WINDOW),
    "narrow_bandwidth": ("share", "bytes_per_s", *WINDOW),
    **dict.fromkeys(PROCESS_FAULTS, ("times", *WINDOW)),
    "freeze_odoo": ("times", "wall", *WINDOW),
}
"""Which words each fault reads, beside its name."""
SHIPPED = ("home_delivery", "ship_from_store")


def _words_are_read(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    reads = READS[fault.name]
    for word, field in Fault.model_fields.items():
        if word != "name" and word not in reads and _given(fault, word) != field.default:
            yield Problem.at(f"{fault.name} does not read {word}; it reads {', '.join(reads)}", "faults", place, word)


def _given(fault: Fault, word: str) -> object:
    try:
        return getattr(fault, word)
    except Unreadable:
        return Unreadable  # wrong, so it is there


def _batches_have_a_rhythm(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    if fault.name != "late_pickup_batches":
        return
    if not fault.every:
        yield Problem.at(
            "late_pickup_batches needs every: the time between two batches, such as 4h", "faults", place, "every"
        )
    elif fault.every > s.settle.limit:
        yield Problem.at(
            f"{duration(fault.every)} is longer than settle.limit ({duration(s.settle.limit)}): the last batch would never "
            "arrive", "faults", place, "every",
        )  # fmt: skip


def _carrier_is_late(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    if fault.name != "late_carrier_events":
        return
    if fault.delay is None:
        yield Problem.at(
            "late_carrier_events needs delay: how late, such as {median: 6h, p95: 24h}", "faults", place, "delay"
        )
    else:
        yield from lag_problems(s, fault.delay, "faults", place, "delay")


def _strikes_within_the_scenario(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    if fault.begins >= length_s(s):
        yield Problem.at(
            f"it begins at {duration(fault.begins)}, when the scenario is over ({duration(length_s(s))}), and would never strike",
            "faults", place, "begins",
        )  # fmt: skip


def _ends_after_it_begins(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    if fault.ends is not None and fault.ends <= fault.begins:
        yield Problem.at(
            f"it ends at {duration(fault.ends)}, and begins at {duration(fault.begins)}: it would never strike",
            "faults", place, "ends",
        )  # fmt: skip


def _has_a_share(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    if not fault.share and "share" in READS[fault.name]:
        yield Problem.at(
            "with share 0 it would never strike; write more, or leave the fault out", "faults", place, "share"
        )


def _is_one_of_its_kind(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    for other in range(place):
        earlier = s.faults[other]
        if (earlier.name, earlier.begins, earlier.ends) == (fault.name, fault.begins, fault.ends):
            yield Problem.at(
                f"{fault.name} is there already as faults.{other}, for the same time; leave one out, or give them different "
                "begins and ends", "faults", place,
            )  # fmt: skip
            return


def _meets_something(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    """What a fault strikes must happen in this scenario at all."""
    if fault.name == "late_pickup_batches" and not _ordered(s, "pickup_in_store"):
        yield _idle("no channel has orders with pickup_in_store", place)
    if fault.name == "late_carrier_events":
        if not _ordered(s, *SHIPPED):
            yield _idle("no channel has orders that are shipped", place)
        elif "carrier" not in s.services:
            yield _idle("carrier is not among the services", place)
    if fault.name == "empty_shelves" and not _stocked_stores(s):
        yield _idle(f"no node of kind {STORE} has stock and orders", place)
    if fault.name == "duplicate_deliveries" and not sum(expected(s).values()):
        yield _idle("no channel has orders", place)


def _fires_as_often_as_wanted(s: Scenario, place: int, fault: Fault) -> Iterator[Problem]:
    if fault.name not in PROCESS_FAULTS:
        return
    times = sum(one.times for one in s.faults if one.name == fault.name)
    if times < s.exercised.fault_fired:
        yield Problem(
            (("faults", place, "times"), ("exercised", "fault_fired"), ("faults", place)),
            f"{fault.name} strikes {times} time(s), and exercised.fault_fired wants {s.exercised.fault_fired}, so a run could "
            "only be undecided; write more times, or a smaller fault_fired",
        )


def _idle(why: str, place: int) -> Problem:
    return Problem.at(f"it would never strike: {why}; leave the fault out", "faults", place)


def _ordered(s: Scenario, *modes: str) -> bool:
    return any(
        channel.orders and way.share and mode in modes
        for channel in s.channels.values()
        for mode, way in channel.fulfilment.items()
    )


def _stocked_stores(s: Scenario) -> bool:
    used = {
        node
        for channel in s.channels.values()
        for way in channel.fulfilment.values()
        if channel.orders and way.share
        for node in way.nodes
    }
    return any(
        node.kind == STORE and code in used and (node.stock.regular or node.stock.promoted or node.stock.scarce)
        for code, node in s.nodes.items()
    )


RULES: tuple[Rule, ...] = (
    _words_are_read, _batches_have_a_rhythm, _carrier_is_late, _strikes_within_the_scenario, _ends_after_it_begins,
    _has_a_share, _is_one_of_its_kind, _meets_something, _fires_as_often_as_wanted,
)  # fmt: skip
