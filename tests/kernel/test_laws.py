"""Parts are checked when they are loaded: what was found, what was expected; and an invariant brings its tables and views."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal import project
from rehearsal.errors import UsageError
from rehearsal.odoo.observe import Table, require
from rehearsal.parts.actor_kinds import actor_kind, actor_kinds
from rehearsal.pipeline.conclusion import concluded, record_of
from rehearsal.pipeline.run_folder import reopen
from rehearsal.verdict.judge import invariants
from rehearsal.verdict.laws import areas, tables
from rehearsal.verdict.saboteurs import saboteurs
from tests.tiny_run import make_run

Write = Callable[[str, str], Path]
LAW = 'def it_holds(record):\n    """It holds."""\n'
TABLE = 'from rehearsal.odoo.observe import Table\nTABLES = (Table("parcels", {"id": "BIGINT"}, "stock.picking", {"id": "id"}),)\n'
GOOD = f'AREA = "own"\n{LAW}INVARIANTS = (it_holds,)\n'


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a part of a project of one's own, which comes before the bundled one."""
    monkeypatch.setenv("REHEARSE_PROJECT", str(tmp_path / "own"))

    def written(name: str, text: str) -> Path:
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_an_invariant_of_ones_own_is_one_file(write: Write) -> None:
    """Its area, its sentence, and its table beside those that everybody has."""
    path = write("assertions/own.py", TABLE + GOOD + "FROM_HISTORY = INVARIANTS\n")

    (own,) = [area for area in areas() if area.path == path]
    assert (own.name, [law.__name__ for law in own.laws], own.from_history) == ("own", ["it_holds"], own.laws)
    assert tables()[-1] == Table("parcels", {"id": "BIGINT"}, "stock.picking", {"id": "id"})
    assert ("own", "it_holds", True) in [(area, law.__name__, alone) for area, law, alone in invariants()]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace('"own"', "7"), r"AREA is 7; expected a word"),
        ('AREA = "own"\n', "INVARIANTS is not there; expected a tuple of functions"),
        (GOOD.replace("(it_holds,)", "[it_holds]"), r"INVARIANTS is .*; expected a tuple"),
        ('AREA = "own"\nINVARIANTS = ("it_holds",)\n', "'it_holds' in INVARIANTS; expected a function with a docstring"),
        (
            'AREA = "own"\ndef it_holds(record): ...\nINVARIANTS = (it_holds,)\n',
            "in INVARIANTS; expected a function with a docstring",
        ),
        (GOOD + "FROM_HISTORY = (len,)\n", "in FROM_HISTORY is none of INVARIANTS"),
        (GOOD + "TABLES = 'stock.picking'\n", r"TABLES is 'stock\.picking'; expected a tuple of rehearsal\.odoo\.observe\.Table"),
        (GOOD + "TABLES = ('stock.picking',)\n", r"'stock\.picking' in TABLES; expected a rehearsal\.odoo\.observe\.Table"),
        (TABLE.replace("parcels", "the parcels") + GOOD, "has the name 'the parcels'; expected small letters"),
        (
            TABLE.replace('{"id": "id"}', '{"id": "id", "number": "name"}') + GOOD,
            "table parcels has number in one of columns and fields",
        ),
        (TABLE.replace("parcels", "quants") + GOOD, "two tables are called quants, in the harness itself and in"),
        (GOOD.replace("it_holds", "no_unit_is_promised_twice"), "two invariants are called no_unit_is_promised_twice"),
        (GOOD + "VIEWS = 7\n", "VIEWS is 7; expected SQL"),
    ],
)
def test_a_module_of_assertions_that_is_none_is_told(text: str, said: str, write: Write) -> None:
    """With its file, ahead of any weekend."""
    path = write("assertions/own.py", text)

    with pytest.raises(UsageError) as told:
        areas()
    assert re.search(said, str(told.value)), told.value
    assert str(path) in str(told.value)


def test_a_run_from_before_an_invariant_leaves_it_alone_undecided(write: Write, tmp_path: Path) -> None:
    """Its table was never read: the others are judged as before, and the run says how the table is read."""
    run = reopen(make_run(tmp_path / "old", judged=False))
    reads = GOOD.replace('"""It holds."""', '"""It holds."""\n    return record.value("SELECT count(*) FROM parcels_sent")')
    write("assertions/own.py", TABLE + reads + 'VIEWS = "CREATE VIEW parcels_sent AS SELECT id FROM erp_parcels"\n')

    with record_of(run) as record:
        found = concluded(run, record)
    because = {one.id: one.judgement.undecided_because for one in found.judged}
    assert [name for name, why in because.items() if "was not read" in why] == ["it_holds"]
    assert "table parcels was not read; rehearse observe RUN reads it again" in because["it_holds"]
    assert found.summary["damages"] == []


def test_views_that_no_database_takes_are_told_with_their_file(write: Write, tmp_path: Path) -> None:
    """And with what DuckDB says."""
    run = reopen(make_run(tmp_path / "run", judged=False))
    path = write("assertions/own.py", GOOD + 'VIEWS = "CREATE VIEW own AS SELECT nothing FROM nowhere"\n')

    with pytest.raises(UsageError, match=r"its VIEWS are not what DuckDB takes.*nowhere") as told, record_of(run):
        pass
    assert str(path) in str(told.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "SABOTEURS is None; expected a dict"),
        ("SABOTEURS = {'mine': 7}\n", "mine is 7; expected a rehearsal.verdict.saboteurs.Saboteur"),
        (
            "from rehearsal.verdict.saboteurs import Saboteur, sql\nSABOTEURS = {'mine': Saboteur('', frozenset({'it_flies'}), sql(''))}\n",
            "mine breaks it_flies, which is no invariant",
        ),
        (
            "from rehearsal.verdict.saboteurs import Saboteur, sql\nSABOTEURS = {'till_left_open': Saboteur('', frozenset(), sql(''))}\n",
            "two saboteurs are called till_left_open",
        ),
    ],
)
def test_a_module_of_saboteurs_that_is_none_is_told(text: str, said: str, write: Write) -> None:
    """With its file."""
    path = write("fixtures/saboteurs/own.py", text)

    with pytest.raises(UsageError) as told:
        saboteurs()
    assert said in str(told.value)
    assert str(path) in str(told.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"""Nobody."""\n', "there is no run; expected a generator function run(env, market, actor)"),
        ("run = 7\n", "run is 7; expected"),
        ("def run(env): ...\n", "run(env); expected"),
    ],
)
def test_a_simulator_that_cannot_act_is_told(text: str, said: str, write: Write) -> None:
    """And is no kind of actor, or is told when all are listed."""
    path = write("simulators/kiosk.py", text)

    with pytest.raises(UsageError) as told:
        actor_kind("kiosk")
    assert said in str(told.value)
    assert str(path) in str(told.value)


def test_an_actor_of_ones_own_is_listed_with_its_sentence(write: Write) -> None:
    """Beside the bundled ones; a helper without `run` is none."""
    write("simulators/kiosk.py", '"""A kiosk in the yard.\n\nMore of it."""\ndef run(env, market, channel): ...\n')

    found = actor_kinds()
    assert found["kiosk"].sentence == "A kiosk in the yard."
    assert {"webshop", "till", "carrier", "gateway"} < set(found)
    assert not {"shoppers", "_checkout"} & set(found)


@pytest.mark.parametrize(
    ("text", "said"), [("", "there is no write; expected"), ("def write(record): ...\n", "write(record); expected a function")]
)
def test_a_report_that_cannot_be_written_is_told(text: str, said: str, write: Write) -> None:
    """Ahead of the weekend; it was silently left out once."""
    path = write("reports/postcard.py", text)

    with pytest.raises(UsageError) as told:
        project.require_reports()
    assert said in str(told.value)
    assert str(path) in str(told.value)


def test_every_bundled_part_is_what_it_must_be() -> None:
    """The reference project keeps the contracts that it shows."""
    project.require_reports()
    assert areas()
    assert actor_kinds()
    assert saboteurs()


class Refusing:
    """An Odoo that does not have what is asked for."""

    def call(self, *_: object) -> object:
        """Refuse, as Odoo does."""
        from rehearsal.odoo.client import ServerRefused

        raise ServerRefused("Invalid field 'number' on model 'stock.picking'\n\nTraceback")


def test_a_table_that_this_odoo_cannot_be_asked_for_is_told_in_its_words() -> None:
    """Before the doors open, not after the weekend."""
    table = Table("parcels", {"number": "VARCHAR"}, "stock.picking", {"number": "number"})

    with pytest.raises(UsageError, match=r"table parcels, .* cannot be read of stock\.picking: Invalid field 'number'"):
        require(Refusing(), [table])  # type: ignore[arg-type]
