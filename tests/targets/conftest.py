"""A native target on the machine's own cache, shared by the tests that need a real Odoo."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from rehearsal.targets.base import Database, TemplateRecipe
from rehearsal.targets.native.target import NativeTarget
from tests.conftest import plain_native

RECIPE = TemplateRecipe(modules=("base",), settings="env['ir.config_parameter'].set_param('rehearsal.test', 'settings ran')")


@pytest.fixture(scope="session")
def native() -> Iterator[NativeTarget]:
    target = plain_native()
    target.up(RECIPE, print)
    yield target
    if not target.was_running:
        target.down()


@pytest.fixture
def name() -> str:
    return f"test_{os.getpid()}_{time.monotonic_ns()}"


@pytest.fixture
def database(native: NativeTarget, name: str) -> Iterator[Database]:
    lent = native.clone(name)
    yield lent
    native.drop(lent)
