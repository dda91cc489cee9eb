"""The record: opened whole, looked at for damage, and never in the way of what it cannot say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.history import History
from rehearsal.pipeline.conclusion import conclude, concluded, record_of
from rehearsal.pipeline.run_folder import CHANGED, NO_JSON, manifest_of, reopen
from rehearsal.verdict import record as laid_out
from rehearsal.verdict.record import SPILL, THREADS_MAX, Record
from rehearsal.verdict.summary import NAMED_MAX
from tests.conftest import quiet
from tests.tiny_run import make_run


def test_a_table_that_an_old_run_lacks_leaves_its_own_invariants_undecided_and_no_other(tmp_path: Path) -> None:
    """The run is whole: its harness read no such table. Each invariant that needs it says how to get it."""
    run = reopen(make_run(tmp_path / "old", judged=False))
    (run.folder / "snapshot" / "open_quants.parquet").unlink()
    run.seal()

    with record_of(run) as record:
        found = concluded(run, record)
    assert found.summary["damages"] == []
    because = {one.id: one.judgement.undecided_because for one in found.judged}
    assert "table open_quants was not read; rehearse observe RUN reads it again" in because["reservations_cohere"]
    assert [name for name, said in because.items() if "was not read" in said] == ["reservations_cohere"]
    assert found.summary["exit_code"] == 1, "what is broken stays broken"


def test_a_table_that_was_there_and_is_gone_is_a_damage(tmp_path: Path) -> None:
    """The twin: the manifest says that it was read."""
    run = reopen(make_run(tmp_path / "run", judged=False))
    (run.folder / "snapshot" / "open_quants.parquet").unlink()

    with record_of(run) as record:
        summary = concluded(run, record).summary
    assert summary["damages"] == [
        "snapshot/open_quants.parquet: is missing; rehearse observe RUN reads it again, if the database was kept"
    ]
    assert summary["exit_code"] == 5


@pytest.mark.parametrize(("value", "shown"), [("2.5", "2.5"), ("true", "true"), ("null", "null"), ('"2"', '"2"')])
def test_units_that_are_no_whole_numbers_are_a_damage_whoever_wrote_them(value: str, shown: str, tmp_path: Path) -> None:
    """DuckDB makes 2.5 a 3 by one road and a 2 by another, and true a 1, without a word: so it is never asked."""
    run = reopen(make_run(tmp_path / "run", judged=False))
    path = run.folder / "history" / "main.ndjson"
    path.write_text(path.read_text().replace('"units":1,', f'"units":{value},', 1))
    run.seal()

    with record_of(run) as record:
        (damage,) = concluded(run, record).summary["damages"]
    assert damage.startswith("history (line index ")
    assert damage.endswith(f"units is {shown}; expected a whole number")


def test_lines_that_the_reader_drops_are_missed(tmp_path: Path) -> None:
    """A line that was sealed as it is, and that the reader leaves out without a word: fewer were read than were written."""
    run = reopen(make_run(tmp_path / "run", judged=False))
    path = run.folder / "history" / "main.ndjson"
    path.write_text(path.read_text().replace('"kind":"delivery",', '"kind":"delivery" ', 1))
    run.seal()

    with record_of(run) as record:
        (damage,) = concluded(run, record).summary["damages"]
    assert "lines were read where" in damage


def test_what_does_not_fit_the_memory_goes_into_the_run_folder_and_is_gone_at_the_end(tmp_path: Path) -> None:
    """Not into the folder of whoever asks."""
    run = reopen(make_run(tmp_path / "run", judged=False))
    with record_of(run) as record:
        settings = dict(
            record.db.execute(
                "SELECT name, value FROM duckdb_settings() WHERE name LIKE '%temp_directory%' OR name = 'threads'"
            ).fetchall()
        )
        assert settings["temp_directory"] == str(run.folder / SPILL)
        assert settings["max_temp_directory_size"] not in ("", "0 bytes")
        assert int(settings["threads"]) <= THREADS_MAX, "each keeps buffers of its own, however many cores there are"
        (run.folder / SPILL).mkdir()
    assert not (run.folder / SPILL).exists()


def test_every_second_of_judging_belongs_to_the_phase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening the record and looking at its seals is most of it."""
    import time

    run = reopen(make_run(tmp_path / "run", judged=False))
    opened = Record.__init__

    def slowly(self: Record, *words: object) -> None:
        time.sleep(0.3)
        opened(self, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(Record, "__init__", slowly)
    assert conclude(run, quiet)["timings_s"]["judge"] >= 0.3


def test_a_phase_seals_what_came_before_it(tmp_path: Path) -> None:
    """Count and hash of the lines so far, where two runs of one seed may differ: in ``wall``."""
    with History(tmp_path) as history:
        history.write("shelf", 1.0, node="dc", units={})
        history.phase("settle", 2.0)
    first, phase = (json.loads(line) for line in (tmp_path / "main.ndjson").read_text().splitlines())

    assert first["kind"] == "shelf"
    assert (phase["wall"]["lines"], len(phase["wall"]["sha256"])) == (1, 64)


def wounded(text: str) -> Iterator[str]:
    """Yield a manifest with one line of it lost, moved, doubled, or of another type."""
    lines = text.splitlines(keepends=True)
    for place, line in enumerate(lines):
        yield "".join(lines[:place] + lines[place + 1 :])
        yield "".join([*lines[:place], line, *lines[place:]])
        for other in (place + 1, place + 5):
            if other < len(lines):
                yield "".join([*lines[:place], lines[other], *lines[place + 1 : other], line, *lines[other + 1 :]])
        for value in ("null", "7", '"?"', "[]"):
            yield "".join([*lines[:place], re.sub(r": .*?(,?)$", rf": {value}\1", line), *lines[place + 1 :]])


def test_of_a_manifest_that_was_changed_nothing_is_believed(tmp_path: Path) -> None:
    """Whatever a line of it became, down to a word of another type; where only the looks changed, nothing happens."""
    run = make_run(tmp_path / "run", judged=False)
    path = run / "manifest.json"
    whole = path.read_text(encoding="utf-8")
    said = {"": 0, CHANGED: 0, NO_JSON: 0}
    for text in wounded(whole):
        path.write_text(text, encoding="utf-8")
        manifest, damaged = manifest_of(run)
        assert manifest == ({} if damaged else json.loads(whole))
        said[damaged] += 1
    assert min(said.values()) > 20, said


@pytest.mark.parametrize(("text", "said"), [('{"timings_s": 7, "seals": {"files": 3}}', CHANGED), ('{"timings_s": 7', NO_JSON)])
def test_a_damaged_manifest_is_reported_and_never_written_again(text: str, said: str, tmp_path: Path) -> None:
    """Its timings may be anything, and every report is written all the same."""
    run = make_run(tmp_path / "run", judged=False)
    path = run / "manifest.json"
    path.write_text(text)
    damaged = path.read_bytes()

    summary = conclude(reopen(run), quiet)
    assert (summary["exit_code"], summary["damages"]) == (5, [f"manifest.json: {said}"])
    assert path.read_bytes() == damaged
    assert {"report.html", "junit.xml", "summary.md", "allure-results"} <= {one.name for one in run.iterdir()}


@pytest.mark.parametrize("line_bytes", [laid_out.LINE_BYTES, 64], ids=["usual lines", "longer lines than usual"])
def test_a_large_history_is_laid_out_beside_the_run_and_judged_the_same(
    line_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who look at one run at the same time do not take it from each other."""
    run = reopen(make_run(tmp_path / "run", judged=False))
    with record_of(run) as record:
        small = concluded(run, record)
    monkeypatch.setattr(laid_out, "IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(laid_out, "LINE_BYTES", line_bytes)
    with record_of(run) as record:
        assert list((run.folder / SPILL).glob("history.*.parquet"))
        with record_of(run) as another:
            assert concluded(run, another).summary == small.summary
        large = concluded(run, record)

    assert (large.summary, large.verdict) == (small.summary, small.verdict)
    assert not (run.folder / SPILL).exists()


def test_a_finding_names_its_first_hundred_orders_and_counts_the_rest(tmp_path: Path) -> None:
    """A weekend in which everything is oversold would otherwise be a verdict of a hundred megabytes; the report says how many."""
    folder = make_run(tmp_path / "run", orders=150)
    verdict = json.loads((folder / "verdict.json").read_text())
    (oversold,) = (one for one in verdict["findings"] if one["invariant"] == "no_unit_is_promised_twice")
    summary = json.loads((folder / "summary.json").read_text())

    assert (len(oversold["orders"]), oversold["orders_in_all"]) == (NAMED_MAX, 149)
    assert summary["hurt"] == 150, "the first one has no books either"
    assert "149 orders" in (folder / "report.html").read_text()
