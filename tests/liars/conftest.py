"""What the club shares: one opening world, seeded once and copied for each, since all of them meet the same."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from fixtures import opening
from rehearsal import demand, project
from rehearsal.odoo.connect import caller
from rehearsal.targets.base import Database
from rehearsal.targets.native import NativeTarget
from tests.liars.club import scenario

SEEDING_S = 300.0


@pytest.fixture(scope="session")
def opened(target: NativeTarget) -> Iterator[Database]:
    """A database with the club's opening world in it, which nobody has rehearsed on."""
    day = scenario("governed")
    database = target.clone(f"club_{os.getpid()}")
    world, _ = demand.draw(day)
    opening.seed(caller(database, day.client, SEEDING_S, "seeding the club"), day, world)
    yield database
    target.drop(database)


@pytest.fixture(autouse=True)
def copied(target: NativeTarget, opened: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each run have a copy of *opened* where it would clone the template and seed it: that takes as long as a run.

    A seeded database looks used to a run, which is what it is.
    """
    monkeypatch.setattr(target, "clone", lambda name: target.copy(opened, name))
    monkeypatch.setattr(project.module("fixtures", "opening"), "seed", lambda *_: None)
    monkeypatch.setattr("rehearsal.run.require_unused", lambda *_: None)
