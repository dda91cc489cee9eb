"""What makes no sense of one channel: of its own words, and beside curves, nodes and what must be exercised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rehearsal.parts.actor import Fulfilment
from rehearsal.parts.bounds import DAY_S, HOUR_S, duration, nearest
from rehearsal.parts.mode import Handover, handed
from rehearsal.parts.tender import TakenAt, second_tender
from rehearsal.scenario import Channel, Node, Scenario
from rehearsal.scenario.problem import Place, Problem, Rule, expected, lag_problems, length_s, weights

SHARE_TOLERANCE = 1e-6
STORE = "store"
"""The kind of node that has a shelf for pickups, a till beside it, and records that are wrong (see fixtures/)."""


def _curve_is_known(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    if channel.curve not in s.curves:
        yield Problem.at(
            f"curve {channel.curve!r} is not among {sorted(s.curves)}{_meant(channel.curve, s.curves)}", "channels", code, "curve"
        )


def _nodes_are_known(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    for mode, way in channel.fulfilment.items():
        for place, node in enumerate(way.nodes):
            at: Place = ("channels", code, "fulfilment", mode, "nodes", place)
            if node not in s.nodes:
                yield Problem.at(f"{mode} names node {node!r}, which is not among {sorted(s.nodes)}{_meant(node, s.nodes)}", *at)
            elif node in way.nodes[:place]:
                yield Problem.at(f"{mode} names node {node!r} twice; name it once", *at)


def _words_are_declared(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    for mode in channel.fulfilment:
        if mode not in s.modes:
            yield Problem.at(f"no mode is called {mode!r}{nearest(mode, s.modes)}", "channels", code, "fulfilment", mode)
    for tender in channel.tenders:
        if tender not in s.tenders:
            yield Problem.at(f"no tender is called {tender!r}{nearest(tender, s.tenders)}", "channels", code, "tenders", tender)
    if channel.split_with is not None and channel.split_with not in s.tenders:
        said = f"no tender is called {channel.split_with!r}{nearest(channel.split_with, s.tenders)}"
        yield Problem.at(said, "channels", code, "split_with")


def _picks_up_in_stores(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    for mode, way in handed(channel.fulfilment, s.modes, Handover.COUNTER).items():
        for place, node in enumerate(way.nodes):
            if node in s.nodes and s.nodes[node].kind != STORE:
                yield Problem.at(
                    f"nobody can pick up at {node!r}, which is a {s.nodes[node].kind}: only a node of kind {STORE} has a counter",
                    "channels",
                    code,
                    "fulfilment",
                    mode,
                    "nodes",
                    place,
                )


def _is_fulfilled(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    if not channel.fulfilment:
        yield Problem.at(
            "fulfilment is empty: a channel needs at least one way to fulfil its orders", "channels", code, "fulfilment"
        )
    else:
        yield from _sums_to_one([way.share for way in channel.fulfilment.values()], "channels", code, "fulfilment")


def _tenders_sum(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    yield from _sums_to_one(list(channel.tenders.values()), "channels", code, "tenders")


def _basket_sums(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    yield from _sums_to_one(list(channel.basket.values()), "channels", code, "basket")


def _pieces_sum(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    yield from _sums_to_one(list(channel.pieces.values()), "channels", code, "pieces")


def _sums_to_one(shares: list[float], *place: int | str) -> Iterator[Problem]:
    if abs(sum(shares) - 1) > SHARE_TOLERANCE:
        yield Problem.at(f"the shares of {place[-1]} sum to {sum(shares):g}, they must sum to 1", *place)


def _basket_fits(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    for lines, share in channel.basket.items():
        if share and lines > s.catalogue.products:
            yield Problem.at(
                f"a basket of {lines} lines cannot be filled from {s.catalogue.products} product(s)",
                "channels",
                code,
                "basket",
                lines,
            )


def _splits(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    if channel.split and channel.split_with is None:
        yield Problem.at("split needs split_with: the second tender", "channels", code, "split")
    elif channel.split and channel.split_with is not None and not _second_is_known(channel, channel.split_with):
        yield Problem.at(
            f"an order that is paid by {channel.split_with} would be split between {channel.split_with} and "
            f"{channel.split_with}; write another second tender",
            "channels",
            code,
            "split_with",
        )


def _second_is_known(channel: Channel, split_with: str) -> bool:
    return not channel.tenders.get(split_with) or second_tender(channel.tenders, split_with, split_with) is not None


def _tenders_are_taken_there(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    till = bool(handed(channel.fulfilment, s.modes, Handover.AT_ONCE))
    here = [tender for tender, one in s.tenders.items() if (TakenAt.TILL if till else TakenAt.CHECKOUT) in one.taken]
    for tender, at in tenders_used(channel).items():
        if tender in s.tenders and tender not in here:
            who = "a till takes" if till else "a channel without a till takes"
            yield Problem.at(f"{who} {', '.join(here)}, and no {tender}; write one of them", "channels", code, *at)


def _one_tender_lies_in_the_drawer(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    coins = [tender for tender in tenders_used(channel) if tender in s.tenders and s.tenders[tender].drawer]
    if len(coins) > 1:
        yield Problem.at(
            f"{' and '.join(coins)} would lie in one drawer, which is counted as one; let a till of its own take the other",
            "channels",
            code,
            "tenders",
        )


def tenders_used(channel: Channel) -> dict[str, Place]:
    """Return every tender with which *channel* may be paid, and the word that says so."""
    used: dict[str, Place] = {tender: ("tenders", tender) for tender, share in channel.tenders.items() if share}
    if channel.split and channel.split_with is not None:
        used.setdefault(channel.split_with, ("split_with",))
    return used


def till_way(s: Scenario, channel: Channel) -> Fulfilment | None:
    """Return how *channel* sells from where it stands; None when it is no till."""
    return next(iter(handed(channel.fulfilment, s.modes, Handover.AT_ONCE).values()), None)


def _till_stands_in_one_store(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    at: Place = ("channels", code, "fulfilment")
    ways = handed(channel.fulfilment, s.modes, Handover.AT_ONCE)
    for mode, way in ways.items():
        if len(way.nodes) != 1:
            yield Problem.at(f"a till stands at one node, and not at {len(way.nodes)}; name one", *at, mode, "nodes")
    if not ways:
        return
    mode, *_ = ways
    if len(channel.fulfilment) > 1:
        others = ", ".join(other for other in channel.fulfilment if other != mode)
        yield Problem.at(f"a till sells from its shelf alone: {mode} excludes {others}; make a channel of its own", *at)
    if "__" in code or code.endswith("_"):
        yield Problem.at(f"{code!r} ends in _ or has two of them in a row, which a till's name must not", "channels", code)


def _lag_spreads(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    yield from lag_problems(s, channel.lag, "channels", code, "lag")


def _somebody_comes(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    curve = s.curves.get(channel.curve)
    if not channel.orders or curve is None or not any(curve.hours) or not any(curve.days):
        return
    if s.lasts < HOUR_S and s.load.shape != "breakpoint":
        return
    if not any(weights(s, channel.curve)):
        yield Problem.at(
            f"curve {channel.curve!r} has no weight within the {duration(length_s(s))} of this scenario{_shaped(s)}, so none "
            f"of the {channel.orders} orders would come; write orders: 0, a longer scenario, or another curve",
            "channels",
            code,
            "curve",
        )


def _till_is_open_when_they_come(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    """Who comes before the doors open waits, and who comes after closing waits for tomorrow, or for ever."""
    way = till_way(s, channel)
    if way is None or not channel.orders or channel.curve not in s.curves or way.nodes[0] not in s.nodes:
        return
    node = s.nodes[way.nodes[0]]
    if node.opens >= node.closes:
        return
    hours = sorted({h % 24 for h, weight in enumerate(weights(s, channel.curve)) if weight and _closed(node, h % 24)})
    if hours:
        yield Problem.at(
            f"curve {channel.curve!r} sends shoppers at {', '.join(f'{hour}:00' for hour in hours)}, when {way.nodes[0]!r} is "
            f"closed (open {clock(node.opens)} to {clock(node.closes)}); weigh those hours 0, or open it longer",
            "channels",
            code,
            "curve",
        )


def _till_is_open_for_the_crowd(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    way = till_way(s, channel)
    if s.load.shape != "spike" or way is None or not channel.orders or way.nodes[0] not in s.nodes:
        return
    begins = s.load.spike.at * s.lasts
    if begins + s.load.spike.lasts > s.lasts:
        return  # that has been told
    hours = range(int(begins // HOUR_S), int((begins + s.load.spike.lasts - 1) // HOUR_S) + 1)
    node = s.nodes[way.nodes[0]]
    if node.opens < node.closes and any(_closed(node, hour % 24) for hour in hours):
        yield Problem.at(
            f"the spike begins at {clock(round(begins) % DAY_S)} and lasts {duration(s.load.spike.lasts)}, and {way.nodes[0]!r}, "
            f"where {code} stands, is open {clock(node.opens)} to {clock(node.closes)}; write another at",
            "load",
            "spike",
        )


def _closed(node: Node, hour: int) -> bool:
    return (hour + 1) * HOUR_S <= node.opens or hour * HOUR_S >= node.closes


def _sells_as_often_as_wanted(s: Scenario, code: str, channel: Channel) -> Iterator[Problem]:
    least, come = s.exercised.orders_per_channel, expected(s)[code]
    if least > come and s.load.shape != "breakpoint":  # where a search ends is not known
        yield Problem(
            (("exercised", "orders_per_channel"), ("channels", code, "orders")),
            f"{least} orders of channel {code} are wanted, and it expects {come:.0f} shoppers, so a run could only be "
            f"undecided; write {int(come)} at most, or more orders for {code}",
        )


def _shaped(s: Scenario) -> str:
    return " under shape breakpoint" if s.load.shape == "breakpoint" else ""


def _meant(word: str, known: Iterable[str]) -> str:
    told = nearest(word, known)
    return told if "did you mean" in told else ""


def clock(second: int) -> str:
    """Return a second of the day as a clock time."""
    return f"{second // HOUR_S:02d}:{second % HOUR_S // 60:02d}"


RULES: tuple[Rule, ...] = (
    _words_are_declared, _curve_is_known, _nodes_are_known, _picks_up_in_stores, _is_fulfilled, _tenders_sum, _basket_sums, _pieces_sum, _basket_fits, _splits,
    _tenders_are_taken_there, _one_tender_lies_in_the_drawer, _till_stands_in_one_store, _lag_spreads,
    _somebody_comes, _till_is_open_when_they_come, _till_is_open_for_the_crowd, _sells_as_often_as_wanted,
)  # fmt: skip
