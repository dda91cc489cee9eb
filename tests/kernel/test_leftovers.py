"""Databases of runs: which are left behind by a run that is gone, and which are somebody's."""

from __future__ import annotations

import os

from rehearsal.pipeline.leftovers import database_name, left_behind

GONE = 2**22 + 1
"""Above the largest process id that Linux gives."""


def test_only_what_a_dead_run_did_not_mean_to_keep_is_left_behind() -> None:
    """A live run's, a kept one, a template and a stranger's stay."""
    ours = database_name("2025-11-28T10:11:12.5+00:00", keep=False)
    kept = database_name("2025-11-28T10:11:12.5+00:00", keep=True)
    dead = f"rehearsal_20251128_101112_{GONE}"

    assert (ours, kept) == (f"rehearsal_20251128_101112_{os.getpid()}", f"rehearsal_20251128_101112_{os.getpid()}_kept")
    assert left_behind((ours, kept, dead, f"{dead}_kept", f"rehearsal_template_{GONE}", "staging")) == (dead,)
