"""What the tests of scenario files share: a small file, and all that is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal import project
from rehearsal.errors import ScenarioError
from rehearsal.scenario import file as scenario_file

HEAD = "extends: promo_weekend\nname: mine\n"
PARENTS = project.scenario_path("promo_weekend").parent


def said(folder: Path, text: str | bytes, parts: bool = False, overrides: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return every problem of a file with *text*, without the names of folders; empty when it is valid."""
    path = folder / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        scenario_file.load(path, project.scenario_path, overrides, parts=parts)
    except ScenarioError as error:
        return tuple(one.replace(f"{folder}/", "").replace(f"{PARENTS}/", "") for one in error.problems)
    return ()


def variant(folder: Path, text: str, parts: bool = False) -> tuple[str, ...]:
    """Return every problem of a variant of promo_weekend; its own words begin in line 3."""
    return said(folder, HEAD + text, parts)
