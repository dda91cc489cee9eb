"""Ship the project folders inside the wheel, as the reference project."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("scenarios", "simulators", "connectors", "loadtests", "fixtures", "assertions", "reports")
CONTAINERS = ("docker-compose.yml", "compose", "docker")
"""What the Docker target runs, and how its images are built."""
STARTER = ("starter",)
"""What `rehearse init` writes."""


class ReferenceProject(BuildHookInterface):
    """Maps each root folder to ``rehearsal/_reference/`` in a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folders; an editable install reads the checkout itself, so it gets none."""
        if version == "standard":
            there = [
                folder for folder in (*FOLDERS, *CONTAINERS, *STARTER) if (Path(self.root) / folder).exists()
            ]  # git keeps no empty folder
            build_data["force_include"] |= {folder: f"rehearsal/_reference/{folder}" for folder in there}
