"""A failure and its cure: one scenario under both of its connectors, on the same Odoo, with the same shoppers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.model import Tell
from rehearsal.parts.actor_kinds import require_actors
from rehearsal.pipeline.compare import compared, page_of, table
from rehearsal.pipeline.run import Advanced, Options, rehearse
from rehearsal.scenario import Scenario
from rehearsal.targets.base import Target


@dataclass(frozen=True, slots=True)
class Shown:
    """What a demonstration came to."""

    failure: Path
    cure: Path
    page: Path
    """Both on one page."""
    comparison: dict[str, Any]

    @property
    def convinces(self) -> bool:
        """Whether the first run failed and the second did not: what a demonstration is for."""
        return bool(self.comparison["verdicts"] == ["fail", "pass"])

    def text(self) -> str:
        """Return the comparison and where both reports lie."""
        said = table(self.comparison)
        if not self.convinces:
            said += "\nthis does not show a failure and its cure; look into both reports before you show them"
        return f"{said}\nfailure: {self.failure / 'report.html'}\ncure:    {self.cure / 'report.html'}\nboth:    {self.page}"


def pair(scenario: Scenario) -> tuple[Scenario, Scenario]:
    """Return *scenario* under its connector and under its cure; raises `UsageError` when it names none."""
    if not scenario.cure:
        raise UsageError(
            f"scenario {scenario.name!r} names no cure, so there is nothing to set against it; "
            "write `cure: governed` (a connector) into it"
        )
    cured = scenario.model_copy(update={"connector": scenario.cure})
    for one in (scenario, cured):
        require_actors(one)
        project.connector(one.connector)
    return scenario, cured


def demonstrate(scenario: Scenario, target: Target, told: Tell, advanced: Advanced, clone: str = "") -> Shown:
    """Rehearse the failure, then its cure, and compare; the target must be up. *clone* names a database to copy for each."""
    folders: list[Path] = []
    for number, one in enumerate(pair(scenario), start=1):
        told(f"{number} of 2: {scenario.name} with connector {one.connector}")
        run, _ = rehearse(one, target, Options(clone=clone), told, advanced)
        folders.append(run.folder)
        if run.interrupted:
            raise KeyboardInterrupt
    page = page_of(folders[0], folders[1])
    return Shown(folders[0], folders[1], page, compared(folders[0], folders[1], page, told))
