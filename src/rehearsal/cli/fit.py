"""The command that fits demand to the past: fit."""

from __future__ import annotations

from typing import Annotated

import typer

from rehearsal.cli.words import CloneName, Name, TargetName, app, on_target, scenario_named, tell

SinceDay = Annotated[str | None, typer.Option("--since", metavar="DAY", help="First day that is read; left out: four weeks ago.")]
UntilDay = Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day that is read; left out: yesterday.")]
Times = Annotated[float, typer.Option("--times", metavar="K", help="How many times as many orders.")]
Zone = Annotated[str, typer.Option("--zone", help="The retailer's time zone, such as Europe/Berlin; left out: the login's.")]
As = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Name of the scenario that is written; left out: NAME_fitted.")
]


@app.command()
def fit(
    name: Name,
    target: TargetName = "",
    clone: CloneName = None,
    since: SinceDay = None,
    until: UntilDay = None,
    times: Times = 1.0,
    zone: Zone = "",
    written_as: As = None,
) -> None:
    """Write a scenario whose demand is like the order history of a database: hours, days, basket sizes, pieces, articles, tenders.

    Only sums are read, no name and no address; nothing is written to the database. Which orders were a channel's is said
    by its word history; a till's are the tickets of its point of sale.
    """
    from rehearsal.pipeline import fit as fitting
    from rehearsal.pipeline.opening import past_of

    asked = fitting.asked(scenario_named(name), name, since, until, times, zone, written_as)
    past = on_target(target, asked.scenario, lambda on, told: past_of(asked.scenario, on, clone or "", told, asked.window))
    fitting.written(asked, past, tell)
