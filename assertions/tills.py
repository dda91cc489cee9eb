"""Tills: a till that closed outside is closed in the books, as it was counted."""

from __future__ import annotations

from typing import Any

from rehearsal.model import Finding, Judgement, Severity
from rehearsal.verdict.record import Record
from rehearsal.vocabulary import Role, played

AREA = "tills"

SESSIONS = f"""
WITH closed AS (
    SELECT i, at_s, channel, TRY_CAST(data->>'counted_minor' AS BIGINT) AS counted_minor, TRY_CAST(data->>'float_minor' AS BIGINT) AS float_minor,
        row_number() OVER (PARTITION BY channel ORDER BY i) AS nth
    FROM events WHERE {played(Role.COUNTS)}),
sessions AS (
    SELECT s.*, t.channel, row_number() OVER (PARTITION BY t.channel ORDER BY s.id) AS nth
    FROM erp_sessions s JOIN erp_tills t ON t.id = s.till),
matched AS (
    SELECT c.i, c.at_s, coalesce(c.channel, s.channel) AS channel, c.counted_minor, c.float_minor, s.id, s.state, s.opening_minor,
        s.closing_minor, s.difference_minor, coalesce(c.nth, s.nth) AS nth,
        CASE WHEN c.i IS NULL THEN 'has a session in Odoo that no till had outside'
            WHEN s.id IS NULL THEN 'has no session in Odoo'
            WHEN s.state <> 'closed' THEN 'is not closed in Odoo'
            WHEN s.opening_minor <> c.float_minor THEN 'was opened with another float'
            WHEN s.closing_minor <> c.counted_minor THEN 'was closed with another count'
            WHEN s.difference_minor <> 0 THEN 'has a cash difference that no drawer had' END AS wrong
    FROM closed c FULL JOIN sessions s ON s.channel = c.channel AND s.nth = c.nth)
"""


def every_closed_till_is_closed_in_the_erp(record: Record) -> Judgement:
    """Every till that was opened, counted and closed outside is a closed session in Odoo, with the same float, the same
    count and, since every drawer held what it should, no cash difference."""
    record.work_out(SESSIONS + "SELECT * FROM matched")
    return Judgement(
        examined=record.value("SELECT count(*) FROM found"),
        findings=tuple(
            _finding(record, row) for row in record.rows("SELECT * FROM found WHERE wrong IS NOT NULL ORDER BY channel, nth")
        ),
    )


def _finding(record: Record, row: dict[str, Any]) -> Finding:
    said = f"{row['channel']}, closing {row['nth']}: {row['wrong']}"
    apart = 0
    if row["i"] is not None and row["id"] is not None:
        apart = abs((row["closing_minor"] or 0) - row["counted_minor"]) or abs(row["difference_minor"] or 0)
        said += (
            f" ({row['state']}; float {record.priced(row['opening_minor'] or 0)} for {record.priced(row['float_minor'])}, counted "
            f"{record.priced(row['closing_minor'] or 0)} for {record.priced(row['counted_minor'])}, "
            f"difference {record.priced(row['difference_minor'] or 0)})"
        )
    return Finding(
        message=said,
        severity=Severity.CRITICAL,
        money_at_risk_minor=apart or (row["counted_minor"] or 0),
        witnesses=(row["i"],) if row["i"] is not None else (),
        erp_records=(("pos.session", row["id"]),) if row["id"] is not None else (),
        at_s=row["at_s"],
        about={"channel": row["channel"]},
        kind=row["wrong"],
    )


INVARIANTS = (every_closed_till_is_closed_in_the_erp,)
