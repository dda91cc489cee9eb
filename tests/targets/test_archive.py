from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import archive
from rehearsal.targets.archive import Source
from rehearsal.targets.cache import Cache

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """\
# deb http://off.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian/ bookworm main contrib # yes
deb http://mirror.example/debian-security bookworm-security main
deb http://other.example/apt nodistro main
"""


@pytest.mark.parametrize(("file", "text"), [("debian.sources", DEB822), ("debian.list", ONE_LINE)])
def test_main_archive_is_found_in_both_formats(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / file).write_text(text)
    found = archive.debian_source(archive.sources(tmp_path), "bookworm")
    assert found == Source("http://mirror.example/debian", "bookworm", ("main", "contrib"))


def test_sources_list_is_read_first_and_disabled_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://first.example/debian trixie main\n")
    (tmp_path / "sources.list.d" / "x.list.disabled").write_text("deb http://no.example/debian trixie main\n")
    assert [source.uri for source in archive.sources(tmp_path)] == ["http://first.example/debian"]


def test_no_main_archive_says_what_was_looked_for() -> None:
    security = Source("http://mirror.example/debian-security", "bookworm-security", ("main",))
    with pytest.raises(EnvironmentNotReady, match=r"'bookworm'.*REHEARSE_ODOO_SOURCE"):
        archive.debian_source([security], "bookworm")


def test_codename_of_another_system_is_refused(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text('ID=fedora\nPRETTY_NAME="Fedora Linux 43"\n')
    with pytest.raises(EnvironmentNotReady, match="Fedora Linux 43"):
        archive.codename(release)


def test_named_source_needs_no_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odoo").mkdir()
    (tmp_path / "odoo" / "release.py").write_text("version_info = (19, 0, 0, FINAL, 0, '')\n")
    monkeypatch.setenv("REHEARSE_ODOO_SOURCE", str(tmp_path))
    tree = archive.provide_tree(Cache(tmp_path / "cache"), pytest.fail)
    assert tree.python_path == tmp_path
    assert tree.version.startswith("19.0+source.")


def test_wrong_source_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REHEARSE_ODOO_SOURCE", str(tmp_path))
    with pytest.raises(EnvironmentNotReady, match=f"{tmp_path}.*release.py"):
        archive.provide_tree(Cache(tmp_path / "cache"), print)


@pytest.mark.parametrize(
    ("line", "version"),
    [("version_info = (19, 0, 0, FINAL, 0, '')", "19.0"), ("version_info = ('saas~18', 4, 0, FINAL)", "saas~18.4")],
)
def test_release_version(line: str, version: str) -> None:
    assert archive.release_version(line) == version


def test_cached_tree_ignores_half_unpacked_ones(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    half = cache.odoo / ".19.0.abc.partial" / "odoo"
    half.mkdir(parents=True)
    (half / "release.py").touch()
    assert archive.cached_tree(cache) is None
