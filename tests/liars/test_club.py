"""No liar passes, and each is named by whoever should name it; their honest twin passes on the same day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.pipeline.run import Run
from tests.liars.club import CLUB, NEVER_READY, accused, scenario

Play = Callable[..., tuple[Run, dict[str, Any]]]
HANDLER_S = "5"
"""Wall seconds in which every handler must have yielded: there is no use in waiting longer for the one that hangs."""


def test_the_honest_twin_passes(play: Play) -> None:
    """The governed connector, as it is, on the day on which all others lie; nothing of what they lie about is missing."""
    _, summary = play(scenario("governed"))

    assert (summary["verdict"], summary["exit_code"], accused(summary)) == ("pass", 0, [])


@pytest.mark.parametrize("liar", CLUB)
def test_a_liar_does_not_pass_and_is_named(liar: str, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is wrong in one way; the word against it may stand among others that its lie brings up."""
    monkeypatch.setenv("REHEARSE_HANDLER_S", HANDLER_S)

    _, summary = play(scenario(f"tests.liars.{liar}"))

    said = accused(summary)
    assert summary["verdict"] != "pass"
    assert summary["exit_code"] != 0
    for word in CLUB[liar]:
        assert any(word in one for one in said), said
    if liar in NEVER_READY:
        assert (summary["verdict"], summary["exit_code"]) == ("undecided", 5)
