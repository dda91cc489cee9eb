"""A connector may act unasked: it pushes figures, gives instructions and has timers, and the world comes to rest all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.clock import Erp, Steps
from rehearsal.history import lines
from rehearsal.model import Delivery, EventKind, Instruction, InstructionKind
from rehearsal.stage.contract import Slip
from rehearsal.stage.market import Market
from rehearsal.stage.outside import Outside
from rehearsal.stage.paper import NoErp, connected
from rehearsal.stage.weekend import play
from tests.conftest import load

QUIET: dict[str, Any] = {"faults": [], "exercised": {"fault_fired": 0}}


class Polling:
    """Pushes the shelf and asks for what it fetched, every *every* seconds; nothing is handled when it arrives."""

    publish = None

    def __init__(self, market: Market, every: float) -> None:
        self.market, self.every = market, every
        self.inbox: list[Delivery] = []
        self.rounds: list[float] = []
        self.outside: Outside

    def start(self, erp: Erp, outside: Outside) -> Steps:
        """Begin to poll."""
        yield erp.env.timeout(0)
        self.outside = outside
        self.push()
        outside.every(self.every, self.poll)

    def receive(self, delivery: Delivery, erp: Erp) -> Steps:
        """Let it lie."""
        yield erp.env.timeout(0)
        self.inbox.append(delivery)

    def push(self) -> None:
        """Say what lies on each shelf."""
        for channel in self.market.channels.values():
            for node in channel.nodes:
                self.outside.publish(channel.code, node, {sku: self.market.shelf[node, sku] for sku in self.market.products})

    def poll(self, erp: Erp) -> Steps:
        """Have every order that was fetched fulfilled."""
        yield erp.env.timeout(0)
        self.rounds.append(erp.env.now)
        fetched, self.inbox = self.inbox, []
        for event in (delivery.event for delivery in fetched if delivery.attempt == 1):
            if event.kind is EventKind.ORDER_PLACED:
                asked = {"request": event.order, "mode": event.data["mode"], "lines": event.data["lines"]}
                self.outside.instruct(Instruction(InstructionKind.FULFIL, event.node, event.channel, event.order, asked), event.id)
        self.push()


def played(folder: Path, make: Callable[[Market], Any]) -> tuple[Market, Any]:
    """Play a Friday on paper with a connector, to its rest."""
    with connected(load("promo_day", **QUIET), folder) as market:
        connector = make(market)
        market.connect(connector, NoErp(market.env))
        market.env.run(until=market.env.process(market.start()))
        market.open_doors()
        play(market.env, market)
        market.env.run()
    return market, connector


def kept(folder: Path, kind: str) -> list[dict[str, Any]]:
    """Return the history's lines of one kind."""
    return [line for line in lines(folder / "history") if line["kind"] == kind]


def test_a_connector_that_only_polls_sells_and_the_world_comes_to_rest(tmp_path: Path) -> None:
    """Its timer goes on for as long as parcels are on their way, and no longer."""
    market, connector = played(tmp_path, lambda market: Polling(market, 3600.0))

    assert len(kept(tmp_path, "publication")) > 24, "it pushed, though nobody asked"
    asked = kept(tmp_path, "instruction")
    placed = [line for line in kept(tmp_path, "event") if line["type"] == "order.placed"]
    assert {line["order"] for line in asked} == {line["order"] for line in placed}
    assert {line["cause"] for line in asked} == {line["event"] for line in placed}
    last_s = max(line["at_s"] for line in kept(tmp_path, "event"))
    assert connector.rounds[-1] > last_s, "the last thing that happened was still fetched"
    assert connector.rounds[-1] <= last_s + 4 * 3600
    assert [b - a for a, b in zip(connector.rounds, connector.rounds[1:], strict=False)] == [3600.0] * (len(connector.rounds) - 1)
    assert connector.inbox == []
    assert not kept(tmp_path, "dead_letter")
    assert market.env.peek() == float("inf")


class Stumbling(Polling):
    """Trips in every third round."""

    def poll(self, erp: Erp) -> Steps:
        """Raise now and then."""
        if len(self.rounds) % 3 == 2:
            self.rounds.append(erp.env.now)
            raise LookupError("no such page")
        yield from super().poll(erp)


def test_a_round_that_fails_is_a_dead_letter_and_the_timer_goes_on(tmp_path: Path) -> None:
    """Named after the handler, with its line."""
    _, connector = played(tmp_path, lambda market: Stumbling(market, 7200.0))

    letters = kept(tmp_path, "dead_letter")
    assert len(letters) == len(connector.rounds) // 3 > 2
    assert {letter["cause"] for letter in letters} == {"timer:poll#1"}
    assert all("Stumbling.poll (" in letter["erp"]["message"] and "no such page" in letter["erp"]["message"] for letter in letters)


def test_two_timers_end_together(tmp_path: Path) -> None:
    """The quick one waits for the slow one's last turn."""

    class Two(Polling):
        slow: list[float]

        def start(self, erp: Erp, outside: Outside) -> Steps:
            """Begin both."""
            yield from super().start(erp, outside)
            self.slow = []
            outside.every(86_400.0, self.pay_out)

        def pay_out(self, erp: Erp) -> Steps:
            """Once a day."""
            yield erp.env.timeout(0)
            self.slow.append(erp.env.now)

    _, connector = played(tmp_path, lambda market: Two(market, 3600.0))

    last_s = max(line["at_s"] for line in kept(tmp_path, "event"))
    assert connector.slow[-1] > last_s
    assert connector.rounds[-1] > connector.slow[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody", "dc", {}), "publishes for 'nobody' at 'dc'; there are: webshop"),
        (("webshop", "moon", {}), "publishes for 'webshop' at 'moon'; there are:"),
        (("webshop", "dc", {"NONE": 1}), "publishes SKU 'NONE', which the catalogue does not have"),
        (("webshop", "dc", 7), "publishes 7; expected {sku: units}"),
    ],
)
def test_a_push_that_nobody_could_act_on_is_the_connectors_fault(words: tuple[Any, ...], said: str, tmp_path: Path) -> None:
    """Told where it was made, with what was expected."""

    class Wrong(Polling):
        def push(self) -> None:
            """Push nonsense."""
            self.outside.publish(*words)

    with pytest.raises(Slip) as told:
        played(tmp_path, lambda market: Wrong(market, 3600.0))
    assert said in str(told.value)
    assert "Wrong.start" in str(told.value)


@pytest.mark.parametrize(
    ("seconds", "act", "said"),
    [
        (0, None, "a timer of 0 seconds; expected 1 or more"),
        (float("nan"), None, "a timer of nan seconds"),
        (float("inf"), None, "a timer of inf seconds"),
        (True, None, "a timer of True seconds"),
        ("10m", None, "a timer of '10m' seconds"),
        (60, 7, "a timer that calls 7; expected a handler"),
    ],
)
def test_a_timer_that_could_not_tick_is_told(seconds: Any, act: Any, said: str, tmp_path: Path) -> None:
    """Before the doors open."""

    class Odd(Polling):
        def start(self, erp: Erp, outside: Outside) -> Steps:
            """Begin what cannot be."""
            yield erp.env.timeout(0)
            outside.every(seconds, act or self.poll)

    with pytest.raises(Slip) as told:
        played(tmp_path, lambda market: Odd(market, 3600.0))
    assert said in str(told.value)


def test_an_instruction_that_is_none_is_the_connectors_fault(tmp_path: Path) -> None:
    """As one that `receive` returns."""

    class Odd(Polling):
        def poll(self, erp: Erp) -> Steps:
            """Ask for nothing that anybody knows."""
            yield from super().poll(erp)
            self.outside.instruct("fulfil everything")  # type: ignore[arg-type]

    _, connector = played(tmp_path, lambda market: Odd(market, 43_200.0))

    letters = kept(tmp_path, "dead_letter")
    assert len(letters) == len(connector.rounds)
    assert "expected instructions alone" in letters[0]["erp"]["message"]


def test_two_timers_of_one_name_do_not_get_into_each_others_way(tmp_path: Path) -> None:
    """One is still under way when the other has its turn."""

    class Twins(Polling):
        turns: list[float]

        def start(self, erp: Erp, outside: Outside) -> Steps:
            """Begin two of a kind, each of which takes longer than its period."""
            yield from super().start(erp, outside)
            self.turns = []
            for pause_s in (7000.0, 9000.0):
                outside.every(3600.0, lambda erp, pause_s=pause_s: self.wait(erp, pause_s))  # type: ignore[misc]

        def wait(self, erp: Erp, pause_s: float) -> Steps:
            """Take one's time."""
            yield erp.env.timeout(pause_s)
            self.turns.append(erp.env.now)

    market, connector = played(tmp_path, lambda market: Twins(market, 3600.0))

    assert len(connector.turns) > 10
    assert market.waiting == {}
    assert not kept(tmp_path, "dead_letter")


def test_a_timer_that_only_ever_fails_ends(tmp_path: Path) -> None:
    """A hundred dead letters say it; a hundred thousand would say no more."""

    class Broken(Polling):
        def poll(self, erp: Erp) -> Steps:
            """Fail."""
            raise LookupError("no such page")

    played(tmp_path, lambda market: Broken(market, 60.0))

    assert len(kept(tmp_path, "dead_letter")) == 100


def test_a_connector_whose_start_has_an_option_of_its_own_is_given_nothing_else(tmp_path: Path) -> None:
    """Only one that must have a second argument, or names it so, acts unasked."""
    given: list[Any] = []

    class Old(Polling):
        def start(self, erp: Erp, retries: int = 3) -> Steps:  # type: ignore[override]
            """Begin as connectors did."""
            yield erp.env.timeout(0)
            given.append(retries)

    class New(Polling):
        def start(self, erp: Erp, *, outside: Outside | None = None) -> Steps:  # type: ignore[override]
            """Take it if there is one."""
            yield erp.env.timeout(0)
            given.append(type(outside).__name__)

    played(tmp_path / "old", lambda market: Old(market, 3600.0))
    played(tmp_path / "new", lambda market: New(market, 3600.0))
    assert given == [3, "Unasked"]


@pytest.mark.parametrize("cause", [7, {"id": "W1"}, None])
def test_a_cause_that_is_no_text_is_the_connectors_fault(cause: Any, tmp_path: Path) -> None:
    """It would have made a line of history that nobody can read."""

    class Odd(Polling):
        def start(self, erp: Erp, outside: Outside) -> Steps:
            """Ask for Odoo in nobody's name."""
            yield erp.env.timeout(0)
            outside.erp(cause)

    with pytest.raises(Slip, match="expected the id of an event"):
        played(tmp_path, lambda market: Odd(market, 3600.0))
