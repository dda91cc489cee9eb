"""Commands about runs that were made: check, report, observe, drop, compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rehearsal.cli.words import (
    NO_MARGIN,
    AsJson,
    BaselineName,
    MarginMoney,
    MarginUnits,
    RunName,
    TargetName,
    WaiversName,
    app,
    data_only,
    exit_code,
    money_named,
    say,
    target_named,
    tell,
    terms_named,
    waivers_named,
)
from rehearsal.errors import EnvironmentNotReady, UsageError


@app.command()
def check(
    name: RunName = "latest",
    baseline: BaselineName = None,
    waivers: WaiversName = None,
    margin_units: MarginUnits = 0,
    margin_money: MarginMoney = NO_MARGIN,
    as_json: AsJson = False,
) -> None:
    """Judge a run again from its files alone; a baseline or waivers that are given take the place of the run's own."""
    from rehearsal.pipeline.conclusion import conclude
    from rehearsal.pipeline.run_folder import find_run, reopened_for_judging
    from rehearsal.pipeline.terminal import verdict_lines

    found = reopened_for_judging(find_run(name))
    if terms := terms_named(baseline, waivers, margin_units, margin_money, found.scenario.name, found.folder):
        terms.write(found.folder)
    with data_only():
        summary = conclude(found, tell)
    say(json.dumps(summary, indent=2) if as_json else "\n".join(verdict_lines(found.folder, summary, found.scenario.cure)))
    raise typer.Exit(exit_code(summary))


@app.command()
def report(name: RunName = "latest") -> None:
    """Write the reports of a run again."""
    from rehearsal.pipeline.run import conclude, find_run
    from rehearsal.pipeline.run_folder import reopened_for_judging

    found = reopened_for_judging(find_run(name))
    with data_only():
        conclude(found, tell)
    say(str(found.folder / "report.html"))


@app.command()
def observe(name: RunName = "latest", target: TargetName = "auto") -> None:
    """Read Odoo's books again from a kept database (`rehearse run --keep`), then judge."""
    from rehearsal.pipeline.run import conclude, find_run, observed_again, reopen, target_of
    from rehearsal.pipeline.run_folder import require_manifest
    from rehearsal.pipeline.terminal import verdict_lines

    found = reopen(find_run(name))
    require_manifest(found)
    used = found.manifest.get("target", {})
    if "database" not in used:
        raise UsageError(f"{found.folder} does not say which database it used; it ended before there was one")
    chosen = target_named(target_of(found.manifest) if target == "auto" else target)
    database = chosen.database(used["database"])
    if chosen.kind != "existing" and database.name not in chosen.status().databases:
        raise EnvironmentNotReady(
            f"database {database.name!r} is gone, so its books cannot be read again; keep the next one with: rehearse run --keep"
        )
    if found.manifest.get("prepared_for_load"):
        from rehearsal.load.drive import observed_by_hand

        observed_by_hand(found, database, tell)
    else:
        observed_again(found, database, tell)
    with data_only():
        summary = conclude(found, tell)
    say("\n".join(verdict_lines(found.folder, summary, found.scenario.cure)))
    raise typer.Exit(exit_code(summary))


@app.command()
def drop(name: RunName = "latest", target: TargetName = "auto") -> None:
    """Remove the database that `rehearse run --keep` kept; the run folder stays."""
    from rehearsal.pipeline.run import find_run, reopen, target_of
    from rehearsal.pipeline.run_folder import require_manifest

    found = reopen(find_run(name))
    require_manifest(found)
    chosen = target_named(target_of(found.manifest) if target == "auto" else target)
    database = str(found.manifest.get("target", {}).get("database", ""))
    if chosen.kind == "existing":
        raise UsageError(f"{found.folder} ran on an Odoo of yours, whose database is not ours to drop")
    if database not in chosen.status().databases:
        tell(f"{found.folder}: its database is gone already")
        return
    chosen.drop(chosen.database(database))
    tell(f"dropped database {database}")


@app.command()
def baseline(
    name: RunName = "latest",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write it; default: to stdout.")] = None,
) -> None:
    """Write what a run has as a baseline: whatever is in it keeps no later build back."""
    from rehearsal.pipeline.baseline import baseline_of_run
    from rehearsal.pipeline.run_folder import find_run
    from rehearsal.verdict.baseline import as_text

    with data_only():
        known = baseline_of_run(find_run(name))
    if out is None:
        say(as_text(known).rstrip())
        return
    try:
        out.write_text(as_text(known), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written ({error.strerror}); name a file in a folder that is there") from None
    tell(
        f"{out}: {len(known.known)} known trouble(s) of {known.scenario}, {known.design}; use it with: rehearse run {known.scenario} --baseline {out}"
    )


@app.command()
def compare(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B")],
    noise: Annotated[
        str | None, typer.Option("--noise", metavar="RUN_A2", help="RUN_A once more: what the two differ in is no news.")
    ] = None,
    waivers: WaiversName = None,
    margin_units: MarginUnits = 0,
    margin_money: MarginMoney = NO_MARGIN,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Where both go on one HTML page; default: beside the second run.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is new, worse, ongoing, better or fixed between two runs, with units and money at risk; 1 for what is new or worse."""
    from rehearsal.pipeline.compare import compared, page_of, table
    from rehearsal.pipeline.run import find_run

    before, after = find_run(run_a), find_run(run_b)
    with data_only():
        page = page or page_of(before, after)
        again = find_run(noise) if noise else None
        told = compared(before, after, page, tell, waivers_named(waivers), margin_units, money_named(margin_money), again)
    say(json.dumps(told, indent=2) if as_json else table(told))
    raise typer.Exit(told["exit_code"])
