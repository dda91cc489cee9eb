"""The words by which a scenario names what a database has already: all of them with ``world: existing``, none without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rehearsal.parts.bounds import OdooDomain
from rehearsal.parts.mode import Handover, handed
from rehearsal.scenario import Scenario
from rehearsal.scenario.problem import Place, Problem, Rule

WORDS = {"nodes": ("warehouse",), "channels": ("pricelist", "till"), "tenders": ("journal",)}


def tills_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the channels that sell over a counter, and so need a point of sale."""
    ways = scenario.channels.items()
    return tuple(code for code, channel in ways if handed(channel.fulfilment, scenario.modes, Handover.AT_ONCE))


def tenders_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the tenders that some channel takes, in the scenario's order."""
    taken = {tender for c in scenario.channels.values() for tender in (*c.tenders, *([c.split_with] if c.split_with else []))}
    return tuple(tender for tender in scenario.tenders if tender in taken)


def _said(s: Scenario) -> Iterator[tuple[Place, str]]:
    """Yield each word of a mapping that says something, with its place."""
    for family, words in WORDS.items():
        for code, part in getattr(s, family).items():
            for word in words:
                if value := getattr(part, word):
                    yield (family, code, word), value


def _made_worlds_map_nothing(s: Scenario) -> Iterator[Problem]:
    if s.world != "made":
        return
    named: list[Place] = [place for place, _ in _said(s)]
    named += [("catalogue", word) for word in ("domain", "hot", "shares") if getattr(s.catalogue, word)]
    named += [("channels", code, "history") for code, channel in s.channels.items() if channel.history]
    named += [("customer_domain",)] if s.customer_domain else []
    for place in named:
        yield Problem.at(f"{place[-1]} names what a database has already; write world: existing as well, or leave it out", *place)


def _all_is_mapped(s: Scenario) -> Iterator[Problem]:
    if s.world != "existing":
        return
    for code, node in s.nodes.items():
        if not node.warehouse:
            yield Problem.at("world: existing needs the warehouse that this node is; write warehouse: CODE", "nodes", code)
    for code in tills_of(s):
        if not s.channels[code].till:
            yield Problem.at("world: existing needs the point of sale that this till is; write till: NAME", "channels", code)
    for code in tenders_of(s):
        tender = s.tenders[code]
        if not tender.drawer and not tender.journal:
            told = f"world: existing needs the journal in which {code} is booked; write tenders: {{{code}: {{journal: CODE}}}}"
            yield Problem((("tenders", code), ("tenders",), ("world",)), told)


def _nothing_is_mapped_twice(s: Scenario) -> Iterator[Problem]:
    if s.world != "existing":
        return
    names = Counter((place[-1], value) for place, value in _said(s) if place[-1] != "pricelist")
    for place, value in _said(s):
        if names[place[-1], value] > 1:
            yield Problem.at(f"{value!r} is named by {names[place[-1], value]} of them; each has its own", *place)


def _hot_ones_are_few(s: Scenario) -> Iterator[Problem]:
    if len(s.catalogue.hot) > s.catalogue.products:
        yield Problem.at(
            f"names {len(s.catalogue.hot)} articles, and products is {s.catalogue.products}; write more products",
            "catalogue",
            "hot",
        )


def _shares_are_of_some(s: Scenario) -> Iterator[Problem]:
    shares = s.catalogue.shares
    if not shares:
        return
    drawn = sum(share > 0 for share in shares.values())
    if drawn == 0:
        yield Problem.at("every share is 0, so nobody would want anything; give one article a share", "catalogue", "shares")
    elif s.catalogue.products < drawn:
        told = f"names {drawn} articles that draw demand, and products is {s.catalogue.products}; write products: {drawn}"
        yield Problem.at(told, "catalogue", "shares")
    for place, sku in enumerate(s.catalogue.hot):
        if not shares.get(sku):
            yield Problem.at(f"{sku!r} is hot, and has no share in catalogue.shares; give it one", "catalogue", "hot", place)


def _tills_have_their_tickets(s: Scenario) -> Iterator[Problem]:
    for code in tills_of(s):
        if s.channels[code].history:
            told = "a till's history are the tickets of its point of sale; leave the word out"
            yield Problem.at(told, "channels", code, "history")


def _terms_are_a_domain(s: Scenario) -> Iterator[Problem]:
    domains: list[tuple[Place, OdooDomain]] = [
        (("catalogue", "domain"), s.catalogue.domain),
        (("customer_domain",), s.customer_domain),
    ]
    domains += [(("channels", code, "history"), channel.history) for code, channel in s.channels.items()]
    for place, domain in domains:
        for n, term in enumerate(domain):
            if not (term in ("&", "|", "!") or (isinstance(term, list | tuple) and len(term) == 3 and isinstance(term[0], str))):
                told = (
                    f"{term!r} is no term of a domain; write [field, operator, value], such as [active, =, true], or '&', '|', '!'"
                )
                yield Problem.at(told, *place, n)


RULES: tuple[Rule, ...] = (
    _made_worlds_map_nothing,
    _all_is_mapped,
    _nothing_is_mapped_twice,
    _hot_ones_are_few,
    _shares_are_of_some,
    _tills_have_their_tickets,
    _terms_are_a_domain,
)
