"""The Python that runs Odoo: a virtual environment with Odoo's dependencies, made from the system's Python.

The caller's own Python may lie in a home folder that the servers' account cannot enter.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.targets import machine
from rehearsal.targets.cache import Cache, is_done, mark_done

SYSTEM_PYTHONS = ("python3.13", "python3.12", "python3.11", "python3.10")
"""What Odoo 19 runs on, newest first."""
INSTALL_SECONDS = 900.0
VENV_SECONDS = 120.0

REQUIREMENTS = (
    # What Odoo 19 imports, bounded below the next major version where it was tried. psycopg2 as a binary and
    # no python-ldap: so that no compiler and no development package is needed.
    "asn1crypto<2", "Babel<3", "cbor2<7", "chardet<8", "cryptography>=41", "python-dateutil<5", "docutils<1",
    "freezegun<2", "geoip2<6", "gevent>=22.10", "greenlet<4", "idna<4", "Jinja2<4", "libsass<1", "lxml<7",
    "lxml-html-clean<1", "MarkupSafe<4", "num2words<1", "ofxparse<1", "openpyxl<4", "passlib<2", "Pillow>=9",
    "polib<2", "psutil<8", "psycopg2-binary<3", "pyOpenSSL>=23", "pypdf<8", "pyserial<4", "python-magic<1",
    "python-stdnum<3", "pytz", "pyusb<2", "qrcode<9", "reportlab<6", "requests<3", "rjsmin<2", "urllib3<3",
    "vobject<1", "Werkzeug>=2.2,<3.1", "xlrd<3", "XlsxWriter<4", "xlwt<2", "zeep<5",
)  # fmt: skip


def provide_python(cache: Cache, progress: Tell) -> Path:
    """Return the Python that can run Odoo, installing the dependencies once; the caller holds the lock."""
    base = provide_base(progress)
    mark = fingerprint(base)
    python = cache.venv / "bin" / "python"
    if is_done(cache.venv, mark):
        return python
    progress(f"making a virtual environment with {base}")
    shutil.rmtree(cache.venv, ignore_errors=True)
    again = "rehearse up"
    machine.run(
        [str(base), "-m", "venv", str(cache.venv)], what="making Odoo's virtual environment", fix=again, timeout=VENV_SECONDS
    )
    progress(f"installing Odoo's {len(REQUIREMENTS)} Python dependencies")
    machine.run(
        [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet", *REQUIREMENTS],
        what="installing Odoo's Python dependencies",
        fix=f"{again}   (again, with the Python package index in reach; pip's own configuration is used)",
        timeout=INSTALL_SECONDS,
    )
    mark_done(cache.venv, mark)
    return python


def find_python(cache: Cache) -> Path | None:
    """Return the Python that can run Odoo if it's there already."""
    base = find_base()
    if base is None or not is_done(cache.venv, fingerprint(base)):
        return None
    return cache.venv / "bin" / "python"


def has_package(python: Path, name: str) -> bool:
    """Whether that Python has a package of that *name*, as the Python index calls it."""
    look = "import importlib.metadata, sys\nimportlib.metadata.version(sys.argv[1])"
    return subprocess.run([python, "-c", look, name], capture_output=True, timeout=30, check=False).returncode == 0


def fingerprint(base: Path) -> str:
    """Return what the environment is made of; another interpreter or requirement makes another one."""
    ingredients = "\n".join((str(base), str(base.resolve()), *REQUIREMENTS))
    return hashlib.sha256(ingredients.encode()).hexdigest()


def find_base() -> Path | None:
    """Return a Python for Odoo that every account can run."""
    for name in SYSTEM_PYTHONS:
        path = Path("/usr/bin") / name
        if path.exists():
            return path
    if os.geteuid() != 0 and (3, 10) <= sys.version_info[:2] <= (3, 13):
        return Path(sys.executable)
    return None


def provide_base(progress: Tell) -> Path:
    """Return a Python with `venv` and pip; installs the system's when it's missing."""
    base = find_base()
    if base is None:
        machine.install(("python3", "python3-venv"), progress)
        base = find_base()
    elif not can_make_environments(base):
        machine.install((f"{package_of(base)}-venv",), progress)
    if base is None or not can_make_environments(base):
        raise EnvironmentNotReady(
            "Odoo 19 needs Python 3.10 to 3.13 with venv, and /usr/bin has none; "
            f"run: {machine.install_command(('python3', 'python3-venv'))}"
        )
    return base


def package_of(python: Path) -> str:
    """Return the system package of *python*, such as ``python3.11``."""
    return python.name if re.fullmatch(r"python3\.\d+", python.name) else "python3"


def can_make_environments(python: Path) -> bool:
    """Whether *python* has what ``python -m venv`` needs; Debian ships it apart."""
    try:
        done = subprocess.run(
            [python, "-c", "import ensurepip, venv"],
            capture_output=True,
            env=machine.environment(None, None),
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
