"""The workflow files that users copy: valid by their services' own schemas, and in words that `rehearse` has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cli.command import rehearse

CI = Path(__file__).parents[2] / "docs" / "ci"
SCHEMAS = {"github.yml": "vendor.github-workflows", "gitlab.yml": "vendor.gitlab-ci"}


def checked(path: Path, schema: str) -> tuple[int, str]:
    """Return how the check of a file against a schema that comes with the checker ended, and what it said."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items())
def test_a_workflow_is_what_its_service_takes(name: str, schema: str, tmp_path: Path) -> None:
    """And one with a word that the service does not have is none."""
    assert checked(CI / name, schema) == (0, "ok -- validation done\n")
    text = (CI / name).read_text(encoding="utf-8")
    (tmp_path / name).write_text(text.replace("timeout-minutes", "timeout-hours").replace("expire_in", "expires_in"))

    assert checked(tmp_path / name, schema)[0] == 1


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_workflow_calls_a_command_that_there_is(name: str, tmp_path: Path) -> None:
    """Every option of its `rehearse run` is one; what they name is missing here, and that is told."""
    (line,) = re.findall(r"rehearse (run .+)", (CI / name).read_text(encoding="utf-8"))
    words = line.split()

    said = rehearse(*words, cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "baseline known.json: there is no such file" in said.err


def test_what_is_cached_is_made_by_the_target_and_holds_no_secret() -> None:
    """Folders of the cache, and no other: not `secrets.json`, not the databases under `run/`."""
    from rehearsal.targets import cache

    github = YAML(typ="safe").load((CI / "github.yml").read_text())["jobs"]["rehearse"]["steps"]
    kept = next(step["with"]["path"].split() for step in github if "cache" in step.get("uses", ""))
    gitlab = YAML(typ="safe").load((CI / "gitlab.yml").read_text())["rehearsal"]["cache"]["paths"]

    folders = ("apt", "odoo", "venv")
    assert kept == [f"/var/cache/peak-rehearsal/{folder}" for folder in folders], "a path of the job's container"
    assert gitlab == [f".rehearse-cache/{folder}" for folder in folders], "GitLab keeps nothing outside of the project"
    assert all(f"    {folder.rpartition('/')[2]}/" in (cache.__doc__ or "") for folder in kept)
