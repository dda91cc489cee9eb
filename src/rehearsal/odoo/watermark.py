"""The watermark: the newest record of each kind before a rehearsal wrote into books that others had begun.

What is newer is the rehearsal's, so that a staging database can be rehearsed on again, and cleaned.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.odoo.connect import USED, Caller
from rehearsal.odoo.observe import Table

SINCE = "rehearsal.since"
"""The system parameter with the watermark of the first rehearsal that has not been cleaned yet."""
COUNT = "rehearsal.count"
"""The system parameter that says how many rehearsals there were."""
BY = "rehearsal.by"
"""The system parameter with the users whose logins rehearsed since."""
WRITTEN = (
    "pos.session",
    "pos.order",
    "sale.order",
    "stock.picking",
    "stock.move.line",
    "account.payment",
    "account.move",
    "res.partner",
    "pos.config",
    "pos.payment.method",
    "stock.route",
    "product.product",
    "stock.warehouse",
    "stock.picking.type",
    "stock.location",
    "account.journal",
    "account.account",
    "account.tax",
)
"""Models into which a rehearsal writes, beside those that are observed; in the order in which they can be taken away again."""

Watermark = Mapping[str, int]


def read(call: Caller, tables: Iterable[Table]) -> Watermark:
    """Return the highest id of each model of *tables* that is read since a watermark, and of those that a rehearsal writes."""
    models = dict.fromkeys((*(table.model for table in tables if table.since), *WRITTEN))
    return {model: _newest(call, model) for model in models}


def _newest(call: Caller, model: str) -> int:
    ids = call(model, "search", None, {"domain": [], "order": "id desc", "limit": 1}, {"active_test": False})
    return ids[0] if ids else 0


def note(call: Caller, mark: Watermark) -> int:
    """Keep *mark* in the database unless an older one waits to be cleaned; return how many rehearsals there were before."""
    # A made world that a run left there, such as one that `--keep` kept, was a rehearsal too: its orders have taken their numbers.
    before = int(parameter(call, COUNT) or bool(parameter(call, USED)))
    own = call("res.users", "context_get")["uid"]
    users = ",".join(str(one) for one in sorted({*by(call), own}))
    call("ir.config_parameter", "set_param", None, {"key": BY, "value": users})
    if not parameter(call, SINCE):
        call("ir.config_parameter", "set_param", None, {"key": SINCE, "value": json.dumps(dict(mark), sort_keys=True)})
    call("ir.config_parameter", "set_param", None, {"key": COUNT, "value": str(before + 1)})
    return before


def noted(call: Caller) -> Watermark | None:
    """Return the watermark that the database keeps; None where no rehearsal left one."""
    text = parameter(call, SINCE)
    return {str(model): int(newest) for model, newest in json.loads(text).items()} if text else None


def by(call: Caller) -> tuple[int, ...]:
    """Return the users whose logins have rehearsed since the last cleaning."""
    return tuple(int(one) for one in parameter(call, BY).split(",") if one)


def parameter(call: Caller, key: str) -> str:
    """Return a system parameter, empty where there is none."""
    rows: list[dict[str, Any]] = call(
        "ir.config_parameter", "search_read", None, {"domain": [("key", "=", key)], "fields": ["value"]}
    )
    return str(rows[0]["value"] or "") if rows else ""
