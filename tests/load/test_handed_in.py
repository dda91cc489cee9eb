"""What workers hand in at the end when it is torn, doubled or not there: undecided with a reason, never a crash.

In a process of its own, since importing the conductor patches it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

CHECKED = r"""
import json, sys, traceback
from pathlib import Path
from types import SimpleNamespace
import gevent
from rehearsal.locust import crew as crews
from rehearsal.locust.conductor import Conductor, Assignment
from rehearsal.locust.crew import RemoteCrew
from rehearsal.model import Operation
from rehearsal.clock.paced import Paced
from rehearsal.targets.base import Database

crews.GATHER_S_MAX = 1.0
def checked(how, folder):
    folder.mkdir()
    (folder / "scenario.yaml").write_text("extends: flash_drop\nname: short\n")
    conductor = Conductor(Assignment(folder, Database("x", "db", "admin"), None, 2, 2))
    for number in range(4):
        conductor._history.operation(Operation("confirm", "sale.order", "action_confirm"), 0.0, "x")
    conductor.outcome.finished = True

    def file_of(*operations):
        kinds = [(kind, operation) for operation in operations for kind in ("sent", "performed")]
        return b"".join(
            json.dumps({"i": i, "kind": kind, "at_s": 0.0, "operation": operation}).encode() + b"\n"
            for i, (kind, operation) in enumerate(kinds)
        )

    class Runner:
        clients = {name: SimpleNamespace(state="running") for name in ("a", "b")}
        heard = {}
        def get_worker_index(self, client): return "ab".index(client)
        def register_message(self, name, heard): self.heard[name] = heard
        def send_message(self, name, data, client):
            if name == crews.GATHER:
                for number, part, last in sending(client):
                    data = {"number": number, "part": part, "last": last}
                    self.heard[crews.LINES](None, SimpleNamespace(node_id=client, data=data))

    def sending(client):
        whole = file_of(0, 1) if client == "a" else file_of(2, 3)
        half = len(whole) // 2
        parts = [(1, whole[:half], False), (2, whole[half:], True)]
        if client == "a":
            return parts
        lines = whole.splitlines(keepends=True)
        if how == "a part is lost":
            return parts[1:]
        if how == "twice":
            return parts + parts
        if how == "the same parts again":
            return [parts[0], parts[0], parts[1], parts[1]]
        if how == "torn in the middle":
            whole = lines[0] + lines[1][:9] + b"\n" + b"".join(lines[2:])
        elif how == "torn at its end":
            whole = whole[:-5]
        elif how == "doubled lines":
            whole = b"".join(line + line for line in lines)
        elif how == "lost lines":
            whole = lines[0] + lines[3]
        elif how == "something else":
            whole = b'[1, 2]\n"x"\n{"i": 0}\n{"kind": "sent", "i": "0", "operation": 2}\n\xff\xfe\n'
        elif how == "performed by both":
            whole = file_of(1, 2, 3)
        elif how == "not all":
            whole = file_of(2)
        elif how == "cannot be sent":
            raise RuntimeError("no line to b")
        return [(1, whole, True)]

    if how == "the main history is torn":
        with (folder / "history" / "main.ndjson").open("ab") as file:
            file.write(b"{\n{}\n")
    crew = RemoteCrew(Runner(), Paced(None), lambda *_: None)
    crew._clients = {0: "a", 1: "b"}
    conductor._handed_in(crew)
    kept = (folder / "history" / "worker-1.ndjson")
    return [conductor.outcome.trouble, conductor.outcome.dealing, kept.read_bytes() == file_of(2, 3) if kept.exists() else None]

told = {}
for number, how in enumerate(sys.argv[2:]):
    try:
        told[how] = checked(how, Path(sys.argv[1], str(number)))
    except BaseException:
        told[how] = traceback.format_exc()
print(json.dumps(told))
"""


WHOLE = ("whole", "twice", "the same parts again")
TROUBLE = (
    ("torn in the middle", "the file of worker-1 is damaged (line 2 is torn"),
    ("torn at its end", "the file of worker-1 is damaged (line 4 is torn"),
    ("doubled lines", "the file of worker-1 is damaged (line 2 came before)"),
    ("lost lines", "the file of worker-1 is damaged (2 line(s) are lost)"),
    ("something else", "the file of worker-1 is damaged (line 1 is torn or was never a worker's)"),
    ("a part is lost", "worker-1 did not hand in what it had done"),
    ("cannot be sent", "what the workers did could not be checked (RuntimeError: no line to b)"),
    ("the main history is torn", "what the workers did could not be checked ("),
    ("performed by both", "1 operation(s) were performed twice and 0 not at all"),
    ("not all", "0 operation(s) were performed twice and 1 not at all"),
)
pytestmark = pytest.mark.xdist_group("handed_in")


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return of each way to hand in the trouble, the dealing, and whether the second worker's file is as it was written."""
    hows = [*WHOLE, *(how for how, _ in TROUBLE)]
    done = subprocess.run(
        [sys.executable, "-c", CHECKED, str(tmp_path_factory.mktemp("handed_in")), *hows],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("how", WHOLE)
def test_a_file_that_comes_twice_is_one_file(how: str, handed_in: dict[str, Any]) -> None:
    """Whoever hands in again, as a whole or in parts, has not performed anything again."""
    trouble, dealing, same = handed_in[how]

    assert (trouble, same) == ([], True)
    assert dealing == {"asked": 4, "missing": 0, "twice": 0, "by_worker": {"worker-0": 2, "worker-1": 2}}


@pytest.mark.parametrize(("how", "words"), TROUBLE)
def test_what_cannot_be_checked_is_trouble_with_its_reason(how: str, words: str, handed_in: dict[str, Any]) -> None:
    """Any trouble makes a run undecided; none of it is an exception, and none of it hides behind another."""
    trouble, dealing, _ = handed_in[how]

    (said,) = trouble
    assert said.startswith(words)
    assert dealing.get("twice", 0) == (how == "performed by both")
