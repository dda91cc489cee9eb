"""A tab in Locust's web page: invariants, gates and backlog of the run that it drives.

Locust shows further tables if a page argument names them and the answer of ``/stats/requests`` holds their rows
(its documentation: "Extending the web UI").
"""

from __future__ import annotations

import json
from typing import Any

from flask import Response, request
from locust.env import Environment

from rehearsal.load import live
from rehearsal.locust.conductor import LIVE_S, Conductor
from rehearsal.model import amount, counted
from rehearsal.scenario.gates import evaluate, gate_figures

KEY = "rehearsal"
COLUMNS = (("what", "What"), ("state", "State"), ("detail", "Detail"))
STATES = {
    "holds": "✓ holds so far",
    "broken": "✗ broken",
    "undecided": "? undecided",
    "waits": "? needs Odoo's books, read at the end",
}


def install(environment: Environment, conductor: Conductor) -> None:
    """Add the tab to the web page of *environment*; nothing happens without one."""
    page = environment.web_ui
    if page is None or page.app is None:
        return
    page.template_args = {
        **page.template_args,
        "extended_tabs": [{"title": "Rehearsal", "key": KEY}],
        "extended_tables": [{"key": KEY, "structure": [{"key": key, "title": title} for key, title in COLUMNS]}],
    }

    def extended(response: Response) -> Response:
        if request.path.endswith("/stats/requests") and response.status_code == 200:
            told: dict[str, Any] = json.loads(response.get_data())
            told["extended_stats"] = [{"key": KEY, "data": rows(conductor)}]
            response.set_data(json.dumps(told))
        return response

    page.app.after_request(extended)


def rows(conductor: Conductor) -> list[dict[str, str]]:
    """Return the rows of the tab as they are now."""
    figures = conductor.figures(3 * LIVE_S)
    table = [
        row("backlog", counted(figures.backlog, "order"), "accepted outside, and not known to Odoo yet"),
        row("orders", f"{figures.orders_per_minute:.0f} per minute", f"reached Odoo, over the last {3 * LIVE_S:g} s"),
        row("lateness", f"{figures.lateness_ms_p99:.0f} ms (p99)", "of stimuli: above its budget the run is undecided"),
    ]
    table += [_invariant(line, conductor.scenario.currency) for line in live.read(conductor.orders.folder)]
    for gate in evaluate(conductor.scenario.gates, gate_figures(figures.as_dict())):
        state = {True: "✓ held", False: "✗ missed", None: "? not measured yet"}[gate.held]
        value = "" if gate.value is None else f"is {gate.value:g}"
        table.append(row(f"{gate.figure} {gate.limit}", state, value))
    table += [row("trouble", "? undecided", said) for said in conductor.outcome.trouble]
    return table


def row(what: str, state: str, detail: str) -> dict[str, str]:
    """Return one row of the table."""
    return {"what": what, "state": state, "detail": detail}


def _invariant(line: dict[str, Any], currency: str) -> dict[str, str]:
    if line["state"] == "undecided":
        return row(line["id"].replace("_", " "), STATES["undecided"], line["because"])
    detail = f"{line['examined']} examined" if line["state"] != "waits" else ""
    if line["findings"]:
        at_risk = amount(line["money_at_risk"], currency)
        detail += f", {counted(line['findings'], 'finding')}, {counted(line['units'], 'unit')}, {at_risk} at risk"
    return row(line["id"].replace("_", " "), STATES[line["state"]], detail)
