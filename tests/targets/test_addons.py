"""Add-ons of others, gathered by name and folder; packages come from a folder of wheels instead of the index."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import EnvironmentNotReady, UsageError
from rehearsal.parts.addon import Software
from rehearsal.targets.addons import Gathered, gather, needed_by

HAS = {"lxml", "requests"}
"""What this Odoo's Python has."""


def module(folder: Path, name: str, **manifest: Any) -> Path:
    """Write a module of that name."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__manifest__.py").write_text(repr({"name": name, "version": "19.0.1.0.0", **manifest}), encoding="utf-8")
    (folder / name / "__init__.py").touch()
    return folder / name


def wheel(folder: Path, name: str, version: str, files: Mapping[str, str], *requires: str) -> None:
    """Write a wheel."""
    folder.mkdir(exist_ok=True)
    word = name.replace("-", "_")
    told = "\n".join(
        ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    )
    with zipfile.ZipFile(folder / f"{word}-{version}-py3-none-any.whl", "w") as out:
        for path, text in files.items():
            out.writestr(path, text)
        out.writestr(f"{word}-{version}.dist-info/METADATA", told + "\n")
        out.writestr(f"{word}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(f"{word}-{version}.dist-info/RECORD", "")


def addon(name: str, **manifest: Any) -> dict[str, str]:
    """Return the files of a wheel with one module, as OCA packs them."""
    told = {"name": name, "version": "19.0.2.0.0", **manifest}
    return {f"odoo/addons/{name}/__init__.py": "", f"odoo/addons/{name}/__manifest__.py": repr(told)}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return tmp_path / "index"


def gathered(tmp_path: Path, software: Software, told: list[str] | None = None) -> Gathered:
    """Gather for an Odoo 19.0 whose Python has `HAS`."""
    return gather(tmp_path / "cache", software, "19.0", HAS.__contains__, (told if told is not None else []).append)


def test_modules_of_folders_lie_side_by_side_and_are_installed_where_they_are_asked_for(tmp_path: Path) -> None:
    """A folder of modules, or a folder that is one; what is beside them stays away."""
    module(tmp_path / "shop", "shop_base")
    module(tmp_path / "shop", "shop_peak", depends=["shop_base", "sale"])
    (tmp_path / "shop" / "README.md").touch()
    (tmp_path / "shop" / "shop_base" / "__pycache__").mkdir()
    alone = module(tmp_path / "other", "alone", version="1.0")
    found = gathered(tmp_path, Software(("shop_peak",), (tmp_path / "shop", alone)))

    assert found.wanted == ("shop_peak",)
    assert found.modules == {"alone": "1.0", "shop_base": "19.0.1.0.0", "shop_peak": "19.0.1.0.0"}
    assert sorted(path.name for path in found.folder.iterdir()) == ["alone", "shop_base", "shop_peak"]
    assert sorted(path.name for path in (found.folder / "shop_base").iterdir()) == ["__init__.py", "__manifest__.py"]


def test_what_is_gathered_is_named_after_what_is_in_it(tmp_path: Path) -> None:
    """The same again is the same folder; a changed file is another one, and so another template."""
    shop = module(tmp_path / "shop", "shop_base")
    first, second = (gathered(tmp_path, Software((), (tmp_path / "shop",))) for _ in range(2))
    (shop / "__init__.py").write_text("CHANGED = True\n", encoding="utf-8")
    third = gathered(tmp_path, Software((), (tmp_path / "shop",)))

    assert first == second
    assert first.folder != third.folder
    assert first.folder.is_dir() and third.folder.is_dir()


def test_a_package_brings_its_modules_and_what_they_need_and_odoo_lacks(tmp_path: Path, index: Path) -> None:
    """Not a package called odoo; not what Odoo's Python has already; each is fetched once."""
    wheel(
        index, "odoo-addon-peak", "19.0.2.0.0", addon("peak", depends=["queue"]), "odoo==19.0.*", "odoo-addon-queue==19.0.*", "lxml"
    )
    wheel(index, "odoo-addon-queue", "19.0.1.1.0", addon("queue"), "odoo==19.0.*", "upgrades", 'never; python_version < "3"')
    wheel(index, "upgrades", "3.6", {"upgrades/__init__.py": ""}, "requests")
    told: list[str] = []
    found = gathered(tmp_path, Software(python=("odoo-addon-peak",)), told)
    again = gathered(tmp_path, Software(python=("odoo-addon-peak",)), told)

    assert (found, found.wanted) == (again, ("peak",))
    assert found.modules == {"peak": "19.0.2.0.0", "queue": "19.0.2.0.0"}
    assert found.python == {"odoo-addon-peak": "19.0.2.0.0", "odoo-addon-queue": "19.0.1.1.0", "upgrades": "3.6"}
    assert sorted(path.name for path in (found.folder / ".python").iterdir()) == ["upgrades", "upgrades-3.6.dist-info"]
    assert told == [f"fetching {one} from the Python index" for one in ("odoo-addon-peak", "odoo-addon-queue==19.0.*", "upgrades")]


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"version": "18.0.1.0.0"}, "module shop is version 18.0.1.0.0, and this is Odoo 19.0; take the one that is made for it"),
        ({"installable": False}, "module shop says that it is not installable"),
        (
            {"external_dependencies": {"python": ["lxml>=4", "stdnum"]}},
            "module shop needs stdnum, which this Odoo's Python does not have; add odoo: {python: [stdnum]}",
        ),
        ({"depends": ["below"]}, "module below is version 17.0.1.0.0, and this is Odoo 19.0; take the one that is made for it"),
    ],
)
def test_what_this_odoo_cannot_install_is_told_before_it_is_tried(manifest: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Also of what the wanted module needs; of one that nobody wants, nothing is told."""
    module(tmp_path / "shop", "shop", **manifest)
    module(tmp_path / "shop", "below", version="17.0.1.0.0")
    with pytest.raises(EnvironmentNotReady) as raised:
        gathered(tmp_path, Software(("shop",), (tmp_path / "shop",)))

    assert str(raised.value) == said
    assert gathered(tmp_path, Software((), (tmp_path / "shop",))).wanted == ()


def test_what_cannot_be_gathered_is_told(tmp_path: Path, index: Path) -> None:
    """No folder, no module in it, two of one name, no requirement, a manifest that is no literal, a package that is nowhere."""
    for folder in ("one", "two"):
        module(tmp_path / folder, "shop")
    (tmp_path / "empty").mkdir()
    module(tmp_path / "odd", "odd")
    (tmp_path / "odd" / "odd" / "__manifest__.py").write_text("version()", encoding="utf-8")
    index.mkdir()
    wrong = [
        (Software((), (tmp_path / "nowhere",)), UsageError, "nowhere is no folder; name a folder of modules"),
        (Software((), (tmp_path / "empty",)), UsageError, "empty has no module (a folder with a __manifest__.py)"),
        (Software((), (tmp_path / "one", tmp_path / "two")), UsageError, "module shop is in"),
        (Software(python=("not a package!",)), UsageError, "'not a package!' is neither a folder nor a package"),
        (Software((), (tmp_path / "odd",)), UsageError, "module odd: its __manifest__.py cannot be read"),
        (Software(python=("odoo-addon-nowhere",)), EnvironmentNotReady, "fetching odoo-addon-nowhere: ended with exit code 1"),
    ]
    for software, kind, said in wrong:
        with pytest.raises(kind) as raised:
            gathered(tmp_path, software)
        assert said in str(raised.value)
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.name.startswith(".")] == []


def test_who_needs_what_is_known() -> None:
    """Along all that is gathered; what is Odoo's own ends there."""
    manifests = {"peak": {"depends": ["queue", "sale"]}, "queue": {"depends": ["base", "peak"]}}

    assert needed_by(("peak",), manifests) == {"peak": "", "queue": "peak", "sale": "peak", "base": "queue"}
