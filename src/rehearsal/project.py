"""The project path: where scenarios, simulators, connectors and the rest are found.

A team's own project comes first (that of the working folder, or ``REHEARSE_PROJECT``), the bundled reference
project after it; same-named folders merge, like Odoo's addons path.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rehearsal.errors import UsageError
from rehearsal.strangers import raise_ours, said, shown
from rehearsal.vocabulary import KINDS, Kind

if TYPE_CHECKING:
    pass

OURS = ("scenarios", "simulators", "connectors", "loadtests", "assertions")
"""By these a project is known from one of its sub-folders; fixtures and reports have others as well."""
FOLDERS = ("scenarios", "simulators", "connectors", "loadtests", "fixtures", "assertions", "reports")


@cache
def bundled() -> Path:
    """Return the reference project: inside the wheel, or the checkout of an editable install."""
    package = Path(__file__).parent
    inside = package / "_reference"
    return inside if inside.is_dir() else package.parent.parent


def roots() -> tuple[Path, ...]:
    """Return the project path, first match first."""
    own = _own()
    return (own, bundled()) if own != bundled() and _has_one(own, FOLDERS) else (bundled(),)


def _own() -> Path:
    """Return the team's own project: the nearest folder from the working one upwards that has a folder which only projects of
    ours have, as git and pytest find theirs; else the working folder. ``REHEARSE_PROJECT`` names another."""
    named = os.environ.get("REHEARSE_PROJECT")
    upwards = _upwards(os.path.realpath(named) if named else os.getcwd())  # noqa: PTH109  asked hundreds of times per scenario
    return upwards[0] if named else next((one for one in upwards if _has_one(one, OURS)), upwards[0])


@lru_cache(maxsize=8)
def _upwards(folder: str) -> tuple[Path, ...]:
    return (Path(folder), *Path(folder).parents)


def _has_one(root: Path, folders: tuple[str, ...]) -> bool:
    return any(os.path.isdir(f"{root}/{folder}") for folder in folders)  # noqa: PTH112  as above


def runs() -> Path:
    """Return where runs are kept: ``runs/`` of the project that was found, or of the working folder where one was named."""
    return Path("runs") if os.environ.get("REHEARSE_PROJECT") else Path(os.path.relpath(_own() / "runs"))


def own_scenario(name: str) -> Path:
    """Return where a scenario *name* of the team's own is written, seen from the working folder."""
    return Path(os.path.relpath(_own() / "scenarios" / f"{name}.yaml"))


def files(folder: str, suffix: str) -> dict[str, Path]:
    """Return the files of *folder* with *suffix* along the project path, by stem; the first one wins.

    A Python part may be a package: it is named after its folder. Raises `UsageError` for a module and a package of one name.
    """
    found: dict[str, Path] = {}
    for root in roots():
        found = _named(*_parts(f"{root}/{folder}", suffix)) | found
    return found


def _parts(folder: str, suffix: str) -> tuple[str, ...]:
    """Return the files of the parts in *folder*: modules first, then packages; what begins with ``_`` or is hidden is none."""
    try:
        entries = sorted(entry for entry in os.listdir(folder) if entry[0] not in "_.")  # noqa: PTH208  as above
    except (FileNotFoundError, NotADirectoryError):
        return ()
    modules = [f"{folder}/{entry}" for entry in entries if entry.endswith(suffix)]
    packages = [f"{folder}/{entry}/__init__.py" for entry in entries if "." not in entry] if suffix == ".py" else []
    return (*modules, *(path for path in packages if os.path.isfile(path)))  # noqa: PTH113


@lru_cache(maxsize=64)
def _named(*parts: str) -> dict[str, Path]:
    """Return *parts* by name, for those who only read it; raises `UsageError` for two of one name."""
    found: dict[str, Path] = {}
    for path in map(Path, parts):
        name = path.parent.name if path.name == "__init__.py" else path.stem
        if name in found:
            raise UsageError(f"{found[name]} and {path} are two parts of one name; rename one")
        found[name] = path
    return found


def scenario_path(name: str) -> Path:
    """Return the path of the scenario *name*, or of the file that *name* is.

    Raises `UsageError` that suggests the nearest name.
    """
    as_file = Path(name)
    if as_file.suffix in (".yaml", ".yml"):
        if as_file.is_file():
            return as_file
        raise UsageError(f"no file {name!r}; give a scenario's name or a path to its YAML file")
    known = files("scenarios", ".yaml")
    if name not in known:
        raise UsageError(f"no scenario {name!r} in scenarios/{_nearest(name, list(known))}")
    return known[name]


def module(folder: str, name: str) -> ModuleType:
    """Return the module ``folder/name.py`` of the project path; *folder* may be one inside another, such as ``a/b``.

    Modules of one root may import each other as ``folder.module``: each root is put behind what is
    installed on ``sys.path``. Raises `UsageError` when there is no such file.
    """
    known = files(folder, ".py")
    if name not in known:
        raise UsageError(f"no {folder}/{name}.py on the project path{_nearest(name, list(known))}")
    path = known[name]
    _on_path()
    _guard(folder.partition("/")[0])
    full = f"{folder.replace('/', '.')}.{name}"
    loaded = sys.modules.get(full)
    if loaded is not None and Path(loaded.__file__ or "") == path:
        return loaded
    inside = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(full, path, submodule_search_locations=inside)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be loaded as a Python module")
    created = importlib.util.module_from_spec(spec)
    sys.modules[full] = created
    try:
        spec.loader.exec_module(created)
    except BaseException as error:
        sys.modules.pop(full, None)
        raise_ours(error)
        raise UsageError(f"{path} cannot be loaded ({said(error)})") from error
    return created


def connector(name: str) -> Any:
    """Return the connector class that a scenario names: ``naive``, or ``package.module:Class``."""
    if ":" in name:
        where, _, what = name.partition(":")
        _on_path()
        try:
            loaded: Any = getattr(importlib.import_module(where), what)
        except BaseException as error:
            raise_ours(error)
            raise UsageError(
                f"connector {name!r} cannot be loaded ({said(error)}); expected "
                "package.module:Class, importable from the project folder"
            ) from error
        return _class(name, loaded)
    known = files("connectors", ".py")
    if name not in known:
        raise UsageError(f"no connector {name!r} in connectors/{_nearest(name, list(known))}")
    loaded = module("connectors", name)
    if not hasattr(loaded, "Connector"):
        raise UsageError(f"{known[name]} defines no class named Connector")
    return _class(name, loaded.Connector)


def _class(name: str, loaded: Any) -> Any:
    """Return *loaded* if it is a class with the handlers of a connector; raises `UsageError` that names what is missing."""
    if not isinstance(loaded, type):
        raise UsageError(f"connector {name!r} is {type(loaded).__name__}; expected a class")
    missing = [method for method in ("start", "receive") if not callable(getattr(loaded, method, None))]
    if missing:
        raise UsageError(f"connector {name!r} has no method {' and no method '.join(missing)}; see connectors/naive.py")
    return loaded


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f" (did you mean {near[0]!r}?)"
    return f" (there are: {', '.join(sorted(known))})" if known else " (there are none)"


def kinds() -> dict[str, Kind]:
    """Return every kind of event by name: the shared ones, and those that actors of the project path emit (``EVENTS``)."""
    found = dict(KINDS)
    for name, path in sorted(files("simulators", ".py").items()):
        own = getattr(module("simulators", name), "EVENTS", ())
        if not isinstance(own, tuple) or not all(isinstance(one, Kind) for one in own):
            raise UsageError(f"{path}: EVENTS is {shown(own)}; expected a tuple of rehearsal.vocabulary.Kind")
        for kind in own:
            if kind in found:
                raise UsageError(f"{path}: a kind of event is called {kind.value!r} already; rename one")
            found[kind.value] = kind
    return found


def report(name: str) -> Callable[..., None]:
    """Return ``write`` of ``reports/<name>.py``; raises `UsageError` with what was found and expected."""
    loaded = module("reports", name)
    write: Callable[..., None] | None = getattr(loaded, "write", None)
    if not callable(write) or not takes(write, 3):
        there = (
            f"write{inspect.signature(write)}" if callable(write) else f"write is {shown(write)}" if write else "there is no write"
        )
        raise UsageError(
            f"{loaded.__file__}: {there}; expected a function write(record, judged, folder); the name of a helper starts with _"
        )
    return write


def require_reports() -> None:
    """Raise `UsageError` for a report of the project path that cannot be written: ahead of the weekend, not after it."""
    for name in sorted(files("reports", ".py")):
        report(name)


def takes(function: Callable[..., Any], count: int) -> bool:
    """Return whether a function can be called with *count* arguments by position; of one that does not tell, nobody knows better."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _on_path() -> None:
    """Put the roots behind what is installed, in their order: of two modules of one name, the team's own is meant."""
    for root in dict.fromkeys((Path.cwd(), _own(), *roots())):  # a connector may lie in a folder that has nothing else of a project
        if str(root) in sys.path:
            sys.path.remove(str(root))
        sys.path.append(str(root))


def _guard(folder: str) -> None:
    """Refuse an installed regular package of a folder's name: it would take the folder's place silently."""
    try:
        origin = getattr(importlib.util.find_spec(folder), "origin", None)
    except ValueError:
        origin = None  # a module that is already loaded and does not say where from
    if origin is not None:
        raise UsageError(
            f"an installed package named {folder!r} ({origin}) hides the project folder {folder}/; "
            "uninstall it from this environment"
        )
