"""What a run comes to, as data: ``summary.json`` and ``verdict.json``, formats that others rely on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from rehearsal.model import Finding, Severity, counted, money
from rehearsal.scenario.gates import evaluate, gate_figures, with_abort
from rehearsal.stage.faults import counts_in
from rehearsal.verdict import kpis
from rehearsal.verdict.fingerprints import fingerprint
from rehearsal.verdict.judge import Judged, exercises, overall
from rehearsal.verdict.record import Record
from rehearsal.verdict.repeat import of_summary
from rehearsal.vocabulary import Role, played

SCHEMA_VERSION = 1
ERRORS_MAX = 20
ASKED_AT_ONCE = 100_000
"""Orders that are looked up by one query: of a bad weekend a million are hurt."""
NAMED_MAX = 100
"""Orders, and records in Odoo, that a finding names in ``verdict.json``; the rest is counted."""
NUMBERED = "([A-Z]+-)*[0-9]+"
"""What tells one order, SKU or record from another in a message, such as ``WEBSHOP-0042``."""
RESTLESS = "the world did not come to rest within the time for settling; what was still under way is undecided"
REFUSED = f"""
SELECT sum(TRY_CAST(l.value->>'total_minor' AS BIGINT)) FROM events e, json_each(e.data, '$.lines') l WHERE {played(Role.REFUSES, row="e")}
"""
PHASES = ("prepare", "simulate", "settle", "observe", "judge", "report")


def figures(record: Record, judged: tuple[Judged, ...], manifest: Mapping[str, Any], run: Path) -> dict[str, Any]:
    """Return the content of ``summary.json``."""
    scenario, load = record.scenario, manifest.get("load")
    measured, crashed = kpis.kpis(record) if not record.damages else (dict.fromkeys(kpis.NAMES), ())
    faults = counts_in(run / "faults.ndjson")
    figures_of = measured | gate_figures(load) if load else measured
    gates = evaluate(scenario.gates, figures_of, under_load=load is not None)
    if not record.finished and load is None:  # a figure of half a weekend is held against nothing
        gates = tuple(replace(gate, held=None) for gate in gates)
    gates = with_abort(gates, load.get("aborted_by") if load else None)
    done = exercises(record, judged, faults)
    idle, lost = [one.said for one in done if one.idle], dead_letters(record)
    aborted = str(manifest.get("aborted", ""))
    unproven = [str(damage) for damage in record.damages]
    unproven += [] if record.finished else [aborted or "the run did not reach its end"]
    unproven += load["trouble"] if load else []
    restless = [RESTLESS] if record.finished and not record.rested else []
    verdict, exit_code = overall(judged, gates, unproven, [*idle, *lost, *crashed, *restless])
    told = {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario.name,
        "seed": scenario.seed,
        "demand_hash": manifest.get("demand_hash", ""),
        "connector": scenario.connector,
        "policies_off": list(scenario.policies_off),
        "design": scenario.design,
        "repeat": str(manifest.get("command", "")),
        "target": manifest.get("target", {}),
        "currency": scenario.currency,
        "verdict": verdict.value,
        "exit_code": exit_code,
        "finished": record.finished,
        "aborted": aborted,
        "rested": record.rested,
        "damages": [str(damage) for damage in record.damages],
        "counts": _counts(record),
        "refused_worth": money(refused_minor(record)),
        "kept_worth": money(int(record.value("SELECT coalesce(sum(due_minor), 0) FROM due") or 0)),
        **perfect(record),
        "invariants": [_invariant(one) for one in judged],
        "hurt": hurt(record, judged),
        "exercised": [{"what": e.what, "done": e.done, "wanted": e.wanted, "said": e.said} for e in done],
        "idle": idle,
        "dead_letters": lost,
        "dead_letter_kinds": letter_kinds(record),
        "crashed": list(crashed),
        "kpis": measured,
        "gates": [{"figure": g.figure, "limit": g.limit, "value": g.value, "held": g.held} for g in gates],
        "faults": [{"name": name, "armed": c.armed, "fired": c.fired, "healed": c.healed} for name, c in faults.items()],
        "timings_s": {phase: manifest.get("timings_s", {}).get(phase, 0.0) for phase in PHASES},
    }
    return told | ({"load": {**load, "errors": _errors(record)}} if load else {})


def dead_letters(record: Record) -> list[str]:
    """Return what the connector could not handle, or must not do: one sentence, the first one's, for each line and reason.

    Reasons that differ by numbers and ids alone are one: an order's number makes no new fault.
    """
    rows = record.rows(
        f"""SELECT arg_min(said, i) AS said, count(*) AS n, arg_min(cause, i) AS first FROM
            (SELECT i, cause, split_part(message, chr(10), 1) AS said, place, error FROM dead_letters)
        GROUP BY place, error, regexp_replace(said, '{NUMBERED}', '#', 'g') ORDER BY min(i) LIMIT {ERRORS_MAX}"""
    )
    return [f"{row['said']} ({counted(row['n'], 'time')}, the first about {row['first']})" for row in rows]


def letter_kinds(record: Record) -> list[dict[str, Any]]:
    """Return what dead letters there are, by error, method and kind of event, without what differs from build to build."""
    rows = record.rows("""SELECT d.error || ' in ' || split_part(d.place, ' (', 1) || coalesce(' of ' || e.type, '') AS what, count(*) AS times
        FROM dead_letters d LEFT JOIN events e ON e.id = d.cause GROUP BY what ORDER BY what""")
    return [dict(row) for row in rows]


def findings(judged: tuple[Judged, ...], repeat: str = "") -> list[dict[str, Any]]:
    """Return every finding as a dict, the dearest first, each with the command that repeats it."""
    told = [_finding(one.id, finding) | {"repeat": repeat} for one in judged for finding in one.judgement.findings]
    return sorted(told, key=lambda f: (-f["money_at_risk_minor"], f["invariant"], f["message"]))


def verdict(summary: Mapping[str, Any], judged: tuple[Judged, ...]) -> dict[str, Any]:
    """Return the content of ``verdict.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": summary["verdict"],
        "exit_code": summary["exit_code"],
        "invariants": [
            {**_invariant(one), "sentence": one.sentence, "because": one.judgement.undecided_because, "traceback": one.trace}
            for one in judged
        ],
        "findings": findings(judged, of_summary(summary)),
    }


def write(run: Path, summary: Mapping[str, Any], verdict: Mapping[str, Any]) -> None:
    """Write ``verdict.json`` first and ``summary.json`` last: a run without a summary has no result."""
    for name, content in (("verdict.json", verdict), ("summary.json", summary)):
        partial = run / f".{name}.partial"
        partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(run / name)


def _errors(record: Record) -> list[dict[str, Any]]:
    """Return what Odoo said when it refused, or what kept an answer away, the most frequent first."""
    rows = record.rows(
        f"""SELECT name, outcome, split_part(trim(message), chr(10), 1) AS said, count(*) AS times
        FROM answers WHERE outcome <> 'ok' GROUP BY ALL ORDER BY times DESC, name, said LIMIT {ERRORS_MAX}"""
    )
    return [{"operation": row["name"], "outcome": row["outcome"], "message": row["said"], "times": row["times"]} for row in rows]


def _counts(record: Record) -> dict[str, int]:
    orders = record.rows(f"""SELECT count(*) FILTER ({played(Role.ACCEPTS)}) AS accepted,
        count(*) FILTER ({played(Role.REFUSES)}) AS refused FROM events""")[0]
    outcomes = {row["outcome"]: row["n"] for row in record.rows("SELECT outcome, count(*) AS n FROM answers GROUP BY ALL")}
    return {
        "orders_attempted": orders["accepted"] + orders["refused"],
        "orders_accepted": orders["accepted"],
        "orders_refused": orders["refused"],
        "operations_ok": outcomes.get("ok", 0),
        "operations_refused": outcomes.get("refused", 0),
        "operations_unknown": outcomes.get("unknown", 0),
        "dead_letters": record.value("SELECT count(*) FROM dead_letters") or 0,
    }


def perfect(record: Record) -> dict[str, Any]:
    """Return what a perfect counter keeps of the same demand; nothing where the history is from before that was written."""
    rows = record.rows("""SELECT TRY_CAST(data->>'orders' AS BIGINT) AS orders, TRY_CAST(data->>'minor' AS BIGINT) AS minor
        FROM history WHERE kind = 'oracle'""")
    known = rows and rows[0]["minor"] is not None and rows[0]["orders"] is not None
    return {"perfect": {"orders": rows[0]["orders"], "worth": money(rows[0]["minor"])}} if known else {}


def refused_minor(record: Record) -> int:
    """Return what the orders that channels refused would have been worth."""
    return int(record.value(REFUSED) or 0)


def _invariant(one: Judged) -> dict[str, Any]:
    found = one.judgement.findings
    return {
        "id": one.id,
        "area": one.area,
        "verdict": one.verdict.value,
        "examined": one.judgement.examined,
        "findings": len(found),
        "units": sum(f.units for f in found),
        "money_at_risk": money(sum(f.money_at_risk_minor for f in found)),
        "left_out": one.judgement.left_out,
    }


def _finding(invariant: str, finding: Finding) -> dict[str, Any]:
    return {
        "invariant": invariant,
        "message": finding.message,
        "severity": finding.severity.value,
        "units": finding.units,
        "money_at_risk": money(finding.money_at_risk_minor),
        "money_at_risk_minor": finding.money_at_risk_minor,
        "about": dict(finding.about),
        "kind": finding.kind,
        "fingerprint": fingerprint(invariant, finding.kind, finding.about),
        "at_s": finding.at_s,
        "witnesses": list(finding.witnesses),
        "erp_records": [{"model": model, "id": res_id} for model, res_id in finding.erp_records[:NAMED_MAX]],
        "erp_records_in_all": len(finding.erp_records),
        "orders": [{"channel": channel, "external_id": order} for channel, order in finding.orders[:NAMED_MAX]],
        "orders_in_all": len(finding.orders),
    }


def hurt(record: Record, judged: tuple[Judged, ...]) -> int:
    """Return how many accepted orders critical and major findings name, each counted once however many name it."""
    told = (finding for one in judged for finding in one.judgement.findings if finding.severity is not Severity.MINOR)
    pairs = iter({pair for finding in told for pair in finding.orders})
    sql = """SELECT count(*) FROM orders JOIN (SELECT n.c AS channel, n.o AS "order" FROM (
        SELECT unnest(from_json(CAST(? AS JSON), '[{"c": "VARCHAR", "o": "VARCHAR"}]')) AS n)) USING (channel, "order")"""
    found = 0
    while some := list(islice(pairs, ASKED_AT_ONCE)):
        found += int(record.value(sql, [json.dumps([{"c": channel, "o": order} for channel, order in some])]) or 0)
    return found
