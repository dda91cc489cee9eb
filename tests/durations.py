"""Where the time of a run of the suite went: per xdist group and per folder, shown at its end."""

from __future__ import annotations

from collections import defaultdict

import pytest

SLOW_S = 60.0
"""From here on a test says in its docstring why it takes so long."""
GROUPS_MIN = 2
"""A run of a single folder needs no table."""


class Durations:
    """Collects what each test took, its fixtures included."""

    def __init__(self) -> None:
        self._took_s: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count setup, call and teardown; with xdist this is called where the workers report to."""
        self._took_s[report.nodeid] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the time per group, the longest first, and each test that takes longer than a minute."""
        groups: dict[str, list[float]] = defaultdict(list)
        for nodeid, took_s in self._took_s.items():
            groups[group_of(nodeid)].append(took_s)
        if len(groups) < GROUPS_MIN:
            return
        terminalreporter.section("time per group")
        for name, took in sorted(groups.items(), key=lambda item: -sum(item[1])):
            terminalreporter.write_line(f"{sum(took):8.1f}s {len(took):4} tests  {name}")
        slow = [(took_s, nodeid) for nodeid, took_s in self._took_s.items() if took_s > SLOW_S]
        if slow:
            terminalreporter.section(f"over {SLOW_S:.0f} s with their fixtures: each says why in its docstring")
            for took_s, nodeid in sorted(slow, reverse=True):
                terminalreporter.write_line(f"{took_s:8.1f}s {nodeid}")


def group_of(nodeid: str) -> str:
    """Return the xdist group of a test, or its folder where it has none."""
    test, at, group = nodeid.rpartition("@")
    return f"group {group}" if at and group.isalpha() else (test or nodeid).split("::")[0].rpartition("/")[0]
