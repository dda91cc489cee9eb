"""What must hold of every drive that reached its end, however many workers took part."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import jsonschema

from rehearsal.history import lines
from rehearsal.load.shards import dealing
from rehearsal.pipeline.run_folder import reopen
from tests.load.shoppers import differences


def require_dealt(folder: Path, workers: int) -> None:
    """Raise unless every operation was performed once by one worker, and the shoppers were the scenario's own.

    The union of what the workers' own files say is all that was asked, without overlap; each order's operations are one
    worker's; who came, when, and with what is compared with the demand that is drawn here.
    """
    history = folder / "history"
    asked = {line["i"]: line["orders"] for line in lines(history, "main") if line["kind"] == "operation"}
    files = {path.stem: list(lines(history, path.stem)) for path in history.glob("worker-*.ndjson")}
    assert set(files) == {f"worker-{n}" for n in range(max(1, workers))}
    assert dealing(list(asked), files).whole
    assert all(any(line["kind"] == "sent" for line in told) for told in files.values())
    by_order: dict[str, set[str]] = {}
    for name, told in files.items():
        for line in told:
            for order in asked[line["operation"]][:1]:
                by_order.setdefault(order, set()).add(name)
    assert {order: names for order, names in by_order.items() if len(names) != 1} == {}
    assert differences(lines(history, "main"), reopen(folder).scenario) == []
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["load"]["over_reserved_units"] == 0
    schema = json.loads((resources.files("rehearsal") / "schemas" / "summary.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(summary)
