"""Opening worlds that are kept: written once, copied ever after, hidden, bounded, and never where they would be wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from rehearsal.stage import demand
from rehearsal.targets import worlds
from rehearsal.targets.native.target import NativeTarget
from tests.conftest import load

pytestmark = pytest.mark.xdist_group("worlds")


@pytest.fixture
def names(target: NativeTarget) -> Iterator[list[str]]:
    """Names for databases of one test, which are dropped at its end."""
    made = [f"worlds_{os.getpid()}_{number}" for number in range(3)]
    yield made
    for name in made:
        target.drop(target.database(name))


def test_a_kept_world_is_copied_with_what_was_written_into_it(target: NativeTarget, names: list[str]) -> None:
    """Under its key alone; the database that it came from goes on."""
    key = f"test {os.getpid()}"
    first = target.clone(names[0])
    target.sql(first, "INSERT INTO ir_config_parameter (key, value) VALUES ('rehearsal.test', 'written')")
    target.keep_world(first, key)
    target.keep_world(first, key)

    second = target.clone_world(key, names[1])
    assert second is not None
    for database in (first, second):
        assert target.sql(database, "SELECT value FROM ir_config_parameter WHERE key = 'rehearsal.test'") == [("written",)]
    assert target.clone_world(f"{key} other", names[2]) is None
    assert not [name for name in target.status().databases if "world_" in name]


def test_only_so_many_worlds_are_kept_and_the_oldest_goes_first(
    target: NativeTarget, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scenario that changes daily does not fill the disk."""
    every, others = worlds._by_age, set(target._need().cluster.databases())
    monkeypatch.setattr(worlds, "KEPT", 1)
    monkeypatch.setattr(worlds, "_by_age", lambda shop: [name for name in every(shop) if name not in others])
    first = target.clone(names[0])
    older, newer = f"older {os.getpid()}", f"newer {os.getpid()}"
    target.keep_world(first, older)
    target.keep_world(first, newer)

    assert target.clone_world(older, names[1]) is None
    assert target.clone_world(newer, names[1]) is not None


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ({"connector": "governed"}, True),
        ({"clock": {"lanes": 4}}, True),
        ({"gates": ["sell_through >= 0.1"]}, True),
        ({"seed": 7}, False),
        ({"customers": 31}, False),
        ({"catalogue": {"tax_percent": 20}}, False),
        ({"starts_at": "2025-11-21T00:00:00"}, False),
        ({"options": {"safety_units": 3}}, False),
    ],
)
def test_a_world_is_another_where_an_opening_could_tell(words: dict[str, object], same: bool) -> None:
    """What happens after the doors open makes no difference, all else does."""
    plain, changed = load("promo_day"), load("promo_day", **words)
    keys = {demand.opening_key(one, demand.world_of(one)) for one in (plain, changed)}

    assert (len(keys) == 1) is same
