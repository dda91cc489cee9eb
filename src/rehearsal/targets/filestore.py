"""Odoo's filestore where it is a folder that this process may write: one folder below it per database."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path

from rehearsal.targets.names import checked_name

COPY = ("cp", "--archive", "--link", "--no-target-directory")
"""Odoo names a file after what is in it and never changes one, so a copy of a database has the very same files."""


class FolderFiles(ABC):
    """What `template.Workshop` asks of files, but for copying them, which depends on whose they are."""

    __slots__ = ()

    @property
    @abstractmethod
    def filestore(self) -> Path:
        """The folder with one folder per database."""

    def files(self) -> tuple[str, ...]:
        """Return the names of the databases that have files."""
        return tuple(folder.name for folder in self.filestore.glob("*"))

    def rename_files(self, source: str, name: str) -> None:
        """Let database *name* have the files of *source*; silent when there are none."""
        if (self.filestore / source).exists():
            (self.filestore / source).rename(self.filestore / name)

    def remove_files(self, name: str) -> None:
        """Remove the files of a database; silent when there are none."""
        shutil.rmtree(self.filestore / checked_name(name), ignore_errors=True)
