"""Whatever a connector does ends in a value, or in a slip that names its class, method, file and line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import simpy

from rehearsal.errors import UsageError
from rehearsal.history import lines
from rehearsal.model import Instruction, InstructionKind
from rehearsal.pipeline.run import stray
from rehearsal.stage.contract import Slip, Watch
from rehearsal.stage.market import LiveChannel, Market
from rehearsal.stage.paper import NoErp, PaperConnector, connected
from rehearsal.stage.weekend import play
from rehearsal.strangers import no_way_out
from tests.conftest import load

HERE = "tests/kernel/test_contract.py:"
NOBODY = {"orders": 0}
ONE_SHOP: dict[str, Any] = {
    "lasts": "2h",
    "faults": [],
    "curves": {"online": {"hours": [1] * 24}},
    "channels": {"webshop": {"orders": 3}, "marketplace": NOBODY, "till_1": NOBODY, "till_2": NOBODY, "till_3": NOBODY},
    "exercised": {"orders_per_channel": 0, "orders_per_tender": 0, "fault_fired": 0},
}
Bad = Callable[["Bent"], Any]


class Bent(PaperConnector):
    """A connector that knows everything, but for one thing that it does wrong on every order."""

    def __init__(self, market: Market, bad: Bad) -> None:
        super().__init__(market)
        self.bad = bad

    def receive(self, delivery: Any, erp: Any) -> Any:
        """Do the wrong thing where an order arrives."""
        if delivery.event.kind == "order.placed":
            self.order = delivery.event
            return (yield from self._bent(erp))
        return (yield from super().receive(delivery, erp))

    def _bent(self, erp: Any) -> Any:
        yield erp.env.timeout(1)
        bad = self.bad(self)
        if isinstance(bad, Step):
            yield bad.value
        return None if isinstance(bad, Step) else bad


@dataclass(frozen=True)
class Step:
    """Something that a handler yields."""

    value: Any


def ends(code: int = 0) -> Any:
    """End the process, as a careless helper does."""
    sys.exit(code)


def leaves(_: Any) -> Any:
    """End the process past every ``finally``."""
    os._exit(0)


def hangs(_: Any) -> Any:
    """Never return."""
    while True:
        pass


def stubborn(_: Any) -> Any:
    """Hang, and swallow what a bare ``except Exception`` swallows."""
    while True:
        try:
            hangs(_)
        except Exception:  # noqa: S112 - that is the point
            continue


def raises(error: BaseException) -> Bad:
    """Return what raises *error*."""

    def bad(_: Any) -> Any:
        raise error

    return bad


def fulfil(**changed: Any) -> Bad:
    """Return what asks for a fulfilment, with something *changed*."""

    def bad(bent: Bent) -> list[Instruction]:
        event = bent.order
        data = {"request": "R1", "mode": event.data["mode"], "lines": event.data["lines"]}
        words = {"kind": InstructionKind.FULFIL, "recipient": event.node, "channel": event.channel, "order": event.order}
        words |= {key: value for key, value in changed.items() if key in words}
        data |= {key: value for key, value in changed.items() if key not in words}
        return [Instruction(data=data, **words)]

    return bad


@contextmanager
def played(bad: Bad, folder: Path, publish: Any = None) -> Iterator[tuple[list[dict[str, Any]], Slip | None]]:
    """Play two hours on paper; yield the dead letters, and what ended the weekend if something did."""
    ended = None
    with no_way_out(), Watch(2.0) as watch, connected(load("promo_day", **ONE_SHOP), folder, watch) as market:
        bent = Bent(market, bad)
        if publish is not None:
            bent.publish = publish  # type: ignore[method-assign]
        market.connect(bent, NoErp(market.env))
        market.open_doors()
        play(market.env, market)
        try:
            market.env.run()
        except Slip as slip:
            ended = slip
        market.give_up_waiting("at the end")
    yield [line for line in lines(folder / "history") if line["kind"] == "dead_letter"], ended


@pytest.mark.parametrize(
    ("bad", "kind", "said"),
    [
        (lambda _: ends(), "SystemExit", "it tried to end the process (0)"),
        (leaves, "SystemExit", "it tried to end the process (0)"),
        (raises(KeyError("shop")), "KeyError", "KeyError: 'shop'"),
        (raises(GeneratorExit()), "GeneratorExit", "GeneratorExit"),
        (raises(type("Odd", (BaseException,), {})("x")), "Odd", "Odd: x"),
        (lambda _: 5, "TypeError", "it returns 5; expected None or a list of Instruction"),
        (lambda _: "fulfil", "TypeError", "it returns 'fulfil'; expected None or a list of Instruction"),
        (lambda _: ["fulfil"], "TypeError", "it returns 'fulfil' in its list; expected instructions alone"),
        (lambda _: iter(lambda: None, 0), "TypeError", "it returns more than 1000 instructions for one event"),
        (lambda _: Step(5), "Yielded", "it yields 5; expected erp.ask(…) or another event of erp.env"),
        (lambda _: Step(simpy.Environment().timeout(1)), "Yielded", "expected erp.ask(…) or another event of erp.env"),
        (lambda bent: Step(bent.market.env.event()), "Unfinished", "it still waited at the end"),
        (fulfil(recipient="moon"), "Instruction", "for 'moon', whom nobody knows; there are: dc, store_1"),
        (fulfil(order="WEBSHOP-9999"), "Instruction", "fulfil of 'WEBSHOP-9999', which channel 'webshop' never accepted"),
        (fulfil(channel="moon"), "Instruction", "which channel 'moon' never accepted"),
        (fulfil(lines=[{"sku": "SKU-9", "units": 1}]), "Instruction", "has no SKU of the catalogue"),
        (
            fulfil(lines=[{"sku": "SKU-00001", "units": 1.5}]),
            "Instruction",
            "units of SKU-00001 are 1.5; expected a whole number from 1",
        ),
        (fulfil(lines=[{"sku": "SKU-00001", "units": True}]), "Instruction", "are True; expected a whole number"),
        (fulfil(lines=[]), "Instruction", "lines is []; expected a list"),
        (fulfil(request=""), "Instruction", "request is ''; expected the name under which the node keeps it"),
        (fulfil(mode=None), "Instruction", "mode is None; expected"),
        (fulfil(kind="fulfill"), "Instruction", "an instruction of kind 'fulfill'; expected one of fulfil, cancel, refund"),
        (fulfil(kind=InstructionKind.CANCEL), "Instruction", "whom nobody knows; there are: webshop, marketplace"),
        (
            fulfil(kind=InstructionKind.REFUND, recipient="gateway", reference="r", tender="card", amount_minor=0.5),
            "Instruction",
            "amount_minor is 0.5; expected whole minor units from 1 on",
        ),
        (fulfil(lines=[{"sku": "SKU-00001", "units": 10**30}]), "TypeError", "whose data cannot be written as JSON"),
        (fulfil(note={1, 2}), "TypeError", "whose data cannot be written as JSON"),
    ],
)
def test_a_slip_is_a_dead_letter_that_names_class_method_file_and_line(bad: Bad, kind: str, said: str, tmp_path: Path) -> None:
    """Each order meets it, the weekend goes on, and nobody calls it a failure of the harness."""
    with played(bad, tmp_path) as (letters, ended):
        assert ended is None
        assert len(letters) >= 1
        for letter in letters:
            assert letter["error"] == kind
            assert said in letter["erp"]["message"], letter["erp"]["message"]
            assert letter["erp"]["where"].startswith("Bent.receive (")
            assert HERE in letter["erp"]["where"]
            assert letter["cause"].startswith("order.placed:")


@pytest.mark.parametrize("bad", [hangs, stubborn])
def test_a_handler_that_neither_yields_nor_returns_is_cut_off_and_ends_the_weekend(bad: Bad, tmp_path: Path) -> None:
    """Who hangs once would hang at each event; the line that hung is named."""
    with played(bad, tmp_path) as (letters, ended):
        assert ended is not None
        assert "it neither yielded nor returned in time, and was cut off" in str(ended)
        assert [letter["error"] for letter in letters] == ["CutOff"]
        assert HERE in letters[0]["erp"]["where"]


def test_an_order_to_the_harness_is_no_slip(tmp_path: Path) -> None:
    """A Ctrl-C that lands in a handler ends the weekend, as anywhere else."""
    with pytest.raises(KeyboardInterrupt), played(raises(KeyboardInterrupt()), tmp_path):
        pass


def publishes(told: Any) -> Any:
    """Return a handler that publishes *told*."""

    def publish(channel: LiveChannel, erp: Any, node: str) -> Any:
        yield erp.env.timeout(0)
        return told

    return publish


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, "it publishes None; expected {sku: units}"),
        ([("SKU-00001", 1)], "it publishes [('SKU-00001', 1)]; expected {sku: units}"),
        ({"SKU-00001": 10**30}, "it publishes 1000000000000000000000000000000 of SKU-00001; expected a whole number from 0 to"),
        ({"SKU-00001": -1}, "it publishes -1 of SKU-00001"),
        ({"SKU-00001": 1.5}, "it publishes 1.5 of SKU-00001"),
        ({"SKU-00001": "3"}, "it publishes '3' of SKU-00001"),
        ({"SKU-00001": None}, "it publishes None of SKU-00001"),
        ({"SKU-9": 1}, "it publishes SKU 'SKU-9', which the catalogue does not have"),
        ({7: 1}, "it publishes SKU 7, which the catalogue does not have"),
    ],
)
def test_a_publication_that_nobody_could_act_on_is_a_dead_letter_and_changes_nothing(told: Any, said: str, tmp_path: Path) -> None:
    """The channel goes on with what it was told last."""
    with played(lambda _: None, tmp_path, publishes(told)) as (letters, ended):
        assert ended is None
        assert {letter["cause"].partition(":")[0] for letter in letters} == {"publish"}
        assert all(said in letter["erp"]["message"] for letter in letters)
    assert [line for line in lines(tmp_path / "history") if line["kind"] == "publication"] == []


def test_quantities_as_odoo_gives_them_are_whole_numbers(tmp_path: Path) -> None:
    """Odoo's quantities are floats: 2.0 is two pieces, to whom it is published and to whom it is asked for."""
    lines_of = [{"sku": "SKU-00001", "units": 2.0}]
    offered = {f"SKU-{number:05d}": 9.0 for number in range(1, 21)}
    with played(fulfil(lines=lines_of), tmp_path, publishes(offered)) as (letters, ended):
        assert (letters, ended) == ([], None)
    told = list(lines(tmp_path / "history"))
    assert {str(line["units"]["SKU-00001"]) for line in told if line["kind"] == "publication"} == {"9"}
    asked = [line["data"]["lines"] for line in told if line["kind"] == "instruction"]
    assert {str(one) for one in asked} == {"[{'sku': 'SKU-00001', 'units': 2}]"}


def test_a_time_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a wrong word of the user's, before anything starts."""
    monkeypatch.setenv("REHEARSE_HANDLER_S", "soon")
    with pytest.raises(UsageError, match="REHEARSE_HANDLER_S='soon': expected seconds, such as 30"):
        Watch()


def test_what_an_honest_connector_does_leaves_no_dead_letter(tmp_path: Path) -> None:
    """The twin: the very same instruction with nothing changed."""
    with played(fulfil(), tmp_path) as (letters, ended):
        assert (letters, ended) == ([], None)
    asked: list[Mapping[str, Any]] = [line for line in lines(tmp_path / "history") if line["kind"] == "instruction"]
    assert asked


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("/shop/simulators/odd.py", "a simulator failed (ZeroDivisionError: division by zero, at /shop/simulators/odd.py:1)"),
        ("/shop/mine.py", "PaperConnector.start (/shop/mine.py:1): ZeroDivisionError: division by zero"),
    ],
)
def test_what_fails_outside_of_any_handler_is_told_as_whose_it_is(file: str, told: str, tmp_path: Path) -> None:
    """A process that the connector started is the connector's; a simulator that crashes is not."""
    with connected(load("promo_day", **ONE_SHOP), tmp_path) as market:
        market.connect(PaperConnector(market), NoErp(market.env))
        try:
            exec(compile("1 / 0", file, "exec"))  # noqa: S102
        except ZeroDivisionError as error:
            said = stray(market, error)

    letters = [line for line in lines(tmp_path / "history") if line["kind"] == "dead_letter"]
    assert said == f"the rehearsal could not go on: {told}"
    assert len(letters) == ("mine" in file)
