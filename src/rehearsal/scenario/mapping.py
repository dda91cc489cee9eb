"""The words by which a scenario names what a database has already: all of them with ``world: existing``, none without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

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
    named = [place for place, _ in _said(s)] + [("catalogue", word) for word in ("domain", "hot") if getattr(s.catalogue, word)]
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


def _terms_are_a_domain(s: Scenario) -> Iterator[Problem]:
    for n, term in enumerate(s.catalogue.domain):
        if not (term in ("&", "|", "!") or (isinstance(term, list | tuple) and len(term) == 3 and isinstance(term[0], str))):
            told = f"{term!r} is no term of a domain; write [field, operator, value], such as [sale_ok, =, true], or '&', '|', '!'"
            yield Problem.at(told, "catalogue", "domain", n)


RULES: tuple[Rule, ...] = (
    _made_worlds_map_nothing,
    _all_is_mapped,
    _nothing_is_mapped_twice,
    _hot_ones_are_few,
    _terms_are_a_domain,
)
