"""Every fault of infrastructure against both connectors: ``python -m benchmarks chaos``; see ``--help``.

One small Friday per fault, connector, target and seed, about half a minute each. A line is written as each ends, and
what is in the file already is not run again, so it can be cut off and go on. Run folders of governed runs that did not
pass are kept: each is a bug, of the connector or of the harness.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fridays import FAULTS, QUIET, UNACKNOWLEDGED, disturbed
from benchmarks.series import gone_on, stored, tell
from rehearsal.errors import RehearsalError
from rehearsal.history import lines
from rehearsal.pipeline.run import Options, Run, ready_target, rehearse
from rehearsal.targets import choose
from rehearsal.targets.base import Target

TARGETS = ("native", "docker")
MINUTES_MAX = 180.0


@dataclass(frozen=True, slots=True)
class Case:
    """One run that is wanted."""

    target: str
    connector: str
    fault: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.fault}-{self.connector}-{self.target}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run."""

    case: Case
    verdict: str
    fired: int = 0
    unknown: int = 0
    """Writes that nobody heard the end of."""
    resolved: int = 0
    """Those of them of which it was found out what Odoo had done."""
    broken: dict[str, int] = field(default_factory=dict)
    """Findings by invariant."""
    took_s: float = 0.0
    error: str = ""


def main(words: Sequence[str]) -> int:
    """Run what *words* ask for and print the table; return 1 when a governed run did not pass."""
    wanted = asked(words)
    targets: dict[str, Target] = {}

    def perform(case: Case) -> Outcome:
        if case.target not in targets:
            targets[case.target] = choose(case.target)
            ready_target(targets[case.target], tell)
        done = run(case, targets[case.target], wanted.out.parent / case.name)
        tell(f"{case.name}: {cell(done)}  {done.took_s:.0f} s {done.error}")
        return done

    done = gone_on(cases(wanted), stored(wanted.out, Case, Outcome), perform, wanted.out, wanted.minutes)
    print("\n".join(table(list(done.values()))))
    return int(any(one.verdict != "pass" for one in done.values() if one.case.connector == "governed"))


def asked(words: Sequence[str]) -> argparse.Namespace:
    """Return the options in *words*."""
    parser = argparse.ArgumentParser("python -m benchmarks chaos", description=__doc__)
    parser.add_argument("--target", choices=(*TARGETS, "both"), default="native")
    parser.add_argument("--seeds", default="1,2,3", help="such as 1,2,3")
    parser.add_argument("--faults", default=",".join(FAULTS), help="some of: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("runs/chaos/results.ndjson"), help="default: %(default)s")
    parser.add_argument("--minutes", type=float, default=MINUTES_MAX, help="start no run after these; default: %(default)g")
    wanted = parser.parse_args(list(words))
    wanted.seeds = [int(word) for word in wanted.seeds.split(",")]
    wanted.faults = wanted.faults.split(",")
    unknown = [name for name in wanted.faults if name not in FAULTS]
    if unknown:
        parser.error(f"no fault {unknown[0]!r}; there are: {', '.join(FAULTS)}")
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    return wanted


def cases(wanted: argparse.Namespace) -> Iterator[Case]:
    """Yield the runs in their order: the naive connector only without a fault, and where acknowledgements get lost."""
    unheard = [QUIET, *(fault for fault in wanted.faults if fault in UNACKNOWLEDGED)]
    for target in TARGETS if wanted.target == "both" else (wanted.target,):
        for connector, faults in (("governed", wanted.faults), ("naive", unheard)):
            yield from (Case(target, connector, fault, seed) for fault in faults for seed in wanted.seeds)


def run(case: Case, target: Target, folder: Path) -> Outcome:
    """Rehearse one Friday; an error of the harness is an outcome too."""
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    scenario = disturbed(case.fault, case.connector, case.seed)
    try:
        ended, summary = rehearse(scenario, target, Options(out=folder), lambda _: None, lambda *_: None)
    except RehearsalError as error:
        return Outcome(case, "error", took_s=round(time.monotonic() - began, 1), error=str(error))
    unheard, resolved = doubts(ended)
    if case.connector == "naive" or summary["verdict"] == "pass":
        shutil.rmtree(folder)
    return Outcome(
        case,
        summary["verdict"],
        sum(fault["fired"] for fault in summary["faults"]),
        len(unheard),
        len(resolved),
        {one["id"]: one["findings"] for one in summary["invariants"] if one["findings"]},
        round(time.monotonic() - began, 1),
        "; ".join(summary["idle"]),
    )


def doubts(ended: Run) -> tuple[set[int], set[int]]:
    """Return the writes of a run whose outcome was unknown, and those of which it was found out."""
    told = list(lines(ended.folder / "history"))
    wrote = {line["i"] for line in told if line["kind"] == "operation" and line["writes"]}
    unheard = {line["operation"] for line in told if line["kind"] == "answer" and line["outcome"] == "unknown"}
    return unheard & wrote, {line["operation"] for line in told if line["kind"] == "resolution"}


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield a Markdown table: a row per fault, connector and target, a column per seed."""
    seeds = sorted({one.case.seed for one in outcomes})
    yield f"| fault | connector | target | {' | '.join(f'seed {seed}' for seed in seeds)} | what broke |"
    yield "|---|---|---|" + "---|" * (len(seeds) + 1)
    rows: dict[tuple[str, str, str], dict[int, Outcome]] = {}
    for one in outcomes:
        rows.setdefault((one.case.fault, one.case.connector, one.case.target), {})[one.case.seed] = one
    for (fault, connector, target), by_seed in rows.items():
        cells = [cell(by_seed[seed]) if seed in by_seed else "" for seed in seeds]
        names = sorted({name for one in by_seed.values() for name in one.broken})
        broken = [f"{name} ({', '.join(str(one.broken.get(name, 0)) for one in by_seed.values())})" for name in names]
        yield f"| {fault} | {connector} | {target} | {' | '.join(cells)} | {', '.join(broken)} |"
    yield ""
    yield "Per seed: verdict, how often the fault fired, writes of unknown outcome and how many of them were resolved; findings per seed."


def cell(one: Outcome) -> str:
    """Return what came of one run, short."""
    if one.verdict == "error":
        return "error"
    return f"{one.verdict}, {one.fired}×, {one.unknown}/{one.resolved}"
