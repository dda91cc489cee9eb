"""The house rules of this shop, judged beside the bundled invariants."""

from __future__ import annotations

from rehearsal.model import Finding, Judgement, Severity
from rehearsal.verdict.record import Record

AREA = "house"


def one_unit_is_kept_back_from_every_channel(record: Record) -> Judgement:
    """No channel is ever offered the last unit that the opening books hold at a node."""
    rows = record.rows("""
        SELECT p.channel, p.node, p.sku, b.units AS book, max(p.units) AS offered, min(p.at_s) AS at_s, count(*) AS times
        FROM publications p JOIN book b ON b.node = p.node AND b.sku = p.sku WHERE p.units >= b.units AND p.units > 0
        GROUP BY ALL ORDER BY at_s""")
    findings = tuple(
        Finding(
            message=f"{row['sku']} at {row['node']}: {row['channel']} was offered {row['offered']} of {row['book']} units",
            severity=Severity.MINOR,
            units=row["offered"] - row["book"] + 1,
            money_at_risk_minor=0,
            at_s=row["at_s"],
        )
        for row in rows
    )
    return Judgement(examined=record.value("SELECT count(*) FROM publications"), findings=findings)


INVARIANTS = (one_unit_is_kept_back_from_every_channel,)
FROM_HISTORY = INVARIANTS
