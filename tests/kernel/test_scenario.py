"""Scenario files: what is right loads whole, what is wrong is told all at once, with file:line:col."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from rehearsal import project
from rehearsal.errors import ScenarioError, UsageError
from rehearsal.scenario import Scenario
from rehearsal.scenario import file as scenario_file
from tests.conftest import load


def problems(tmp_path: Path, text: str) -> tuple[str, ...]:
    """Return what is wrong with a variant of promo_weekend, without the folder's name."""
    path = tmp_path / "mine.yaml"
    path.write_text("extends: promo_weekend\nname: mine\n" + text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        scenario_file.load(path, project.scenario_path)
    return tuple(problem.replace(f"{tmp_path}/", "") for problem in caught.value.problems)


def test_all_problems_are_told_at_once_each_with_its_place(tmp_path: Path) -> None:
    """Wrong types, negative stock and unknown words in one go."""
    said = problems(
        tmp_path, "nodes:\n  dc:\n    stock: {regular: -3, promoted: x, scarce: 3}\nchannels:\n  marketplace:\n    color: red\n"
    )

    assert said == (
        "mine.yaml:5:22 nodes.dc.stock.regular: Input should be greater than or equal to 0 (it is -3)",
        "mine.yaml:5:36 nodes.dc.stock.promoted: Input should be a valid integer, unable to parse string as an integer (it is 'x')",
        "mine.yaml:8:12 channels.marketplace.color: marketplace does not read color (there are: basket, collects, curve, fulfilment, guests, history, kind, lag, options, orders, pieces, pricelist, publish_every, refund, split, split_with, tenders, till)",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "channels:\n  webshop:\n    tenders: {card: 0.9, gift_card: 0.3}\n",
            "the shares of tenders sum to 1.2, they must sum to 1",
        ),
        (
            "channels:\n  shop:\n    kind: webshop\n    orders: 20\n    curve: online\n    fulfilment: {}\n    tenders: {card: 1}\n",
            "fulfilment is empty: a channel needs at least one way to fulfil its orders",
        ),
        ("channels:\n  shop:\n    kind: webshop\n    orders: 20\n    curve: online\n    tenders: {card: 1}\n", "is missing"),
        ("lasts: soon\n", "'soon' is not a duration; write for example 90s, 15m, 1h30m or 3d"),
        ("catalogue: {price_from: 8.5}\n", 'is not an amount; write it as text with two decimals, such as "59.90"'),
        ("channels:\n  webshop:\n    curve: moon\n", "curve 'moon' is not among ['online', 'store']"),
        ("channels:\n  marketplace:\n    fulfilment:\n      home_delivery: {share: 1, nodes: [moon]}\n", "names node 'moon'"),
        ("clock: {lanes: 0}\n", "Input should be greater than or equal to 1 (it is 0)"),
        ("starts_at: yesterday\n", "starts_at"),
    ],
)
def test_a_problem_says_what_was_expected(tmp_path: Path, text: str, expected: str) -> None:
    """The sentence names the value, or what would be right."""
    (said,) = problems(tmp_path, text)

    assert expected in said
    assert said.startswith("mine.yaml:")


def test_what_is_not_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    """A broken file ends in a sentence, never in a traceback."""
    assert "mine.yaml:4:1 is not YAML" in problems(tmp_path, "nodes: {dc: [\n")[0]


def test_a_circle_of_extends_ends(tmp_path: Path) -> None:
    """Two files that extend each other are told, not followed for ever."""
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")

    with pytest.raises(ScenarioError, match="is it a circle"):
        scenario_file.load(tmp_path / "a.yaml", project.scenario_path)


def test_an_unknown_scenario_suggests_the_nearest_name() -> None:
    """A typing error costs one look."""
    with pytest.raises(UsageError, match=r"no scenario 'promo_weekand' in scenarios/ \(did you mean 'promo_weekend'\?\)"):
        project.scenario_path("promo_weekand")


def test_an_unknown_connector_suggests_the_nearest_name() -> None:
    """The same for connectors."""
    with pytest.raises(UsageError, match=r"no connector 'governd' in connectors/ \(did you mean 'governed'\?\)"):
        project.connector("governd")


@pytest.mark.parametrize("name", ["promo_weekend", "promo_day"])
def test_what_is_written_out_loads_again_the_same(name: str, tmp_path: Path) -> None:
    """A run folder's scenario.yaml is the scenario, every default included."""
    scenario = load(name)
    path = tmp_path / "resolved.yaml"
    path.write_text(scenario_file.dump(scenario), encoding="utf-8")

    assert scenario == scenario_file.load(path, project.scenario_path)
    assert set(YAML(typ="safe").load(path)) == set(Scenario.model_fields)


def test_the_schema_accepts_the_bundled_scenarios_and_knows_their_words() -> None:
    """Editors complete and check with it."""
    schema: dict[str, Any] = json.loads(scenario_file.schema())
    whole = YAML(typ="safe").load(project.scenario_path("promo_weekend"))

    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(whole)))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**whole, "lasts": "soon"})
