"""What tests share: made once, by whoever asks first, and anew where making it failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shared import once


def test_a_folder_is_made_once_and_anew_where_that_failed(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """What a failed try left behind is gone when the next one begins."""
    name, tries = f"tried_{tmp_path.name}", list[int]()

    def make(folder: Path) -> None:
        folder.mkdir()
        tries.append(len(tries))
        if len(tries) == 1:
            raise RuntimeError("the first try")
        (folder / "made").touch()

    with pytest.raises(RuntimeError, match="the first try"):
        once(tmp_path_factory, name, make)
    assert {once(tmp_path_factory, name, make) for _ in range(3)} == {once(tmp_path_factory, name, make)}
    assert tries == [0, 1]
