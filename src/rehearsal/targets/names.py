"""Names of databases, and how they and other text are written in SQL."""

from __future__ import annotations

import re

from rehearsal.errors import UsageError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def checked_name(name: str) -> str:
    """Return *name* if Odoo, PostgreSQL and a file system all take it."""
    if not NAME.fullmatch(name):
        raise UsageError(f"database name {name!r}: expected 1 to 63 of the characters A-Z a-z 0-9 _ . - and no sign first")
    return name


def quoted(name: str) -> str:
    """Return *name* as an SQL identifier."""
    return '"' + checked_name(name).replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return *text* as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
