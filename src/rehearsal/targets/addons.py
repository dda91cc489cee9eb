"""Add-ons of others, gathered in one folder by what is in them: folders of modules, and packages of the Python index.

    addons/wheels/KEY/   what was fetched for one requirement
    addons/KEY/          modules side by side; ``.python`` holds what they import and Odoo does not have

OCA publishes each module as a wheel that unpacks into ``odoo/addons`` and requires a package ``odoo`` that nobody means to
install. So nothing is installed with its dependencies: each is looked up by its name, and fetched where Odoo lacks it.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import Parser
from pathlib import Path
from typing import Any, Protocol

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from rehearsal.errors import EnvironmentNotReady, UsageError
from rehearsal.model import Tell
from rehearsal.parts.addon import MANIFEST, PYTHON, Software, manifest_of, modules_in, requirement
from rehearsal.targets import machine

ADDON = "odoo-addon-"
INSIDE = "odoo/addons/"
"""Where a wheel of add-ons has its modules."""
FETCH_SECONDS = 300.0
IGNORED = shutil.ignore_patterns("__pycache__", ".git", "*.pyc")
Has = Callable[[str], bool]
"""Whether Odoo's Python has a package of that name."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Modules and packages in one folder."""

    folder: Path
    wanted: tuple[str, ...]
    """Modules to install."""
    modules: Mapping[str, str]
    """Every module with its version."""
    python: Mapping[str, str]
    """Every package with its version."""

    def as_data(self) -> dict[str, Any]:
        """Return what a manifest says of it."""
        return {
            "installed": list(self.wanted),
            "modules": dict(self.modules),
            "python": dict(self.python),
            "sha256": self.folder.name,
        }


@dataclass(slots=True)
class _Basket:
    """What is being gathered."""

    folder: Path
    sources: dict[str, str] = field(default_factory=dict)
    """Where each module came from, in words."""
    python: dict[str, str] = field(default_factory=dict)
    wanted: list[str] = field(default_factory=list)

    def take(self, module: Path, source: str) -> None:
        """Take the module in the folder *module*; raises `UsageError` when there is one of its name."""
        if module.name in self.sources:
            raise UsageError(f"module {module.name} is in {self.sources[module.name]} and in {source}; leave one of them out")
        shutil.copytree(module, self.folder / module.name, ignore=IGNORED, symlinks=False)
        self.sources[module.name] = source


def gather(root: Path, software: Software, series: str, has: Has, progress: Tell) -> Gathered:
    """Gather *software* below *root*, for Odoo *series* (such as ``19.0``) whose Python *has* some packages already.

    What was fetched once is not fetched again. Raises `UsageError` or `EnvironmentNotReady` with what is missing.
    """
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".gathering-") as name:
        basket = _Basket(Path(name) / "all")
        basket.folder.mkdir()
        for folder in software.folders:
            for module in modules_in(folder):
                basket.take(module, str(folder))
        for text in software.python:
            _fetched(basket, root / "wheels", requirement(text), has, progress, named=True)
        wanted = tuple(dict.fromkeys((*software.modules, *basket.wanted)))
        manifests = {module: manifest_of(basket.folder / module) for module in basket.sources}
        _require_fit(manifests, (*wanted, *software.server_wide_modules), series, has, basket)
        folder = root / content(basket.folder)
        if not folder.exists():
            _open_to_all(basket.folder)
            basket.folder.rename(folder)
    versions = {module: str(told.get("version", "")) for module, told in sorted(manifests.items())}
    return Gathered(folder, wanted, versions, dict(sorted(basket.python.items())))


def content(folder: Path) -> str:
    """Return a name for what is in *folder*: other content, another name."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def needed_by(modules: Sequence[str], manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return every module that *modules* need, themselves included, each with the one that needs it (empty: asked for)."""
    found = dict.fromkeys(modules, "")
    left = list(modules)
    while left:
        module = left.pop()
        for other in manifests.get(module, {}).get("depends", ()):
            if other not in found:
                found[other] = module
                left.append(other)
    return found


class Shelf(Protocol):
    """What knows the modules of an Odoo."""

    def require_modules(self, modules: tuple[str, ...]) -> None:
        """Refuse names that no module has."""


def require_needed(shelf: Shelf, gathered: Gathered, server_wide_modules: tuple[str, ...]) -> None:
    """Refuse what nobody has among all that the wanted modules need, and say who needs it."""
    manifests = {name: manifest_of(gathered.folder / name) for name in gathered.modules}
    for name, needs in needed_by((*gathered.wanted, *server_wide_modules), manifests).items():
        try:
            shelf.require_modules((name,))
        except EnvironmentNotReady as error:
            raise EnvironmentNotReady(f"{error}" + (f"   (module {needs} needs it)" if needs else "")) from None


def _require_fit(
    manifests: Mapping[str, Mapping[str, Any]], modules: Sequence[str], series: str, has: Has, basket: _Basket
) -> None:
    """Raise `EnvironmentNotReady` for a module that this Odoo cannot install, with all that is wrong at once."""
    wrong = []
    for module in needed_by(modules, manifests):
        told = manifests.get(module)
        if told is None:
            continue
        version = str(told.get("version", ""))
        if version.count(".") >= 4 and not version.startswith(f"{series}."):
            wrong.append(f"module {module} is version {version}, and this is Odoo {series}; take the one that is made for it")
        if not told.get("installable", True):
            wrong.append(f"module {module} says that it is not installable")
        lacking = [name for name in _imported(told) if not (has(name) or canonicalize_name(name) in basket.python)]
        if lacking:
            wrong.append(
                f"module {module} needs {', '.join(lacking)}, which this Odoo's Python does not have; "
                f"add odoo: {{python: [{', '.join(lacking)}]}}"
            )
    if wrong:
        raise EnvironmentNotReady("; ".join(wrong))


def _imported(manifest: Mapping[str, Any]) -> list[str]:
    """Return the packages that a module says it imports; what is no requirement is Odoo's to judge."""
    names = []
    for text in (manifest.get("external_dependencies") or {}).get("python", ()):
        try:
            names.append(Requirement(str(text)).name)
        except InvalidRequirement:
            continue
    return names


def _fetched(basket: _Basket, wheels: Path, asked: Requirement, has: Has, progress: Tell, named: bool = False) -> None:
    """Take the wheel of *asked* and of all that it needs and Odoo does not have."""
    name = canonicalize_name(asked.name)
    if name in basket.python or (not named and has(name)):
        return
    wheel = _wheel(wheels, asked, progress)
    with zipfile.ZipFile(wheel) as inside:
        told = _metadata(inside)
        basket.python[name] = str(told["Version"])
        modules = sorted({path.split("/")[2] for path in inside.namelist() if path.startswith(INSIDE) and path.endswith(MANIFEST)})
        place = basket.folder / PYTHON if not modules else Path(tempfile.mkdtemp(dir=basket.folder.parent))
        place.mkdir(exist_ok=True)
        inside.extractall(place)
    for module in modules:
        basket.take(place / INSIDE / module, f"package {name}")
        if named:
            basket.wanted.append(module)
    for text in told.get_all("Requires-Dist") or ():
        needed = Requirement(text)
        if canonicalize_name(needed.name) != "odoo" and (needed.marker is None or needed.marker.evaluate({"extra": ""})):
            _fetched(basket, wheels, needed, has, progress)


def _wheel(wheels: Path, asked: Requirement, progress: Tell) -> Path:
    """Return the wheel of *asked*, fetched once, with pip's own configuration; raises `EnvironmentNotReady`."""
    place = wheels / hashlib.sha256(str(asked).encode()).hexdigest()[:16]
    for found in place.glob("*.whl"):
        return found
    progress(f"fetching {asked} from the Python index")
    wheels.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wheels, prefix=".fetching-") as name:
        words = ["download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
        machine.run(
            [*_pip(), *words, "--dest", f"{name}/it", str(asked)],
            what=f"fetching {asked}",
            fix="the same command again, with the Python package index in reach, or with another version of it",
            timeout=FETCH_SECONDS,
        )
        shutil.rmtree(place, ignore_errors=True)
        (Path(name) / "it").rename(place)
    return next(place.glob("*.whl"))


def _pip() -> list[str]:
    """Return a pip: that of this environment, or the system's."""
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, timeout=30, check=False).returncode == 0:
                return [python, "-m", "pip"]
        except (OSError, subprocess.TimeoutExpired):
            continue
    raise EnvironmentNotReady(f"packages are fetched by pip, and {sys.executable} has none; run: {sys.executable} -m ensurepip")


def _metadata(wheel: zipfile.ZipFile) -> Any:
    (path,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
    return Parser().parsestr(wheel.read(path).decode())


def _open_to_all(folder: Path) -> None:
    """Let the account of the servers read it: nothing in it is secret."""
    for path in (folder, *_below(folder)):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _below(folder: Path) -> Iterator[Path]:
    yield from folder.rglob("*")
