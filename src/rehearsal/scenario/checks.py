"""Which combinations of words make no scenario: each rule looks at one thing and says what is wrong, and where.

A rule may be given a scenario of which only parts can be read (see `scenario_readable`); it is then left out as soon as
it needs a value that is not there. So every rule is small, and reads only what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rehearsal.parts.actor_kinds import kind_on_path
from rehearsal.parts.bounds import HOUR_S, LASTS_MAX_S, duration, nearest
from rehearsal.parts.part import Lag, Part
from rehearsal.parts.tender import TakenAt, second_tender
from rehearsal.scenario import Channel, Curve, Deadlines, Gate, Node, Scenario, Service
from rehearsal.scenario.channels import RULES as CHANNEL_RULES
from rehearsal.scenario.channels import clock, tenders_used
from rehearsal.scenario.faults import RULES as FAULT_RULES
from rehearsal.scenario.gates import CHANNEL_FIGURES, KPI_FIGURES, LIVE_FIGURES, LOAD_FIGURES, misuse, parsed
from rehearsal.scenario.mapping import RULES as MAPPING_RULES
from rehearsal.scenario.problem import Problem, Rule, expected, is_a, lag_problems, length_s, words_of
from rehearsal.scenario.readable import Unreadable
from rehearsal.scenario.sizes import RULES as SIZE_RULES
from rehearsal.scenario.software import addons_are_there


def problems(scenario: Scenario) -> Iterator[Problem]:
    """Yield everything that does not hang together in *scenario*."""
    for rule in (*RULES, *SIZE_RULES, *MAPPING_RULES):
        yield from _told(rule, scenario)
    for rules, name in (
        (NODE_RULES, "nodes"),
        ((*CHANNEL_RULES, _makes_sense_to_itself("channels", Channel)), "channels"),
        (SERVICE_RULES, "services"),
        (CURVE_RULES, "curves"),
    ):
        for code, one in _items(scenario, name):
            for rule in rules:
                yield from _told(rule, scenario, code, one)
    for rules, name in ((FAULT_RULES, "faults"), (GATE_RULES, "gates")):
        for place, (_, one) in enumerate(_items(scenario, name)):
            for rule in rules:
                yield from _told(rule, scenario, place, one)


def _told(rule: Rule, *about: Any) -> Iterator[Problem]:
    try:
        yield from rule(*about)
    except Unreadable:
        return  # what is missing or wrong has been told by itself


def _items(scenario: Scenario, name: str) -> list[tuple[Any, Any]]:
    try:
        held = getattr(scenario, name)
    except Unreadable:
        return []
    return list(held.items()) if isinstance(held, dict) else [("", one) for one in held]


# -- the scenario as a whole -------------------------------------------------------------------------------------------


def _lasts_whole_hours(s: Scenario) -> Iterator[Problem]:
    if s.load.shape == "breakpoint" and s.lasts:
        return  # as long as its steps
    hours, rest = divmod(s.lasts, HOUR_S)
    if not hours:
        yield Problem.at(
            f"{duration(s.lasts)} is too short: shoppers are drawn hour by hour, and nobody would come; write 1h or more", "lasts"
        )
    elif rest:
        yield Problem.at(
            f"{duration(s.lasts)} is no whole number of hours: shoppers are drawn hour by hour, and nobody would come in the "
            f"last {duration(rest)}; write {hours}h or {hours + 1}h",
            "lasts",
        )


def _search_has_a_length(s: Scenario) -> Iterator[Problem]:
    if s.load.shape != "breakpoint":
        return
    search = s.load.breakpoint
    told = f"{search.steps} step(s) of {duration(search.step)} at {s.clock.speedup:g} times the speed"
    if length_s(s) > LASTS_MAX_S:
        yield Problem.at(
            f"{told} are {duration(length_s(s))} of scenario time; at most {duration(LASTS_MAX_S)} can be played",
            "load",
            "breakpoint",
        )
    if search.step * s.clock.speedup < 1:
        yield Problem.at(f"{told} are less than a second of scenario time each; write a higher speedup", "load", "breakpoint")


def _spike_ends(s: Scenario) -> Iterator[Problem]:
    spike = s.load.spike
    ends = spike.at * s.lasts + spike.lasts
    if s.load.shape == "spike" and ends > s.lasts:
        yield Problem.at(
            f"the spike begins at {duration(spike.at * s.lasts)}, lasts {duration(spike.lasts)}, and would end after the "
            f"scenario ({duration(s.lasts)}); write lasts: {duration(max(1, (1 - spike.at) * s.lasts))} or less, or an earlier at",
            "load",
            "spike",
        )


def _deadlines_are_seen(s: Scenario) -> Iterator[Problem]:
    for name, limit in words_of(s.deadlines).items():
        if limit > s.settle.limit:
            yield Problem(
                (("deadlines", name), ("settle", "limit")),
                f"{duration(limit)} is longer than settle.limit ({duration(s.settle.limit)}): an order of the last second is "
                f"watched no longer than that, so nobody would see that it is late; write settle: {{limit: {duration(limit)}}} "
                "or more, or a shorter deadline",
            )


def _deadlines_are_of_something(s: Scenario) -> Iterator[Problem]:
    known = {*Deadlines.model_fields, *s.modes}
    for name in words_of(s.deadlines):
        if name not in known:
            yield Problem.at(f"no mode is called {name!r}{nearest(name, known)}", "deadlines", name)


def _modes_have_deadlines(s: Scenario) -> Iterator[Problem]:
    for mode in s.modes:
        if not hasattr(s.deadlines, mode):  # of one that is wrong nothing can be said: looking at it raises
            yield Problem.at(f"mode {mode} has no deadline; write for example deadlines: {{{mode}: 48h}}", "modes", mode)


def _tenders_are_whole(s: Scenario) -> Iterator[Problem]:
    for code, tender in s.tenders.items():
        if tender.drawer and TakenAt.CHECKOUT in tender.taken:
            yield Problem.at("nobody puts coins into a checkout; write taken: [till] beside drawer: true", "tenders", code)
        if "__" in code or code.endswith("_"):
            yield Problem.at(f"{code!r} ends in _ or has two of them in a row, which a tender's name must not", "tenders", code)


def _catalogue_nests(s: Scenario) -> Iterator[Problem]:
    c = s.catalogue
    if not c.scarce <= c.promoted <= c.products:
        yield Problem.at(f"scarce ({c.scarce}) <= promoted ({c.promoted}) <= products ({c.products}) must hold", "catalogue")
    if c.promoted == c.products and not c.promoted_demand:
        yield Problem.at(
            "0 of the demand falls on promoted products, and all products are promoted: nobody would want anything; write a "
            "share above 0, or fewer promoted",
            "catalogue",
            "promoted_demand",
        )


def _prices_rise(s: Scenario) -> Iterator[Problem]:
    low, high = s.catalogue.price_from, s.catalogue.price_to
    if low >= high:
        yield Problem(
            (("catalogue", "price_from"), ("catalogue", "price_to")),
            f"price_from ({low / 100:.2f}) must be below price_to ({high / 100:.2f})",
        )


def _names_are_unique(s: Scenario) -> Iterator[Problem]:
    for code in s.channels:
        for what, others in (("node", s.nodes), ("service", s.services)):
            if code in others:
                yield Problem.at(_one_mailbox("channel", code, what), "channels", code)
    for code in s.nodes:
        if code in s.services:
            yield Problem.at(_one_mailbox("node", code, "service"), "nodes", code)


def _one_mailbox(what: str, code: str, other: str) -> str:
    return f"{code!r} is a {what} and a {other}: both would read the same instructions; give one of them another name"


def _back_office_has_work(s: Scenario) -> Iterator[Problem]:
    users = s.load.backoffice.get("crons", 0)
    if s.load.crons and not users:
        yield Problem.at("nobody would run them; write backoffice: {crons: 1} beside it", "load", "crons")
    if users and not s.load.crons:
        yield Problem.at(
            "there is nothing for them to run; name scheduled actions under load, such as crons: [stock.ir_cron_scheduler_action]",
            "load",
            "backoffice",
            "crons",
        )


def _tenders_pay_as_often_as_wanted(s: Scenario) -> Iterator[Problem]:
    least, shoppers, pay = s.exercised.orders_per_tender, expected(s), dict[str, float]()
    for code, channel in s.channels.items():
        for tender in tenders_used(channel):
            share = channel.tenders.get(tender, 0) + _second_share(channel, tender)
            pay[tender] = pay.get(tender, 0) + shoppers[code] * share
    for paid, times in pay.items():
        if times < least and s.load.shape != "breakpoint":  # where a search ends is not known
            yield Problem.at(
                f"{least} orders paid by {paid} are wanted, and about {times:.0f} are expected, so a run could only be "
                f"undecided; write {int(times)} at most, or a larger share of {paid}",
                "exercised",
                "orders_per_tender",
            )


def _second_share(channel: Channel, tender: str) -> float:
    """Return the share of the orders of *channel* whose second tender is *tender*."""
    if channel.split_with is None:
        return 0.0
    firsts = channel.tenders.items()
    return channel.split * sum(
        share for first, share in firsts if second_tender(channel.tenders, channel.split_with, first) == tender
    )


def _scan_spreads(s: Scenario) -> Iterator[Problem]:
    yield from lag_problems(s, s.carrier_scan, "carrier_scan")


RULES: tuple[Rule, ...] = (
    _lasts_whole_hours, _search_has_a_length, _spike_ends, _deadlines_are_seen, _deadlines_are_of_something, _modes_have_deadlines, _tenders_are_whole, _catalogue_nests, _prices_rise, _names_are_unique,
    _back_office_has_work, _tenders_pay_as_often_as_wanted, _scan_spreads, addons_are_there,
)  # fmt: skip


# -- one node, one curve, one gate -----------------------------------------------------------------------------------


def _opens_before_closing(s: Scenario, code: str, node: Node) -> Iterator[Problem]:
    if node.opens >= node.closes:
        yield Problem(
            (("nodes", code, "opens"), ("nodes", code, "closes"), ("nodes", code)),
            f"opens ({clock(node.opens)}) must be before closes ({clock(node.closes)})",
        )


def _pick_spreads(s: Scenario, code: str, node: Node) -> Iterator[Problem]:
    yield from lag_problems(s, node.pick, "nodes", code, "pick")


def _has_weight(s: Scenario, code: str, curve: Curve) -> Iterator[Problem]:
    for word in ("hours", "days"):
        if not any(getattr(curve, word)):
            yield Problem.at("all weights are 0: nothing would ever arrive", "curves", code, word)


def _figure_exists(s: Scenario, place: int, gate: Gate) -> Iterator[Problem]:
    said = misuse(parsed(gate.limit), {name: name in CHANNEL_FIGURES for name in KPI_FIGURES}, s.channels)
    if said:
        yield Problem.at(said, "gates", place)


def _abort_can_happen(s: Scenario, place: int, gate: Gate) -> Iterator[Problem]:
    figure = parsed(gate.limit).figure
    if not gate.abort_on_fail or figure not in LOAD_FIGURES | KPI_FIGURES:
        return
    if figure not in LIVE_FIGURES:
        yield Problem.at(
            f"{figure} is known at the end only, so it cannot end a run; leave abort_on_fail out, or take one of: "
            f"{', '.join(sorted(LIVE_FIGURES))}",
            "gates",
            place,
            "abort_on_fail",
        )
        return
    over_s = length_s(s) / s.clock.speedup
    if gate.after >= over_s:
        yield Problem.at(
            f"it is first held after {duration(gate.after)}, and at {s.clock.speedup:g} times the speed the load is over in "
            f"{duration(over_s)}; write a shorter after, or a lower speedup",
            "gates",
            place,
            "after",
        )


def _makes_sense_to_itself(family: str, base: type[Part]) -> Rule:
    def rule(s: Scenario, code: str, actor: Channel | Node | Service) -> Iterator[Problem]:
        kind = kind_on_path(actor.kind)
        for word, sentence in kind.problems(actor, s, code) if kind and kind.settings and issubclass(kind.settings, base) else ():
            yield Problem.at(sentence, family, code, *([word] if word else []))

    return rule


def _delays_spread(s: Scenario, code: str, service: Service) -> Iterator[Problem]:
    kind = kind_on_path(service.kind)
    for word in kind.settings.model_fields if kind and kind.settings else ():
        if isinstance(getattr(service, word), Lag) or is_a(getattr(service, word), Lag):
            yield from lag_problems(s, getattr(service, word), "services", code, word)


NODE_RULES: tuple[Rule, ...] = (_opens_before_closing, _pick_spreads, _makes_sense_to_itself("nodes", Node))
SERVICE_RULES: tuple[Rule, ...] = (_delays_spread, _makes_sense_to_itself("services", Service))
CURVE_RULES: tuple[Rule, ...] = (_has_weight,)
GATE_RULES: tuple[Rule, ...] = (_figure_exists, _abort_can_happen)
