"""Parcels of this shop, which wants each under its number: the table that this needs comes with the invariant."""

from __future__ import annotations

from rehearsal.model import Finding, Judgement, Severity
from rehearsal.odoo.observe import Table
from rehearsal.verdict.record import Record

AREA = "parcels"
TABLES = (
    Table(
        "parcels",
        {"id": "BIGINT", "number": "VARCHAR", "state": "VARCHAR"},
        "stock.picking",
        {"id": "id", "number": "carrier_tracking_ref", "state": "state"},
        (("carrier_tracking_ref", "!=", False),),
    ),
)
VIEWS = """
CREATE VIEW parcels_sent AS SELECT i, at_s, channel, "order", data->>'tracking' AS number FROM events WHERE type = 'goods.issued';
"""


def every_parcel_is_in_odoo_under_its_number(record: Record) -> Judgement:
    """Every parcel that left a node is a transfer in Odoo that is done and carries the parcel's tracking number."""
    record.work_out("""SELECT s.*, p.id FROM parcels_sent s LEFT JOIN erp_parcels p ON p.number = s.number AND p.state = 'done'""")
    return Judgement(
        examined=record.value("SELECT count(DISTINCT number) FROM found"),
        findings=tuple(
            Finding(
                message=f"{row['channel']}: parcel {row['number']} of {row['order']} is not in Odoo",
                severity=Severity.MAJOR,
                witnesses=(row["i"],),
                orders=((row["channel"], row["order"]),),
                at_s=row["at_s"],
            )
            for row in record.rows("SELECT * FROM found WHERE id IS NULL ORDER BY i")
        ),
    )


INVARIANTS = (every_parcel_is_in_odoo_under_its_number,)
