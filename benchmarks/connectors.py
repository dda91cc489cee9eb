"""The promotional weekend with each connector, seed by seed. ``python -m benchmarks connectors``; see ``--help``.

Same shoppers, same stock, another operating design. A run takes two to three minutes, of `polling` seven; a line is written
as each ends, so it can be cut off and go on. The command ends with 1 when `governed` is not clean, or sells too little.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.series import commit, gone_on, performed, stored, tell
from rehearsal import project
from rehearsal.pipeline.run import Options, ready_target, rehearse
from rehearsal.scenario import file as scenario_file
from rehearsal.targets import choose
from rehearsal.targets.base import Target

SCENARIO = "promo_weekend"
NAIVE, CURE = "naive", "governed"
CONNECTORS = (NAIVE, "polling", CURE)
MEAN_MIN, EACH_MIN = 0.98, 0.96
"""Sell-through that the cure must reach."""
MINUTES_MAX = 240.0
TABLE = Path("docs/connectors.md")


@dataclass(frozen=True, slots=True)
class Case:
    """One run that is wanted."""

    connector: str
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    case: Case
    verdict: str
    broken: dict[str, int] = field(default_factory=dict)
    """Findings by invariant."""
    sell_through: float = 0.0
    dead_letters: int = 0
    took_s: float = 0.0
    error: str = ""


def main(words: Sequence[str]) -> int:
    """Run what *words* ask for and write the table; return 1 when the cure is none, or sells too little."""
    wanted = asked(words)
    target = choose(wanted.target)
    ready_target(target, tell)

    def perform(case: Case) -> Outcome:
        done = run(case, target, wanted.out.parent / f"{case.connector}-{case.seed}")
        tell(f"{case.connector} {case.seed}: {done.verdict} {done.sell_through} {done.broken} {done.took_s:.0f} s {done.error}")
        return done

    cases = [Case(connector, seed) for seed in wanted.seeds for connector in wanted.connectors]
    done = list(gone_on(cases, stored(wanted.out, Case, Outcome), perform, wanted.out, wanted.minutes).values())
    TABLE.write_text("\n".join(page(done)) + "\n", encoding="utf-8")
    tell(f"written: {TABLE}")
    return int(bool(short_of(done)))


def asked(words: Sequence[str]) -> argparse.Namespace:
    """Return the options in *words*."""
    parser = argparse.ArgumentParser("python -m benchmarks connectors", description=__doc__)
    parser.add_argument("--target", default="auto")
    parser.add_argument("--seeds", default="1,2,3,4,5", help="such as 1,2,3")
    parser.add_argument("--connectors", default=",".join(CONNECTORS), help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("runs/connectors/results.ndjson"), help="default: %(default)s")
    parser.add_argument("--minutes", type=float, default=MINUTES_MAX, help="start no run after these; default: %(default)g")
    wanted = parser.parse_args(list(words))
    wanted.seeds = [int(word) for word in wanted.seeds.split(",")]
    wanted.connectors = wanted.connectors.split(",")
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    return wanted


def run(case: Case, target: Target, folder: Path) -> Outcome:
    """Rehearse one weekend."""
    shutil.rmtree(folder, ignore_errors=True)
    overrides = {"connector": case.connector, "seed": case.seed}
    scenario = scenario_file.load(project.scenario_path(SCENARIO), project.scenario_path, overrides, parts=True)
    return Outcome(case, **performed(lambda: rehearse(scenario, target, Options(out=folder), lambda _: None, lambda *_: None)[1]))


def short_of(outcomes: Sequence[Outcome]) -> list[str]:
    """Return in words where the cure is not what it must be: clean, and selling, never less than `naive`."""
    cure = [one for one in outcomes if one.case.connector == CURE]
    naive = {one.case.seed: one.sell_through for one in outcomes if one.case.connector == NAIVE}
    found = [f"seed {one.case.seed}: {one.verdict}" for one in cure if one.verdict != "pass"]
    found += [f"seed {one.case.seed}: {one.sell_through:.3f}" for one in cure if one.sell_through < EACH_MIN]
    found += [f"seed {one.case.seed}: less than naive" for one in cure if one.sell_through < naive.get(one.case.seed, 0.0)]
    mean = sum(one.sell_through for one in cure) / len(cure) if cure else 0.0
    return found if mean >= MEAN_MIN else [*found, f"mean {mean:.3f}"]


def page(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the page: connectors in a few figures, then every run."""
    yield "# Same shoppers, another operating design"
    yield ""
    yield f"Made by `python -m benchmarks connectors` on {datetime.now(UTC):%Y-%m-%d}, at commit {commit()}: `{SCENARIO}` on a real Odoo,"
    yield "seed by seed. Sell-through is what was accepted and kept, over what one perfect counter per node would sell of the same"
    yield "demand; that counter does not know which shelves are empty, so that not even it could keep all that it sells."
    yield ""
    yield "| connector | runs | pass | invariants that broke (runs) | sell-through, mean | least |"
    yield "|---|---|---|---|---|---|"
    for name in dict.fromkeys([*CONNECTORS, *(one.case.connector for one in outcomes)]):
        mine = [one for one in outcomes if one.case.connector == name]
        if mine:
            sold = [one.sell_through for one in mine]
            passed = sum(one.verdict == "pass" for one in mine)
            yield f"| `{name}` | {len(mine)} | {passed} | {_broken(mine)} | {sum(sold) / len(sold):.3f} | {min(sold):.3f} |"
    yield ""
    yield "| seed | connector | verdict | invariants that broke | findings | sell-through | wall s |"
    yield "|---|---|---|---|---|---|---|"
    for one in sorted(outcomes, key=lambda one: (one.case.seed, one.case.connector)):
        yield (
            f"| {one.case.seed} | `{one.case.connector}` | {one.verdict} | {len(one.broken)} | {sum(one.broken.values())} | "
            f"{one.sell_through:.3f} | {one.took_s:.0f} |"
        )


def _broken(mine: Sequence[Outcome]) -> str:
    names = sorted({name for one in mine for name in one.broken})
    return "; ".join(f"{name.replace('_', ' ')} ({sum(name in one.broken for one in mine)})" for name in names) or "none"
