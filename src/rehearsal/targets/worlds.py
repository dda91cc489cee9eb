"""Opening worlds that were written once: a seeded database is kept as a template, and copied by every run that opens so.

Writing a world takes six seconds, copying it one. Which world a run needs is told by a key over all that the opening
reads; nobody can connect to a kept one, so that what is copied is what was written.
"""

from __future__ import annotations

import hashlib

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import template
from rehearsal.targets.server import BUILDING_PREFIX, WORLD_PREFIX
from rehearsal.targets.sql import MAINTENANCE
from rehearsal.targets.template import Template, Workshop

KEPT = 12
"""Worlds at once, some 60 MB each; the oldest goes first."""


def name_of(opened: Template, key: str) -> str:
    """Return the database that keeps world *key* on the template *opened*."""
    return WORLD_PREFIX + hashlib.sha256(f"{opened.key}:{key}".encode()).hexdigest()[:16]


def copied(shop: Workshop, opened: Template, key: str, name: str) -> bool:
    """Copy world *key* as database *name*; return whether there was one."""
    kept = name_of(opened, key)
    if kept not in shop.postgres.databases():
        return False
    try:
        template.copy(shop, kept, name)
    except EnvironmentNotReady:
        if kept in shop.postgres.databases():
            raise
        return False  # another run dropped it meanwhile, to make room
    return True


def keep(shop: Workshop, opened: Template, key: str, database: str) -> None:
    """Keep a copy of *database*, in which world *key* was just written; its clients are cut off for a moment.

    Another run may keep the same world at the same time: one of them is enough.
    """
    kept = name_of(opened, key)
    building = f"{BUILDING_PREFIX}{kept.removeprefix(WORLD_PREFIX)}"
    taken = shop.postgres.databases()
    if kept in taken or building in taken:
        return
    try:
        shop.postgres.copy(database, building)
        shop.copy_files(database, kept)
        shop.postgres.seal(building, kept)
    except EnvironmentNotReady:
        template.drop(shop, building)
        if kept not in shop.postgres.databases():
            shop.remove_files(kept)
        return  # a run needs none
    for old in _by_age(shop)[:-KEPT]:
        template.drop(shop, old)


def _by_age(shop: Workshop) -> list[str]:
    """Return every kept world, the oldest first."""
    rows = shop.postgres.sql(MAINTENANCE, "SELECT datname FROM pg_database ORDER BY oid")
    return [row[0] for row in rows if row[0].startswith(WORLD_PREFIX)]
