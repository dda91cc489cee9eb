"""The page about policies: each of them is missed when it is off, or it is none."""

from __future__ import annotations

from pathlib import Path

from rehearsal.parts.policies import policies

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"


def test_the_page_shows_for_every_policy_what_breaks_without_it() -> None:
    """`python -m benchmarks policies` writes it from runs against a real Odoo; who adds a policy runs it."""
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    told = {row[0].strip("| `"): row[2].rstrip(" |") for row in rows if len(row) == 3}

    assert set(told) == {"(all on)", *policies("governed")}
    assert told.pop("(all on)") == "none"
    assert [name for name, broken in told.items() if broken == "none"] == []
