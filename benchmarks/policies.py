"""Each policy of the governed connector, alone off: what breaks without it. ``python -m benchmarks policies``; see ``--help``.

Plays `promo_weekend` and what a policy's ``PREVENTS`` names, on seeds 1 to 3, about three minutes each; where a policy is
about pressure (``UNDER_LOAD``), what it names is driven with Locust. A policy whose absence no invariant sees is none, and
the command ends with 1. A line is written as each run ends, so it can be cut off and go on.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.series import commit, gone_on, performed, stored, tell
from rehearsal import project
from rehearsal.load.drive import Drive, driven
from rehearsal.parts.policies import PolicyKind, policies
from rehearsal.pipeline.run import Options, ready_target, rehearse
from rehearsal.scenario import file as scenario_file
from rehearsal.targets import choose
from rehearsal.targets.base import Target

CONNECTOR = "governed"
CANONICAL = "promo_weekend"
NONE = "(all on)"
MINUTES_MAX = 240.0
LANES = 8
"""Operations under way at once, under load."""
TABLE = Path("docs/policies.md")


@dataclass(frozen=True, slots=True)
class Case:
    """One run that is wanted."""

    policy: str
    scenario: str
    seed: int
    load: bool = False

    @property
    def name(self) -> str:
        return f"{self.policy.strip('()').replace(' ', '_')}-{self.scenario}-{self.seed}"


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
    """Run what *words* ask for and write the table; return 1 when a policy's absence is seen by no invariant."""
    wanted = asked(words)
    target = choose(wanted.target)
    ready_target(target, tell)

    def perform(case: Case) -> Outcome:
        done = run(case, target, wanted.out.parent / case.name)
        tell(f"{case.name}: {done.verdict} {done.broken} {done.took_s:.0f} s {done.error}")
        return done

    done = gone_on(list(cases(wanted)), stored(wanted.out, Case, Outcome), perform, wanted.out, wanted.minutes)
    kinds = policies(CONNECTOR)
    TABLE.write_text("\n".join(page(list(done.values()), kinds)) + "\n", encoding="utf-8")
    tell(f"written: {TABLE}")
    seen = {one.case.policy for one in done.values() if one.broken}
    return int(any(name not in seen for name in kinds))


def asked(words: Sequence[str]) -> argparse.Namespace:
    """Return the options in *words*."""
    parser = argparse.ArgumentParser("python -m benchmarks policies", description=__doc__)
    parser.add_argument("--target", default="auto")
    parser.add_argument("--seeds", default="1,2,3", help="such as 1,2,3")
    parser.add_argument("--policies", default="", help="some of them; default: all")
    parser.add_argument("--out", type=Path, default=Path("runs/policies/results.ndjson"), help="default: %(default)s")
    parser.add_argument("--minutes", type=float, default=MINUTES_MAX, help="start no run after these; default: %(default)g")
    wanted = parser.parse_args(list(words))
    wanted.seeds = [int(word) for word in wanted.seeds.split(",")]
    known = policies(CONNECTOR)
    wanted.policies = wanted.policies.split(",") if wanted.policies else [*known, NONE]
    unknown = [name for name in wanted.policies if name not in known and name != NONE]
    if unknown:
        parser.error(f"no policy {unknown[0]!r}; there are: {', '.join(known)}")
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    return wanted


def cases(wanted: argparse.Namespace) -> Iterator[Case]:
    """Yield the runs: each policy on the first seed, then on the next one."""
    known = policies(CONNECTOR)
    for seed in wanted.seeds:
        for policy in wanted.policies:
            kind = known.get(policy)
            pressed = [(name, kind.under_load) for name in kind.prevents] if kind else []
            for scenario, load in dict([(CANONICAL, False), *pressed]).items():
                yield Case(policy, scenario, seed, load)


def run(case: Case, target: Target, folder: Path) -> Outcome:
    """Rehearse one weekend without one policy."""
    shutil.rmtree(folder, ignore_errors=True)
    off = {} if case.policy == NONE else {case.policy: "off"}
    overrides = {"connector": CONNECTOR, "seed": case.seed, "policies": off}
    scenario = scenario_file.load(project.scenario_path(case.scenario), project.scenario_path, overrides, parts=True)
    options = Options(out=folder)
    if case.load:
        return Outcome(case, **performed(lambda: driven(scenario, target, Drive(LANES), options, lambda _: None)[1]))
    return Outcome(case, **performed(lambda: rehearse(scenario, target, options, lambda _: None, lambda *_: None)[1]))


def page(outcomes: Sequence[Outcome], kinds: Mapping[str, PolicyKind]) -> Iterator[str]:
    """Yield the page: a table of policies against the invariants that broke without them, then every run."""
    yield "# What each policy is for"
    yield ""
    yield f"Made by `python -m benchmarks policies` on {datetime.now(UTC):%Y-%m-%d}, at commit {commit()}. Each policy of the governed"
    yield "connector was switched off alone (`--policy NAME=off`): in that place it then does what the naive connector does."
    yield ""
    yield "| off | sentence | invariants that broke, with findings by seed |"
    yield "|---|---|---|"
    for name in [NONE, *kinds]:
        mine = [one for one in outcomes if one.case.policy == name]
        if mine:
            yield f"| `{name}` | {kinds[name].sentence if name in kinds else ''} | {_broken(mine)} |"
    yield ""
    yield "| off | scenario | seed | verdict | findings | dead letters | sell-through | wall s |"
    yield "|---|---|---|---|---|---|---|---|"
    for one in sorted(outcomes, key=lambda one: (one.case.policy, one.case.scenario, one.case.seed)):
        case, how = one.case, f", load with {LANES} lanes" if one.case.load else ""
        yield (
            f"| `{case.policy}` | {case.scenario}{how} | {case.seed} | {one.verdict} | {sum(one.broken.values())} | "
            f"{one.dead_letters} | {one.sell_through:.3f} | {one.took_s:.0f} |"
        )


def _broken(mine: Sequence[Outcome]) -> str:
    names = sorted({name for one in mine for name in one.broken})
    told = []
    for name in names:
        by_seed = [f"{one.case.seed}: {one.broken[name]}" for one in mine if name in one.broken]
        told.append(f"{name.replace('_', ' ')} ({', '.join(by_seed)})")
    return "; ".join(told) or "none"
