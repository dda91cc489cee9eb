"""Where a real Odoo comes from. `choose` turns the word of ``--target`` into a target."""

from __future__ import annotations

from pathlib import Path

from rehearsal.errors import EnvironmentNotReady, UsageError
from rehearsal.targets.base import Target


def choose(name: str = "auto", *, cache: Path | None = None, addons: tuple[Path, ...] = ()) -> Target:
    """Return the target called *name*; starts nothing and connects to nothing.

    *name* is ``native``, ``docker``, ``auto`` or the URL of an Odoo that exists already. *cache* (where a
    native target lives) and *addons* (folders with further Odoo modules) are the native target's alone.
    """
    if name.lower().startswith(("http://", "https://")):
        from rehearsal.targets.existing import ExistingTarget

        return ExistingTarget(name)
    if name == "docker":
        raise EnvironmentNotReady(
            "target 'docker' is not built yet; run with: --target native   (or the URL of an Odoo)"
        )
    # Where a Docker engine answers, 'auto' will mean docker once that target is built; until then native.
    if name in ("auto", "native"):
        from rehearsal.targets.native import NativeTarget

        return NativeTarget(cache, addons)
    raise UsageError(f"target {name!r}: expected 'native', 'docker', 'auto' or a URL that begins with http")
