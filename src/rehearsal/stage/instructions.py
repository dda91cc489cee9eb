"""What a connector says to the outside, looked at before anybody follows it: instructions and publications."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any

import orjson

from rehearsal.model import Instruction, InstructionKind, Sku, Units
from rehearsal.scenario import Scenario
from rehearsal.strangers import shown

GATEWAY = "gateway"
"""Whom a connector may name for a refund when it does not know who took the money: it finds its way."""
UNITS_MAX = 10**9
"""More than anybody stocks; what a publication or an instruction may say at most."""
MINOR_MAX = 10**12
INSTRUCTIONS_MAX = 1000
"""From one handler; who returns more has lost count."""


def listed(answer: Any) -> list[Instruction]:
    """Return the instructions that a handler returned; raises TypeError when they are none."""
    if answer is None:
        return []
    if isinstance(answer, str | bytes | Mapping) or not isinstance(answer, Iterable):
        raise TypeError(f"it returns {shown(answer)}; expected None or a list of Instruction")
    found = list(islice(answer, INSTRUCTIONS_MAX + 1))
    if len(found) > INSTRUCTIONS_MAX:
        raise TypeError(f"it returns more than {INSTRUCTIONS_MAX} instructions for one event")
    for one in found:
        if not isinstance(one, Instruction):
            raise TypeError(f"it returns {shown(one)} in its list; expected instructions alone")
    return [_own(one) for one in found]


def publication(told: Any, products: Collection[Sku]) -> dict[Sku, Units]:
    """Return what may be sold, as a connector says it; raises TypeError or ValueError when nobody could act on it."""
    if not isinstance(told, Mapping):
        raise TypeError(f"it publishes {shown(told)}; expected {{sku: units}}")
    if type(told) is dict and _sound(told, products):
        return dict(told)
    whole = {sku: whole_of(units) for sku, units in told.items()}
    for sku, units in whole.items():
        if not isinstance(sku, str) or sku not in products:
            raise ValueError(f"it publishes SKU {shown(sku)}, which the catalogue does not have")
        if not _whole(units, 0, UNITS_MAX):
            raise ValueError(f"it publishes {shown(told[sku])} of {sku}; expected a whole number from 0 to {UNITS_MAX}")
    return {str(sku): int(units) for sku, units in whole.items()}


def _sound(told: dict[Any, Any], products: Collection[Sku]) -> bool:
    """Whether *told* is as it should be; a catalogue is published hundreds of times, so no figure is looked at one by one."""
    units = told.values()
    if not told or not set(map(type, units)) <= {int} or not set(map(type, told)) <= {str}:
        return not told
    return min(units) >= 0 and max(units) <= UNITS_MAX and all(map(products.__contains__, told))


def objection(
    instruction: Instruction, scenario: Scenario, products: Collection[Sku], accepted: Collection[tuple[str, str]]
) -> str:
    """Return why nobody can follow *instruction*, in words; empty when somebody can."""
    if not isinstance(instruction.kind, InstructionKind):
        return f"an instruction of kind {shown(instruction.kind)}; expected one of {', '.join(InstructionKind)}"
    known: Collection[str] = scenario.nodes
    if instruction.kind is InstructionKind.CANCEL:
        known = scenario.channels
    elif instruction.kind is InstructionKind.REFUND:
        known = (*scenario.services, GATEWAY) if GATEWAY not in scenario.services else scenario.services
    data = instruction.data
    if instruction.recipient not in known:
        return f"{_said(instruction)} for {shown(instruction.recipient)}, whom nobody knows; there are: {', '.join(known)}"
    if (instruction.channel, instruction.order) not in accepted:
        return f"{_said(instruction)}, which channel {shown(instruction.channel)} never accepted"
    match instruction.kind:
        case InstructionKind.FULFIL:
            wrong = _fulfilment(data, products, scenario.modes)
        case InstructionKind.REFUND:
            wrong = _refund(data)
        case InstructionKind.CANCEL:
            wrong = "" if instruction.recipient == instruction.channel else "another channel than the order's own is told"
            wrong = wrong or (_basket(data["lines"], products) if "lines" in data else "")
    return f"{_said(instruction)}: {wrong}" if wrong else ""


def _said(instruction: Instruction) -> str:
    return f"{instruction.kind.value} of {shown(instruction.order)}"


def _fulfilment(data: Mapping[str, Any], products: Collection[Sku], modes: Collection[str]) -> str:
    if not _named(data.get("request")):
        return f"request is {shown(data.get('request'))}; expected the name under which the node keeps it"
    if not isinstance(data.get("mode"), str) or data["mode"] not in modes:
        return f"mode is {shown(data.get('mode'))}; expected the order's way of fulfilment, one of {', '.join(modes)}"
    return _basket(data.get("lines"), products)


def _basket(lines: Any, products: Collection[Sku]) -> str:
    if not isinstance(lines, list) or not lines:
        return f"lines is {shown(lines)}; expected a list of {{sku, units}}"
    for line in lines:
        if not isinstance(line, Mapping) or line.get("sku") not in products:
            return f"line {shown(line)} has no SKU of the catalogue"
        if not _whole(line.get("units"), 1, UNITS_MAX):
            return f"units of {line['sku']} are {shown(line.get('units'))}; expected a whole number from 1 on"
    return ""


def _refund(data: Mapping[str, Any]) -> str:
    if not _named(data.get("reference")):
        return f"reference is {shown(data.get('reference'))}; expected the name under which the gateway keeps it"
    if not isinstance(data.get("tender"), str):
        return f"tender is {shown(data.get('tender'))}; expected its name"
    if not _whole(data.get("amount_minor"), 1, MINOR_MAX):
        return f"amount_minor is {shown(data.get('amount_minor'))}; expected whole minor units from 1 on"
    return ""


def _own(one: Instruction) -> Instruction:
    """Return a copy that its maker cannot change any more; raises TypeError when it is no data."""
    if not all(isinstance(word, str) for word in (one.recipient, one.channel, one.order)):
        raise TypeError(f"it returns {shown(one)}; recipient, channel and order are texts")
    try:
        data = orjson.loads(orjson.dumps(dict(one.data)))
    except (TypeError, ValueError) as error:
        raise TypeError(f"it returns {shown(one)}, whose data cannot be written as JSON: {error}") from None
    return Instruction(one.kind, one.recipient, one.channel, one.order, _in_whole_numbers(data))


def _in_whole_numbers(data: dict[str, Any]) -> dict[str, Any]:
    """Return *data* with units and amounts that are whole as whole numbers; what is none stays, and is objected to."""
    lines = data.get("lines")
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict) and "units" in line:
            line["units"] = whole_of(line["units"])
    if "amount_minor" in data:
        data["amount_minor"] = whole_of(data["amount_minor"])
    return data


def whole_of(value: Any) -> Any:
    """Return a whole float, such as Odoo's own quantities are, as an int; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _named(value: Any) -> bool:
    return bool(value) and isinstance(value, str | int) and not isinstance(value, bool)


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
