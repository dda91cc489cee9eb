"""What a scenario names and this machine must have: simulators, connectors, back-office roles, a day that has passed.

A run that is read again needs none of them, so `scenario_file.load` looks here only when something is to be started.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rehearsal import project
from rehearsal.errors import RehearsalError
from rehearsal.parts.bounds import nearest
from rehearsal.parts.mode import Handover, handed
from rehearsal.parts.policies import policies, policy_names
from rehearsal.scenario import Scenario
from rehearsal.scenario.channels import tenders_used
from rehearsal.scenario.faults import problems_of_loading
from rehearsal.scenario.problem import Place, Problem, Rule, carriers, gateways, has_parcels
from rehearsal.scenario.readable import Unreadable

SHORT_NAME_MAX = 5
"""Letters in Odoo's short name of a warehouse."""
TAKEN = ("WH",)
"""The short name of the warehouse that every new company of Odoo has."""


def problems(scenario: Scenario) -> Iterator[Problem]:
    """Yield what *scenario* needs and is not here."""
    for rule in RULES:
        try:
            yield from rule(scenario)
        except Unreadable:
            continue  # what is missing or wrong has been told by itself


def _service_simulators(s: Scenario) -> Iterator[Problem]:
    for place, (code, service) in enumerate(s.services.items()):
        for problem in _simulator(f"service {code}", service.kind, "services", code, "kind"):
            yield Problem((*problem.places, ("services", code), ("services", place)), problem.sentence)  # a mapping, or a list


def _node_simulators(s: Scenario) -> Iterator[Problem]:
    for code, node in s.nodes.items():
        yield from _simulator(f"node {code}", node.kind, "nodes", code, "kind")


def _channel_simulators(s: Scenario) -> Iterator[Problem]:
    for code, channel in s.channels.items():
        yield from _simulator(f"channel {code}", channel.kind, "channels", code, "kind")


def _simulator(who: str, kind: str, *place: int | str) -> Iterator[Problem]:
    known = project.files("simulators", ".py")
    if kind not in known:
        yield Problem.at(f"{who}: no simulator {kind!r} in simulators/{nearest(kind, known)}", *place)
    elif not _acts(known[kind]):
        acting = [name for name, path in known.items() if _acts(path)]
        yield Problem.at(f"{who}: {known[kind].name} is no simulator, it defines no run{nearest(kind, acting)}", *place)


def _acts(path: Path) -> bool:
    """Whether *path* defines ``run``; its text is read, since nothing of it is wanted yet."""
    return any(
        (isinstance(node, ast.FunctionDef) and node.name == "run")
        or (isinstance(node, ast.ImportFrom) and any((name.asname or name.name) == "run" for name in node.names))
        or (isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == "run" for one in node.targets))
        for node in _top(path)
    )


def _top(path: Path) -> list[ast.stmt]:
    try:
        return ast.parse(path.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError):
        return []  # it is told as what it is when it is loaded; here it defines nothing


def _connector(s: Scenario) -> Iterator[Problem]:
    yield from _loads(s.connector, "connector")


def _cure(s: Scenario) -> Iterator[Problem]:
    if s.cure:
        yield from _loads(s.cure, "cure")


def _loads(name: str, word: str) -> Iterator[Problem]:
    try:
        project.connector(name)
    except RehearsalError as error:
        yield Problem.at(str(error), word)
    except Exception as error:  # a team's own module: whatever it raises is its own fault, and no traceback of ours
        yield Problem.at(f"connector {name!r} cannot be loaded ({type(error).__name__}: {error})", word)


def _policies_are_there(s: Scenario) -> Iterator[Problem]:
    known = policy_names()
    for name in s.policies:
        if name not in known:
            yield Problem.at(f"no connector has a policy {name!r}{nearest(name, known)}", "policies", name)
        elif ":" not in s.connector and name not in policies(s.connector):  # a class of one's own may hand on to any of ours
            yield Problem.at(
                f"connector {s.connector!r} has no policy {name!r}: to switch it would change nothing", "policies", name
            )


def _parcels_are_taken(s: Scenario) -> Iterator[Problem]:
    """Any node may ship what another one did not find, so that a carrier must come to each."""
    if not has_parcels(s):
        return
    if not carriers(s):
        yield Problem.at("carrier is not among them, and parcels of this scenario go to it; add carrier", "services")
    elif all(one.nodes for one in carriers(s).values()):
        served = {node for one in carriers(s).values() for node in one.nodes}
        for node in s.nodes:
            if node not in served:
                yield Problem.at(f"no carrier comes to {node}; name it at one of them, or name no nodes at one", "services")


def _money_is_taken(s: Scenario) -> Iterator[Problem]:
    """Whatever is not paid at a till, or to the channel itself, is charged through a gateway."""
    channels = [one for one in s.channels.values() if one.orders and not handed(one.fulfilment, s.modes, Handover.AT_ONCE)]
    if channels and not gateways(s):
        yield Problem.at("gateway is not among them, and money of this scenario goes through it; add gateway", "services")
    elif all(one.tenders for one in gateways(s).values()):
        taken = {tender for one in gateways(s).values() for tender in one.tenders}
        for channel in channels:
            for tender in tenders_used(channel):
                if tender not in taken and tender not in getattr(channel, "collects", ()):
                    yield Problem.at(f"no gateway takes {tender}; name it at one of them, or name no tenders at one", "services")


def _short_names_differ(s: Scenario) -> Iterator[Problem]:
    """Odoo wants a short name for each warehouse; the fixtures make it of the node's letters and digits."""
    short_name = getattr(project.module("fixtures", "opening"), "warehouse_code", None)
    if short_name is None:
        return
    taken: dict[str, str] = dict.fromkeys(TAKEN, "a new company's own warehouse")
    for code in s.nodes:
        short = short_name(code)[:SHORT_NAME_MAX]
        if short in taken:
            yield Problem.at(
                f"node {code!r} would be {short!r} in Odoo, as {taken[short]} is: of a name the first letters and all digits "
                f"count, {SHORT_NAME_MAX} in all; give it another name",
                "nodes",
                code,
            )
        taken.setdefault(short, f"node {code!r}")


def _roles_are_played(s: Scenario) -> Iterator[Problem]:
    if not s.load.backoffice:
        return
    known = {role for path in project.files("loadtests", ".py").values() for role in _roles(path)} - {"lane", ""}
    for role in s.load.backoffice:
        if role not in known:
            place: Place = ("load", "backoffice", role)
            yield Problem.at(f"no class of loadtests/ plays the role {role!r}{nearest(role, known)}", *place)


def _roles(path: Path) -> Iterator[str]:
    """Yield the roles of *path*; its text is read, since importing it would import Locust, which patches the process."""
    for node in (inside for top in _top(path) for inside in ast.walk(top)):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "role" for target in targets):
                yield str(node.value.value)


def _days_have_passed(s: Scenario) -> Iterator[Problem]:
    over = datetime.fromisoformat(s.starts_at).replace(tzinfo=UTC) + timedelta(seconds=s.lasts)
    if s.erp_clock == "wall" and over > datetime.now(UTC) + timedelta(days=1):
        yield Problem.at(
            f"the scenario would end on {over:%Y-%m-%d}, and Odoo posts nothing that is dated in the future; write an earlier "
            "day, or erp_clock: scenario",
            "starts_at",
        )


RULES: tuple[Rule, ...] = (
    _service_simulators, _node_simulators, _channel_simulators, _connector, _cure, _policies_are_there, _parcels_are_taken, _money_is_taken, _short_names_differ,
    _roles_are_played, _days_have_passed, problems_of_loading,
)  # fmt: skip
