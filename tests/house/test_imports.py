"""Imports form a star: root folders import the kernel and themselves, the kernel names no folder."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("scenarios", "simulators", "connectors", "loadtests", "fixtures", "assertions", "reports")
ALLOWED = {"loadtests": {"simulators"}}
"""Who may look sideways, and where."""
LOCUST_HOMES = ("loadtests/", "src/rehearsal/locust/")
"""Where Locust may be imported: the folder of load tests, and one package of the kernel."""
PATCHED = {"locust", "gevent", "geventhttpclient"}

ROOMS = ("parts", "scenario", "targets", "odoo", "clock", "stage", "verdict", "pipeline", "load", "locust", "cli")
"""The rooms of the kernel, lowest first: each may import what stands before it. Modules beside them are the ground, and import no room."""
WAYS_IN = ("pytest_plugin",)
"""Modules beside the rooms that stand above them all."""


def imported(path: Path) -> set[str]:
    """Return the top-level names that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def dotted(path: Path) -> set[str]:
    """Return the first two names of everything that a module imports, such as ``rehearsal.locust``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {".".join(alias.name.split(".")[:2]) for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {".".join(f"{node.module}.{alias.name}".split(".")[:2]) for alias in node.names}
    return names


def modules(folder: str) -> list[Path]:
    """Return the Python files below a folder of the checkout."""
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_root_folder_imports_the_kernel_and_itself_only(folder: str) -> None:
    """Nothing imports sideways; loadtests may use the simulators."""
    sideways = {
        str(path.relative_to(ROOT)): imported(path) & ({*FOLDERS, "tests"} - {folder} - ALLOWED.get(folder, set()))
        for path in modules(folder)
    }

    assert {path: names for path, names in sideways.items() if names} == {}


def test_the_kernel_names_no_folder() -> None:
    """The kernel finds folders by project path, so a team's own project can take their place."""
    named = {str(path.relative_to(ROOT)): imported(path) & {*FOLDERS, "tests"} for path in modules("src")}

    assert {path: names for path, names in named.items() if names} == {}


def test_locust_is_imported_where_it_may_patch_the_process_and_nowhere_else() -> None:
    """Importing Locust monkey-patches sockets and threads of the whole process."""
    homes = [path for folder in ("src", *FOLDERS) for path in modules(folder) if PATCHED & imported(path)]

    assert [str(path.relative_to(ROOT)) for path in homes if not str(path.relative_to(ROOT)).startswith(LOCUST_HOMES)] == []


def test_nothing_else_in_the_project_imports_the_package_that_imports_locust() -> None:
    """It is loaded by Locust's own processes alone; the command line starts those as programs."""
    named = [
        str(path.relative_to(ROOT))
        for folder in ("src", *FOLDERS)
        for path in modules(folder)
        if "rehearsal.locust" in dotted(path) and not str(path.relative_to(ROOT)).startswith(LOCUST_HOMES)
    ]

    assert named == []


def test_simulators_know_neither_http_nor_odoo() -> None:
    """A simulator is a plain generator over the clock it is given."""
    forbidden = {"urllib3", "urllib", "http", "odoorpc", "requests", "locust", "socket", "threading", "time"}

    assert {str(path): imported(path) & forbidden for path in modules("simulators") if imported(path) & forbidden} == {}
    assert not [path for path in modules("simulators") if "rehearsal.odoo" in path.read_text(encoding="utf-8")]


def test_invariants_do_no_io() -> None:
    """A new invariant can judge an old run, on a machine without Odoo."""
    forbidden = {"urllib3", "http", "odoorpc", "requests", "socket", "random", "time", "datetime", "os", "subprocess"}

    assert {str(path): imported(path) & forbidden for path in modules("assertions") if imported(path) & forbidden} == {}


def test_help_does_not_wait_for_heavy_imports() -> None:
    """`rehearse --help` must feel instant: the command line imports no simulator, database or HTTP client at the top."""
    nodes = [node for path in (ROOT / "src/rehearsal/cli").glob("*.py") for node in ast.parse(path.read_text("utf-8")).body]
    top = {node.names[0].name for node in nodes if isinstance(node, ast.Import)}
    top |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}

    assert {name for name in top if not name.startswith("rehearsal.cli")} <= {
        "__future__",
        "collections.abc",
        "contextlib",
        "json",
        "os",
        "sys",
        "pathlib",
        "typing",
        "typer",
        "rehearsal.errors",
    }


def kernel_imports() -> dict[str, set[str]]:
    """Return the modules of the kernel that each of them imports when it runs, wherever the statement stands."""
    kernel = ROOT / "src" / "rehearsal"
    known = {
        ".".join(path.relative_to(kernel).with_suffix("").parts).removesuffix(".__init__"): path
        for path in modules("src/rehearsal")
    }
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for_types = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
        unseen = {id(inner) for node in for_types for inner in ast.walk(node)}
        found[name] = set()
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.split(".")[0] == "rehearsal"
                and id(node) not in unseen
            ):
                whole = [f"{node.module}.{alias.name}".removeprefix("rehearsal.") for alias in node.names]
                parent = node.module.removeprefix("rehearsal").lstrip(".")
                found[name] |= {one if one in known else parent for one in whole} - {""}
    return found


def test_no_room_of_the_kernel_imports_upward() -> None:
    """The folder list is the architecture: whoever reads from the top of it needs nothing that comes later."""
    rank = {room: place for place, room in enumerate(ROOMS)}
    upward = [
        f"{name} imports {other}"
        for name, others in kernel_imports().items()
        for other in sorted(others)
        if name not in WAYS_IN and rank.get(other.split(".")[0], -1) > rank.get(name.split(".")[0], -1)
    ]

    assert upward == []
    assert {path.parent.name for path in (ROOT / "src/rehearsal").glob("*/__init__.py")} == {*ROOMS, "vocabulary"}


def test_no_module_of_the_kernel_imports_itself_in_a_circle() -> None:
    """A package's own face may name what is inside; nobody inside needs it."""
    imports, done, way = kernel_imports(), set[str](), list[str]()

    def walk(name: str) -> None:
        assert name not in way, " → ".join([*way[way.index(name) :], name])
        if name in done:
            return
        way.append(name)
        for other in sorted(imports.get(name, ())):
            walk(other)
        done.add(way.pop())

    for name in imports:
        walk(name)


def test_what_runs_in_odoos_own_container_needs_nothing_that_its_image_lacks() -> None:
    """Of what is installed here, Odoo's Python has psutil alone."""
    look = "import rehearsal.targets.docker.inside, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    lacking = {"packaging", "pydantic", "ruamel", "typer", "rich", "duckdb", "orjson", "simpy", "odoorpc", "jinja2", "urllib3"}

    assert lacking & set(done.stdout.split()) == set()
