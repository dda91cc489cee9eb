"""Where a real Odoo comes from. `choose` turns the word of ``--target`` into a target."""

from __future__ import annotations

import os
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady, UsageError
from rehearsal.model import Tell
from rehearsal.targets.base import Target

VARIABLE = "REHEARSE_TARGET"
"""What ``auto`` stands for, where a machine's owner has decided."""


def choose(
    name: str = "auto",
    *,
    cache: Path | None = None,
    addons: tuple[Path, ...] = (),
    allow_untested: bool = False,
    told: Tell | None = None,
) -> Target:
    """Return the target called *name*; starts nothing.

    *name* is ``native``, ``docker``, ``auto`` or the URL of an Odoo that exists already. ``auto`` looks for a Docker
    engine, and *told* hears which target it became and why. *cache* and *addons* (folders with further Odoo modules)
    are for the targets that run an Odoo of ours. *allow_untested* lets Odoo versions pass that the tests never ran.
    """
    if name == "auto":
        name = os.environ.get(VARIABLE) or "auto"
    if name == "auto":
        name, why = found()
        if told is not None:
            told(f"target {name}: {why}")
    if name.lower().startswith(("http://", "https://")):
        from rehearsal.targets.existing import ExistingTarget

        return ExistingTarget(name, allow_untested)
    if name == "docker":
        from rehearsal.targets.docker.target import DockerTarget

        return DockerTarget(cache, addons, allow_untested)
    if name == "native":
        from rehearsal.targets.native.target import NativeTarget

        return NativeTarget(cache, addons, allow_untested)
    raise UsageError(f"target {name!r}: expected 'native', 'docker', 'auto' or a URL that begins with http")


def found() -> tuple[str, str]:
    """Return which target ``auto`` is here, and why: docker if an engine answers and has, or can get, the images."""
    from rehearsal.targets.docker.target import DockerTarget

    stack = DockerTarget().stack
    try:
        stack.engine.require()
        missing = stack.missing_images()
    except EnvironmentNotReady as problem:
        return "native", str(problem).split("; ")[0].splitlines()[0]
    out_of_reach = [image for image in missing if not stack.engine.can_pull(image)]
    if out_of_reach:
        return "native", f"a Docker engine answers, but has no image {out_of_reach[0]} and cannot pull it"
    return "docker", "a Docker engine answers" + (" and the images can be pulled" if missing else " and has the images")
