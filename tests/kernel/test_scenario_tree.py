"""Scenario files as read: what is no scenario file ends in a sentence, and every value is told where it stands."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kernel.stories import HEAD, said

BOMB = "options:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "mine.yaml:1:1 a scenario is a mapping of names to values; this file is empty"),
        (b"- 1\n", "mine.yaml:1:1 a scenario is a mapping of names to values; this file is a list"),
        (b"hello\n", "mine.yaml:1:1 a scenario is a mapping of names to values; this file is a single value"),
        ("title: caf\xe9\n".encode("latin-1"), "mine.yaml:1:11 cannot be read as text: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"#" * 1_000_001, "mine.yaml:1:1 has 1000001 bytes; a scenario has 1000000 at most, and most have a few thousand"),
        (HEAD + "seed: 1\nseed: 2\n", 'mine.yaml:4:1 is not YAML: while constructing a mapping, found duplicate key "seed" with value "2" (original value: "1")'),
        (HEAD + "nodes:\n\tdc: 3\n", "mine.yaml:4:1 is not YAML: while scanning for the next token, found character '\\t' that cannot start any token"),
        (HEAD + "title: 'a\x07'\n", "mine.yaml:3:10 is not YAML: special characters are not allowed"),
        (HEAD + "starts_at: 2025-99-99\n", "mine.yaml:3:12 is a value that YAML cannot read: month must be in 1..12"),
        (HEAD + "options: {a: " + "[" * 60 + "]" * 60 + "}\n", "mine.yaml:3:63 is nested deeper than 50 levels"),
        (HEAD + "options: {a: " + "[" * 500 + "]" * 500 + "}\n", "mine.yaml:1:1 is nested too deeply to be read"),
        (HEAD + BOMB, "mine.yaml:4:36 stands for over 100000 values once its aliases are written out"),
        (HEAD + "seed: !mine 3\n", "mine.yaml:3:7 has the tag !mine, which means nothing here; leave it out"),
        ("name: mine\nextends: [a]\n", "mine.yaml:2:10 extends: ['a'] is no name of a scenario, and no path of a file"),
        ("name: mine\nextends: promo_weekand\n", "mine.yaml:2:10 extends: no scenario 'promo_weekand' in scenarios/ (did you mean 'promo_weekend'?)"),
        ("name: mine\nextends: mine.yaml\n", "mine.yaml:2:10 extends goes deeper than 8 files; is it a circle?"),
        (f"name: mine\nextends: {'x' * 400}\n", "mine.yaml:2:10 extends: File name too long"),
        (HEAD + "nodes:\n", "mine.yaml:3:1 nodes: is no mapping of names to values (it is None)"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_ends_in_a_sentence(tmp_path: Path, text: str | bytes, told: str) -> None:
    """Never in a traceback, and never after all memory is gone."""
    assert said(tmp_path, text) == (told,)


def test_a_value_behind_an_anchor_is_told_where_it_was_written(tmp_path: Path) -> None:
    """``<<`` merges words of another mapping: whoever mends them must go there; a missing word is missing here."""
    text = HEAD + (
        "channels:\n"
        "  shop: &shop\n"
        "    kind: webshop\n"
        "    curve: moon\n"
        "    fulfilment: {home_delivery: {share: 1, nodes: [dc]}}\n"
        "    tenders: {card: 0.5}\n"
        "    orders: 20\n"
        "  bazaar:\n"
        "    <<: *shop\n"
        "    orders: many\n"
        "  kiosk: {kind: webshop, orders: 20, curve: online, tenders: {card: 1}}\n"
    )

    assert said(tmp_path, text) == (
        "mine.yaml:6:12 channels.bazaar.curve: curve 'moon' is not among ['online', 'store']",
        "mine.yaml:6:12 channels.shop.curve: curve 'moon' is not among ['online', 'store']",
        "mine.yaml:8:14 channels.bazaar.tenders: the shares of tenders sum to 0.5, they must sum to 1",
        "mine.yaml:8:14 channels.shop.tenders: the shares of tenders sum to 0.5, they must sum to 1",
        "mine.yaml:12:13 channels.bazaar.orders: Input should be a valid integer, unable to parse string as an integer (it is 'many')",
        "mine.yaml:13:10 channels.kiosk.fulfilment: is missing",
    )


def test_a_value_of_a_parent_is_told_in_the_parent_and_one_of_a_replaced_list_is_not(tmp_path: Path) -> None:
    """Lists replace: what the parent's list had at the same place says nothing about the child's."""
    (tmp_path / "parent.yaml").write_text(
        "extends: promo_weekend\nname: parent\nnodes:\n  dc: {pickers: 0}\nfaults:\n  - {name: late_pickup_batches, every: 4h}\n"
    )

    assert said(tmp_path, "extends: parent.yaml\nname: mine\nfaults:\n  - {name: late_pickup_batches}\n") == (
        "mine.yaml:4:5 faults.0.every: late_pickup_batches needs every: the time between two batches, such as 4h",
        "parent.yaml:4:17 nodes.dc.pickers: Input should be greater than or equal to 1 (it is 0)",
    )


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"seed": 2**70}, f"--seed: Input should be less than 9223372036854775808 (it is {2**70})"),
        ({"clock": {"lanes": 900}}, "--lanes: Input should be less than or equal to 64 (it is 900)"),
        ({"clock": {"speedup": 1e9}}, "--speedup: Input should be less than or equal to 100000 (it is 1000000000.0)"),
        (
            {"load": {"shape": "sphere"}},
            "--shape: Input should be 'curve', 'ramp', 'spike', 'soak' or 'breakpoint' (it is 'sphere')",
        ),
        ({"client": "xml"}, "--client: Input should be 'odoorpc' or 'json2' (it is 'xml')"),
        ({"connector": "cautious"}, "--connector: no connector 'cautious' in connectors/ (there are: governed, naive, polling)"),
        (
            {"channels": {"webshop": {"orders": -2}}},
            "override channels.webshop.orders: Input should be greater than or equal to 0 (it is -2)",
        ),
    ],
)
def test_a_value_of_the_command_line_is_told_as_such(tmp_path: Path, overrides: dict[str, object], told: str) -> None:
    """No line of the file is to blame for it, though the file has the word too."""
    file = HEAD + "seed: 3\nconnector: naive\nclient: odoorpc\nclock: {lanes: 1, speedup: 60}\nload: {shape: curve}\n"

    assert said(tmp_path, file, parts=True, overrides=overrides) == (told,)
    assert said(tmp_path, file, parts=True) == ()


PLACES = (
    ("lasts",), ("clock",), ("clock", "speedup"), ("catalogue",), ("nodes",), ("nodes", "dc"), ("nodes", "dc", "stock"), ("nodes", "dc", "pick"),
    ("curves", "online"), ("curves", "online", "hours"), ("channels",), ("channels", "webshop"), ("channels", "till_1", "fulfilment"),
    ("channels", "till_1", "fulfilment", "take_away", "nodes"), ("channels", "webshop", "tenders"), ("channels", "webshop", "basket"), ("channels", "1"),
    ("faults",), ("gates",), ("services",), ("deadlines",), ("settle",), ("load",), ("load", "spike"), ("exercised",), ("options",), ("connector",),
)  # fmt: skip
ANYTHING: st.SearchStrategy[object] = st.sampled_from(
    (None, True, -1, 0, 3, 10**30, float("nan"), float("inf"), "", "x", "1h", "09:00", [], [None], ["x"], [{}], {}, {"x": 1}, {1: 2}, "a\x00b", "card", "dc")
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING), min_size=1, max_size=3))
def test_whatever_is_written_ends_in_sentences(tmp_path: Path, wrong: list[tuple[tuple[str, ...], object]]) -> None:
    """No value of any kind at any place gets through to a traceback, whatever else is wrong beside it."""
    overrides: dict[str, object] = {}
    for place, value in wrong:
        laid = overrides
        for word in place[:-1]:
            inner = laid.get(word)
            laid[word] = laid = inner if isinstance(inner, dict) else {}
        laid[place[-1]] = deepcopy(value)  # it is one of all examples, and the next place may lie inside it

    assert all(isinstance(one, str) and one for one in said(tmp_path, HEAD, overrides=overrides))
