"""An Odoo that is not as it comes: it reads from a replica that is behind, and an add-on has renamed an argument.

Another Odoo server and another PostgreSQL are started for this; some twenty seconds in all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Operation, Outcome, Proof
from rehearsal.odoo import connect, verbs
from rehearsal.odoo.client import Client, NoAnswer, looked_up, perform
from rehearsal.odoo.connect import await_replica, caller, factory
from rehearsal.targets import doctor
from rehearsal.targets.base import Database
from rehearsal.targets.native.target import NativeTarget
from tests.odoo.second import replica_of, served, with_addon

Fresh = Callable[[], Database]
both = pytest.mark.parametrize("kind", ["odoorpc", "json2"])
RENAMED = """
from odoo import api, models

class Industry(models.Model):
    _inherit = "res.partner.industry"

    @api.model_create_multi
    def create(self, list_vals):
        return super().create(list_vals)
"""


@pytest.fixture(scope="module")
def customised(target: NativeTarget) -> Iterator[Database]:
    """A database that an Odoo with a replica of yesterday serves, and an add-on whose ``create`` takes ``list_vals``."""
    database = target.clone(f"test_custom_{os.getpid()}")
    try:
        with (
            with_addon(target, database, "renamed_create", RENAMED) as addons,
            replica_of(target, database) as replica,
            served(target, database, addons, replica) as there,
        ):
            yield there
    finally:
        target.drop(database)


def made(client: Client, ref: str) -> Proof:
    """Create a country group and return its proof."""
    answer = perform(client, Operation("create", "res.country.group", "create", None, {"vals_list": [{"name": ref}]}))
    assert answer.ok, answer
    return Proof("res.country.group", (("name", "=", ref),))


@both
def test_an_unknown_outcome_is_looked_up_where_writes_go(kind: str, customised: Database) -> None:
    """The replica has not heard of it; with JSON-2 a plain search goes there and says that nothing was done."""
    client = factory(customised, kind, 30.0)()
    proof = made(client, f"Unheard {kind}")

    plain = perform(client, verbs.search(proof.model, list(proof.domain), ["id"]))
    found = perform(client, verbs.look_up(proof))
    assert (plain.outcome, len(plain.value)) == (Outcome.OK, 0 if kind == "json2" else 1)
    assert (found.outcome, len(found.value)) == (Outcome.OK, 1)
    absent = Proof("res.country.group", (("name", "=", "Never made"),))
    assert perform(client, verbs.look_up(absent)).value == []


@pytest.mark.parametrize(
    "model", ["stock.quant", "sale.order", "stock.picking", "account.payment", "pos.order", "pos.session", "res.partner"]
)
def test_every_model_that_holds_proof_can_be_looked_up(model: str, customised: Database) -> None:
    """The same ids over both clients, in order; here all the records there are."""
    told = [
        perform(factory(customised, kind, 30.0)(), verbs.look_up(Proof(model, (("id", ">", 0),)))).value
        for kind in ("odoorpc", "json2")
    ]
    assert told[0] == told[1]
    assert model != "res.partner" or told[0]


def test_what_cannot_be_known_of_a_replica_is_unknown(customised: Database) -> None:
    """Nothing refers to a system parameter, so it can only be counted where writes go."""
    client = factory(customised, "json2", 30.0)()
    vals = {"key": "test.x", "value": "1"}
    assert perform(client, Operation("set", "ir.config_parameter", "create", None, {"vals_list": [vals]})).ok

    with pytest.raises(NoAnswer, match="replica is behind: it has 0 of 1"):
        looked_up(client, "ir.config_parameter", [("key", "=", "test.x")])
    assert looked_up(client, "ir.config_parameter", [("key", "=", "never")]) == []


def test_books_are_not_read_from_the_past(customised: Database, fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that does not catch up ends the reading with a sentence; without one, or over /jsonrpc, there is no wait."""
    monkeypatch.setattr(connect, "REPLICA_S_MAX", 1.0)

    with pytest.raises(EnvironmentNotReady, match="reads from a replica of its database that is more than 1 s behind"):
        await_replica(caller(customised, "json2", 30.0, "reading the books"))
    await_replica(caller(customised, "odoorpc", 30.0, "reading the books"))
    await_replica(caller(fresh(), "json2", 30.0, "reading the books"))


def test_doctor_tells_of_replicas() -> None:
    """It promises nothing about an Odoo that it cannot look into."""
    check = doctor.read_replica()

    assert check.ok and not check.needed
    assert "none with --target native or docker" in check.detail
    assert "does not tell over RPC whether it has one (db_replica_host)" in check.detail


@both
def test_an_argument_that_an_add_on_renamed_is_told_with_what_to_do(kind: str, customised: Database) -> None:
    """JSON-2 alone asks by name; its refusal names model, method and parameter, for operations and while preparing."""
    operation = Operation("create industry", "res.partner.industry", "create", None, {"vals_list": [{"name": "R"}]})
    answer = perform(factory(customised, kind, 30.0)(), operation)

    if kind == "odoorpc":
        assert answer.ok
        return
    assert answer.outcome is Outcome.REFUSED
    wanted = (
        "res.partner.industry.create",
        "'list_vals'",
        "given by name: vals_list",
        "An add-on may",
        "/doc/res.partner.industry",
    )
    for words in wanted:
        assert words in answer.message
    with pytest.raises(EnvironmentNotReady) as told:
        caller(customised, kind, 30.0, "preparing")(operation.model, "create", None, operation.arguments)
    assert all(words in str(told.value) for words in wanted)


@both
@pytest.mark.parametrize("arguments", [{"felds": ["name"]}, {"fields": ["name"], "lod": "x"}])
def test_an_argument_that_nobody_knows_is_told_alike(kind: str, arguments: dict[str, Any], fresh: Fresh) -> None:
    """With model, method and parameter, whichever client asks; other refusals keep Odoo's words alone."""
    client = factory(fresh(), kind, 30.0)()
    answer = perform(client, Operation("read", "res.partner", "read", (1,), arguments))

    assert answer.outcome is Outcome.REFUSED
    assert "res.partner.read: " in answer.message and f"parameter {min(set(arguments) - {'fields'})!r}" in answer.message
    other = perform(client, Operation("read", "res.partner", "read", (1,), {"fields": ["no_such_field"]}))
    assert "add-on" not in other.message
