"""A gate on what is new, as a pipeline uses it: a baseline, waivers, and an exit code that every report repeats."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from tests.cli.forked import rehearse
from tests.tiny_run import OVERSELL, make_run

SCENARIO = "promo_weekend"


def told(folder: Path) -> tuple[int, int]:
    """Return the exit code of the release, and how many cases of JUnit are no pass."""
    suite = Xml.parse(folder / "junit.xml").getroot().find("testsuite")  # noqa: S314 - we wrote it
    assert suite is not None
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return summary["release"]["exit_code"], int(suite.get("failures", "")) + int(suite.get("errors", ""))


def test_a_build_that_has_what_is_known_goes_out_and_a_worse_one_does_not(tmp_path: Path) -> None:
    """The verdict of either stays what it is; JUnit and the Markdown summary say what the exit code says."""
    before, same, worse = (make_run(tmp_path / name, orders=orders) for name, orders in (("before", 2), ("same", 2), ("worse", 4)))
    written = rehearse("baseline", before, "--out", "known.json", cwd=tmp_path)
    assert (written.code, written.out) == (0, "")
    assert "known trouble(s) of promo_weekend, naive; use it with: rehearse run promo_weekend --baseline known.json" in written.err

    kept, held = (rehearse("check", folder, "--baseline", "known.json", cwd=tmp_path) for folder in (same, worse))
    assert (kept.code, told(same)) == (0, (0, 0))
    assert "VERDICT  FAIL" in kept.out
    assert "RELEASE  PASS: nothing is new or worse" in kept.out
    assert (same / "summary.md").read_text(encoding="utf-8").startswith("## ✓ The build may go out: nothing is new or worse")
    assert "The build may go out: nothing is new or worse" in (same / "report.html").read_text(encoding="utf-8")
    assert (held.code, told(worse)[0], told(worse)[1] > 0) == (1, 1, True)
    assert "RELEASE  FAIL" in held.out
    assert (worse / "summary.md").read_text(encoding="utf-8").startswith("## ✗ The build is held back: ")
    assert rehearse("check", same, cwd=tmp_path).code == 0, "judged again, it is judged by the terms that it has"


def test_a_run_is_a_baseline_and_a_margin_is_one_of_units_or_money(tmp_path: Path) -> None:
    """Two units more, worth thirty: within both margins nothing is worse."""
    loose = ["reconciliation_breaks <= 100"]
    before, after = (make_run(tmp_path / name, orders=orders, gates=loose) for name, orders in (("before", 2), ("after", 3)))
    margins = ("--margin-units", "9", "--margin-money", "900.00")

    assert rehearse("compare", before, after, cwd=tmp_path).code == 1
    wide = json.loads(rehearse("compare", before, after, *margins, "--json", cwd=tmp_path).out)
    assert (wide["troubles"]["worse"], wide["exit_code"]) == ([], 1 if wide["troubles"]["new"] else 0)
    assert [row["fingerprint"] for row in wide["troubles"]["ongoing"] if row["fingerprint"].startswith(OVERSELL)]


def test_a_waiver_lets_a_build_out_until_its_last_day(tmp_path: Path) -> None:
    """And an expired one keeps even the same build back."""
    folder = make_run(tmp_path / "run")
    assert rehearse("baseline", folder, "--out", "known.json", cwd=tmp_path).code == 0
    told = json.loads((tmp_path / "known.json").read_text(encoding="utf-8"))
    names = {one["fingerprint"].partition(":")[0] for one in told["known"]}
    told["known"] = [one for one in told["known"] if one["fingerprint"].startswith("undecided: ")]
    (tmp_path / "doubts.json").write_text(json.dumps(told))
    words = "".join(f"- {{match: '{name}: *', owner: jane, reason: until the new till, expires: DAY}}\n" for name in sorted(names))
    (tmp_path / "valid.yaml").write_text(words.replace("DAY", str(date.today() + timedelta(days=30))))
    (tmp_path / "late.yaml").write_text(words.replace("DAY", "2001-01-01"))

    assert rehearse("check", folder, "--waivers", "valid.yaml", cwd=tmp_path).code == 5, "what was not decided is waived by nobody"
    out = rehearse("check", folder, "--baseline", "doubts.json", "--waivers", "valid.yaml", cwd=tmp_path)
    assert out.code == 0
    assert re.search(r"RELEASE  PASS: nothing else is new or worse; \d+ troubles waived", out.out)
    assert "that somebody waived" in (folder / "report.html").read_text(encoding="utf-8")
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["exit_code"] == 0
    late = rehearse("check", folder, "--waivers", "late.yaml", cwd=tmp_path)
    assert late.code == 1
    assert f"expired   {OVERSELL}: *: waived by jane until 2001-01-01 (until the new till); mend it, or renew it" in late.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--baseline", "nowhere.json"),
            "baseline nowhere.json: there is no such file; write one with: rehearse baseline RUN --out FILE",
        ),
        (
            ("--baseline", "other.json"),
            "--baseline other.json is of scenario promo_day, and this is promo_weekend; take one of promo_weekend",
        ),
        (("--baseline", "nowhere"), "no run 'nowhere'"),
        (("--waivers", "nowhere.yaml"), "waivers nowhere.yaml: there is no such file; it holds, for example:"),
        (("--margin-units", "3"), "a margin is about a baseline; give --baseline RUN or FILE as well"),
        (("--baseline", "mine.json", "--margin-money", "much"), "--margin-money: 'much' is not an amount"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "load"])
def test_terms_that_cannot_be_used_end_with_2_before_anything_starts(
    verb: str, words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    """No run folder, no Odoo."""
    known = {"schema_version": 1, "seed": 1, "demand_hash": "d", "design": "naive", "known": []}
    for name, scenario in (("other", "promo_day"), ("mine", SCENARIO)):
        (tmp_path / f"{name}.json").write_text(json.dumps({**known, "scenario": scenario}))
    before = sorted(tmp_path.iterdir())

    ended = rehearse(verb, SCENARIO, *words, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert sorted(tmp_path.iterdir()) == before


def test_an_undecided_run_makes_no_baseline(tmp_path: Path) -> None:
    """What it would have found is not known."""
    folder = make_run(tmp_path / "killed", finished=False)

    ended = rehearse("baseline", folder, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "is undecided, so that it tells nothing" in ended.err


def test_a_try_after_a_build_that_was_held_back_is_no_greener(tmp_path: Path) -> None:
    """Its troubles are known to nobody but itself; and a run is no baseline of its own."""
    before, held = make_run(tmp_path / "before", orders=2), make_run(tmp_path / "held", orders=4)
    assert rehearse("check", held, "--baseline", before, cwd=tmp_path).code == 1

    again = rehearse("check", make_run(tmp_path / "again", orders=4), "--baseline", held, cwd=tmp_path)
    assert (again.code, "was held back itself by its own baseline or waivers; name a run that went out" in again.err) == (2, True)
    itself = rehearse("check", before, "--baseline", before, cwd=tmp_path)
    assert (itself.code, "is the run that is judged; name an older one, or a file" in itself.err) == (2, True)


def test_no_gate_is_disarmed_by_the_way(tmp_path: Path) -> None:
    """Whoever asks for a release does not ask for a 0 whatever happens."""
    said = rehearse("run", SCENARIO, "--completed-is-success", "--baseline", "known.json", cwd=tmp_path)
    assert (said.code, "and a baseline or waivers decide by it: take one out" in said.err) == (2, True)


def test_a_scenario_that_was_changed_takes_its_old_results_with_it(tmp_path: Path) -> None:
    """Nothing says what was rehearsed: what CI publishes must not be yesterday's green."""
    folder = make_run(tmp_path / "run", orders=1)
    (folder / "allure-results").mkdir(exist_ok=True)
    (folder / "scenario.yaml").unlink()

    said = rehearse("check", folder, cwd=tmp_path)
    assert (said.code, said.out) == (5, "")
    left = {path.name for path in folder.iterdir()}
    assert {f"{name}.withdrawn" for name in ("summary.json", "verdict.json", "report.html", "junit.xml", "summary.md")} <= left
    assert {"summary.json", "verdict.json", "report.html", "allure-results"} & left == set()
    case = Xml.parse(folder / "junit.xml").getroot().find("testcase/error")  # noqa: S314 - we wrote it
    assert case is not None and "nothing says what was rehearsed" in case.get("message", "")
    assert (folder / "summary.md").read_text(encoding="utf-8").startswith("# UNDECIDED")
    assert rehearse("check", folder, cwd=tmp_path).code == 5, "also a second time"
