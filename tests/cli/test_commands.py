"""The command line without an Odoo: exit codes, sentences, and what goes to which stream."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rehearsal.pipeline.run_folder import reopen
from rehearsal.targets.cache import Cache, default_root
from tests.cli.command import COMMAND_S_MAX, REHEARSE, environment
from tests.cli.command import rehearse as rehearse_anew
from tests.cli.forked import rehearse
from tests.odoo.retailer import SCENARIO
from tests.tiny_run import make_run

HEAVY = {"duckdb", "simpy", "faker", "pydantic", "odoorpc", "locust", "gevent", "rich", "ruamel", "jinja2", "urllib3"}
OVERSELL = "no_unit_is_promised_twice"
NOBODY = "http://127.0.0.1:1"
"""A port on which nothing listens."""
STAGING = {"REHEARSE_ODOO_DATABASE": "staging", "REHEARSE_ODOO_LOGIN": "admin", "REHEARSE_ODOO_PASSWORD": "hush-7f3a"}


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """`rehearse --help` must feel instant: what a command needs is imported when it runs."""
    look = "import sys, rehearsal.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", look], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=COMMAND_S_MAX
    )

    assert set() == HEAVY & set(loaded.stdout.split())


def test_help_lists_the_commands_and_ends_well(tmp_path: Path) -> None:
    """On stdout, since it was asked for."""
    said = rehearse("--help", cwd=tmp_path)

    assert (said.code, said.err) == (0, "")
    for command in ("doctor", "up", "down", "status", "scenario", "plan", "run", "observe", "check", "report", "replay"):
        assert re.search(rf"^  {command} ", said.out, re.MULTILINE), command


def test_the_version_is_that_of_the_installed_distribution(tmp_path: Path) -> None:
    """One line, for a bug report."""
    said = rehearse("--version", cwd=tmp_path)

    assert (said.code, said.out) == (0, version("peak-rehearsal") + "\n")


def test_a_reader_that_goes_away_is_no_fault_of_the_harness(tmp_path: Path) -> None:
    """`rehearse scenario schema | head -1` ends without a word on stderr."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"{REHEARSE} scenario schema | head -n 1"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=COMMAND_S_MAX,
    )

    assert (done.stdout, done.stderr) == ("{\n", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("rn",), "No such command 'rn'"),
        (("run", "promo_day", "--sed", "3"), "--sed"),
        (("run",), "Missing argument"),
        (("run", "promo_day", "--lanes", "0"), "greater than or equal to 1"),
        (("plan", "promo_weeknd"), "no scenario 'promo_weeknd' in scenarios/ (did you mean 'promo_weekend'?)"),
        (("plan", "weekend.yaml"), "no file 'weekend.yaml'"),
        (("run", "promo_day", "--connector", "govrned"), "no connector 'govrned' in connectors/ (did you mean 'governed'?)"),
        (("run", "promo_day", "--connector", "no_such_shop.connector:Shop"), "expected package.module:Class"),
        (("run", "promo_day", "--connector", ":"), "expected package.module:Class"),
        (("run", "promo_day", "--client", "soap"), "'odoorpc' or 'json2'"),
        (("run", "promo_day", "--target", "staging"), "expected 'native', 'docker', 'auto' or a URL"),
        (("run", "promo_day", "--target", "http://[::1"), "expected http(s)://HOST[:PORT]"),
        (("run", "promo_day", "--target", "http://127.0.0.1:port"), "expected http(s)://HOST[:PORT]"),
        (("run", "promo_day", "--out", "."), "is not empty; name a folder that is new"),
        (("run", "promo_day", "--out", "note.txt"), "is no folder; name a folder that is new"),
        (("mark", "native"), "'native' is not a URL"),
        (("check",), "there is none yet under runs/"),
        (("check", "nowhere"), "no run 'nowhere'"),
        (("check", "."), "is no run folder: it has none of scenario.yaml"),
        (("observe", "nowhere"), "no run 'nowhere'"),
        (("report", "nowhere"), "no run 'nowhere'"),
        (("replay", "nowhere"), "no run 'nowhere'"),
        (("compare", "nowhere", "."), "no run 'nowhere'"),
        (("compare", ".", "."), "is no run folder"),
        (("fit", "promo_day", "--clone", "x"), "promo_day makes its own world, which has no history; write world: existing"),
        (("scenario", "new", "Black Friday"), "a scenario cannot be named 'Black Friday'"),
    ],
    ids=" ".join,
)
def test_a_word_that_cannot_be_used_ends_with_2_and_says_what_was_expected(
    words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    """Nothing was started: no run folder, no data on stdout."""
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")

    said = rehearse(*words, cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "world: existing takes its articles from a database; name one: --target URL, or --clone DATABASE"),
        (("--times", "0"), "--times 0 is no factor; write one above 0, such as 2.5 (at most 1000)"),
        (("--since", "yesterday"), "--since 'yesterday' is no day; write it as YEAR-MONTH-DAY, such as 2025-11-28"),
        (("--since", "2025-12-01", "--until", "2025-11-28"), "--since 2025-12-01 lies after --until 2025-11-28"),
        (("--zone", "Europe/Atlantis"), "--zone 'Europe/Atlantis' is no time zone; write a name of the IANA list"),
        (("--as", "Black Friday"), "a scenario cannot be named 'Black Friday'"),
        (("--as", "own"), "scenarios/own.yaml exists already; choose another name with --as, or remove it"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_fitted_is_told_before_an_odoo_is_asked(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    """And nothing is written over."""
    (tmp_path / "scenarios").mkdir()
    path = tmp_path / "scenarios" / "own.yaml"
    path.write_text(SCENARIO, encoding="utf-8")

    said = rehearse("fit", "own", *words, "--target", "native", cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert path.read_text(encoding="utf-8") == SCENARIO

    path.write_text(SCENARIO + "fitted: {since: '2025-11-28', until: '2025-11-28', orders: 1}\n", encoding="utf-8")
    again = rehearse("fit", "own", "--target", "native", cwd=tmp_path)
    assert (again.code, "own is fitted already; fit the scenario that it extends" in again.err) == (2, True)


@pytest.mark.parametrize("seeds", [(), ("--seeds", "1..2")], ids=["one", "many"])
def test_a_gate_that_nothing_would_measure_is_no_pass_and_starts_nothing(seeds: tuple[str, ...], tmp_path: Path) -> None:
    """Figures of pressure are those of `rehearse load`; without it a run could only leave them out."""
    (tmp_path / "odd.yaml").write_text('extends: promo_day\nname: odd\ngates: ["error_rate <= -1"]\n', encoding="utf-8")

    said = rehearse("run", "odd.yaml", *seeds, "--target", "native", cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "gates on pressure, which only `rehearse load odd` measures: error_rate <= -1; rehearse with that" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["odd.yaml"]


def test_a_new_scenario_is_written_where_the_projects_own_are(tmp_path: Path) -> None:
    """Also from one of its sub-folders."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "docs" / "deep").mkdir(parents=True)

    said = rehearse("scenario", "new", "black_friday", cwd=tmp_path / "docs" / "deep")
    assert said.code == 0, said.err
    assert (tmp_path / "scenarios" / "black_friday.yaml").is_file()


def test_all_problems_of_a_scenario_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    """One line each, with file:line:col, as editors read them."""
    (tmp_path / "odd.yaml").write_text(
        "extends: promo_day\nname: odd\nlasts: soon\nchanels: {}\nchannels:\n  webshop:\n    orders: many\n", encoding="utf-8"
    )

    said = rehearse("scenario", "validate", "odd.yaml", cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    places = re.findall(r"odd\.yaml:(\d+:\d+) (\S+)", said.err)
    assert sorted(places) == [("3:8", "lasts:"), ("4:10", "chanels:"), ("7:13", "channels.webshop.orders:")]


def test_a_file_that_is_no_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    """Both by `validate` and by a run."""
    (tmp_path / "torn.yaml").write_text("name: torn\nchannels: {webshop: [\n", encoding="utf-8")

    for words in (("scenario", "validate"), ("run",), ("plan",)):
        said = rehearse(*words, "torn.yaml", cwd=tmp_path)
        assert (said.code, said.out) == (2, "")
        assert re.search(r"torn\.yaml:\d+:\d+ is not YAML: ", said.err)


def test_a_simulator_or_connector_that_is_not_there_is_told_before_anything_starts(tmp_path: Path) -> None:
    """A run that provides an Odoo first and finds the typo then would waste ten minutes."""
    for text, told in (
        ("channels: {webshop: {kind: webshp}}", "channel webshop: no simulator 'webshp' in simulators/ (did you mean"),
        ("services: [gateway, courier]", "service courier: no simulator 'courier'"),
        ("connector: cautious", "no connector 'cautious'"),
    ):
        (tmp_path / "odd.yaml").write_text(f"extends: promo_day\nname: odd\n{text}\n", encoding="utf-8")
        for words in (("scenario", "validate", "odd.yaml"), ("run", "odd.yaml")):
            said = rehearse(*words, cwd=tmp_path)
            assert (said.code, said.out) == (2, "")
            assert told in said.err


def test_a_connector_that_cannot_be_imported_is_told_as_its_own_fault(tmp_path: Path) -> None:
    """The harness did not fail; the customer's module did."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "shop.py").write_text("class Shop(:\n", encoding="utf-8")

    said = rehearse("run", "promo_day", "--connector", "shop:Shop", cwd=tmp_path)
    assert said.code == 2
    assert "connector 'shop:Shop' cannot be loaded (SyntaxError" in said.err


@pytest.mark.parametrize(
    ("words", "env", "told"),
    [
        (("run", "promo_day", "--target", "docker"), {"PATH": "/nonexistent"}, "or run with: --target native"),
        (("run", "promo_day", "--target", NOBODY), {}, "set REHEARSE_ODOO_DATABASE"),
        (("run", "promo_day", "--target", NOBODY), STAGING, f"no server answers at {NOBODY}"),
        (("up", "--target", NOBODY), STAGING, f"no server answers at {NOBODY}"),
        (("mark", NOBODY), STAGING, f"no server answers at {NOBODY}"),
    ],
)
def test_an_environment_that_is_not_ready_ends_with_3_and_says_what_to_do(
    words: tuple[str, ...], env: dict[str, str], told: str, tmp_path: Path
) -> None:
    """And leaves no run folder behind."""
    said = rehearse(*words, cwd=tmp_path, env=env)

    assert (said.code, said.out) == (3, "")
    assert told in said.err
    assert STAGING["REHEARSE_ODOO_PASSWORD"] not in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_password_in_a_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """Process lists and logs show command lines; ours shows it no further."""
    said = rehearse("run", "promo_day", "--target", "http://admin:hush-7f3a@staging.example.com", cwd=tmp_path)

    assert said.code == 2
    assert "set REHEARSE_ODOO_LOGIN and REHEARSE_ODOO_PASSWORD" in said.err
    assert "hush-7f3a" not in said.out + said.err


def test_the_schema_is_one_and_a_resolved_scenario_is_valid_again(tmp_path: Path) -> None:
    """`show` writes every default out; what it prints is a scenario file."""
    schema = json.loads(rehearse("scenario", "schema", cwd=tmp_path).out)
    shown = rehearse("scenario", "show", "promo_weekend", cwd=tmp_path)
    (tmp_path / "whole.yaml").write_text(shown.out, encoding="utf-8")

    Draft202012Validator.check_schema(schema)
    assert {"channels", "nodes", "extends", "faults"} <= set(schema["properties"])
    assert rehearse("scenario", "validate", "whole.yaml", cwd=tmp_path).code == 0
    assert shown.out == rehearse("scenario", "show", "whole.yaml", cwd=tmp_path).out


def test_what_there_is_is_listed_with_its_sentence(tmp_path: Path) -> None:
    """For people and as data; the saboteurs that prove an invariant stand beside it."""
    laws = {row["id"]: row for row in json.loads(rehearse("assertions", "--json", cwd=tmp_path).out)}
    assert laws[OVERSELL]["area"] == "inventory"
    assert laws[OVERSELL]["saboteurs"] == ["stock_counted_too_high"]
    text = rehearse("assertions", cwd=tmp_path).out
    assert all(row["sentence"] in text and key.replace("_", " ") in text for key, row in laws.items())

    kinds = {row["kind"]: row["sentence"] for row in json.loads(rehearse("actors", "--json", cwd=tmp_path).out)}
    assert {"webshop", "marketplace", "till", "store", "distribution_centre", "gateway", "carrier"} <= set(kinds)
    text = rehearse("actors", cwd=tmp_path).out
    assert all(sentence in text for sentence in kinds.values())

    policies = {row["name"]: row for row in json.loads(rehearse("policies", "--json", cwd=tmp_path).out)}
    assert policies["deduplication"]["prevents"] == ["promo_weekend"]
    text = rehearse("policies", cwd=tmp_path).out
    assert all(row["sentence"] in text for row in policies.values())
    assert rehearse("policies", "--connector", "naive", "--json", cwd=tmp_path).out.strip() == "[]"

    faults = {row["name"]: row for row in json.loads(rehearse("faults", "--json", cwd=tmp_path).out)}
    assert faults["late_pickup_batches"]["joint"] == "delivery"
    assert faults["late_pickup_batches"]["words"] == ["every", "modes", "share", "begins", "ends", "only"]
    text = rehearse("faults", cwd=tmp_path).out
    assert all(row["sentence"] in text for row in faults.values())


@pytest.mark.parametrize(
    ("switch", "said"),
    [
        ("deduplication", "--policy 'deduplication' is no switch; write NAME=off"),
        ("deduplication=no", "--policy 'deduplication=no' is no switch; write NAME=off"),
        ("dedup=off", "--policy: no connector has a policy 'dedup' (did you mean 'deduplication'?)"),
    ],
)
def test_a_switch_of_the_command_line_is_checked_before_anything_is_started(switch: str, said: str, tmp_path: Path) -> None:
    """Two ways to write it wrong, and a name that nobody has."""
    refused = rehearse("run", "promo_day", "--connector", "governed", "--policy", switch, cwd=tmp_path)

    assert (refused.code, said in refused.err, list(tmp_path.iterdir())) == (2, True, []), refused.err


def test_a_new_scenario_is_valid_as_written_and_is_not_written_over(tmp_path: Path) -> None:
    """A start that does not start would be a bad first minute."""
    made = rehearse("scenario", "new", "black_friday", cwd=tmp_path)
    valid = rehearse("scenario", "validate", "black_friday", cwd=tmp_path)
    again = rehearse("scenario", "new", "black_friday", cwd=tmp_path)

    assert (made.code, valid.code, again.code) == (0, 0, 2), valid.err
    assert "exists already" in again.err
    assert "black_friday" in rehearse("scenario", "list", cwd=tmp_path).out


@pytest.mark.parametrize(
    "words",
    [
        ("scenario", "list", "--json"),
        ("scenario", "schema"),
        ("plan", "promo_day", "--json"),
        ("status", "--json"),
        ("status", "--target", NOBODY, "--json"),
        ("doctor", "--json"),
    ],
    ids=" ".join,
)
def test_what_is_asked_for_as_data_parses_and_holds_no_secret(words: tuple[str, ...], tmp_path: Path) -> None:
    """Data on stdout alone; messages would go to stderr."""
    said = rehearse(*words, cwd=tmp_path, env=STAGING)

    assert json.loads(said.out)
    assert [secret for secret in secrets() if secret in said.out + said.err] == []


def secrets() -> tuple[str, ...]:
    """Return every secret that the machine's cache and the tests' environment hold."""

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for inner in value.values():
                yield from texts(inner)
        elif isinstance(value, str) and len(value) >= 12:
            yield value

    return (STAGING["REHEARSE_ODOO_PASSWORD"], *texts(Cache(default_root()).secrets()))


def test_a_plan_is_the_same_for_the_same_seed_and_another_for_another(tmp_path: Path) -> None:
    """Without any ERP."""
    first, again, other = (
        json.loads(rehearse_anew("plan", "promo_day", "--json", "--seed", seed, cwd=tmp_path).out) for seed in ("1", "1", "2")
    )

    assert first == again
    assert first["demand_hash"] != other["demand_hash"]


def test_a_run_is_judged_again_from_its_files(oversold_run: Path, tmp_path: Path) -> None:
    """The verdict is data on stdout, and the exit code says it; what went on is told on stderr."""
    run = copied(oversold_run, tmp_path / "run")
    (run / "summary.json").unlink()

    said = rehearse("check", run, "--json", cwd=tmp_path)
    summary = json.loads(said.out)
    assert (said.code, summary["verdict"], summary["exit_code"]) == (1, "fail", 1)
    assert summary == json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert "judging" in said.err

    told = rehearse("check", run, cwd=tmp_path)
    assert "  sell-through 50.0 % of the units that one perfect counter would have sold and kept\n" in told.out
    assert (told.code, "✗ no unit is promised twice" in told.out) == (1, True)


def test_the_reports_of_a_run_are_written_again_and_the_page_is_named(oversold_run: Path, tmp_path: Path) -> None:
    """Stdout holds the path alone, for another program."""
    run = copied(oversold_run, tmp_path / "run")
    (run / "report.html").unlink()

    said = rehearse("report", run, cwd=tmp_path)
    assert (0, str(run / "report.html")) == (said.code, said.out.strip())
    assert (run / "report.html").is_file()


def test_a_run_without_end_says_so(oversold_run: Path, tmp_path: Path) -> None:
    """A killed run is undecided, and the reader learns why before the list."""
    run = copied(oversold_run, tmp_path / "run")
    history = run / "history" / "main.ndjson"
    whole = history.read_text(encoding="utf-8").splitlines(keepends=True)
    history.write_text("".join(line for line in whole if '"observe"' not in line) + '{"i":99,"ki', encoding="utf-8")
    killed = reopen(run)
    del killed.manifest["seals"]  # they are written at the very end
    killed.save()

    said = rehearse("check", run, cwd=tmp_path)
    assert said.code == 5
    assert "THE RUN DID NOT REACH ITS END" in said.out
    assert "VERDICT  UNDECIDED" in said.out


@pytest.mark.parametrize("command", ["observe", "drop"])
def test_a_damaged_manifest_names_no_database(command: str, oversold_run: Path, tmp_path: Path) -> None:
    """So nothing is read from one, and nothing is dropped."""
    run = Path(shutil.copytree(oversold_run, tmp_path / "run"))
    (run / "manifest.json").write_text((run / "manifest.json").read_text().replace('"harness_version"', '"harness"'))

    said = rehearse(command, str(run), cwd=tmp_path)
    assert (said.code, said.out) == (5, "")
    assert "manifest.json was changed after it was written, so nothing says which database the run used" in said.err


def test_colours_are_for_terminals_and_for_those_who_want_them(oversold_run: Path, tmp_path: Path) -> None:
    """None in a pipe, none with NO_COLOR."""
    run = copied(oversold_run, tmp_path / "run")

    assert "\033[" not in rehearse("check", run, cwd=tmp_path).out
    assert "\033[31m" in on_a_terminal(("check", str(run)), {}, tmp_path)
    assert "\033[" not in on_a_terminal(("check", str(run)), {"NO_COLOR": "1"}, tmp_path)


def on_a_terminal(words: Sequence[str], env: dict[str, str], cwd: Path) -> str:
    """Return what ``rehearse *words*`` writes when its stdout is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [REHEARSE, *words], cwd=cwd, env=environment(env), stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    ) as process:
        os.close(theirs)
        told = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # how Linux says that nobody holds the other end any more
                piece = b""
            if not piece:
                break
            told += piece
        process.wait(COMMAND_S_MAX)
    os.close(ours)
    return told.decode()


def test_two_runs_are_compared_by_what_is_new_ongoing_fixed_and_undecided(oversold_run: Path, tmp_path: Path) -> None:
    """New breaks the gate; what was not decided is not fixed. Both are judged anew: no summary is believed."""
    broken = copied(oversold_run, tmp_path / "broken")
    clean, unsure = make_run(tmp_path / "clean", orders=1), make_run(tmp_path / "unsure", orders=1, finished=False)
    for run in (clean, broken):
        (run / "summary.json").write_text('{"verdict": "pa', encoding="utf-8")

    def told(a: Path, b: Path) -> tuple[int, set[str]]:
        said = rehearse("compare", a, b, "--json", cwd=tmp_path)
        listed = json.loads(said.out)
        return said.code, {
            kind for kind in ("new", "ongoing", "fixed", "undecided") if OVERSELL in [row["id"] for row in listed[kind]]
        }

    assert (1, {"new"}) == told(clean, broken)
    assert (0, {"ongoing"}) == told(broken, copied(broken, tmp_path / "again"))
    itself = rehearse("compare", broken, broken, cwd=tmp_path)
    assert (itself.code, "would be compared with itself; name two runs" in itself.err) == (2, True)
    assert (0, {"fixed"}) == told(broken, clean)
    assert (5, {"undecided"}) == told(broken, unsure)
    assert told(unsure, clean)[0] == 5, "whether it was broken before is not known"
    text = rehearse("compare", broken, clean, cwd=tmp_path).out
    assert re.search(r"fixed +no unit is promised twice: 15\.00 EUR → - at risk", text), text
    assert "at risk      30.00 EUR → 15.00 EUR in the dearest invariant of each" in text
    assert "sell-through 50.0 % → 25.0 % of the units that one perfect counter would have kept" in text, "a cure has its price"


def test_a_gate_that_is_newly_missed_is_no_green_comparison(tmp_path: Path) -> None:
    """Its exit code is that of a missed gate, unless something worse is new."""
    loose = make_run(tmp_path / "loose", gates=["reconciliation_breaks <= 100"])
    tight = make_run(tmp_path / "tight", gates=["reconciliation_breaks <= 0"])

    assert rehearse("compare", loose, tight, cwd=tmp_path).code == 4
    assert rehearse("compare", tight, loose, cwd=tmp_path).code == 0


def copied(run: Path, to: Path) -> Path:
    """Return a copy of *run*, to do with as one likes."""
    return Path(shutil.copytree(run, to))


def test_what_two_runs_of_one_build_differ_in_is_no_news(tmp_path: Path) -> None:
    """A build that is no worse than the other one at its worst goes out; noise of something else is refused."""
    calm, wild = make_run(tmp_path / "calm", orders=1), make_run(tmp_path / "wild", orders=2)
    build, worse = make_run(tmp_path / "build", orders=2), make_run(tmp_path / "worse", orders=3)

    assert rehearse("compare", calm, build, cwd=tmp_path).code == 1, "without noise it is new"
    said = rehearse("compare", calm, build, "--noise", wild, "--json", cwd=tmp_path)
    told = json.loads(said.out)
    assert f"{OVERSELL}: node=store_1, sku=SKU-1" in told["noise"]["troubles"]
    assert (said.code, told["new"]) == (0, [])
    assert OVERSELL in [row["id"] for row in told["ongoing"]]
    said = rehearse("compare", calm, worse, "--noise", wild, cwd=tmp_path)
    assert (said.code, re.search(r"noise +two runs of the first differ in \d+ troubles: .*15\.00 EUR", said.out) is None) == (
        1,
        False,
    )

    manifest = json.loads((wild / "manifest.json").read_text(encoding="utf-8"))
    (wild / "manifest.json").write_text(json.dumps(manifest | {"demand_hash": "e" * 64}), encoding="utf-8")
    said = rehearse("compare", calm, build, "--noise", wild, cwd=tmp_path)
    assert (said.code, "noise is what two runs of the same differ in" in said.err) == (2, True), said.err
