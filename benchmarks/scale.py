"""How far it goes, as a page: ``python -m benchmarks scale [RUNS]`` measures simulators, judge and observe, and writes docs/scale.md.

RUNS is a folder for the run folders that are judged; those that are there already are not played again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from benchmarks import judge, observe, simulators
from benchmarks.series import commit, tell

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
HEAD = """# How far it goes

Made by `python -m benchmarks scale` on {day} at {commit}, on two cores. Each figure is also had alone: `python -m benchmarks
simulators`, `judge`, `observe`. The runs are the promotional weekend with ten thousand to a million orders; what is judged is
a record with some 24 lines of history an order, as the governed connector writes it.
"""
SECTIONS = {
    "Simulators without an ERP": (
        simulators.measured,
        "A bare SimPy loop with as many timeouts pending is the yardstick, slice by slice in the same process.",
    ),
    "Observe": (
        observe.measured,
        "Reading Odoo's books, against a client that answers from memory, and once for real on a database with copied orders.",
    ),
}
JUDGED = (
    "Opening the record, judging it, its figures; then with every report. *files* is the most that lay in the run folder beside "
    "the run itself (of a history of more than 64 MB, lines and tables are laid out there, compressed), *told* what stays."
)


def main(arguments: list[str]) -> int:
    """Measure, and write the page."""
    parts = [HEAD.format(day=f"{datetime.now(UTC):%Y-%m-%d}", commit=commit())]
    for title, (measured, said) in SECTIONS.items():
        tell(title)
        parts.append(_section(title, said, measured()))
    tell("Judge")
    parts.insert(2, _section("Judge", JUDGED, judge.measured(Path(arguments[0]) if arguments else None)))
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    tell(f"written: {PAGE}")
    return 0


def _section(title: str, said: str, told: list[str]) -> str:
    return "\n".join([f"## {title}", "", said, "", "```", *told, "```", ""])
