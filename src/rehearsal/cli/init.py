"""The command that begins a project: init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rehearsal.cli.words import app, tell


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where; made if it is not there.", show_default=False)] = Path(),
) -> None:
    """Write a project of your own to start from: one small part of each kind, and tests of them that need no Odoo."""
    from rehearsal.starter import SCENARIO, write

    for one in write(folder):
        tell(f"wrote {folder / one.name}\n    {one.sentence}")
    tell("next:")
    if folder != Path():
        tell(f"  cd {folder}")
    tell(f"  rehearse scenario validate {SCENARIO}")
    tell("  pytest tests                            # on paper, without Odoo")
    tell(f"  rehearse run {SCENARIO}               # against a real one")
