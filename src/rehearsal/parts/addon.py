"""Odoo modules beside Odoo's own, on disk and as they are asked for."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.errors import UsageError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

MANIFEST = "__manifest__.py"
PYTHON = ".python"
"""Beside gathered modules, the folder of what they import; Odoo takes a folder without a manifest for no module."""


@dataclass(frozen=True, slots=True)
class Software:
    """Add-ons beside Odoo's own modules, as they are asked for; nothing of it is fetched yet."""

    modules: tuple[str, ...] = ()
    """To be installed, beside those that the packages of *python* bring."""
    folders: tuple[Path, ...] = ()
    python: tuple[str, ...] = ()
    """Requirements, as pip reads them."""
    server_wide_modules: tuple[str, ...] = ()
    settings: str = ""
    """Python source, run as that of the recipe is."""

    def __bool__(self) -> bool:
        return any((self.modules, self.folders, self.python, self.server_wide_modules, self.settings))


def modules_in(folder: Path) -> list[Path]:
    """Return the modules in *folder*, or *folder* itself if it is one; raises `UsageError` where there are none."""
    if (folder / MANIFEST).is_file():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}")) if folder.is_dir() else []
    if not found:
        there = "has no module (a folder with a __manifest__.py)" if folder.is_dir() else "is no folder"
        raise UsageError(f"add-ons: {folder} {there}; name a folder of modules, or a package of the Python index")
    return found


def requirement(text: str) -> Requirement:
    """Return *text* as pip reads it; raises `UsageError`."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(
            f"add-ons: {text!r} is neither a folder nor a package of the Python index ({str(error).splitlines()[0]})"
        ) from None


def manifest_of(module: Path) -> Mapping[str, Any]:
    """Return what a module says of itself; raises `UsageError` for a manifest that is no literal."""
    try:
        told = ast.literal_eval((module / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError) as error:
        raise UsageError(f"module {module.name}: its {MANIFEST} cannot be read ({error})") from None
    if not isinstance(told, Mapping):
        raise UsageError(f"module {module.name}: its {MANIFEST} is a {type(told).__name__}; expected a dict")
    return told
