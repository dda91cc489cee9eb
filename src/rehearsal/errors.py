"""Every error a user can meet, drawn once; the class is the policy, and its exit code is the promise.

    RehearsalError
    ├── UsageError          2    wrong words on the command line; nothing was started
    │   └── ScenarioError   2    the scenario file: all problems at once, each with file:line:col
    ├── EnvironmentNotReady 3    Odoo, PostgreSQL, Docker or a package is missing; says what to run
    │   ├── TargetRefused   3    the database is not marked for rehearsal
    │   └── NoScenarioTime  3    Odoo cannot be put on the scenario's clock here; a run goes on with the real one
    └── HarnessFault        5    the harness itself failed; what ran stays readable, nothing is judged a pass
        └── DamagedRun      5    a run folder is not what was written, and cannot be judged at all

A message says what was wrong with the value, what was expected and what to do.
"""

from __future__ import annotations


class RehearsalError(Exception):
    """Something a user can act on; shown without a traceback."""

    exit_code = 5


class UsageError(RehearsalError):
    """The command was given something it cannot use."""

    exit_code = 2


class ScenarioError(UsageError):
    """A scenario file has problems; *problems* holds one line each, with file:line:col."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class EnvironmentNotReady(RehearsalError):
    """What a rehearsal needs from the machine is not there; the message ends in what to run."""

    exit_code = 3


class TargetRefused(EnvironmentNotReady):
    """The database is neither neutralised nor marked, so nothing is written to it."""


class NoScenarioTime(EnvironmentNotReady):
    """Odoo cannot be put on the scenario's clock here, and is still on the real one; the message says what is missing."""


class HarnessFault(RehearsalError):
    """The harness failed in the middle; the run is undecided."""

    exit_code = 5


class DamagedRun(HarnessFault):
    """A run folder lacks what nothing can be judged without; the message names the file."""
