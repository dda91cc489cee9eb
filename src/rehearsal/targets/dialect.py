"""What differs between Odoo versions, and which of them the tests have run.

All that depends on the version is said here, and for containers in ``compose/odoo-VERSION.yml``. A version that is
not in `TESTED` is refused by its number, unless the user takes the risk with ``--allow-untested-odoo``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rehearsal.errors import EnvironmentNotReady

TESTED = ("19.0",)
"""The versions that the tests have run, oldest first."""
ALLOW = "--allow-untested-odoo"
SERIES = re.compile(r"(?:saas[~-])?(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one version of Odoo wants to be spoken to."""

    series: str
    """Such as ``19.0``."""
    options: Mapping[str, str]
    """Options of the server that other versions call something else, or do not have."""


DIALECTS = {
    "19.0": Dialect(
        "19.0",
        MappingProxyType(
            {
                # Until 18, demo data were on unless ``without_demo`` said otherwise.
                "with_demo": "False",
                # The RPC endpoints are a module of their own since 19.
                "server_wide_modules": "base,rpc,web",
            }
        ),
    )
}


def series(version: str) -> str:
    """Return the version as Odoo's branches are named: ``19.0`` for ``19.0-20251120`` or ``19.0.0+dfsg-1``."""
    found = SERIES.search(version)
    if found is None:
        raise EnvironmentNotReady(f"Odoo says that its version is {version!r}; expected a number such as {TESTED[-1]}")
    return f"{found[1]}.{found[2]}"


def dialect(version: str) -> Dialect:
    """Return the dialect of *version*; for one that was allowed untested, that of the newest that was tested."""
    return DIALECTS.get(series(version), DIALECTS[TESTED[-1]])


def require_tested(version: str, allow_untested: bool = False) -> str:
    """Return the series of *version*; raises `EnvironmentNotReady` when the tests have not run it, unless allowed."""
    number = series(version)
    if number not in TESTED and not allow_untested:
        raise EnvironmentNotReady(
            f"Odoo {number} is not supported: the tests have run {', '.join(TESTED)}; use that version, or add {ALLOW} "
            "and know that the verdict may be wrong"
        )
    return number
