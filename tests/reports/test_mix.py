"""What a report says of demand that was fitted: from what, and how far the draw is from it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rehearsal.pipeline.run import conclude, reopen
from rehearsal.scenario import Fitted
from rehearsal.scenario import file as scenario_file
from rehearsal.stage.mix import Distance
from tests.tiny_run import believed, make_run

NEAR = Distance("hours", "webshop", 120, 0.081, 0.09)
FAR = Distance("pieces per line", "webshop", 1, 0.3, 0.05)


def fitted_run(folder: Path, told: list[Distance]) -> str:
    """Return the report of a tiny run whose scenario was fitted."""
    make_run(folder, judged=False)
    scenario = reopen(folder).scenario
    source = Fitted(since="2024-11-29", until="2024-12-01", orders=1234, times=2.5, units_share=0.83)
    (folder / "scenario.yaml").write_text(scenario_file.dump(scenario.model_copy(update={"fitted": source})), encoding="utf-8")
    run = believed(folder)
    run.manifest["mix"] = [asdict(one) for one in told]
    run.seal()
    run.save()
    conclude(reopen(folder), lambda _: None)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_source_stands_above_and_each_respect_has_its_line(tmp_path: Path) -> None:
    """One of them is farther off than chance explains."""
    html = fitted_run(tmp_path / "run", [NEAR, FAR])
    assert (
        "Fitted to 1,234 orders of 29 November 2024 to 1 December 2024, times 2.5. The articles that are rehearsed were 83% of all "
        "units sold then." in html
    )
    assert "1 row marked ✗ is farther off than chance explains" in html
    assert '<td class="n" data-label="Drawn">120 orders</td>' in html
    assert '<td class="n" data-label="Drawn">1 line</td>' in html
    assert html.count('<td class="n" data-label="Otherwise">') == 2


def test_a_draw_that_is_near_says_so(tmp_path: Path) -> None:
    """No row is marked."""
    assert "None is farther off than chance explains." in fitted_run(tmp_path / "run", [NEAR])


def test_demand_that_was_not_fitted_says_nothing(tmp_path: Path) -> None:
    """There is no past to be far from."""
    make_run(tmp_path / "run")
    assert "Where these shoppers come from" not in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
