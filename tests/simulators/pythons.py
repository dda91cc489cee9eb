"""Finds the newest other Python on this machine and gives it the few packages that drawing a demand needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = ("simpy", "faker", "pydantic", "ruamel.yaml", "duckdb", "jinja2", "typer", "urllib3", "odoorpc", "orjson")
NAMES = ("python3.15", "python3.14", "python3.13", "python3.12")
INSTALL_S_MAX = 300


def newest_environment() -> str:
    """Return the interpreter of an environment made with the newest other Python at hand; this one if there is none."""
    for name in NAMES:
        for found in (shutil.which(name), *sorted(map(str, Path.home().glob(f".pyenv/versions/*/bin/{name}")))):
            if found and _works(found):
                return _provided(name, found)
    return sys.executable


def _works(python: str) -> bool:
    return subprocess.run([python, "-c", "import venv, ensurepip"], capture_output=True, check=False).returncode == 0


def _provided(name: str, found: str) -> str:
    folder = ROOT / ".venv" / f"other-{name}"
    locked = {line.split("==")[0].lower(): line for line in (ROOT / "requirements.lock").read_text().split()}
    wanted = [locked[package.lower()] for package in NEEDED]
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists() or done.read_text() != repr(wanted):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([found, "-m", "venv", str(folder)], check=True, timeout=INSTALL_S_MAX)
        install = [str(python), "-m", "pip", "install", "--quiet", *wanted]
        subprocess.run(install, check=True, timeout=INSTALL_S_MAX, stdout=sys.stderr)
        where = [str(python), "-c", "import site; print(site.getsitepackages()[0])"]
        site = subprocess.run(where, check=True, capture_output=True, text=True)
        (Path(site.stdout.strip()) / "rehearsal.pth").write_text(f"{ROOT / 'src'}\n{ROOT}\n")
        done.write_text(repr(wanted))
    return str(python)
