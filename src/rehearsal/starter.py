"""A new project: the smallest example of each part that runs, as files to be changed.

They are the files of ``starter/`` in the reference project; docs/extending.md shows the same ones.
"""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from pathlib import Path

from rehearsal import project
from rehearsal.errors import UsageError

FOLDER = "starter"
SCENARIO = "small_friday"
ORDER = ("scenarios", "simulators", "connectors", "assertions", "reports", "tests")
"""In which they are told: what is rehearsed first, how one knows that it works last."""


@dataclass(frozen=True, slots=True)
class Example:
    """One file of a new project."""

    name: str
    """Its path in the project, such as ``simulators/kiosk.py``."""
    text: str

    @property
    def sentence(self) -> str:
        """Return what it says of itself: its docstring, or its first comment."""
        if self.name.endswith(".py"):
            return " ".join((ast.get_docstring(ast.parse(self.text)) or "").split("\n\n")[0].split())
        return self.text.splitlines()[0].removeprefix("# ")


def examples() -> tuple[Example, ...]:
    """Return every file of a new project, in the order in which they are told."""
    root = project.bundled() / FOLDER
    paths = [path for folder in ORDER for path in (root / folder).rglob("*.*") if path.suffix in (".py", ".yaml")]
    found = [Example(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in paths]
    return tuple(sorted(found, key=lambda one: (ORDER.index(one.name.split("/")[0]), one.name.count("/"), one.name)))


def write(folder: Path) -> tuple[Example, ...]:
    """Write a new project into *folder* and return its files; raises `UsageError`, and writes nothing, where it would hide or
    replace what is there."""
    if folder.resolve() == project.bundled().resolve():
        raise UsageError(f"{folder} is the reference project itself, which every project has behind its own; name another folder")
    wanted = examples()
    if not wanted:
        raise UsageError(f"this installation has no {FOLDER}/ in {project.bundled()}; install peak-rehearsal from its wheel")
    if taken := [found for one in wanted if (found := _in_the_way(folder, one.name))]:
        there = "\n".join(f"  {path}" for path in dict.fromkeys(taken))
        raise UsageError(
            f"nothing was written, since in its way there is already:\n{there}\nmove it away, or name another folder: "
            "rehearse init FOLDER"
        )
    for one in wanted:
        path = folder / one.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one.text, encoding="utf-8")
    return wanted


def _in_the_way(folder: Path, name: str) -> Path | None:
    """Return what keeps the file *name* from being written into *folder*: it, a package of its name, or a file for a folder."""
    path = folder / name
    above = [one for one in path.parents if os.path.lexists(one) and not one.is_dir()]
    package = path.with_suffix("") / "__init__.py"
    return next((one for one in (*above, path, package) if os.path.lexists(one)), None)
