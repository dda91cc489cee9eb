"""Many seeds: what is asked for, how all of them end together, and how often an invariant broke."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import UsageError
from rehearsal.pipeline import seeds
from rehearsal.pipeline.seeds import Outcome, counted, exit_code, interval, seeds_of

LAW = "no_unit_is_promised_twice"


def ended(seed: int, code: int, verdict: str = "pass", sell_through: float | None = 0.9) -> Outcome:
    """Return a seed that ended with *code*, and in which one invariant has this verdict."""
    laws = [{"id": LAW, "verdict": verdict}]
    whole = {0: "pass", 1: "fail", 5: "undecided"}[code]
    summary = {"verdict": whole, "invariants": laws, "kpis": {"sell_through": sell_through}, "timings_s": {"simulate": 2.0}}
    return Outcome(seed, code, summary)


@pytest.mark.parametrize(
    ("text", "wanted"), [("1..4", [1, 2, 3, 4]), ("7..7", [7]), ("-1..1", [-1, 0, 1]), ("3,1,2", [3, 1, 2]), ("5", [5])]
)
def test_seeds_are_a_span_or_a_list(text: str, wanted: list[int]) -> None:
    """Both ends belong to a span."""
    assert seeds_of(text) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("many", "names no seeds; write for example 1..20, or 1,2,5"),
        ("", "names no seeds"),
        ("4..1", "expected 1 to 500 seeds, each once, such as 1..20"),
        ("1,1", "each once"),
        ("1..9999", "are 9999; at most 500 can be played at once"),
    ],
)
def test_what_are_no_seeds_is_told_with_what_was_expected(text: str, said: str) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError) as told:
        seeds_of(text)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("codes", "code"),
    [([0, 0], 0), ([0, 4], 4), ([4, 5], 5), ([5, 1], 1), ([1, 3], 3), ([1, 130], 130), ([0, -9], 5), ([0, 5, 4], 5), ([], 5)],
)
def test_all_of_them_end_as_the_worst_one(codes: Sequence[int], code: int) -> None:
    """Whoever died, or was never played, leaves it undecided."""
    assert exit_code([Outcome(seed, one, None) for seed, one in enumerate(codes)]) == code


def test_an_invariant_is_counted_among_the_seeds_that_decided_it() -> None:
    """A seed without a verdict is told, and counts for nothing."""
    told = counted([ended(1, 1, "fail", 0.8), ended(2, 0), ended(3, 5, "undecided", None), Outcome(4, 3, None)], 4)

    assert told["invariants"] == [{"id": LAW, "broke": 1, "of": 2, "undecided": 1, "low": 0.0945, "high": 0.9055, "seeds": [1]}]
    assert told["sell_through"] == {"mean": 0.85, "min": 0.8, "max": 0.9}
    assert told["runs"][3] == {"seed": 4, "exit_code": 3, "verdict": "none", "broken": [], "sell_through": None, "wall_s": 0}
    assert told["exit_code"] == 3
    assert "broke in 1 of 2 seeds (9 to 91 %; undecided in 1): 1" in seeds.table(told, Path("runs/x"))


def test_seeds_that_were_not_begun_leave_the_whole_interrupted() -> None:
    """Three were asked for, and two of them passed: that is no pass."""
    assert counted([ended(1, 0), ended(2, 0)], 3)["exit_code"] == 130


@pytest.mark.parametrize(
    ("times", "of", "low", "high"), [(0, 0, 0.0, 1.0), (0, 20, 0.0, 0.1611), (3, 20, 0.0524, 0.3604), (20, 20, 0.8389, 1.0)]
)
def test_the_interval_is_wilsons(times: int, of: int, low: float, high: float) -> None:
    """To four decimals, as tables have it."""
    assert interval(times, of) == (low, high)


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_seed_is_played_once_in_a_process_of_its_own(jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many at once; a process that leaves nothing behind has no verdict, and its output is in its log."""
    monkeypatch.setattr(seeds, "PROGRAM", "import sys; print(sys.argv[1:]); sys.exit(3)")
    told = list[str]()
    done = seeds.rehearsed(["promo_day", "--lanes", "2"], [3, 1, 2], jobs, tmp_path / "many", told.append)

    assert done == [Outcome(3, 3, None), Outcome(1, 3, None), Outcome(2, 3, None)]
    assert sorted(line.partition(":")[0] for line in told) == ["seed 1", "seed 2", "seed 3"]
    said = (tmp_path / "many" / "seed-1.log").read_text()
    assert said == f"['run', 'promo_day', '--lanes', '2', '--seed', '1', '--out', '{tmp_path}/many/seed-1']\n"


def test_after_an_interruption_no_further_seed_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches the one that runs."""
    monkeypatch.setattr(seeds, "PROGRAM", "import sys; sys.exit(130)")
    done: Any = seeds.rehearsed(["promo_day"], [1, 2, 3], 1, tmp_path, lambda _: None)

    assert [one.seed for one in done] == [1]
