"""Disturbing Odoo while it is driven: faults of the network through the proxy, faults of processes through the target.

Which request is struck is drawn from its number, which process fault strikes when from the seed. A
process fault waits for the next write to be under way, so that it always hits something.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import simpy

from rehearsal.clock import Road, Steps
from rehearsal.draw import chance, lognormal, stream
from rehearsal.errors import RehearsalError
from rehearsal.faults import Faults
from rehearsal.proxy import Harm, Proxy, Treatment
from rehearsal.scenario import NETWORK_FAULTS, PROCESS_FAULTS, Fault, Scenario
from rehearsal.targets.base import Database, Target

JOIN_S_MAX = 120.0
"""How long healing waits for a restart or a frozen server to be over."""


class Disturbance:
    """The infrastructure faults of one run, from the opening to the healing."""

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, faults: Faults, target: Target, database: Database
    ) -> None:
        self._env = env
        self._scenario = scenario
        self._faults = faults
        self._target = target
        self._network = tuple(fault for fault in scenario.faults if fault.name in NETWORK_FAULTS)
        self._process = tuple(fault for fault in scenario.faults if fault.name in PROCESS_FAULTS)
        self._requests = 0
        self._threads: list[threading.Thread] = []
        self._proxy = Proxy(database.url, self._treatment) if self._network else None
        self.database = replace(database, url=self._proxy.url) if self._proxy else database
        """The database as the connector's lanes must reach it."""

    def schedule(self, lanes: Road) -> None:
        """Let every process fault strike at its drawn instants."""
        for fault in self._process:
            self._env.process(self._striking(fault, lanes))

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

    def _treatment(self, request: bytes) -> Treatment | None:
        """Decide what happens to one request; the first fault that strikes it has it."""
        self._requests += 1
        number = self._requests
        for fault in self._network:
            key = f"request:{number}"
            if self._faults.strikes(fault.name, key, self._env.now):
                seed = self._scenario.seed
                delay_ms = lognormal(stream(seed, fault.name, key), fault.wall_ms, 3 * fault.wall_ms)
                second = chance(seed, f"{fault.name}:face", key) < 0.5
                return Treatment(Harm(fault.name), delay_ms / 1000, fault.bytes_per_s, second)
        return None

    # -- processes ---------------------------------------------------------------------------------

    def _striking(self, fault: Fault, lanes: Road) -> Steps:
        rng = stream(self._scenario.seed, f"fault:{fault.name}", "times")
        ends = min(fault.ends or self._scenario.lasts, self._scenario.lasts)
        for number, at_s in enumerate(sorted(rng.uniform(fault.begins, ends) for _ in range(fault.times)), start=1):
            yield self._env.timeout(max(0.0, at_s - self._env.now))
            lanes.upon_next_write(lambda number=number: self._strike(fault, number))  # type: ignore[misc]

    def _strike(self, fault: Fault, number: int) -> None:
        """Start the fault in a thread of its own; called by a lane that is about to send a write."""
        thread = threading.Thread(target=self._struck, args=(fault, number), name=fault.name)
        self._threads.append(thread)
        thread.start()

    def _struck(self, fault: Fault, number: int) -> None:
        at_s, key = self._env.now, f"{fault.name}:{number}"
        try:
            proof: Any = self._target.disturb(fault.name, float(fault.wall))
        except RehearsalError as error:
            self._faults.failed(fault.name, key, at_s, str(error))
        else:
            self._faults.fired(fault.name, key, at_s, proof)
