"""What is installed: a command, one import package with the reference project inside, and nothing else; and a consumer's project on top."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from rehearsal.pipeline.run_folder import reopen
from rehearsal.targets.native.target import NativeTarget
from tests.cli.command import Said, environment, rehearse

pytestmark = pytest.mark.xdist_group("cli")

ROOT = Path(__file__).parents[2]
CONSUMER = Path(__file__).with_name("consumer")
FOLDERS = ("scenarios", "simulators", "connectors", "loadtests", "fixtures", "assertions", "reports")
INSIDE = "rehearsal/_reference/"
BUILD_S_MAX = 120.0
BUNDLED = {"promo_day", "promo_weekend"}
HOUSE_RULE = "one_unit_is_kept_back_from_every_channel"
PARCELS = "every_parcel_is_in_odoo_under_its_number"


@dataclass(frozen=True)
class Installed:
    """A throwaway environment in which the project is installed in one of the ways."""

    how: str
    packages: Path
    """Its own site-packages."""
    python: Path

    def rehearse(self, *words: str | Path, cwd: Path) -> Said:
        """Run this environment's own ``rehearse``."""
        return rehearse(*words, cwd=cwd, program=self.python.with_name("rehearse"))

    def evaluated(self, expression: str, cwd: Path) -> str:
        """Return what this environment's Python prints for *expression*, started in *cwd*."""
        return output([self.python, "-c", f"import importlib.util, rehearsal, rehearsal.project; print({expression})"], cwd)


def output(command: list[str | Path], cwd: Path) -> str:
    """Run *command* to its end and return its stdout."""
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=BUILD_S_MAX, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from the source distribution as a release is; without the network."""
    folder = tmp_path_factory.mktemp("dist")
    output([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Callable[[str], Installed]:
    """Make environments whose dependencies are those of the one that runs the tests."""
    sources: dict[str, list[str | Path]] = {"plain": [ROOT], "editable": ["--editable", ROOT], "wheel": [wheel]}
    made: dict[str, Installed] = {}

    def make(how: str) -> Installed:
        if how not in made:
            home = tmp_path_factory.mktemp(how)
            venv.create(home, with_pip=False, symlinks=True)
            packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))
            # A plain line adds the folder and does not read the .pth files in it: our own editable install stays out.
            (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
            python = home / "bin" / "python"
            output(
                [
                    *(sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "install", "--quiet"),
                    *("--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed", *sources[how]),
                ],
                home,
            )
            made[how] = Installed(how, packages, python)
        return made[how]

    return make


every_way = pytest.mark.parametrize("how", ["plain", "editable", "wheel"])


@every_way
def test_the_bundled_scenarios_are_found_from_another_folder(
    how: str, installed: Callable[[str], Installed], tmp_path: Path
) -> None:
    """However it was installed, and without a project of one's own."""
    there = installed(how)

    assert {row.split()[0] for row in there.rehearse("scenario", "list", cwd=tmp_path).out.splitlines()} >= BUNDLED
    assert there.rehearse("scenario", "validate", "promo_weekend", cwd=tmp_path).code == 0
    plan = there.rehearse("plan", "promo_weekend", cwd=tmp_path)
    assert (plan.code, "TIGHTEST SUPPLY" in plan.out) == (0, True)


@every_way
def test_no_generic_name_becomes_importable(how: str, installed: Callable[[str], Installed], tmp_path: Path) -> None:
    """Neither the folders of the project nor its tests; only `rehearsal` is."""
    there = installed(how)
    names = (*FOLDERS, "tests", "benchmarks", "hatch_build", "src")
    found = there.evaluated(f"[name for name in {names} if importlib.util.find_spec(name)]", tmp_path)

    assert found == "[]"
    distribution = next(there.packages.glob("peak_rehearsal-*.dist-info"))
    record = (distribution / "RECORD").read_text(encoding="utf-8")
    tops = {line.split(",")[0].split("/")[0] for line in record.splitlines()} - {"..", distribution.name}
    assert tops == ({"_editable_impl_peak_rehearsal.pth"} if how == "editable" else {"rehearsal"})


@every_way
def test_the_reference_project_is_read_from_where_it_belongs(
    how: str, installed: Callable[[str], Installed], tmp_path: Path
) -> None:
    """An editable install reads the checkout and leaves no copy that would grow stale."""
    there = installed(how)
    bundled = Path(there.evaluated("rehearsal.project.bundled()", tmp_path))

    assert bundled == (ROOT if how == "editable" else there.packages / "rehearsal" / "_reference")
    copies = [path for path in there.packages.rglob("_reference") if path.is_dir()]
    assert copies == ([] if how == "editable" else [bundled])


def test_the_wheel_holds_the_whole_reference_project_and_no_test(wheel: Path) -> None:
    """Templates and styles too; nothing that only this checkout needs."""
    inside = set(zipfile.ZipFile(wheel).namelist())
    shipped = {name.removeprefix(INSIDE) for name in inside if name.startswith(INSIDE)}
    ours = {
        path.relative_to(ROOT).as_posix()
        for folder in (*FOLDERS, "compose", "docker", "starter")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert shipped == ours | {"docker-compose.yml"}
    assert {"reports/html/report.html", "reports/html/style.css", "scenarios/promo_weekend.yaml"} <= shipped
    assert "rehearsal/py.typed" in inside
    assert {name.split("/")[0] for name in inside} == {"rehearsal", re.sub(r"-py3.*", ".dist-info", wheel.name)}
    ours_alone = [name for name in inside if not name.startswith(f"{INSIDE}starter/tests/")]
    assert not [name for name in ours_alone if name.split("/")[-1].startswith(("test_", "conftest")) or name.endswith(".pyc")]


def test_the_scripts_for_docker_can_be_run_where_the_wheel_puts_them(installed: Callable[[str], Installed]) -> None:
    """What an error message names as the cure is a program."""
    folder = installed("wheel").packages / "rehearsal" / "_reference" / "docker"

    assert [name for name in ("archive", "build-images", "get-compose") if not os.access(folder / name, os.X_OK)] == []


def test_an_installed_package_that_would_hide_a_folder_is_named(installed: Callable[[str], Installed], tmp_path: Path) -> None:
    """A regular package takes the place of a folder of its name silently; so its place is told."""
    there = installed("wheel")
    rival = there.packages / "connectors"
    rival.mkdir()
    (rival / "__init__.py").write_text("", encoding="utf-8")
    try:
        said = there.rehearse("run", "promo_day", "--connector", "governed", "--target", "docker", cwd=tmp_path)
    finally:
        shutil.rmtree(rival)

    assert said.code == 2
    assert f"an installed package named 'connectors' ({rival / '__init__.py'}) hides the project folder" in said.err


def test_a_new_project_is_written_by_the_wheel_and_passes_its_own_tests_there(
    installed: Callable[[str], Installed], tmp_path: Path
) -> None:
    """Nothing of the checkout is needed: not its files, not its tools."""
    there, shop = installed("wheel"), tmp_path / "shop"

    assert there.rehearse("init", shop, cwd=tmp_path).code == 0
    assert there.rehearse("scenario", "validate", "small_friday", cwd=shop).code == 0
    assert " passed" in output([there.python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], shop)


# -- a consumer's own project ---------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a copy of the consumer's project."""
    return Path(shutil.copytree(CONSUMER, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.mark.parametrize("how", ["editable", "wheel"])
def test_a_consumers_own_come_first_and_the_bundled_after(how: str, installed: Callable[[str], Installed], shop: Path) -> None:
    """Scenarios, connector and invariants merge along the project path; of one name, the consumer's is taken."""
    there = installed(how)
    listed = there.rehearse("scenario", "list", "--json", cwd=shop)
    rows = {row["name"]: Path(row["path"]) for row in json.loads(listed.out)}

    assert {"corner_shop"} | BUNDLED <= set(rows)
    assert rows["corner_shop"] == shop / "scenarios" / "corner_shop.yaml"
    assert there.rehearse("scenario", "validate", "corner_shop", cwd=shop).code == 0
    assert "corner_shop, seed" in there.rehearse("plan", "corner_shop", cwd=shop).out
    look = "from rehearsal.verdict.judge import invariants; print(*(law.__name__ for _, law, _ in invariants()))"
    laws = output([there.python, "-c", look], shop).split()
    assert {HOUSE_RULE, "no_unit_is_promised_twice"} <= set(laws)
    assert len(laws) == len(set(laws))

    (shop / "scenarios" / "promo_day.yaml").write_text("extends: promo_weekend\nname: promo_day\ntitle: Ours\n")
    assert re.search(r"^promo_day +Ours$", there.rehearse("scenario", "list", cwd=shop).out, re.MULTILINE)


def test_a_consumers_fault_has_words_of_its_own(installed: Callable[[str], Installed], shop: Path) -> None:
    """One file: it is listed with its sentence, its words are validated and stand in the JSON Schema."""
    there = installed("wheel")
    listed = {row["name"]: row for row in json.loads(there.rehearse("faults", "--json", cwd=shop).out)}
    schema = json.loads(there.rehearse("scenario", "schema", cwd=shop).out)
    (shop / "scenarios" / "wet.yaml").write_text("extends: corner_shop\nname: wet\nfaults: [{name: webhook_storm, copies: 12}]\n")
    refused = there.rehearse("scenario", "validate", "wet", cwd=shop)

    assert listed["webhook_storm"]["sentence"].startswith("The shop's middleware sends every webhook several times")
    assert "late_pickup_batches" in listed
    assert schema["$defs"]["fault.webhook_storm"]["properties"]["copies"]["maximum"] == 9
    assert refused.code == 2
    assert "wet.yaml:3:40 faults.0.copies: Input should be less than or equal to 9 (it is 12)" in refused.err


def test_a_consumers_kind_of_channel_has_words_of_its_own(installed: Callable[[str], Installed], shop: Path) -> None:
    """One file: it is listed, its words are validated where they stand, and the JSON Schema knows them."""
    there = installed("wheel")
    listed = {row["kind"]: row for row in json.loads(there.rehearse("actors", "--json", cwd=shop).out)}
    schema = json.loads(there.rehearse("scenario", "schema", cwd=shop).out)
    (shop / "scenarios" / "rude.yaml").write_text(
        "extends: corner_shop\nname: rude\nchannels: {kiosk: {greets: never}, webshop: {greets: 1}}\n"
    )
    refused = there.rehearse("scenario", "validate", "rude", cwd=shop)

    assert (listed["kiosk"]["family"], listed["kiosk"]["words"]) == ("channel", ["greets"])
    assert schema["$defs"]["channel.kiosk"]["properties"]["greets"]["description"] == "Share of shoppers who are greeted."
    assert "greets" in schema["$defs"]["channel.kiosk"]["required"]
    assert "rude.yaml:3:28 channels.kiosk.greets: Input should be a valid number" in refused.err
    assert "rude.yaml:3:54 channels.webshop.greets: webshop does not read greets" in refused.err


def test_a_consumers_policy_is_listed_first_and_can_be_switched_off(installed: Callable[[str], Installed], shop: Path) -> None:
    """One file below the bundled connector's own folder; its JSON Schema knows switches, and validation knows its name."""
    there = installed("wheel")
    listed = json.loads(there.rehearse("policies", "--json", cwd=shop).out)
    (shop / "scenarios" / "bare.yaml").write_text("extends: corner_shop\nname: bare\npolicies: {piece_in_the_window: off}\n")

    assert listed[0]["name"] == "piece_in_the_window"
    assert listed[0]["sentence"] == "One piece of everything stays in the window, and is offered to nobody."
    assert {"deduplication", "reservation_precedence"} <= {row["name"] for row in listed}
    assert there.rehearse("scenario", "validate", "bare", cwd=shop).code == 0


def test_a_consumers_connector_polls(installed: Callable[[str], Installed], shop: Path, target: NativeTarget) -> None:
    """Its figures go out once an hour, unasked, until the doors close; and it is judged as every other one is."""
    there, run = installed("wheel"), shop / "run"
    words = ("run", "corner_shop", "--connector", "night_watch", "--target", "native", "--json", "--out", run)
    said = there.rehearse(*words, cwd=shop)

    assert json.loads(said.out)["verdict"] == "pass", said.out + said.err
    told = [json.loads(line) for line in (run / "history" / "main.ndjson").read_text(encoding="utf-8").splitlines()]
    pushed = {line["at_s"] // 3600 for line in told if line["kind"] == "publication"}
    assert pushed >= set(range(1, 24))


@pytest.mark.xdist_group("cli")
def test_the_example_gate_lets_out_what_is_unchanged_and_keeps_back_what_is_worse(
    installed: Callable[[str], Installed], tmp_path: Path, target: NativeTarget
) -> None:
    """From the installed wheel, with its baseline as committed; a waiver lets the worse one out until its last day."""
    there, gate = installed("wheel"), Path(shutil.copytree(ROOT / "examples" / "gate", tmp_path / "gate"))
    words = ("run", "release", "--target", "native", "--baseline", "known.json", "--waivers", "waivers.yaml")
    said = there.rehearse(*words, "--out", "unchanged", cwd=gate)
    assert (said.code, "RELEASE  PASS" in said.out) == (0, True), said.out + said.err

    worse = (*words, "--policy", "deduplication=off", "--json")
    said = there.rehearse(*worse, "--out", "worse", cwd=gate)
    assert said.code == 1, said.out + said.err
    new = [row["fingerprint"] for row in json.loads(said.out)["release"]["new"]]
    assert any(name.startswith("every_accepted_order_is_in_the_erp_once: more than once in Odoo") for name in new), new

    taken = [
        {"match": f"{name}: *", "owner": "jane", "reason": "until the next release"}
        for name in sorted({n.partition(":")[0] for n in new})
    ]
    for last, code in ((str(date.today() + timedelta(days=30)), 0), ("2025-12-31", 1)):
        (gate / "waivers.yaml").write_text(json.dumps([one | {"expires": last} for one in taken]), encoding="utf-8")
        held = there.rehearse("compare", "unchanged", "worse", "--waivers", "waivers.yaml", cwd=gate)
        assert held.code == code, held.out + held.err


def test_a_consumers_module_takes_the_place_of_a_bundled_one_for_the_bundled_ones_too(
    installed: Callable[[str], Installed], shop: Path
) -> None:
    """Same-named folders merge: what the bundled connector imports is looked for in the consumer's folder first."""
    ours = "".join(f"def {name}(): ...\n" for name in ("hand_over", "write_off", "taken_back", "known_tender"))
    (shop / "connectors" / "_fulfilment.py").write_text(ours, encoding="utf-8")
    look = (
        "from rehearsal import project; project.module('fixtures', 'template'); "
        "project.connector('governed'); import connectors._fulfilment as found; print(found.__file__)"
    )

    assert output([installed("wheel").python, "-c", look], shop) == str(shop / "connectors" / "_fulfilment.py")


def test_a_consumer_rehearses_on_its_own_connector_and_is_judged_by_its_own_invariant(
    installed: Callable[[str], Installed], shop: Path, target: NativeTarget
) -> None:
    """A real Odoo, the installed wheel, nothing of the checkout. Then another history is sealed, and the rule sees it."""
    there, run = installed("wheel"), shop / "run"
    words = ("run", "corner_shop", "--target", "native", "--json", "--keep", "--out", run)
    said = there.rehearse(*words, cwd=shop)
    assert said.code == 0, said.out + said.err

    summary = json.loads(said.out)
    assert (summary["scenario"], summary["connector"]) == ("corner_shop", "my_shop.connector:Shop")
    rule = next(one for one in summary["invariants"] if one["id"] == HOUSE_RULE)
    assert (rule["area"], rule["verdict"]) == ("house", "pass")
    assert rule["examined"] > 0
    assert {"no_unit_is_promised_twice", "money_taken_equals_money_booked"} <= {one["id"] for one in summary["invariants"]}
    assert (run / "report.html").is_file()
    assert next(one for one in summary["invariants"] if one["id"] == PARCELS)["examined"] > 0, "it read a table of its own"

    events = [json.loads(line) for line in (run / "history" / "main.ndjson").read_text(encoding="utf-8").splitlines()]
    greeted = [line for line in events if line["kind"] == "event" and line["type"] == "kiosk.greeted"]
    assert greeted
    assert any(line["kind"] == "event" and line["type"] == "order.placed" and line["channel"] == "kiosk" for line in events)
    assert [(one["name"], one["fired"] > 0) for one in summary["faults"]] == [("webhook_storm", True)]
    assert "arrives again 1 s later, arrives again 2 s later" in (run / "faults.ndjson").read_text(encoding="utf-8")
    assert (run / "postcard.txt").read_text(encoding="utf-8") == "Corner shop, a quiet Friday: all is well\n"

    _lost(there, shop, run, target)

    book = json.loads((run / "world.json").read_text(encoding="utf-8"))["book"]
    node, sku, units = next((row[0], row[1], row[2]) for row in book if row[2])
    path = run / "history" / "main.ndjson"
    greedy = {"i": path.read_bytes().count(b"\n"), "kind": "publication", "at_s": 7.0, "channel": "webshop", "node": node}
    with path.open("a", encoding="utf-8") as history:
        history.write(json.dumps(greedy | {"units": {sku: units}}) + "\n")
    assert there.rehearse("check", run, cwd=shop).code == 5, "a record that somebody else wrote into is no record"
    reopen(run).seal()
    bent = there.rehearse("check", run, cwd=shop)
    assert bent.code == 1, bent.out + bent.err
    assert f"{sku} at {node}: webshop was offered {units} of {units} units" in bent.out
    assert os.path.relpath(run / "report.html", shop) in bent.out


def _lost(there: Installed, shop: Path, run: Path, target: NativeTarget) -> None:
    """The consumer's saboteur acts on the kept database: read again, its invariant sees it, and none of the others."""
    database = target.database(json.loads((run / "manifest.json").read_text(encoding="utf-8"))["target"]["database"])
    listed = json.loads(there.rehearse("assertions", "--json", cwd=shop).out)
    assert [row["saboteurs"] for row in listed if row["id"] == PARCELS] == [["parcel_number_lost"]]
    path = shop / "fixtures" / "saboteurs" / "parcels.py"
    spec = importlib.util.spec_from_file_location("parcels_of_the_shop", path)
    assert spec is not None and spec.loader is not None
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    try:
        theirs.SABOTEURS["parcel_number_lost"].act(target, database)
        again = there.rehearse("observe", run, cwd=shop)
    finally:
        target.drop(database)
    assert again.code == 1, again.out + again.err
    told = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert {one["id"] for one in told["invariants"] if one["verdict"] == "fail"} == theirs.SABOTEURS["parcel_number_lost"].breaks
