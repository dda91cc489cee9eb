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
from rehearsal.faults import Faults, labelled
from rehearsal.proxy import Harm, Proxy, Treatment
from rehearsal.scenario import NETWORK_FAULTS, PROCESS_FAULTS, Fault, Scenario
from rehearsal.targets.base import Database, Target

HARMED = {
    "network_latency": "passed on late", "reset_before_request": "cut off before Odoo heard of it",
    "cut_after_commit": "answered by Odoo, and the answer cut off", "black_hole": "swallowed, no answer came",
    "bad_gateway": "answered by a page of somebody in between", "narrow_bandwidth": "its answer trickled",
}  # fmt: skip
"""What each fault of the network does to the request that it has."""
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
        self._network = tuple(dict.fromkeys(fault.name for fault in scenario.faults if fault.name in NETWORK_FAULTS))
        self._process = {label: fault for label, fault in labelled(scenario).items() if fault.name in PROCESS_FAULTS}
        self._requests = 0
        self._threads: list[threading.Thread] = []
        self._proxy = Proxy(database.url, self._treatment) if self._network else None
        self.database = replace(database, url=self._proxy.url) if self._proxy else database
        """The database as the connector's lanes must reach it."""

    def schedule(self, lanes: Road) -> None:
        """Let every process fault strike at its drawn instants."""
        for label, fault in self._process.items():
            self._env.process(self._striking(label, fault, lanes))

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
        key, seed = f"request:{number}", self._scenario.seed
        for name in self._network:
            for label, fault in self._faults.striking(name, key, self._env.now):
                delay_ms = lognormal(stream(seed, label, key), fault.wall_ms, 3 * fault.wall_ms)
                second = chance(seed, f"{label}:face", key) < 0.5
                self._faults.fired(label, key, self._env.now, HARMED[name])
                return Treatment(Harm(name), delay_ms / 1000, fault.bytes_per_s, second)
        return None

    # -- processes ---------------------------------------------------------------------------------

    def _striking(self, label: str, fault: Fault, lanes: Road) -> Steps:
        rng = stream(self._scenario.seed, f"fault:{label}", "times")
        ends = min(fault.ends or self._scenario.lasts, self._scenario.lasts)
        for number, at_s in enumerate(sorted(rng.uniform(fault.begins, ends) for _ in range(fault.times)), start=1):
            yield self._env.timeout(max(0.0, at_s - self._env.now))
            lanes.upon_next_write(lambda number=number: self._strike(label, fault, number))  # type: ignore[misc]

    def _strike(self, label: str, fault: Fault, number: int) -> None:
        """Start the fault in a thread of its own; called by a lane that is about to send a write."""
        thread = threading.Thread(target=self._struck, args=(label, fault, number), name=label)
        self._threads.append(thread)
        thread.start()

    def _struck(self, label: str, fault: Fault, number: int) -> None:
        at_s, key = self._env.now, f"{label}:{number}"
        try:
            proof: Any = self._target.disturb(fault.name, float(fault.wall))
        except RehearsalError as error:
            self._faults.failed(label, key, at_s, str(error))
        else:
            self._faults.fired(label, key, at_s, str(proof))
