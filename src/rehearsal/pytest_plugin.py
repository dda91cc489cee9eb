"""``pytest --run-dir RUN``: everything that must hold of a finished run as a test, without a test file.

Every invariant, every gate, every thing that must have been exercised, and the run itself (whole, at its end, at rest,
handled) is a test, so that pytest is green exactly when `rehearse check` ends with 0. The run is judged once per process, from its files; nothing is written into its folder. Under pytest-xdist
each worker collects the same ids and judges for itself. Without the option this module adds nothing to
pytest but the option, and imports nothing heavy.
"""

from __future__ import annotations

import argparse
from collections.abc import Generator, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest._code import ExceptionInfo

    from rehearsal.pipeline.conclusion import Conclusion
    from rehearsal.verdict.cases import Case
    from rehearsal.verdict.judge import Judged

OPTION = "rehearsal_run_dir"
CACHES = ("lfplugin", "nfplugin", "stepwiseplugin")
"""Parts of pytest that leave a folder behind in what they take for the root."""
FINDINGS_MAX = 20
ALSO_KNOWN_AS = {"no_unit_is_promised_twice": ("oversell", "oversold")}
"""Further words by which ``-k`` finds an invariant."""
SEVERITIES = {"critical": "critical", "major": "normal", "minor": "minor"}
"""Ours to Allure's, the worst first."""


class Broken(AssertionError):
    """An invariant or a gate is broken; the message holds the findings."""


class Undecided(Exception):
    """Something could not be decided, which is no pass."""


class _Once(argparse.Action):
    """Takes one run: of two, the first would be forgotten without a word."""

    def __call__(self, parser: object, namespace: argparse.Namespace, values: object, option_string: str | None = None) -> None:
        """Keep the run, or raise `pytest.UsageError`."""
        if getattr(namespace, self.dest, None) not in (None, values):
            raise pytest.UsageError(f"{option_string} is given twice; judge one run at a time")
        setattr(namespace, self.dest, values)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option."""
    group = parser.getgroup("rehearsal", "peak rehearsal")
    group.addoption(
        "--run-dir",
        dest=OPTION,
        metavar="RUN",
        default=None,
        action=_Once,
        help="judge a finished rehearsal: one test for each thing that must hold of this run folder (or 'latest')",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the run folder before anything is collected; with no paths given, collect nothing but the run."""
    named = config.getoption(OPTION)
    if named is None:
        return
    config.stash[RUN] = run = JudgedRun(_folder(str(named)))
    setattr(config.option, OPTION, str(run.folder))  # workers of xdist get the path as it was resolved here
    if config.rootpath.is_relative_to(run.folder):
        for name in CACHES:  # pytest takes the run for its root folder, and its cache would land there
            config.pluginmanager.unregister(name=name)
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which run is judged."""
    run = config.stash.get(RUN, None)
    return (
        None
        if run is None
        else f"rehearsal: {run.folder} ({run.scenario.name}, connector {run.scenario.connector}, seed {run.scenario.seed})"
    )


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Hang the run beside what the session collects itself."""
    report = yield
    run = collector.config.stash.get(RUN, None)
    if run is not None and isinstance(collector, pytest.Session) and report.passed:
        report.result = [
            *report.result,
            RunCollector.from_parent(collector, name=run.scenario.name, nodeid=run.scenario.name, run=run),
        ]
    return report


class JudgedRun:
    """A run folder, and what it comes to once the first test asks; judged once per process, from its files alone."""

    def __init__(self, folder: Path) -> None:
        from rehearsal.pipeline.run_folder import reopen

        self.folder = folder
        self.scenario = reopen(folder).scenario

    @cached_property
    def conclusion(self) -> Conclusion:
        """Return summary and judgements."""
        from rehearsal.pipeline.conclusion import concluded, record_of
        from rehearsal.pipeline.run_folder import reopen

        run = reopen(self.folder)
        with record_of(run) as record:
            return concluded(run, record)

    @cached_property
    def cases(self) -> dict[tuple[str, str], Case]:
        """Return everything that must hold, by area and name: the run passes exactly when each of these does."""
        from rehearsal.verdict.cases import cases

        found = cases(self.conclusion.summary, self.conclusion.verdict)
        return {(case.area, case.name): case for case in found}


RUN = pytest.StashKey[JudgedRun]()


class RunCollector(pytest.Collector):
    """The run in the tree of what was collected: one area beside the other."""

    def __init__(self, *, run: JudgedRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

    def collect(self) -> Iterator[AreaCollector]:
        """Yield the areas of what must hold."""
        for area in dict.fromkeys(area for area, _ in self.run.cases):
            yield AreaCollector.from_parent(self, name=area, run=self.run)


class AreaCollector(pytest.Collector):
    """The cases of one area."""

    def __init__(self, *, run: JudgedRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

    def collect(self) -> Iterator[CaseItem]:
        """Yield one test per case."""
        for area, name in self.run.cases:
            if area == self.name:
                yield CaseItem.from_parent(self, name=name, run=self.run)


class CaseItem(pytest.Item):
    """One thing that must hold, as a test: fails with its findings, or with the reason why it is undecided."""

    def __init__(self, *, run: JudgedRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run
        self.area = self.parent.name if self.parent else ""
        self.extra_keyword_matches.update({self.area, *ALSO_KNOWN_AS.get(self.name, ())})
        self.user_properties += [
            ("seed", run.scenario.seed),
            ("connector", run.scenario.connector),
            ("scenario", run.scenario.name),
        ]
        scenario, one = run.scenario, self._judged
        self._label(
            parent_suite=("peak-rehearsal",),
            suite=(scenario.name,),
            sub_suite=(self.area,),
            epic=("Peak rehearsal",),
            feature=(self.area,),
            story=(self.name.replace("_", " "),),
            tag=(scenario.name, scenario.connector),
            severity=("critical",),
            description=(one.sentence if one else "",),
        )

    @property
    def _judged(self) -> Judged | None:
        place = self.run.cases[self.area, self.name].invariant
        return self.run.conclusion.judged[place] if place >= 0 else None

    def runtest(self) -> None:
        """Raise what became of the case."""
        case, one = self.run.cases[self.area, self.name], self._judged
        if one is not None:
            found = one.judgement.findings
            worst = next((level for level in SEVERITIES if any(finding.severity == level for finding in found)), None)
            if worst is not None:
                self._label(severity=(SEVERITIES[worst],))
            self.user_properties += [("examined", one.judgement.examined), ("findings", len(found))]
        if case.verdict == "undecided":
            said = f"undecided, because {case.message}"
            raise Undecided(_told(one, said) if one else "\n".join([said, *case.details]))
        if case.verdict == "fail":
            from rehearsal.model import counted

            raise Broken(
                _told(one, f"{counted(len(one.judgement.findings), 'finding')} among {one.judgement.examined} examined")
                if one
                else case.message
            )

    def repr_failure(self, excinfo: ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the findings alone; a traceback only where the harness itself failed."""
        if isinstance(excinfo.value, Broken | Undecided):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the judgement comes from, and its name."""
        return self.run.folder, None, f"{self.area}: {self.name}"

    def _label(self, **labels: tuple[str, ...]) -> None:
        """Put Allure's labels on as marks, so that every process that runs the test has them."""
        import allure

        for kind, values in labels.items():
            mark = getattr(allure, kind)(*values)
            if isinstance(mark, pytest.MarkDecorator):  # else allure-pytest is switched off, and there is nothing to mark
                self.add_marker(mark, append=False)


def _folder(named: str) -> Path:
    """Return the run folder *named*; raises `pytest.UsageError` where there is none that can be judged."""
    from rehearsal.errors import RehearsalError
    from rehearsal.pipeline.run_folder import find_run, reopen

    try:
        folder = find_run(named)
        reopen(folder)
    except RehearsalError as error:
        raise pytest.UsageError(f"--run-dir: {error}; give the folder of a run, as `rehearse run` prints it, or 'latest'") from None
    return folder


def _told(one: Judged, verdict: str) -> str:
    """Return what a failing test says."""
    found = sorted(one.judgement.findings, key=lambda finding: -finding.money_at_risk_minor)
    lines = [f"{one.id.replace('_', ' ')}: {verdict}", one.sentence]
    for finding in found[:FINDINGS_MAX]:
        orders = ", ".join(order for _, order in finding.orders[:8])
        more = f" and {len(finding.orders) - 8} more" if len(finding.orders) > 8 else ""
        lines.append(f"  ✗ [{finding.severity}] {finding.message}" + (f" (orders {orders}{more})" if orders else ""))
    if len(found) > FINDINGS_MAX:
        lines.append(f"  and {len(found) - FINDINGS_MAX} more")
    return "\n".join([*lines, *one.trace.splitlines()])
