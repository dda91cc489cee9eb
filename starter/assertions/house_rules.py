"""The rules of the house, judged beside the bundled invariants."""

from __future__ import annotations

from rehearsal.model import Finding, Judgement, Severity
from rehearsal.verdict.record import Record

AREA = "house"
VIEWS = """
CREATE VIEW ratings AS SELECT i, id, at_s, channel, "order", TRY_CAST(data->>'stars' AS INTEGER) AS stars
    FROM events WHERE type = 'kiosk.rated';
"""


def one_piece_stays_in_the_window(record: Record) -> Judgement:
    """No channel is ever offered the last piece that the opening books hold at a node."""
    rows = record.rows("""
        SELECT p.channel, p.node, p.sku, b.units AS book, max(p.units) AS offered, min(p.i) AS i, min(p.at_s) AS at_s
        FROM publications p JOIN book b ON b.node = p.node AND b.sku = p.sku
        WHERE p.units >= b.units AND p.units > 0 GROUP BY ALL ORDER BY i, sku""")
    findings = tuple(
        Finding(
            message=f"{row['sku']} at {row['node']}: {row['channel']} was offered {row['offered']} of {row['book']} units",
            severity=Severity.MINOR,
            units=row["offered"] - row["book"] + 1,
            witnesses=(row["i"],),
            at_s=row["at_s"],
            about={"channel": row["channel"], "node": row["node"], "sku": row["sku"]},
        )
        for row in rows
    )
    return Judgement(examined=record.value("SELECT count(*) FROM publications"), findings=findings)


def every_rating_reaches_odoo(record: Record) -> Judgement:
    """Every rating of a shopper is written in Odoo."""
    rows = record.rows("""
        SELECT r.* FROM ratings r LEFT JOIN answers a ON a.cause = r.id AND a.name = 'write rating' AND a.outcome = 'ok'
        WHERE a.i IS NULL ORDER BY r.i""")
    findings = tuple(
        Finding(
            message=f"{row['channel']}: the rating of {row['order']} ({row['stars']} stars) is not in Odoo",
            severity=Severity.MINOR,
            witnesses=(row["i"],),
            orders=((row["channel"], row["order"]),),
            at_s=row["at_s"],
            about={"channel": row["channel"]},
        )
        for row in rows
    )
    return Judgement(examined=record.value("SELECT count(*) FROM ratings"), findings=findings)


INVARIANTS = (one_piece_stays_in_the_window, every_rating_reaches_odoo)
FROM_HISTORY = INVARIANTS
