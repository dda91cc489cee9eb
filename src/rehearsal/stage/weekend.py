"""The weekend from opening doors until all is at rest, on whichever clock: who acts, what settles, what lies on the shelves."""

from __future__ import annotations

from collections.abc import Callable

import simpy

from rehearsal.clock.lanes import Road
from rehearsal.history import History
from rehearsal.model import Answer, Operation, Outcome, Tell
from rehearsal.odoo.verbs import look_up
from rehearsal.parts.actor_kinds import actor_kind
from rehearsal.stage.market import Market
from rehearsal.stage.oracle import oracle

CRONS = ("stock.ir_cron_scheduler_action",)
"""Odoo's scheduled actions that settle runs by hand, by external id."""


def opened(env: simpy.Environment, market: Market, history: History) -> None:
    """Let the connector get ready, and open the doors."""
    history.phase("simulate", 0.0)
    if market.scenario.load.shape != "breakpoint":  # there, how many come is what is searched for
        kept = oracle(market.world, market.demand)
        history.write("oracle", 0.0, data={"orders": kept.orders, "units": kept.units, "minor": kept.minor})
    env.run(until=env.process(market.start()))
    market.open_doors()
    play(env, market)


def play(env: simpy.Environment, market: Market) -> None:
    """Let every actor of the scenario act: services, nodes, channels; each simulator is found by its kind."""
    scenario = market.scenario
    for code, service in scenario.services.items():
        env.process(actor_kind(service.kind).run(env, market, code))
    for code, node in scenario.nodes.items():
        env.process(actor_kind(node.kind).run(env, market, code))
    for channel in market.channels.values():
        env.process(actor_kind(channel.kind).run(env, market, channel))


def settled(env: simpy.Environment, market: Market, lanes: Road, history: History, told: Tell) -> None:
    """Drain what is under way (bounded by the scenario), run Odoo's scheduled actions, resolve what is in doubt."""
    told("settling: queues draining")
    history.phase("settle", env.now)
    limit = env.now + market.scenario.settle.limit
    while env.peek() <= limit:
        env.step()
    rested = env.peek() == float("inf")
    if not rested:
        history.write("unsettled", env.now)
        told(f"not everything came to rest within {market.scenario.settle.limit / 3600:g} h of scenario time")
    market.give_up_waiting("when the world had come to rest" if rested else "when the time for settling was over")
    for cron in CRONS:
        _asked(env, lanes, _cron(cron), "settle")
    _resolved(env, lanes, history)
    if rested:
        history.phase("rest", env.now)  # nothing will ever happen again: what is not at its end now is stuck


def _cron(external_id: str) -> Callable[[Callable[[Operation], Answer]], None]:
    module, _, name = external_id.partition(".")

    def run(ask: Callable[[Operation], Answer]) -> None:
        domain = [["module", "=", module], ["name", "=", name]]
        found = ask(
            Operation(
                "find scheduled action",
                "ir.model.data",
                "search_read",
                None,
                {"domain": domain, "fields": ["res_id"]},
                writes=False,
            )
        )
        if found.ok and found.value:
            ask(Operation(f"run {external_id}", "ir.cron", "method_direct_trigger", (found.value[0]["res_id"],)))

    return run


def _asked(env: simpy.Environment, lanes: Road, work: Callable[[Callable[[Operation], Answer]], None], cause: str) -> None:
    def ask(operation: Operation) -> Answer:
        answer = env.run(until=lanes.ask(operation, cause))
        assert isinstance(answer, Answer)
        return answer

    work(ask)


def _resolved(env: simpy.Environment, lanes: Road, history: History) -> None:
    """Find out what became of every unknown outcome: re-read its proof, or see that it was repeated and done."""
    for index, operation in list(lanes.doubtful):
        if index in lanes.repeated:
            history.write("resolution", env.now, operation=index, committed=True)
        elif operation.proof is not None:
            answer = env.run(until=lanes.ask(look_up(operation.proof, operation.orders), "settle"))
            if isinstance(answer, Answer) and answer.outcome is Outcome.OK:
                committed = len(answer.value) >= operation.proof.found_min
                history.write("resolution", env.now, operation=index, committed=committed)


def shelved(market: Market, history: History) -> None:
    """Write down what really lies at each node: the physical count that no ERP has."""
    by_node: dict[str, dict[str, int]] = {}
    for (node, sku), units in market.shelf.items():
        by_node.setdefault(node, {})[sku] = units
    for node, units_by_sku in by_node.items():
        history.write("shelf", market.env.now, node=node, units=units_by_sku)
