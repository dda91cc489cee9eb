"""One scenario on many seeds: how often each invariant breaks, as a share with its interval, and one exit code.

Each seed is a `rehearse run` of its own, a process with a folder and a log; all of them have databases on one Odoo.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from math import sqrt
from pathlib import Path
from typing import Any

from rehearsal.errors import UsageError
from rehearsal.pipeline.terminal import MARKS, release_line, share

SPAN = re.compile(r"^(-?\d{1,19})\.\.(-?\d{1,19})$")
SEEDS_MAX = 500
RUN_S_MAX = 6 * 3600
"""Wall seconds after which a run is taken for hung."""
Z = 1.96
"""Of a normal distribution, 95 per cent lie within so many standard deviations."""
WORST = (130, 3, 2, 1, 5, 4)
"""Exit codes, the one that decides for all first; one that is not here is a run that died."""
TOLD = "seeds.json"
PROGRAM = "from rehearsal.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one seed."""

    seed: int
    exit_code: int
    summary: Mapping[str, Any] | None
    """None: it came to no verdict; its log says why."""


def seeds_of(text: str) -> list[int]:
    """Return the seeds of ``1..20`` or ``1,2,5``; raises `UsageError`."""
    span = SPAN.match(text)
    if span:
        first, last = int(span[1]), int(span[2])
        if last - first >= SEEDS_MAX:
            raise UsageError(f"--seeds {text} are {last - first + 1}; at most {SEEDS_MAX} can be played at once")
        found = list(range(first, last + 1))
    else:
        try:
            found = [int(word) for word in text.split(",")]
        except ValueError:
            raise UsageError(f"--seeds {text} names no seeds; write for example 1..20, or 1,2,5") from None
    if not found or len(set(found)) != len(found) or len(found) > SEEDS_MAX:
        raise UsageError(f"--seeds {text}: expected 1 to {SEEDS_MAX} seeds, each once, such as 1..20")
    return found


def jobs_max() -> int:
    """Return how many runs this machine carries at once: a run keeps about one core busy, half of it in Odoo."""
    return max(1, min(8, os.cpu_count() or 1))


def rehearsed(words: Sequence[str], seeds: Sequence[int], jobs: int, folder: Path, told: Callable[[str], None]) -> list[Outcome]:
    """Play `rehearse run` with *words* on each of *seeds*, *jobs* at once, into *folder*; return what became of each.

    After Ctrl-C no further seed is begun; those under way end cleanly, since they are told as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done: list[Outcome] = []
    waiting = iter(seeds)
    with ThreadPoolExecutor(jobs) as pool:

        def begun(count: int) -> set[Future[Outcome]]:
            return {pool.submit(_played, words, seed, folder / f"seed-{seed}") for seed in islice(waiting, count)}

        running = begun(jobs)
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for one in ended:
                done.append(one.result())
                told(f"{_said(done[-1])}  ({len(done)} of {len(seeds)})")
            if not any(one.exit_code == 130 for one in done):
                running |= begun(len(ended))
    return sorted(done, key=lambda one: seeds.index(one.seed))


def _played(words: Sequence[str], seed: int, folder: Path) -> Outcome:
    command = [sys.executable, "-P", "-c", PROGRAM, "run", *words]
    log = folder.with_suffix(".log")
    with log.open("w", encoding="utf-8") as file:
        ended = subprocess.run(
            [*command, "--seed", str(seed), "--out", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            timeout=RUN_S_MAX,
            check=False,
        )
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        summary = None
    return Outcome(seed, ended.returncode if summary or ended.returncode else 5, summary)


def _said(one: Outcome) -> str:
    if one.summary is None:
        return f"seed {one.seed}: no verdict, exit {one.exit_code}; see its log"
    broken = sum(law["verdict"] == "fail" for law in one.summary["invariants"])
    return (
        f"seed {one.seed}: {one.summary['verdict']}, {broken} broken, sell-through {share(one.summary['kpis'].get('sell_through'))}"
    )


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return how all of them end together: as the worst of them; 5 where one died or none was played."""
    codes = {one.exit_code for one in outcomes}
    if not codes or codes - {0, *WORST}:
        return 5
    return next((code for code in WORST if code in codes), 0)


def counted(outcomes: Sequence[Outcome], wanted: int) -> dict[str, Any]:
    """Return what *outcomes* come to, as ``seeds.json`` has it; *wanted* is how many seeds were asked for."""
    whole = [one for one in outcomes if one.summary is not None]
    laws = dict.fromkeys(law["id"] for one in whole for law in (one.summary or {})["invariants"])
    sold = [
        one.summary["kpis"]["sell_through"] for one in whole if one.summary and one.summary["kpis"].get("sell_through") is not None
    ]
    return {
        "exit_code": exit_code(outcomes) if len(outcomes) == wanted else 130,
        "wanted": wanted,
        "runs": [_row(one) for one in outcomes],
        "invariants": [_law(law, whole) for law in laws],
        "sell_through": {"mean": round(sum(sold) / len(sold), 4), "min": min(sold), "max": max(sold)} if sold else None,
    }


def _row(one: Outcome) -> dict[str, Any]:
    summary = one.summary or {}
    broken = [law["id"] for law in summary.get("invariants", ()) if law["verdict"] == "fail"]
    return {
        "seed": one.seed,
        "exit_code": one.exit_code,
        "verdict": summary.get("verdict", "none"),
        **({"release": release_line(summary["release"])} if "release" in summary else {}),
        "broken": broken,
        "sell_through": summary.get("kpis", {}).get("sell_through"),
        "wall_s": round(sum(summary.get("timings_s", {}).values()), 1),
    }


def _law(law: str, whole: Sequence[Outcome]) -> dict[str, Any]:
    """Return in how many seeds *law* broke, of those that decided it."""
    verdicts = {
        one.seed: next((row["verdict"] for row in (one.summary or {})["invariants"] if row["id"] == law), "undecided")
        for one in whole
    }
    broke = [seed for seed, verdict in verdicts.items() if verdict == "fail"]
    decided = sum(verdict != "undecided" for verdict in verdicts.values())
    low, high = interval(len(broke), decided)
    return {
        "id": law,
        "broke": len(broke),
        "of": decided,
        "undecided": len(verdicts) - decided,
        "low": low,
        "high": high,
        "seeds": broke,
    }


def interval(times: int, of: int) -> tuple[float, float]:
    """Return the 95 per cent interval of a share that was seen *times* in *of* (Wilson 1927), as shares; all of it for nothing seen."""
    if not of:
        return 0.0, 1.0
    seen = times / of
    middle, spread = seen + Z * Z / (2 * of), Z * sqrt(seen * (1 - seen) / of + Z * Z / (4 * of * of))
    whole = 1 + Z * Z / of
    return round(max(0.0, (middle - spread) / whole), 4), round(min(1.0, (middle + spread) / whole), 4)


def table(told: Mapping[str, Any], folder: Path) -> str:
    """Return ``seeds.json`` as text."""
    return "\n".join(_lines(told, folder))


def _lines(told: Mapping[str, Any], folder: Path) -> Iterator[str]:
    runs = told["runs"]
    yield "INVARIANTS  (95 % interval of how often each breaks)"
    for law in told["invariants"]:
        mark = "fail" if law["broke"] else "pass" if law["of"] else "undecided"
        at = f": {', '.join(map(str, law['seeds'][:10]))}{'…' if len(law['seeds']) > 10 else ''}" if law["broke"] else ""
        unsure = f"; undecided in {law['undecided']}" if law["undecided"] else ""
        yield (
            f"  {MARKS[mark]} {law['id'].replace('_', ' ')}  broke in {law['broke']} of {law['of']} seeds "
            f"({100 * law['low']:.0f} to {100 * law['high']:.0f} %{unsure}){at}"
        )
    yield "SEEDS"
    for run in runs:
        took = f", {run['wall_s']:.0f} s" if run["wall_s"] else ""
        release = f"; release {run['release']}" if "release" in run else ""
        yield f"  {run['seed']:>6}  {run['verdict']:9} {len(run['broken'])} broken, sell-through {share(run['sell_through'])}{took}{release}"
    if sold := told["sell_through"]:
        yield f"SELL-THROUGH  {share(sold['mean'])} in the mean, {share(sold['min'])} to {share(sold['max'])}"
    passed = sum(run["exit_code"] == 0 for run in runs)
    yield f"\n{passed} of {told['wanted']} seeds end with 0; together they end with {told['exit_code']}"
    yield f"each run:     {folder}/seed-N"
