"""Release: what is known already keeps no build back; what is new or worse does, and so does a waiver that has expired."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import UsageError
from rehearsal.verdict import baseline as baselines
from rehearsal.verdict import waivers as waiver_files
from rehearsal.verdict.baseline import Baseline
from rehearsal.verdict.cases import cases
from rehearsal.verdict.fingerprints import Known, fingerprint, known_of, rough
from rehearsal.verdict.release import Terms, released, terms_in
from rehearsal.verdict.waivers import Waiver

TODAY = date(2026, 11, 30)
LAW = "no_unit_is_promised_twice"
OVERSOLD = f"{LAW}: node=store_1, sku=SKU-1"
MISSING = "every_accepted_order_is_in_the_erp_once: missing in Odoo, channel=webshop"


def finding(print_of: str, units: int = 1, money_minor: int = 1500) -> dict[str, Any]:
    """Return a finding as ``verdict.json`` has it."""
    return {
        "invariant": print_of.partition(":")[0],
        "fingerprint": print_of,
        "units": units,
        "money_at_risk_minor": money_minor,
        "message": "sold twice",
    }


def run(*findings: dict[str, Any], **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return summary and verdict of a run that came to its end with these findings."""
    broken = {one["invariant"] for one in findings}
    judged = [
        {
            "id": law,
            "area": "x",
            "verdict": "fail" if law in broken else "pass",
            "because": "",
            "sentence": law,
            "money_at_risk": "0.00",
        }
        for law in sorted({LAW, MISSING.partition(":")[0], *broken})
    ]
    summary = {
        "scenario": "promo_day",
        "connector": "naive",
        "seed": 1,
        "design": "naive",
        "demand_hash": "d",
        "exit_code": 1 if findings else 0,
        "finished": True,
        "aborted": "",
        "rested": True,
        "damages": [],
        "crashed": [],
        "dead_letters": [],
        "dead_letter_kinds": [],
        "invariants": judged,
        "exercised": [{"what": "tender cash", "done": 3, "wanted": 1, "said": "tender cash paid 3"}],
        "gates": [{"figure": "sell_through", "limit": ">= 0.7", "value": 0.9, "held": True}],
    }
    summary |= more
    summary["verdict"] = {0: "pass", 5: "undecided"}.get(int(str(summary["exit_code"])), "fail")
    return summary, {"invariants": judged, "findings": list(findings)}


def terms(*known: Known, waivers: tuple[Waiver, ...] = (), demand: str = "d", margins: tuple[int, int] = (0, 0)) -> Terms:
    """Return terms with a baseline of these troubles."""
    return Terms(Baseline("promo_day", 1, demand, "naive", {one.fingerprint: one for one in known}), waivers, *margins)


def parts(told: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the fingerprints under each head that has some."""
    heads = ("new", "worse", "ongoing", "better", "fixed", "waived")
    return {head: [row["fingerprint"] for row in told[head]] for head in heads if told[head]}


def test_a_fingerprint_is_what_it_is_about_and_no_amount_and_no_id() -> None:
    """Words of the scenario, in one order, whatever order they were said in."""
    assert fingerprint(LAW, "", {"sku": "SKU-1", "node": "store_1"}) == OVERSOLD
    assert fingerprint("x", "missing in Odoo", {"channel": "webshop"}) == "x: missing in Odoo, channel=webshop"
    assert fingerprint("x", "", {"location": "17", "product": "4"}) == "x"
    assert rough(OVERSOLD) == LAW
    assert rough(MISSING) == MISSING


@pytest.mark.parametrize(
    ("before", "now", "margins", "head", "code"),
    [
        ([], [finding(OVERSOLD)], (0, 0), "new", 1),
        ([Known(OVERSOLD, 1, 1500)], [finding(OVERSOLD)], (0, 0), "ongoing", 0),
        ([Known(OVERSOLD, 1, 1500)], [finding(OVERSOLD, 2, 1500)], (0, 0), "worse", 1),
        ([Known(OVERSOLD, 1, 1500)], [finding(OVERSOLD, 2, 1500)], (1, 0), "ongoing", 0),
        ([Known(OVERSOLD, 1, 1500)], [finding(OVERSOLD, 1, 1501)], (0, 0), "worse", 1),
        ([Known(OVERSOLD, 1, 1500)], [finding(OVERSOLD, 1, 1501)], (0, 1), "ongoing", 0),
        ([Known(OVERSOLD, 2, 1500)], [finding(OVERSOLD)], (0, 0), "better", 0),
        ([Known(OVERSOLD, 1, 1500)], [], (0, 0), "fixed", 0),
    ],
)
def test_a_trouble_is_new_worse_ongoing_better_or_fixed(
    before: list[Known], now: list[dict[str, Any]], margins: tuple[int, int], head: str, code: int
) -> None:
    """Only the first two keep the build back; a margin is stated in units or in money."""
    told = released(*run(*now), terms(*before, margins=margins), TODAY)

    assert (parts(told), told["exit_code"]) == ({head: [OVERSOLD]}, code)


@pytest.mark.parametrize(
    ("before", "now", "head", "code"),
    [(0.6, 0.6, "ongoing", 0), (0.6, 0.59, "ongoing", 0), (0.6, 0.58, "worse", 4), (0.6, 0.65, "better", 0)],
)
def test_a_limit_that_is_known_to_be_missed_may_not_be_missed_by_more(before: float, now: float, head: str, code: int) -> None:
    """By a tenth of what it was beyond it."""
    name = "gate: sell_through >= 0.7"
    missed = {"gates": [{"figure": "sell_through", "limit": ">= 0.7", "value": now, "held": False}]}
    told = released(*run(**missed, exit_code=4), terms(Known(name, figure=before)), TODAY)

    assert (parts(told), told["exit_code"]) == ({head: [name]}, code)
    assert told[head][0]["figures"] == [before, now]


def test_findings_of_one_fingerprint_are_one_trouble() -> None:
    """With what they come to together."""
    assert known_of(*run(finding(OVERSOLD, 1, 5), finding(OVERSOLD, 2, 7))) == {OVERSOLD: Known(OVERSOLD, 3, 12)}


@pytest.mark.parametrize(
    ("more", "name", "code"),
    [
        ({"gates": [{"figure": "sell_through", "limit": ">= 0.7", "value": 0.1, "held": False}]}, "gate: sell_through >= 0.7", 4),
        (
            {"gates": [{"figure": "sell_through", "limit": ">= 0.7", "value": None, "held": None}]},
            "undecided: sell_through >= 0.7",
            5,
        ),
        ({"exercised": [{"what": "tender cash", "done": 0, "wanted": 1, "said": "…"}]}, "undecided: tender cash", 5),
        (
            {"dead_letter_kinds": [{"what": "LookupError in Connector.receive", "times": 2}]},
            "dead letter: LookupError in Connector.receive",
            5,
        ),
        ({"crashed": ["x"]}, "undecided: the_figures", 5),
        ({"rested": False}, "undecided: the_world", 5),
    ],
)
def test_what_is_no_finding_keeps_a_build_back_too_unless_it_is_known(more: dict[str, Any], name: str, code: int) -> None:
    """With the exit code that it has in a run without terms; a finding that is new weighs more than any of them."""
    alone, beside = run(**more, exit_code=code), run(finding(OVERSOLD), **more)
    known, oversold = known_of(*alone)[name], Known(OVERSOLD, 1, 1500)

    assert released(*alone, terms(), TODAY)["exit_code"] == code
    assert released(*beside, terms(known), TODAY)["exit_code"] == 1
    assert released(*beside, terms(oversold), TODAY)["exit_code"] == code
    assert released(*beside, terms(oversold, known), TODAY)["exit_code"] == 0


@pytest.mark.parametrize(
    "more",
    [
        {"exercised": [{"what": "tender cash", "done": 0, "wanted": 1, "said": "idle"}]},
        {"dead_letter_kinds": [{"what": "x", "times": 2}], "dead_letters": ["x"]},
    ],
)
def test_an_undecided_run_goes_out_on_no_terms(more: dict[str, Any]) -> None:
    """Though its only doubt is known, and somebody has waived everything: it has no verdict, and JUnit says so too."""
    summary, verdict = run(**more, exit_code=5)
    excuse = Waiver("*", "jane", "all of it", "2030-01-01")
    told = released(summary, verdict, terms(*known_of(summary, verdict).values(), waivers=(excuse,)), TODAY)

    assert told["exit_code"] == 5
    assert [case for case in cases(summary | {"release": told}, verdict) if case.verdict == "undecided"]


def test_nobody_waives_what_was_not_decided() -> None:
    """A trouble can be taken on; what was never looked at is none."""
    idle = {"exercised": [{"what": "tender cash", "done": 0, "wanted": 1, "said": "idle"}]}
    told = released(*run(finding(OVERSOLD), **idle), Terms(waivers=(Waiver("*", "jane", "all of it", "2030-01-01"),)), TODAY)

    assert (parts(told), told["exit_code"]) == ({"new": ["undecided: tender cash"], "waived": [OVERSOLD]}, 5)


@pytest.mark.parametrize(
    "more", [{"finished": False}, {"damages": ["history"]}, {"load": {"trouble": ["late"], "aborted_by": None}}], ids=str
)
def test_no_terms_excuse_a_run_that_proves_nothing(more: dict[str, Any]) -> None:
    """Whatever is known, and whatever is waived."""
    excuse = Waiver("*", "jane", "all of it", "2030-01-01")

    assert released(*run(finding(OVERSOLD), **more), terms(waivers=(excuse,)), TODAY)["exit_code"] == 5


def test_a_waiver_excuses_until_its_last_day_and_then_fails() -> None:
    """One that matches nothing is told, and fails nobody."""
    waiver, idle = Waiver(f"{LAW}: node=store_*", "jane", "new till", "2026-11-30"), Waiver("nothing*", "joe", "?", "2027-01-01")
    held = released(*run(finding(OVERSOLD)), Terms(waivers=(waiver, idle)), TODAY)
    late = released(*run(finding(OVERSOLD)), Terms(waivers=(waiver,)), date(2026, 12, 1))
    late_for_nothing = released(*run(), Terms(waivers=(waiver,)), date(2026, 12, 1))

    assert (parts(held), held["unmatched"], held["exit_code"]) == ({"waived": [OVERSOLD]}, ["nothing*"], 0)
    assert (parts(late), [one["owner"] for one in late["expired"]], late["exit_code"]) == ({"new": [OVERSOLD]}, ["jane"], 1)
    assert late_for_nothing["exit_code"] == 1, "somebody must look at it, and take it out"


def test_runs_that_met_other_shoppers_are_compared_without_nodes_and_skus() -> None:
    """Another seed wants other articles: the same kind of trouble elsewhere is not new."""
    elsewhere = finding(f"{LAW}: node=store_2, sku=SKU-9")

    assert parts(released(*run(elsewhere), terms(Known(OVERSOLD, 1, 1500), demand="other"), TODAY)) == {"ongoing": [LAW]}
    assert parts(released(*run(elsewhere), terms(Known(OVERSOLD, 1, 1500)), TODAY))["new"] == [elsewhere["fingerprint"]]


@pytest.mark.parametrize("known", [(), (Known(OVERSOLD, 1, 1500),)])
def test_the_cases_of_a_run_say_what_its_exit_code_says(known: tuple[Known, ...]) -> None:
    """JUnit, Allure and pytest are made of them: what is known passes, and is told; what is new fails."""
    summary, verdict = run(finding(OVERSOLD))
    told = released(summary, verdict, terms(*known), TODAY)
    found = {case.name: (case.verdict, case.message[:7]) for case in cases(summary | {"release": told}, verdict)}

    assert found[LAW] == (("pass", "known: ") if known else ("fail", "1 findi"))
    assert any(verdict != "pass" for verdict, _ in found.values()) is (told["exit_code"] != 0)


def test_an_expired_waiver_is_a_case_that_fails() -> None:
    """Also where nothing else does."""
    summary, verdict = run()
    told = released(summary, verdict, Terms(waivers=(Waiver("x", "jane", "new till", "2026-01-01"),)), TODAY)
    (case,) = [one for one in cases(summary | {"release": told}, verdict) if one.verdict != "pass"]

    assert (case.area, case.name) == ("release", "the waiver of x")
    assert case.message == "jane waived it until 2026-01-01 (new till); mend it, or renew it"


# -- the files ---------------------------------------------------------------------------------------------------------


def test_a_baseline_is_one_line_per_trouble_and_reads_back_the_same(tmp_path: Path) -> None:
    """In order of fingerprint, so that a diff says what changed."""
    baseline = Baseline(
        "promo_day", 1, "d", "naive", {one.fingerprint: one for one in (Known(MISSING, 0, 1200), Known(OVERSOLD, 2, 5))}
    )
    (tmp_path / "b.json").write_text(text := baselines.as_text(baseline))

    assert text.splitlines()[6:] == [
        '  "known": [',
        f'    {{"fingerprint": "{MISSING}", "units": 0, "money_at_risk": "12.00"}},',
        f'    {{"fingerprint": "{OVERSOLD}", "units": 2, "money_at_risk": "0.05"}}',
        "  ]",
        "}",
    ]
    assert baselines.read(tmp_path / "b.json") == baseline
    missed = Baseline("promo_day", 1, "d", "naive", {"gate: x <= 1": Known("gate: x <= 1", figure=2.5)})
    (tmp_path / "b.json").write_text(baselines.as_text(missed))
    assert baselines.read(tmp_path / "b.json") == missed
    (tmp_path / "b.json").write_text(baselines.as_text(nothing := Baseline("promo_day", 1, "d", "naive", {})))
    assert baselines.read(tmp_path / "b.json") == nothing


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "expected JSON; write one with: rehearse baseline RUN --out FILE"),
        ("[]", "schema_version is 'list'; expected 1"),
        ('{"schema_version": 2}', "schema_version is 2; expected 1"),
        ('{"schema_version": 1, "seed": 1}', "known is missing"),
        ('{"schema_version": 1, "known": [{"fingerprint": "x", "units": -1}]}', "units of 'x' are -1; expected a whole number"),
        ('{"schema_version": 1, "known": [{"fingerprint": "x", "units": 1, "money_at_risk": "much"}]}', "'much' is not an amount"),
        (
            '{"schema_version": 1, "known": [{"fingerprint": "x", "units": 1, "money_at_risk": "1.00"}, {"fingerprint": "x", "units": 9, "money_at_risk": "1.00"}]}',
            "'x' is there twice, as after a merge; keep one of them",
        ),
        (
            '{"schema_version": 1, "known": [{"fingerprint": "gate: x <= 1", "units": 0, "money_at_risk": "0.00"}]}',
            "'gate: x <= 1' has no figure, so that it could be missed by ever more; write one with: rehearse baseline RUN --out FILE",
        ),
        (
            '{"schema_version": 1, "known": [{"fingerprint": "x", "units": 1, "money_at_risk": "1.00", "figure": "all"}]}',
            "figure of 'x' is 'all'; expected a number",
        ),
    ],
)
def test_what_is_no_baseline_is_told_with_what_was_expected(text: str, said: str, tmp_path: Path) -> None:
    """Before anything is started."""
    (tmp_path / "b.json").write_text(text)

    with pytest.raises(UsageError) as told:
        baselines.read(tmp_path / "b.json")
    assert said in str(told.value)


def test_an_undecided_run_makes_no_baseline() -> None:
    """Else all that it never looked at would be known."""
    with pytest.raises(UsageError, match="is undecided, so that it tells nothing; take a run that passes or fails"):
        baselines.baseline_of(*run(exit_code=5))


def test_waivers_are_read_with_all_their_problems_at_once(tmp_path: Path) -> None:
    """Each with its line."""
    (tmp_path / "w.yaml").write_text(
        "- {match: a*, owner: jane, reason: r, expires: 2026-12-31}\n"
        "- {match: a, owner: jane, reason: r, expires: 2999-12-31}\n- {match: b, owner: '', reason: r}\n- {match: c, owner: o, reason: r, expires: soon}\n- none\n"
        "- {match: d, owner: o, reason: r, expires: 2026-12-31, until: x}\n"
    )

    with pytest.raises(UsageError) as told:
        waiver_files.read(tmp_path / "w.yaml")
    assert [line.replace(f"{tmp_path}/", "")[:60] for line in str(told.value).splitlines() if line.startswith(str(tmp_path))] == [
        "w.yaml:1 match is 'a*', which excuses whatever comes; name t",
        "w.yaml:2 expires is 2999-12-31, more than a year ahead; writ",
        "w.yaml:3 owner, expires is missing: who waives says what, wh",
        "w.yaml:4 expires is 'soon'; expected a day, such as 2026-12-",
        "w.yaml:5 'none' is no waiver; expected for example:",
        "w.yaml:6 'until' is no word of a waiver; there are: match, o",
    ]
    (tmp_path / "w.yaml").write_text("- {match: 'a: *', owner: jane, reason: r, expires: 2026-12-31}\n")
    assert waiver_files.read(tmp_path / "w.yaml") == (Waiver("a: *", "jane", "r", "2026-12-31"),)
    (tmp_path / "w.yaml").write_text("")
    assert waiver_files.read(tmp_path / "w.yaml") == ()


@pytest.mark.parametrize("text", ["{a: 1}", "- [", "x: ["])
def test_what_holds_no_waivers_is_told_with_an_example(text: str, tmp_path: Path) -> None:
    """A mapping, and YAML that is none."""
    (tmp_path / "w.yaml").write_text(text)

    with pytest.raises(UsageError, match="for example:"):
        waiver_files.read(tmp_path / "w.yaml")


def test_terms_stay_with_the_run(tmp_path: Path) -> None:
    """Judged again, it is judged by the same; a run without terms has none."""
    kept = terms(Known(OVERSOLD, 1, 1500), waivers=(Waiver("x", "jane", "r", "2026-12-31"),), margins=(3, 100))

    assert terms_in(tmp_path) is None
    kept.write(tmp_path)
    assert terms_in(tmp_path) == kept
