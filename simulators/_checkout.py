"""The checkout that web channels share: a demand becomes an accepted order, or is refused.

What may be sold is what the connector last published to the channel, less what the channel itself has
sold since. Nothing here knows what is really on the shelf.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import simpy

from rehearsal.clock import Steps
from rehearsal.draw import chance
from rehearsal.model import Demand, EventKind, Instruction, InstructionKind
from rehearsal.parts.actor import Charge
from rehearsal.stage.market import LiveChannel, Market
from simulators._ledger import Ledger

CROWD = 1
"""The crowd is the same whatever the seed; who of it comes is not."""
STRANGERS = 500
"""Different people among the guests; two guests of one name still have addresses of their own to write to."""


def storefront(
    env: simpy.Environment, market: Market, channel: LiveChannel, own: Ledger | None = None, collects: Collection[str] = ()
) -> Steps:
    """Let every shopper of *channel* come at their time, and answer what the connector asks for.

    Tenders that the channel *collects* itself go into its *own* ledger, all others through a gateway.
    """
    market.read(channel.code, Answers(market, channel, own).asked)
    for wanted in market.demand[channel.code]:
        if wanted.at_s > env.now:
            yield env.timeout(wanted.at_s - env.now)
        _buy(market, channel, wanted, own, collects)


def lines_of(market: Market, wanted: Demand) -> list[dict[str, Any]]:
    """Return the priced lines of a demand; prices are per piece and include tax."""
    lines = []
    for number, (sku, units) in enumerate(wanted.lines, start=1):
        product = market.products[sku]
        price = market.world.price_minor(wanted.channel, product)
        lines.append(
            {
                "line": number,
                "sku": sku,
                "units": units,
                "list_minor": product.list_minor,
                "price_minor": price,
                "total_minor": price * units,
            }
        )
    return lines


def tenders_of(wanted: Demand, total_minor: int) -> list[dict[str, Any]]:
    """Return the amount of each tender; the last one takes what rounding left."""
    legs, rest = [], total_minor
    for place, (tender, share) in enumerate(wanted.tenders):
        last = place == len(wanted.tenders) - 1
        amount = rest if last else min(rest, round(total_minor * share))
        rest -= amount
        legs.append({"tender": tender, "amount_minor": amount})
    return [leg for leg in legs if leg["amount_minor"]]


def order_id(channel: str, number: int, tag: str = "") -> str:
    """Return the channel's own order id, such as ``WEBSHOP-0042``; with its rehearsal's *tag* where others were before it."""
    return f"{channel.upper().replace('_', '-')}-{number:04d}{tag}"


def _buy(market: Market, channel: LiveChannel, wanted: Demand, own: Ledger | None, collects: Collection[str]) -> None:
    order, lines = order_id(channel.code, wanted.number, market.world.tag), lines_of(market, wanted)
    node = next((n for n in wanted.nodes if channel.has(n, wanted.lines)), None)
    if node is None:
        market.emit(EventKind.ORDER_REFUSED, channel.code, order, "", {"lines": lines, "reason": "sold out on the channel"})
        return
    for line in lines:
        channel.take(node, line["sku"], line["units"])
        line["node"] = node
    total = sum(line["total_minor"] for line in lines)
    tenders = tenders_of(wanted, total)
    market.emit(
        EventKind.ORDER_PLACED,
        channel.code,
        order,
        node,
        {
            "mode": wanted.mode,
            "customer": _shopper(market, wanted),
            "lines": lines,
            "tenders": tenders,
            "total_minor": total,
            "patience_s": wanted.patience_s,
        },
    )
    for leg in tenders:
        if own is not None and leg["tender"] in collects:  # it tells of its money in a poll after the order's own
            own.capture(channel.code, order, leg["tender"], leg["amount_minor"], later_s=channel.spec.lag.p95)
        else:
            market.send(market.gateway(leg["tender"]), Charge(channel.code, order, leg["tender"], leg["amount_minor"]))


def _shopper(market: Market, wanted: Demand) -> dict[str, str]:
    """Return who orders; a guest gets a relay address, as marketplaces give out."""
    known = market.customers.get(wanted.customer)
    if known is not None:
        return {
            "id": known.id,
            "name": known.name,
            "email": known.email,
            "phone": known.phone,
            "street": known.street,
            "city": known.city,
            "postcode": known.postcode,
        }
    crowd = _strangers()
    name, street, city, postcode = crowd[int(chance(market.scenario.seed, wanted.customer, "stranger") * len(crowd))]
    return {
        "id": wanted.customer,
        "name": name,
        "email": f"{wanted.customer.replace(':', '-')}@relay.example",
        "phone": "",
        "street": street,
        "city": city,
        "postcode": postcode,
    }


@cache
def _strangers() -> tuple[tuple[str, str, str, str], ...]:
    """Return the crowd that guests come from; Faker takes longer for one person than SimPy for a whole order."""
    from faker import Faker  # late: a scenario is read by whoever judges, and needs no crowd

    faker = Faker("en_US")
    faker.seed_instance(CROWD)
    return tuple((faker.name(), faker.street_address(), faker.city(), faker.postcode()) for _ in range(STRANGERS))


class Answers:
    """What a channel does when it is asked: it tells its shoppers that something is off, and gives back what it took itself."""

    def __init__(self, market: Market, channel: LiveChannel, own: Ledger | None) -> None:
        self._market = market
        self._channel = channel
        self._own = own
        self._told: set[str] = set()

    def asked(self, instruction: Instruction) -> None:
        """Follow one instruction."""
        if instruction.kind is InstructionKind.REFUND and self._own is not None:
            self._own.refund(instruction)
        if instruction.kind is InstructionKind.CANCEL:
            self._cancel(instruction)

    def _cancel(self, instruction: Instruction) -> None:
        market, code, order = self._market, self._channel.code, instruction.order
        lines = market.promises.take(code, order, instruction.data.get("lines"))
        if not lines and order in self._told:  # a shopper may be told that it is off when the parcel has left long since
            return
        self._told.add(order)
        nodes = {line["node"] for line in lines}
        market.emit(
            EventKind.ORDER_CANCELLED,
            code,
            order,
            nodes.pop() if len(nodes) == 1 else "",
            {"reason": instruction.data.get("reason", ""), "lines": lines},
        )
