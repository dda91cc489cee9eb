"""A retailer's own Odoo: mapped, rehearsed on again and again, and cleaned."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures.existing import found, named, sold
from rehearsal import project
from rehearsal.errors import EnvironmentNotReady, TargetRefused, UsageError
from rehearsal.load.drive import Drive, drivable, driven
from rehearsal.model import EventKind
from rehearsal.odoo import cleaning, watermark
from rehearsal.odoo.client import Client, NoAnswer
from rehearsal.odoo.connect import USED, Caller, caller, require_mark
from rehearsal.odoo.observe import TABLES
from rehearsal.pipeline.conclusion import record_of
from rehearsal.pipeline.run import Options, Run, rehearse
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from rehearsal.stage import demand
from rehearsal.stage.fitting import Habits, Past, Window, fitted
from rehearsal.targets import template
from rehearsal.targets.base import Database
from rehearsal.targets.existing import MARK, NEUTRALIZED, ExistingTarget
from rehearsal.targets.native.target import NativeTarget
from rehearsal.targets.native.workshop import NativeWorkshop
from tests.conftest import quiet
from tests.odoo.retailer import KNOWN, KNOWN_CUSTOMERS, SCENARIO, STOCK, furnish

pytestmark = pytest.mark.xdist_group("own")
WEB = ("webshop", "marketplace")
DOCUMENTS = ("sale_order", "stock_picking", "account_payment", "pos_order", "pos_session", "res_partner", "ir_model_data")


@pytest.fixture(scope="module")
def own(target: NativeTarget) -> Iterator[Database]:
    """The retailer's database, made once; tests work on copies of it."""
    database = target.clone(f"own_{os.getpid()}")
    furnish(calling(database))
    yield database
    target.drop(database)


@pytest.fixture
def staging(own: Database, target: NativeTarget, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A copy of it behind a URL, as its owners know it: by a login and a key of theirs."""
    database = target.copy(own, f"staging_{os.getpid()}")
    monkeypatch.setenv("REHEARSE_ODOO_DATABASE", database.name)
    monkeypatch.setenv("REHEARSE_ODOO_API_KEY", str(database.api_key))
    yield database
    target.drop(database)


def calling(database: Database) -> Caller:
    """Return what calls *database*."""
    return caller(database, "json2", 60.0, "testing")


def scenario(folder: Path, text: str = SCENARIO, **overrides: Any) -> Scenario:
    """Return the scenario of the retailer, with *overrides*."""
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return scenario_file.load(path, project.scenario_path, {"client": "json2", **overrides}, parts=True)


def played(target: Any, folder: Path, one: Scenario, **how: Any) -> tuple[Run, dict[str, Any]]:
    """Rehearse on *target* into *folder*."""
    return rehearse(one, target, Options(out=folder, **how), quiet, quiet)


def broken(summary: dict[str, Any]) -> set[str]:
    """Return the invariants that are broken."""
    return {one["id"] for one in summary["invariants"] if one["verdict"] == "fail"}


def counts(target: NativeTarget, database: Database) -> dict[str, int]:
    """Return how many rows each kind of document has, archived or not."""
    return {table: int(target.sql(database, f"SELECT count(*) FROM {table}")[0][0]) for table in DOCUMENTS}


def on_hand(target: NativeTarget, database: Database) -> dict[str, str]:
    """Return the stock of each article at each internal location."""
    rows = target.sql(
        database,
        "SELECT l.complete_name || ' ' || p.default_code, sum(q.quantity) FROM stock_quant q JOIN stock_location l ON l.id = q.location_id "
        "JOIN product_product p ON p.id = q.product_id WHERE l.usage = 'internal' GROUP BY 1 HAVING sum(q.quantity) <> 0",
    )
    return {row[0]: row[1] for row in rows}


def test_the_world_is_what_the_database_has(own: Database, tmp_path: Path) -> None:
    """Articles with their prices, and the stock of each warehouse; the hot ones first, then those with most stock."""
    world, names = found(calling(own), scenario(tmp_path), {})

    assert [product.sku for product in world.products][:2] == ["H-003", "H-005"]
    assert [product.group for product in world.products] == ["promoted"] * 2 + ["regular"] * 6
    assert {product.list_minor for product in world.products if product.sku == "H-003"} == {3000}
    assert world.prices["webshop", "H-003"] == 2700
    assert ("till_1", "H-003") not in world.prices
    assert world.book["dc", "H-003"] == STOCK["MAIN"]
    assert world.book["store_2", "H-005"] == STOCK["ST2"]
    assert "H-012" not in {product.sku for product in world.products}, "an article of another category"
    assert {name["name"].partition("__")[0] for name in names} == {"warehouse", "journal", "till", "method", "product", "tax"}
    assert all(person.email.endswith(".example") for person in world.customers)


@pytest.mark.parametrize(
    ("word", "instead", "told"),
    [
        ("currency: USD", "currency: EUR", "currency: EUR is the scenario's, and the company's is USD; write currency: USD"),
        ("warehouse: ST3", "warehouse: SIS", "nodes.store_3.warehouse: warehouse 'SIS' is of company Sister; the login's is"),
        ("warehouse: ST3", "warehouse: NONE", "nodes.store_3.warehouse: warehouse 'NONE' is not there (there are: MAIN, ST1, ST2, ST3, WH)"),
        ("pricelist: Web", "pricelist: Euro", "channels.webshop.pricelist: price list 'Euro' is in EUR; the company's currency is"),
        ("pricelist: Web", "pricelist: Shop", "channels.webshop.pricelist: price list 'Shop' is not there, or is of another company (there are: "),
        ("till: Hafen 1", "till: Kiosk", "channels.till_2.till: point of sale 'Kiosk' is not there (there are: Alexanderplatz 1, Hafen 1, Marktplatz 1)"),
        ("journal: PSP", "journal: INV", "tenders.card.journal: journal 'INV' is of type sale; payments are booked in one of type bank, cash or credit (there are: "),
        ("categ_id.name", "categ_id.nam", "catalogue.domain: Odoo refuses it: Invalid field product.category.nam"),
        ("journal: MKT", "journal: K1", None),
        ("hot: [H-003", "hot: [H-999", "catalogue.hot: no article 'H-999' matches catalogue.domain"),
        ("tax_percent: 19", "tax_percent: 7", "tax 'USt 19 %' is 19 %; write catalogue: {tax_percent: 19} (it is 7)"),
        ("products: 8", "products: 80", f"catalogue.domain: {10} articles match, and products is 80; write fewer, or widen it"),
    ],
)  # fmt: skip
def test_what_cannot_be_mapped_is_told(word: str, instead: str, told: str | None, own: Database, tmp_path: Path) -> None:
    """By the scenario's own word, with what is there; a cash journal for payouts is odd, and is the retailer's business."""
    one = scenario(tmp_path, SCENARIO.replace(word, instead))
    if told is None:
        assert found(calling(own), one, {})
        return
    with pytest.raises(UsageError) as refused:
        found(calling(own), one, {})
    assert told in str(refused.value)
    assert "nothing was written to it" in str(refused.value)


def test_everything_that_is_wrong_is_told_at_once(own: Database, tmp_path: Path) -> None:
    """One line each: a journal that takes no money is not told once more by each till that takes its tender."""
    words = (
        ("journal: PSP", "journal: INV"),
        ("pricelist: Web", "pricelist: Shop"),
        ("till: Hafen 1", "till: Kiosk"),
        ("hot: [H-003", "hot: [H-999"),
    )
    text = SCENARIO
    for word, instead in words:
        text = text.replace(word, instead)
    with pytest.raises(UsageError) as refused:
        found(calling(own), scenario(tmp_path, text), {})
    told = str(refused.value).splitlines()[1:]
    assert [line.split(":")[0].strip() for line in told] == [
        "tenders.card.journal", "channels.till_2.till", "channels.webshop.pricelist", "catalogue.hot",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("broken_by", "told"),
    [
        ("UPDATE product_product SET default_code = NULL WHERE default_code = 'H-003'", "catalogue.hot: no article 'H-003' matches"),
        ("UPDATE product_product SET default_code = 'H-003' WHERE default_code = 'H-005'", "has an internal reference that another one has too"),
        ("UPDATE product_template SET list_price = 0 WHERE default_code = 'H-003'", "has no sales price: give it one"),
        ("UPDATE product_template SET list_price = 1.005 WHERE default_code = 'H-003'", "costs 1.005, which is no whole number of cents"),
        ("UPDATE product_template SET tracking = 'serial' WHERE default_code = 'H-003'", "is tracked by serial, and a rehearsal knows no numbers"),
        ("UPDATE product_template SET uom_id = (SELECT res_id FROM ir_model_data WHERE name = 'product_uom_dozen') WHERE default_code = 'H-003'", "is counted in Dozen"),
        ("INSERT INTO product_template_uom_uom_rel SELECT t.id, d.res_id FROM product_template t, ir_model_data d WHERE t.default_code = 'H-003' AND d.name = 'product_uom_pack_6'", "is sold in a second unit"),
        ("UPDATE stock_quant SET quantity = 0", "none of its articles has stock at any node that is mapped"),
        ("UPDATE account_tax SET price_include_override = 'tax_excluded'", "is not included in the price; shoppers agree to prices with tax"),
        ("UPDATE stock_warehouse SET delivery_steps = 'pick_ship' WHERE code = 'ST1'", "delivers in several steps (pick_ship)"),
    ],
)  # fmt: skip
def test_an_article_that_cannot_be_sold_is_told(
    broken_by: str, told: str, own: Database, target: NativeTarget, tmp_path: Path
) -> None:
    """Each on a copy of its own; nothing is half written."""
    database = target.copy(own, f"wrong_{os.getpid()}")
    try:
        target.sql(database, broken_by)
        before = counts(target, database)
        with pytest.raises(UsageError) as refused:
            found(calling(database), scenario(tmp_path), {})
        assert told in str(refused.value)
        assert counts(target, database) == before
    finally:
        target.drop(database)


def test_a_kit_is_told(own: Database, target: NativeTarget, tmp_path: Path) -> None:
    """It has no stock of its own; Odoo knows kits once manufacturing is installed."""
    database = target.copy(own, f"kits_{os.getpid()}")
    try:
        template.install(NativeWorkshop(target._need()), database.name, ("mrp",))
        call = calling(database)
        group = call("ir.model.data", "search_read", None, {"domain": [("name", "=", "group_mrp_manager")], "fields": ["res_id"]})[
            0
        ]["res_id"]
        call("res.users", "write", [database.uid], {"vals": {"group_ids": [(4, group)]}})
        assert found(call, scenario(tmp_path), {"mrp"})
        (row,) = call(
            "product.product", "search_read", None, {"domain": [("default_code", "=", "H-003")], "fields": ["product_tmpl_id"]}
        )
        part = call("product.product", "search", None, {"domain": [("default_code", "=", "H-012")]})[0]
        lines = [(0, 0, {"product_id": part, "product_qty": 2})]
        kit = {"product_tmpl_id": row["product_tmpl_id"][0], "type": "phantom", "bom_line_ids": lines}
        call("mrp.bom", "create", None, {"vals_list": [kit]})
        with pytest.raises(UsageError) as refused:
            found(call, scenario(tmp_path), {"mrp"})
        assert "article '[H-003] Article 3' is a kit, which has no stock of its own, and a rehearsal knows none" in str(
            refused.value
        )
    finally:
        target.drop(database)


def test_it_is_rehearsed_on_again_and_again_and_cleaned(staging: Database, target: NativeTarget, tmp_path: Path) -> None:
    """Three designs on one staging, with customers of its own: the first one's books are not judged with the second one's, whatever it left. Cleaned, it has
    its stock again, and of the rehearsals what Odoo never deletes. Four rehearsals, one after another: over a minute."""
    before, stock = counts(target, staging), on_hand(target, staging)
    seen: dict[str, set[str]] = {}
    for number, connector in enumerate(("naive", "polling", "governed"), start=1):
        there = ExistingTarget(staging.url)
        run, summary = played(there, tmp_path / connector, scenario(tmp_path, SCENARIO + KNOWN_CUSTOMERS, connector=connector))
        assert summary["finished"], summary
        seen[connector] = broken(summary)
        tag = demand.stored(run.folder / "world.json").tag
        assert tag == ("" if number == 1 else f"-R{number}")
    assert seen["governed"] == set(), "whatever the other two left"
    assert "money_taken_equals_money_booked" in seen["naive"]
    known = "SELECT count(*) FROM res_partner WHERE email ILIKE 'known-%'"
    assert int(target.sql(staging, known)[0][0]) > KNOWN + 1, "the naive one creates them once more"

    done = {one.model: one for one in cleaning.clean(calling(staging), quiet)}

    after = counts(target, staging)
    assert on_hand(target, staging) == stock
    assert cleaning.left(calling(staging)) == {}
    assert target.sql(staging, f"{known} AND active") == [(str(KNOWN + 1),)], "their own customers stay"
    assert {model for model, one in done.items() if one.stayed} <= {
        "pos.order",
        "pos.session",
        "stock.picking",
        "stock.move.line",
        "account.move",
    }
    kept = {"pos_order", "pos_session", "stock_picking", "res_partner"}
    assert {table for table in DOCUMENTS if after[table] != before[table]} <= kept, (before, after)
    _, summary = played(ExistingTarget(staging.url), tmp_path / "again", scenario(tmp_path))
    assert broken(summary) == set()


def test_a_copy_of_it_is_rehearsed_on_and_the_database_stays_as_it_is(own: Database, target: NativeTarget, tmp_path: Path) -> None:
    """`--clone`: also of one that knows no login of ours, as one that was restored from a dump."""
    theirs = target.copy(own, f"restored_{os.getpid()}")
    try:
        target.sql(theirs, "DELETE FROM res_users_apikeys; DELETE FROM ir_config_parameter WHERE key LIKE 'rehearsal.%'")
        before = counts(target, theirs)
        run, summary = played(target, tmp_path / "run", scenario(tmp_path), clone=theirs.name)
        assert (summary["verdict"], run.manifest["target"]["clone"]) == ("pass", theirs.name)
        assert counts(target, theirs) == before
        assert run.manifest["target"]["database"] not in target.status().databases
    finally:
        target.drop(theirs)


def test_a_copy_says_by_its_name_that_it_is_one_and_is_neutralised_unless_its_source_was(
    own: Database, target: NativeTarget
) -> None:
    """A mark names one database, so that a dump of a copy of ours is nobody's to write to under another name. What was neither
    marked nor neutralised may be production: its copy sends no mail."""
    theirs = target.copy(own, f"theirs_{os.getpid()}")
    said: dict[str, tuple[str, str]] = {}
    values = {"marked": f"'{theirs.name}'", "production": "''"}
    try:
        for what, value in values.items():
            target.sql(theirs, f"UPDATE ir_config_parameter SET value = {value} WHERE key = 'rehearsal.marked'")
            copied = target.clone_of(theirs.name, f"copied_{os.getpid()}")
            call = calling(copied)
            require_mark(call, copied)
            said[what] = (watermark.parameter(call, MARK), watermark.parameter(call, NEUTRALIZED))
            if what == "marked":
                with pytest.raises(TargetRefused, match="so it may be production and nothing was written"):
                    require_mark(call, replace(copied, name="restored_elsewhere"))
            target.drop(copied)
    finally:
        target.drop(theirs)
    assert said == {"marked": (f"copied_{os.getpid()}", ""), "production": (f"copied_{os.getpid()}", "true")}


def test_the_numbers_that_a_made_world_has_taken_are_not_given_again(own: Database, target: NativeTarget, tmp_path: Path) -> None:
    """A database that `--keep` kept has orders and pickup shelves of a rehearsal, and no watermark."""
    database = target.copy(own, f"kept_{os.getpid()}")
    try:
        call = calling(database)
        call("ir.config_parameter", "set_param", None, {"key": USED, "value": "runs/promo_day/1"})
        mark = watermark.read(call, ())
        _, names = found(call, scenario(tmp_path), {})
        for _ in range(2):
            named(call, scenario(tmp_path), names)
            call("ir.model.data", "unlink", call("ir.model.data", "search", None, {"domain": [("module", "=", "rehearsal")]}))
        codes = target.sql(
            database,
            "SELECT w.code, t.sequence_code FROM stock_picking_type t JOIN stock_warehouse w ON w.id = t.warehouse_id "
            "WHERE t.sequence_code LIKE 'STAGE%' OR t.sequence_code LIKE 'HAND%' ORDER BY 1, 2",
        )
        assert codes == [(store, code) for store in ("ST1", "ST2", "ST3") for code in ("HAND", "HAND2", "STAGE", "STAGE2")]
        assert [watermark.note(call, mark) for _ in range(3)] == [1, 2, 3]
    finally:
        target.drop(database)


def test_an_odoo_that_goes_away_while_it_is_cleaned_is_told_and_cleaned_again(own: Database, target: NativeTarget) -> None:
    """What is taken out stays out, and what is left is still known."""
    database = target.copy(own, f"leaving_{os.getpid()}")
    try:
        call = calling(database)
        mark = watermark.read(call, ())
        watermark.note(call, mark)
        partners = call("res.partner", "create", None, {"vals_list": [{"name": "Of a rehearsal"}]})
        call("sale.order", "create", None, {"vals_list": [{"partner_id": partners[0]}]})
        call.client = Leaving(call.client)
        with pytest.raises(EnvironmentNotReady, match="what is cleaned stays so, and the rest is still known: run it again"):
            cleaning.clean(call, quiet)
        assert cleaning.left(calling(database)) == {"res.partner": partners}
        assert [one.deleted for one in cleaning.clean(calling(database), quiet)] == [1]
    finally:
        target.drop(database)


class Leaving:
    """A client whose Odoo goes away once it is asked to take a customer out."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def call(
        self, model: str, method: str, ids: tuple[int, ...] | None, arguments: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Any:
        """Ask, or find nobody there."""
        if (model, method) == ("res.partner", "unlink"):
            raise NoAnswer("connection reset")
        return self._client.call(model, method, ids, arguments, context)

    def version(self) -> str:
        """Return the server's version."""
        return self._client.version()


def test_their_own_customers_take_part_and_the_past_is_fitted(staging: Database, target: NativeTarget, tmp_path: Path) -> None:
    """Only where the scenario says which: orders are theirs, and nobody is created twice. What was sold that day is then read
    as sums, and is what the record of the run says."""
    words: dict[str, dict[str, Any]] = {code: {"history": [["origin", "=", code]]} for code in WEB}
    words["webshop"]["guests"] = 0.0
    one = scenario(tmp_path, SCENARIO + KNOWN_CUSTOMERS, channels=words)
    run, summary = played(ExistingTarget(staging.url), tmp_path / "run", one)
    assert broken(summary) == set()
    known = "email ILIKE 'known-%'"
    assert target.sql(staging, f"SELECT count(*) FROM res_partner WHERE {known}") == [(str(KNOWN + 1),)]
    buyers = f"SELECT count(*) FROM sale_order s JOIN res_partner p ON p.id = s.partner_id WHERE {known} AND s.origin = 'webshop'"
    day = date.fromisoformat(one.starts_at[:10])

    past = sold(calling(staging), one, Window(day - timedelta(days=6), day, "UTC"))

    with record_of(run) as record:
        placed = record.rows(
            "SELECT channel, at_s, data FROM events WHERE type IN (?, ?) ORDER BY i",
            [EventKind.ORDER_PLACED, EventKind.TICKET_CLOSED],
        )
    assert int(target.sql(staging, buyers)[0][0]) == sum(row["channel"] == "webshop" for row in placed) > 0
    assert past == _told(placed, day)
    fit = fitted(one, past, times=3)
    assert fit.words["channels"]["webshop"]["orders"] == 3 * past.channels["webshop"].orders
    assert fit.words["fitted"]["orders"] == len(placed)


def _told(placed: list[dict[str, Any]], day: date) -> Past:
    """Return the past as the outside has it: every order was kept, so Odoo must tell the same."""
    orders = [(row["channel"], row["at_s"], json.loads(row["data"])) for row in placed]
    sold: Counter[str] = Counter()
    channels = {}
    web = Counter(leg["tender"] for code, _, told in orders if code in WEB for leg in told["tenders"])
    for code in dict.fromkeys(code for code, _, _ in orders):
        own = [(at_s, told) for channel, at_s, told in orders if channel == code]
        legs = Counter(leg["tender"] for _, told in own for leg in told["tenders"])
        channels[code] = Habits(
            hours=dict(Counter((day, int(at_s // 3600)) for at_s, _ in own)),
            lines=dict(Counter(len(told["lines"]) for _, told in own)),
            pieces=dict(Counter(line["units"] for _, told in own for line in told["lines"])),
            tenders={tender: web[tender] for tender in legs} if code in WEB else dict(legs),
        )
        for _, told in own:
            for line in told["lines"]:
                sold[line["sku"]] += line["units"]
    return Past(Window(day - timedelta(days=6), day, "UTC"), channels, dict(sold), sold.total())


def test_it_is_driven_by_locust_too(own: Database, target: NativeTarget, tmp_path: Path) -> None:
    """On a copy: an order of last year under the first reference of the web shop is nobody's of today."""
    one = drivable(scenario(tmp_path, clock={"speedup": 2880.0}))
    _, summary = driven(one, target, Drive(4), Options(out=tmp_path / "run", clone=own.name), quiet)
    assert summary["finished"], summary
    assert broken(summary) == set()


def test_what_is_older_than_the_rehearsal_is_not_read() -> None:
    """The tables that hold documents; stock is read as it is."""
    since = {table.name for table in TABLES if table.since}
    assert since == {
        "sales",
        "sale_lines",
        "transfers",
        "transfer_lines",
        "payments",
        "tickets",
        "ticket_lines",
        "ticket_payments",
        "sessions",
        "partners",
    }
