"""Both adapters against a real Odoo: what is ok, what is refused and in whose words, what stays unknown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.fridays import CANONICAL
from rehearsal.clock.lanes import Lanes
from rehearsal.history import comparable, lines
from rehearsal.model import Operation, Outcome, Proof
from rehearsal.odoo import verbs
from rehearsal.odoo.client import NotAllowed, NotSent, interpreted, perform, worth_retrying
from rehearsal.odoo.connect import factory
from rehearsal.pipeline.run import Options, Run, rehearse
from rehearsal.targets.base import Database
from rehearsal.targets.native.target import NativeTarget
from tests.conftest import load, quiet
from tests.odoo.cutter import Cutter

Fresh = Callable[[], Database]
Play = Callable[..., tuple[Run, dict[str, Any]]]
Canonical = Callable[[str], Run]
both = pytest.mark.parametrize("kind", ["odoorpc", "json2"])


@pytest.fixture(scope="module")
def database(fresh: Fresh) -> Database:
    """One fresh database for all that only looks and pokes."""
    return fresh()


@both
def test_a_call_that_odoo_does_is_ok(kind: str, database: Database) -> None:
    """Values arrive as Odoo's own JSON; a model-level call and one on records."""
    client = factory(database, kind, 30.0)()

    made = perform(client, Operation("create", "res.partner", "create", None, {"vals_list": [{"name": "A"}, {"name": "B"}]}))
    read = perform(client, Operation("read", "res.partner", "read", tuple(made.value), {"fields": ["name"]}))
    assert (read.outcome, [row["name"] for row in read.value]) == (Outcome.OK, ["A", "B"])
    assert client.version().startswith("19.0")


@both
def test_a_refusal_keeps_odoos_own_words(kind: str, database: Database) -> None:
    """And nothing was committed."""
    client = factory(database, kind, 30.0)()
    twin = {"name": "T", "barcode": "2000000000015"}

    answer = perform(client, Operation("create", "product.product", "create", None, {"vals_list": [twin, twin]}))
    left = perform(client, Operation("look", "product.product", "search", None, {"domain": [["barcode", "=", "2000000000015"]]}))
    assert answer.outcome is Outcome.REFUSED
    assert "barcode" in answer.message.lower()
    assert left.value == []


@both
def test_a_private_method_and_a_wrong_argument_are_refusals(kind: str, database: Database) -> None:
    """Neither a crash nor an unknown outcome."""
    client = factory(database, kind, 30.0)()

    for operation in (
        Operation("private", "res.partner", "_compute_display_name", (1,)),
        Operation("wrong", "res.partner", "read", (1,), {"felds": ["name"]}),
    ):
        assert perform(client, operation).outcome is Outcome.REFUSED


@both
def test_wrong_credentials_and_nobody_there_are_told_apart(kind: str, database: Database) -> None:
    """Neither is the outcome of an operation: nothing was done, and nothing will be."""
    look = Operation("look", "res.partner", "search", None, {"domain": [], "limit": 1})

    with pytest.raises(NotAllowed):
        perform(factory(replace(database, password="wrong", api_key="wrong"), kind, 30.0)(), look)  # noqa: S106
    with pytest.raises(NotSent):
        perform(factory(replace(database, url="http://127.0.0.1:9"), kind, 2.0)(), look)


@both
def test_an_answer_that_never_comes_is_unknown_although_odoo_committed(kind: str, database: Database) -> None:
    """The line is cut after Odoo answered: the proof shows later that it was done."""
    name = f"UNHEARD {kind}"
    cutter = Cutter(database.url, lambda request: name.encode() in request)
    client = factory(replace(database, url=cutter.url), kind, 30.0)()
    proof = Proof("res.partner", (("name", "=", name),))

    answer = perform(client, Operation("create", "res.partner", "create", None, {"vals_list": [{"name": name}]}, proof=proof))
    cutter._cuts = lambda _: False
    found = perform(client, verbs.look_up(proof))
    cutter.close()
    assert (answer.outcome, len(found.value)) == (Outcome.UNKNOWN, 1)


def test_silent_refusals_are_refusals() -> None:
    """A wizard that wants an answer, and a load that gave no ids; a notification is none."""
    validate, load_rows = verbs.validate([1], ()), verbs.upsert("res.partner", ["id"], [["x"]], "upsert")

    assert interpreted(validate, {"res_model": "stock.backorder.confirmation"}).outcome is Outcome.REFUSED
    assert interpreted(validate, {"type": "ir.actions.client"}).ok
    contended = interpreted(load_rows, {"ids": False, "messages": [{"message": "could not serialize access"}]})
    assert contended.outcome is Outcome.REFUSED
    assert worth_retrying(contended)


@pytest.mark.xdist_group("naive")
@pytest.mark.parametrize(("connector", "verdict"), [("governed", "pass"), ("naive", "fail")])
def test_two_runs_of_one_seed_have_the_same_history_over_either_client(
    play: Play, canonical: Canonical, connector: str, verdict: str
) -> None:
    """With one lane, on fresh clones, all but wall times and ERP ids is the same, line by line, and so is the verdict: the
    second adapter is first-class. It takes a minute where it is the first that wants the canonical Friday: two are played."""
    first = canonical(connector)
    second, summary = play(load("promo_day", connector=connector, client="json2", **CANONICAL))

    told = [[comparable(line) for line in lines(run.folder / "history")] for run in (first, second)]
    assert len(told[0]) > 500
    assert told[0] == told[1]
    assert first.manifest["demand_hash"] == second.manifest["demand_hash"]
    before = json.loads((first.folder / "summary.json").read_text())
    assert [before["target"]["client"], summary["target"]["client"]] == ["odoorpc", "json2"]
    assert [before["verdict"], summary["verdict"]] == [verdict, verdict]


@pytest.mark.xdist_group("naive")
def test_the_governed_connector_stays_clean_when_acknowledgements_are_lost(target: NativeTarget, tmp_path: Path) -> None:
    """One write in twelve is done and never heard of; each is found out, none is done twice."""
    rng = Random(7)
    writes = (b'"load",', b"action_confirm", b"button_validate", b"sync_from_ui", b"action_post", b"close_session_from_ui")
    cutter = Cutter("http://127.0.0.1:9", lambda request: any(word in request for word in writes) and rng.random() < 1 / 12)

    class Behind:
        """The native target, with the cutter in front of its databases."""

        kind = "native"

        def clone(self, name: str) -> Database:
            return self.behind(target.clone(name))

        def clone_of(self, source: str, name: str) -> Database:
            return self.clone(name)

        def clone_world(self, key: str, name: str) -> Database | None:
            kept = target.clone_world(key, name)
            return self.behind(kept) if kept else None

        def behind(self, database: Database) -> Database:
            host, port = database.url.removeprefix("http://").split(":")
            cutter._there = (host, int(port))
            return replace(database, url=cutter.url)

        def __getattr__(self, name: str) -> Any:
            return getattr(target, name)

    scenario = load("promo_day", connector="governed", **CANONICAL)
    run, summary = rehearse(scenario, Behind(), Options(out=tmp_path / "run"), quiet, quiet)
    cutter.close()

    told = Counter(line["kind"] for line in lines(run.folder / "history"))
    assert cutter.cut > 3
    assert summary["counts"]["operations_unknown"] == told["resolution"] > 3
    assert summary["verdict"] == "pass", (run.folder / "verdict.json").read_text()


@pytest.mark.xdist_group("governed")
def test_one_writer_per_node_keeps_eight_lanes_from_reserving_the_same_unit(play: Play) -> None:
    """More lanes make races real; the governed connector's order of writing does not allow them."""
    scenario = load("promo_day", connector="governed", clock={"lanes": 8}, **CANONICAL)
    run, summary = play(scenario)

    assert summary["verdict"] == "pass", (run.folder / "verdict.json").read_text()


def test_lanes_end_when_they_are_told_to() -> None:
    """No thread is left waiting."""
    import simpy

    lanes = Lanes(simpy.Environment(), lambda: None, 3, 1.0, 1.0, None)  # type: ignore[arg-type, return-value]
    lanes.close()

    assert not lanes._pool._threads or all(not thread.is_alive() for thread in lanes._pool._threads)
