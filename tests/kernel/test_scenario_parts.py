"""What a scenario names must be here when something is to be started, and need not be to read an old run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.cli.plan import scenario_list
from tests.kernel.stories import HEAD, said, variant

STOCK = "stock: {regular: 1, promoted: 1, scarce: 1}"


@pytest.mark.parametrize(
    ("wrong", "told", "right"),
    [
        ("channels: {webshop: {kind: webshp}}\n", "mine.yaml:3:28 channels.webshop.kind: channel webshop: no simulator 'webshp' in simulators/ (did you mean 'webshop'?)", "channels: {webshop: {kind: webshop}}\n"),
        ("nodes: {dc: {kind: stor}}\n", "mine.yaml:3:20 nodes.dc.kind: node dc: no simulator 'stor' in simulators/ (did you mean 'store'?)", "nodes: {dc: {kind: store}}\n"),
        ("nodes: {dc: {kind: shoppers}}\n", "mine.yaml:3:20 nodes.dc.kind: node dc: shoppers.py is no simulator, it defines no run (did you mean 'webshop'?)", "nodes: {dc: {kind: distribution_centre}}\n"),
        ("services: [gateway, carrier, courier]\n", "mine.yaml:3:30 services.courier.kind: service courier: no simulator 'courier' in simulators/ (did you mean 'carrier'?)", "services: [gateway, carrier]\n"),
        ("services: [carrier]\n", "mine.yaml:3:11 services: gateway is not among them, and money of this scenario goes through it; add gateway", "services: [carrier, gateway]\n"),
        ("services: [gateway]\nfaults: []\n", "mine.yaml:3:11 services: carrier is not among them, and parcels of this scenario go to it; add carrier", "faults: []\n"),
        ("connector: governd\n", "mine.yaml:3:12 connector: no connector 'governd' in connectors/ (did you mean 'governed'?)", "connector: governed\n"),
        ("cure: governd\n", "mine.yaml:3:7 cure: no connector 'governd' in connectors/ (did you mean 'governed'?)", "cure: \"\"\n"),
        ("load: {backoffice: {pickrs: 1}}\n", "mine.yaml:3:29 load.backoffice.pickrs: no class of loadtests/ plays the role 'pickrs' (did you mean 'pickers'?)", "load: {backoffice: {pickers: 1, dashboards: 1, stock_reports: 1, printers: 1}}\n"),
        (f"nodes: {{stores_1: {{kind: store, {STOCK}}}}}\n", "mine.yaml:3:19 nodes.stores_1: node 'stores_1' would be 'STOR1' in Odoo, as node 'store_1' is: of a name the first letters and all digits count, 5 in all; give it another name", f"nodes: {{store_4: {{kind: store, {STOCK}}}}}\n"),
        (f"nodes: {{wh: {{kind: store, {STOCK}}}}}\n", "mine.yaml:3:13 nodes.wh: node 'wh' would be 'WH' in Odoo, as a new company's own warehouse is: of a name the first letters and all digits count, 5 in all; give it another name", f"nodes: {{wh_1: {{kind: store, {STOCK}}}}}\n"),
        ("starts_at: \"2099-11-28T00:00:00\"\n", "mine.yaml:3:12 starts_at: the scenario would end on 2099-12-01, and Odoo posts nothing that is dated in the future; write an earlier day, or erp_clock: scenario", "starts_at: \"2099-11-28T00:00:00\"\nerp_clock: scenario\n"),
    ],
)  # fmt: skip
def test_what_is_not_here_is_told_where_it_is_named(tmp_path: Path, wrong: str, told: str, right: str) -> None:
    """Before anything starts; and only then."""
    assert variant(tmp_path, wrong, parts=True) == (told,)
    assert variant(tmp_path, wrong) == ()
    assert variant(tmp_path, right, parts=True) == ()


def test_parts_and_everything_else_are_told_in_one_pass(tmp_path: Path) -> None:
    """A wrong word beside them hides nothing."""
    text = HEAD + "lasts: soon\nconnector: cautious\nchannels: {webshop: {kind: webshp, curve: moon}, bazaar: {kind: bazar}}\n"

    assert [one.split(": ")[0] for one in said(tmp_path, text, parts=True)] == [
        "mine.yaml:3:8 lasts",
        "mine.yaml:4:12 connector",
        "mine.yaml:5:28 channels.webshop.kind",
        "mine.yaml:5:43 channels.webshop.curve",
        *[f"mine.yaml:5:58 channels.bazaar.{word}" for word in ("curve", "fulfilment", "orders", "tenders")],
        "mine.yaml:5:65 channels.bazaar.kind",
    ]


def test_a_module_of_ones_own_that_cannot_be_loaded_is_told_as_its_own_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it raises; the harness shows no traceback of its own."""
    (tmp_path / "connectors").mkdir()
    (tmp_path / "connectors" / "torn.py").write_text("class Connector(:\n")
    monkeypatch.setenv("REHEARSE_PROJECT", str(tmp_path))

    (told,) = said(tmp_path, HEAD + "connector: torn\n", parts=True)
    assert told.startswith("mine.yaml:3:12 connector: connector")
    assert "torn" in told and "cannot be loaded (SyntaxError: " in told


def test_a_scenario_that_is_not_valid_hides_no_other_one_from_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor does one whose connector is still to be written."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "ours.yaml").write_text("extends: promo_day\nname: ours\ntitle: Ours\nconnector: to_come\n")
    (tmp_path / "scenarios" / "torn.yaml").write_text("extends: promo_day\nname: torn\nlasts: soon\ncustomers: 0\n")
    monkeypatch.setenv("REHEARSE_PROJECT", str(tmp_path))
    scenario_list(as_json=True)

    titles = {row["name"]: row["title"] for row in json.loads(capsys.readouterr().out)}
    assert titles["ours"] == "Ours"
    assert titles["torn"] == "not valid, 2 problem(s): rehearse scenario validate torn"
    assert titles["promo_day"] == "Promotional Friday, small"
