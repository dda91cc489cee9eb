"""Odoo's source tree: from Debian's archive into the cache, or from a folder that the user names.

The archive's newest suite has Odoo; it's read through a private apt configuration, so that the machine's
own package lists, cache and sources stay as they are.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.targets import machine
from rehearsal.targets.cache import Cache, remove_remains, staged

PACKAGE = "odoo-19"
SUITE = "unstable"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT_FOLDER = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
UPDATE_SECONDS = 180.0
DOWNLOAD_SECONDS = 600.0
EXTRACT_SECONDS = 300.0
GIVE_A_SOURCE = "set REHEARSE_ODOO_SOURCE to a folder with Odoo 19's source (the one that holds odoo/release.py)"


@dataclass(frozen=True, slots=True)
class Tree:
    """Odoo's source on this machine."""

    python_path: Path
    """The folder that holds the package ``odoo``."""
    version: str
    """Such as ``19.0``, or ``19.0.0+dfsg-1`` where a distribution says more."""

    @property
    def addons(self) -> tuple[Path, ...]:
        """The folders with Odoo's own modules: a packaged tree has them inside, a checkout beside."""
        inside, beside = self.python_path / "odoo" / "addons", self.python_path / "addons"
        if (inside / "account").is_dir():
            return (inside,)
        return (beside, inside) if beside.is_dir() else (inside,)


@dataclass(frozen=True, slots=True)
class Source:
    """One place of packages that the machine's apt knows."""

    uri: str
    suite: str
    components: tuple[str, ...]


def provide_tree(cache: Cache, progress: Tell) -> Tree:
    """Return Odoo's source tree, fetching it once; the caller holds the cache's lock."""
    named = os.environ.get("REHEARSE_ODOO_SOURCE")
    if named:
        return named_tree(Path(named).expanduser().absolute())
    found = cached_tree(cache)
    remove_remains(cache.odoo)
    return found if found is not None else fetch_tree(cache, progress)


def find_tree(cache: Cache) -> Tree | None:
    """Return the tree that is there already, without fetching anything."""
    named = os.environ.get("REHEARSE_ODOO_SOURCE")
    if named:
        try:
            return named_tree(Path(named).expanduser().absolute())
        except EnvironmentNotReady:
            return None
    return cached_tree(cache)


def cached_tree(cache: Cache) -> Tree | None:
    """Return the newest tree in the cache; one that is there under its own name is whole (see `staged`)."""
    trees = [path for path in cache.odoo.glob("[0-9]*") if (path / "odoo" / "release.py").is_file()]
    if not trees:
        return None
    newest = max(trees, key=lambda path: path.stat().st_mtime)
    return Tree(newest, newest.name)


def named_tree(folder: Path) -> Tree:
    """Return the tree in a user's *folder*: a checkout, an unpacked release or an unpacked package."""
    for inner in ("", "usr/lib/python3/dist-packages", "src"):
        place = folder / inner
        release = place / "odoo" / "release.py"
        if release.is_file():
            version = release_version(release.read_text(encoding="utf-8"))
            mark = hashlib.sha256(str(place).encode()).hexdigest()[:6]
            return Tree(place, f"{version}+source.{mark}")
    raise EnvironmentNotReady(f"REHEARSE_ODOO_SOURCE is {folder}, and there's no odoo/release.py in it; {GIVE_A_SOURCE}")


def release_version(text: str) -> str:
    """Return the version, such as ``19.0``, that the text of Odoo's release.py declares."""
    found = re.search(r"^version_info\s*=\s*\(\s*'?([^,']+)'?\s*,\s*(\d+)", text, re.MULTILINE)
    if found is None:
        raise EnvironmentNotReady(f"odoo/release.py has no version_info that can be read; {GIVE_A_SOURCE}")
    return f"{found[1].strip()}.{found[2]}"


def fetch_tree(cache: Cache, progress: Tell) -> Tree:
    """Download and unpack Odoo's package into the cache."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise EnvironmentNotReady(f"this machine has no {program}, so Odoo cannot come from Debian's archive; {GIVE_A_SOURCE}")
    source = debian_source(sources(), codename())
    options = private_apt(cache.apt, source, SUITE)
    progress("reading the package lists of Debian's archive")
    machine.run(
        ["apt-get", *options, "-o", "APT::Update::Error-Mode=any", "update"],
        what="reading Debian's package lists",
        fix=offline_fix(),
        timeout=UPDATE_SECONDS,
    )
    folder = cache.apt / "package"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    progress(f"downloading {PACKAGE} (120 MB)")
    machine.run(
        ["apt-get", *options, "download", PACKAGE],
        what=f"downloading {PACKAGE}",
        fix=offline_fix(),
        cwd=folder,
        timeout=DOWNLOAD_SECONDS,
    )
    tree = extract(next(folder.glob(f"{PACKAGE}_*.deb")), cache, progress)
    shutil.rmtree(folder)
    return tree


def offline_fix() -> str:
    """Return what to do when the archive can't be reached."""
    return f"rehearse up   (again, with the package archive in reach; or {GIVE_A_SOURCE})"


def extract(package: Path, cache: Cache, progress: Tell) -> Tree:
    """Unpack *package*; the tree appears in the cache whole or not at all."""
    version = machine.run(["dpkg-deb", "-f", str(package), "Version"], what=f"reading {package.name}", fix="rehearse up").strip()
    place = cache.odoo / version
    progress(f"unpacking Odoo {version}")
    with staged(place) as stage:
        everything = stage / ".package"
        machine.run(
            ["dpkg-deb", "-x", str(package), str(everything)],
            what=f"unpacking {package.name}",
            fix="rehearse up",
            timeout=EXTRACT_SECONDS,
        )
        inside = everything / "usr" / "lib" / "python3" / "dist-packages"
        (inside / "odoo").rename(stage / "odoo")
        shutil.rmtree(everything)
    return Tree(place, version)


def private_apt(place: Path, source: Source, suite: str) -> list[str]:
    """Return apt-get options that read *suite* of *source* alone, with state and cache of our own in *place*."""
    if not KEYRING.is_file():
        raise EnvironmentNotReady(
            f"{KEYRING} is missing, so Debian's archive cannot be verified; "
            f"run: {machine.install_command(('debian-archive-keyring',))}"
        )
    for folder in ("lists/partial", "cache/archives/partial", "etc"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    listed = place / "etc" / "sources.list"
    listed.write_text(f"deb [signed-by={KEYRING}] {source.uri} {suite} main\n", encoding="utf-8")
    settings = {
        "Dir::Etc::sourcelist": listed,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": place / "lists",
        "Dir::Cache": place / "cache",
        "Acquire::Languages": "none",
        # A mirror may be a picture of an earlier day; it's the signature that counts here.
        "Acquire::Check-Valid-Until": "false",
        # The sandbox account of apt cannot reach a private cache folder.
        "APT::Sandbox::User": "root",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def codename(os_release: Path = OS_RELEASE) -> str:
    """Return the name of this machine's Debian release, such as ``bookworm``."""
    text = os_release.read_text(encoding="utf-8") if os_release.is_file() else ""
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if fields.get("ID", "").strip('"') != "debian":
        name = fields.get("PRETTY_NAME", "this system").strip('"')
        raise EnvironmentNotReady(f"Odoo comes from Debian's archive, and this machine runs {name}; {GIVE_A_SOURCE}")
    return fields.get("VERSION_CODENAME", SUITE).strip('"')


def debian_source(known: Iterable[Source], release: str) -> Source:
    """Return the source that serves Debian's main archive: not its security or updates part."""
    names = (release, SUITE, "sid", "testing", "stable", "trixie", "forky")
    candidates = [source for source in known if source.suite in names and "main" in source.components]
    if not candidates:
        raise EnvironmentNotReady(
            f"no file of {APT_FOLDER} names suite '{release}' with component 'main', so nobody knows "
            f"where this machine's Debian archive is; add it to {APT_FOLDER}/sources.list, or {GIVE_A_SOURCE}"
        )
    return min(candidates, key=lambda source: names.index(source.suite))


def sources(folder: Path = APT_FOLDER) -> tuple[Source, ...]:
    """Return every source of packages that apt's configuration in *folder* names, in apt's order."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    found: list[Source] = []
    for file in files:
        if not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if file.suffix == ".list":
            found.extend(one_line_sources(text))
        elif file.suffix == ".sources":
            found.extend(deb822_sources(text))
    return tuple(found)


def one_line_sources(text: str) -> Iterator[Source]:
    """Yield the sources of a ``sources.list``: ``deb [options] uri suite component…``."""
    for line in text.splitlines():
        found = re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if found is not None:
            yield Source(found[1].rstrip("/"), found[2], tuple(found[3].split()))


def deb822_sources(text: str) -> Iterator[Source]:
    """Yield the sources of a ``*.sources`` file: stanzas of fields, which may go on in indented lines."""
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, list[str]] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields.setdefault(name, []).extend(line.split())
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.split()
        if "deb" not in fields.get("types", []) or fields.get("enabled", ["yes"])[:1] == ["no"]:
            continue
        for uri in fields.get("uris", []):
            for suite in fields.get("suites", []):
                yield Source(uri.rstrip("/"), suite, tuple(fields.get("components", [])))
