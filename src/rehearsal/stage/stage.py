"""The stage: one weekend from raising the curtain to the count of the shelves, whichever clock it runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import simpy

from rehearsal.clock.lanes import Road
from rehearsal.history import History
from rehearsal.model import Demand, Tell, World
from rehearsal.scenario import Scenario
from rehearsal.stage.contract import Watch
from rehearsal.stage.disturbance import Disturbance
from rehearsal.stage.faults import Faults
from rehearsal.stage.market import Market
from rehearsal.stage.weekend import opened, settled, shelved
from rehearsal.targets.base import Database, Target


class Stage:
    """Who meets whom, what goes wrong meanwhile, and that all of it is undone in the end."""

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, folder: Path, history: History, target: Target | None, database: Database
    ) -> None:
        """*folder* gets the journal of faults; without a *target* nothing is done to processes or requests."""
        self._env = env
        self._scenario = scenario
        self._history = history
        self._faults = Faults(scenario, folder / "faults.ndjson")
        self._disturbance = Disturbance(env, scenario, self._faults, target, database) if target else None
        self.database = self._disturbance.database if self._disturbance else database
        """The database as the connector's lanes must reach it."""

    def enter(self, connector: Any, road: Road, world: World, demand: Mapping[str, Sequence[Demand]], watch: Watch) -> Market:
        """Put everybody in place; return the market where they will meet."""
        self._road = road
        self.market = Market(self._env, self._scenario, world, demand, self._history, self._faults, watch)
        self.market.connect(connector, road)
        return self.market

    def open(self) -> None:
        """Let the connector get ready, open the doors, and let things go wrong from now on."""
        opened(self._env, self.market, self._history)
        if self._disturbance:
            self._disturbance.schedule(self._road)

    def settle(self, tell: Tell) -> None:
        """Heal every fault, and wait until all is at rest; bounded by the scenario."""
        tell("healing every fault")
        self.heal()
        settled(self._env, self.market, self._road, self._history, tell)

    def heal(self) -> None:
        """Let nothing strike any more, and undo what has struck; once more does no harm."""
        self._faults.heal(self._env.now)
        if self._disturbance:
            self._disturbance.heal()

    def close(self) -> None:
        """Let nobody through any more, and end the journal."""
        if self._disturbance:
            self._disturbance.close()
        self._faults.close()

    def count_shelves(self) -> None:
        """Write down what really lies at each node."""
        shelved(self.market, self._history)
