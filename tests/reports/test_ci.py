"""What machines read: JUnit, Markdown and Allure results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from rehearsal.pipeline.run import conclude, reopen
from rehearsal.verdict.cases import cases as told_cases

OVERSELL = "no_unit_is_promised_twice"


def cases(folder: Path) -> dict[str, Xml.Element]:
    """Return the test cases of ``junit.xml`` by class and name."""
    found = list(Xml.parse(folder / "junit.xml").iter("testcase"))  # noqa: S314 - we wrote it
    named = {f"{case.get('classname')}.{case.get('name')}": case for case in found}
    assert len(named) == len(found), "names must be unique"
    return named


def results(folder: Path) -> dict[str, Any]:
    """Return the Allure results by full name."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "allure-results").glob("*-result.json")]
    return {one["fullName"]: one for one in found}


def test_junit_tells_a_broken_invariant_as_failure(run: Path) -> None:
    failure = cases(run)[f"inventory.{OVERSELL}"].find("failure")
    assert failure is not None
    assert "SKU-1 at store_1" in (failure.text or "") and "repeat with: rehearse run" in (failure.text or "")


def test_junit_tells_undecided_as_error_with_its_reason(killed: Path) -> None:
    named = cases(killed)
    error = named["orders.every_accepted_order_is_in_the_erp_once"].find("error")
    assert error is not None and error.get("message") == "Odoo's books were not read"
    assert named["rehearsal.the_run_reached_its_end"].find("error") is not None
    assert named["gates.reconciliation_breaks <= 0"].find("error") is not None


def test_junit_says_in_words_what_the_connector_dropped_and_where_below(run: Path) -> None:
    """The message is for everybody; method, line and error are the details."""
    error = cases(run)["rehearsal.the_connector_handled_everything"].find("error")

    assert error is not None and error.get("message") == "the connector dropped 2 events"
    assert "2 times, the first about payment:WEBSHOP-0000" in (error.text or "")


def test_junit_tells_a_finding_with_its_currency(run: Path) -> None:
    """One finding, one unit."""
    failure = cases(run)[f"inventory.{OVERSELL}"].find("failure")

    assert failure is not None and (failure.get("message") or "").startswith("1 finding, 15.00 EUR at risk: At no instant")
    assert "; 1 unit; 15.00 EUR at risk; orders MARKETPLACE-0001" in (failure.text or "")


def test_markdown_names_causes_cures_next_step_and_what_was_dropped(run: Path) -> None:
    """What a pull request shows of it."""
    text = (run / "summary.md").read_text(encoding="utf-8")

    assert (
        "- **Word came before what it needs, and was dropped**: 2 findings about 2 orders; prevented by event sequencing of governed"
        in text
    )
    assert (
        "- See the same Friday with the connector governed: `rehearse run promo_weekend --connector governed --seed 20261127`"
        in text
    )
    assert "| “payment captured” | 2 | it did not find what it needed:" in text


def test_junit_counts_and_properties(run: Path) -> None:
    suite = Xml.parse(run / "junit.xml").getroot().find("testsuite")  # noqa: S314 - we wrote it
    assert suite is not None
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
    assert int(suite.get("errors", "")) == len(suite.findall("testcase/error"))
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties == {
        "scenario": "promo_weekend",
        "seed": "20261127",
        "connector": "naive",
        "demand_hash": "d" * 64,
        "verdict": "fail",
    }


def test_equal_cases_are_numbered_and_junit_drops_what_xml_cannot_hold(run: Path) -> None:
    from rehearsal import project

    gate = {"figure": "a", "limit": "<= 1", "value": 2.0, "held": False}
    summary = json.loads((run / "summary.json").read_text()) | {"gates": [gate, gate]}
    found = told_cases(summary, json.loads((run / "verdict.json").read_text()))
    assert [case.name for case in found if case.area == "gates"] == ["a <= 1", "a <= 1 (2)"]
    junit = project.module("reports", "junit")
    assert junit._clean("a\x00b\x1bc\ud800d\te") == "a\ufffdb\ufffdc\ufffdd\te"


@pytest.mark.parametrize("gates", [["reconciliation_breaks <= 0"] * 2, ["sell_through >= 0.1", "sell_through >= 0.1"]])
def test_no_judgement_hides_behind_another_in_allure(tmp_path: Path, make: Any, gates: list[str]) -> None:
    """Allure takes equal history ids for retries of one test, and shows the last alone: so every case has its own."""
    folder = make(tmp_path / "twins", gates=gates)
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "allure-results").glob("*-result.json")]
    told = told_cases(json.loads((folder / "summary.json").read_text()), json.loads((folder / "verdict.json").read_text()))

    assert len(found) == len(told) == len(cases(folder))
    for identity in ("historyId", "testCaseId", "uuid", "fullName"):
        assert len({one[identity] for one in found}) == len(told), identity


def test_markdown_is_bounded_and_says_how_to_repeat(tmp_path: Path, make: Any) -> None:
    folder = make(tmp_path / "many", orders=300)
    text = (folder / "summary.md").read_text(encoding="utf-8")
    assert len(text.encode()) < 60_000
    assert text.startswith("## ✗ This Friday would have failed.")
    assert "rehearse run promo_weekend --connector naive --seed 20261127" in text


def test_markdown_keeps_its_tables_and_escapes(run: Path) -> None:
    from rehearsal import project

    text = (run / "summary.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ✗") and "reconciliation" not in line]
    assert rows and all(line.count("|") == 8 for line in rows)
    markdown = project.module("reports", "markdown")
    assert markdown._escaped("a | <script> `x`\n@all") == r"a \| \<script\> \`x\` \@all"
    cut = markdown._bounded("ü row\n" * 20_000)
    assert len(cut.encode()) <= 60_000 and cut.endswith("report.html.*\n")


def test_allure_results_carry_labels_and_findings(run: Path) -> None:
    one = results(run)[f"promo_weekend.inventory.{OVERSELL}"]
    labels = {(label["name"], label["value"]) for label in one["labels"]}
    assert {
        ("feature", "inventory"),
        ("suite", "promo_weekend"),
        ("severity", "critical"),
        ("tag", "naive"),
        ("tag", "oversell"),
    } <= labels
    assert {parameter["name"]: parameter["value"] for parameter in one["parameters"]} == {"seed": "20261127", "connector": "naive"}
    assert one["status"] == "failed" and one["statusDetails"]["message"].startswith("oversell: 1 finding")
    for attachment in one["attachments"]:
        assert "SKU-1 at store_1" in (run / "allure-results" / attachment["source"]).read_text(encoding="utf-8")


def test_allure_history_goes_on_and_old_results_go(run: Path) -> None:
    before = {name: (one["uuid"], one["historyId"]) for name, one in results(run).items()}
    (run / "allure-results" / "stale-result.json").write_text("{}", encoding="utf-8")
    conclude(reopen(run), lambda _: None)
    assert {name: (one["uuid"], one["historyId"]) for name, one in results(run).items()} == before
    assert "Seed=20261127" in (run / "allure-results" / "environment.properties").read_text(encoding="utf-8")
    categories = json.loads((run / "allure-results" / "categories.json").read_text(encoding="utf-8"))
    assert len(categories) == 4


def test_allure_calls_undecided_broken(killed: Path) -> None:
    one = results(killed)["promo_weekend.finance.money_taken_equals_money_booked"]
    assert one["status"] == "broken" and "Odoo's books were not read" in one["statusDetails"]["message"]
