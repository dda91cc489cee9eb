"""Shares: how many of a node's units each of its channels is given, by what it is expected to sell.

A till of a store that is closed sells nothing, so nothing is kept for it overnight. And the last units of something are not
spread thin: what a channel gets that may choose among several nodes lies together at the one that has most, since one unit
here and one there fill no basket of two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rehearsal.model import Units
from rehearsal.parts.mode import Handover, handed
from rehearsal.scenario import Scenario

DAY_S = 86_400


class Shares:
    """Who gets how much of what lies where."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._weights = {node: _weights(scenario, node) for node in scenario.nodes}
        self._choices = {node: _choices(scenario, node) for node in scenario.nodes}

    def of(self, node: str, units: Units, elsewhere: Callable[[str], Units], now_s: float) -> dict[str, Units]:
        """Return what each channel of *node* is to have of *units* of one SKU; *elsewhere* returns those of other nodes."""
        return dict.fromkeys(self._weights[node], 0) | self._awake_of(node, units, elsewhere, now_s)

    def _awake_of(self, node: str, units: Units, elsewhere: Callable[[str], Units], now_s: float) -> dict[str, Units]:
        weights = self._awake(node, now_s)
        choices = {channel: nodes for channel, nodes in self._choices[node].items() if channel in weights}
        if not choices or len(weights) == len(choices):
            return shared_out(units, weights)
        stock = {one: units if one == node else max(0, elsewhere(one)) for nodes in choices.values() for one in nodes}
        if sum(stock.values()) > len(stock):
            return shared_out(units, weights)
        given = {channel: self._together(channel, nodes, stock).get(node, 0) for channel, nodes in choices.items()}
        others = {channel: weight for channel, weight in weights.items() if channel not in choices}
        return given | shared_out(stock[node], others)

    def _together(self, channel: str, nodes: tuple[str, ...], stock: dict[str, Units]) -> dict[str, Units]:
        """Take the part of *channel* out of *stock*, where most lies first; return it by node."""
        due = round(sum(stock[node] * self._weights[node][channel] / sum(self._weights[node].values()) for node in nodes))
        taken: dict[str, Units] = {}
        for node in sorted(nodes, key=lambda one: -stock[one]):
            taken[node] = min(due, stock[node])
            stock[node] -= taken[node]
            due -= taken[node]
        return taken

    def _awake(self, node: str, now_s: float) -> Mapping[str, float]:
        """Return the weights of the channels that can sell from *node* before they are asked again; of all, if none can."""
        all_of_them = self._weights[node]
        awake = {code: weight for code, weight in all_of_them.items() if not self._sleeps(node, code, now_s)}
        return awake or all_of_them

    def _sleeps(self, node: str, code: str, now_s: float) -> bool:
        """Whether *code* is a till of a store that is closed, now and when it is asked next."""
        channel, spec = self._scenario.channels[code], self._scenario.nodes[node]
        if not handed(channel.fulfilment, self._scenario.modes, Handover.AT_ONCE):
            return False
        return not any(spec.opens <= at_s % DAY_S < spec.closes for at_s in (now_s, now_s + channel.publish_every))


def _weights(scenario: Scenario, node: str) -> dict[str, float]:
    """Return how many orders each channel is expected to have at *node*; one that expects none counts as one order."""
    return {
        code: sum(way.share / len(way.nodes) for way in spec.fulfilment.values() if node in way.nodes) * max(1, spec.orders)
        for code, spec in scenario.channels.items()
        if any(node in way.nodes for way in spec.fulfilment.values())
    }


def _choices(scenario: Scenario, node: str) -> dict[str, tuple[str, ...]]:
    """Return the channels that may choose *node* or another one for the same order, and those nodes."""
    ways = {
        code: max((way.nodes for way in spec.fulfilment.values() if node in way.nodes), key=len, default=())
        for code, spec in scenario.channels.items()
    }
    return {code: nodes for code, nodes in ways.items() if len(nodes) > 1}


def shared_out(total: Units, weights: Mapping[str, float]) -> dict[str, Units]:
    """Return whole parts of *total* in proportion to *weights*; what rounding leaves goes by largest remainder."""
    whole = sum(weights.values())
    exact = {code: total * weight / whole for code, weight in weights.items()}
    parts = {code: int(share) for code, share in exact.items()}
    by_rest = sorted(weights, key=lambda code: (parts[code] - exact[code], code))
    for code in by_rest[: total - sum(parts.values())]:
        parts[code] += 1
    return parts
