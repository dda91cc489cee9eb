"""Disturbing Odoo while it is driven: faults of the network through the proxy, faults of processes through the target.

Which request is struck is drawn from its number, which fault of processes strikes when from the seed. A
process fault waits for the next write to be under way, so that it always hits something.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import simpy

from rehearsal.clock import Steps
from rehearsal.clock.lanes import Road
from rehearsal.draw import stream
from rehearsal.errors import RehearsalError
from rehearsal.parts.fault import Fault, Joint, Request
from rehearsal.parts.fault_kinds import FaultKind
from rehearsal.scenario import Scenario
from rehearsal.stage.faults import Faults, armed
from rehearsal.stage.proxy import Proxy
from rehearsal.strangers import said
from rehearsal.targets.base import Database, Target

JOIN_S_MAX = 120.0
"""How long healing waits for a restart or a frozen server to be over."""


class Disturbance:
    """The infrastructure faults of one run, from the opening to the healing."""

    def __init__(self, env: simpy.Environment, scenario: Scenario, faults: Faults, target: Target, database: Database) -> None:
        self._env = env
        self._scenario = scenario
        self._faults = faults
        self._target = target
        self._process = armed(scenario, Joint.PROCESS)
        self._requests = 0
        self._threads: list[threading.Thread] = []
        self._proxy = Proxy(database.url, self._treated) if armed(scenario, Joint.REQUEST) else None
        self.database = replace(database, url=self._proxy.url) if self._proxy else database
        """The database as the connector's lanes must reach it."""

    def schedule(self, lanes: Road) -> None:
        """Let every process fault strike at its drawn instants."""
        for label, fault, kind in self._process:
            self._env.process(self._striking(label, fault, kind, lanes))

    def heal(self) -> None:
        """Let nothing strike any more, and wait until everything that was struck is up again; bounded."""
        for thread in self._threads:
            thread.join(JOIN_S_MAX)
        if self._process:
            self._target.heal()

    def close(self) -> None:
        """End the proxy."""
        if self._proxy:
            self._proxy.close()

    # -- network -----------------------------------------------------------------------------------

    def _treated(self, request: bytes) -> Request:
        """Return what happens to one request, as every fault that strikes it has it."""
        self._requests += 1
        return self._faults.met(Request(self._requests, self._env.now))

    # -- processes ---------------------------------------------------------------------------------

    def _striking(self, label: str, fault: Any, kind: FaultKind, lanes: Road) -> Steps:
        rng = stream(self._scenario.seed, f"fault:{label}", "times")
        ends = min(self._scenario.lasts if fault.ends is None else fault.ends, self._scenario.lasts)
        for number, at_s in enumerate(sorted(rng.uniform(fault.begins, ends) for _ in range(fault.times)), start=1):
            yield self._env.timeout(max(0.0, at_s - self._env.now))
            lanes.upon_next_write(lambda number=number: self._strike(label, fault, kind, number))  # type: ignore[misc]

    def _strike(self, label: str, fault: Fault, kind: FaultKind, number: int) -> None:
        """Start the fault in a thread of its own; called by a lane that is about to send a write."""
        thread = threading.Thread(target=self._struck, args=(label, fault, kind, number), name=label)
        self._threads.append(thread)
        thread.start()

    def _struck(self, label: str, fault: Fault, kind: FaultKind, number: int) -> None:
        at_s, key = self._env.now, f"{label}:{number}"
        try:
            proof: str = kind.struck(fault, Servers(self._target), stream(self._scenario.seed, label, str(number)))
        except Exception as error:  # in a thread of its own, where nobody could take it
            self._faults.failed(label, key, at_s, str(error) if isinstance(error, RehearsalError) else said(error))
        else:
            if proof:
                self._faults.fired(label, key, at_s, proof)


@dataclass(frozen=True, slots=True)
class Servers:
    """The processes of a target, as faults reach them (see `rehearsal.parts.fault.Processes`)."""

    target: Target

    def kill_worker(self) -> str:
        """Kill an HTTP worker of Odoo."""
        return self.target.disturb("kill_worker")

    def restart_odoo(self) -> str:
        """End Odoo and start it again."""
        return self.target.disturb("restart_odoo")

    def restart_postgres(self) -> str:
        """End PostgreSQL and start it again."""
        return self.target.disturb("restart_postgres")

    def freeze_odoo(self, wall_s: float) -> str:
        """Stop every process of Odoo for a while."""
        return self.target.disturb("freeze_odoo", wall_s)
