"""Cleaning: what rehearsals left in a database that others use, taken out of it again as far as Odoo lets it go.

What is theirs is known by the watermark: whatever is newer, and was made by the login that rehearsed. Most of it Odoo
deletes. What it keeps for ever is ended instead: cancelled, closed, archived; done transfers, paid tickets and their entries
stay as they are, and the stock that they moved is counted back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.model import Tell
from rehearsal.odoo import watermark
from rehearsal.odoo.client import ServerRefused
from rehearsal.odoo.connect import SEEN, USED, Caller

MODULE = "rehearsal"
ALL = {"active_test": False}
KEPT = ("pos.session", "pos.order", "stock.move.line", "account.move")
"""Models of which Odoo deletes nothing that is done or posted: they are left as they are."""
ENDED = {
    "sale.order": (("action_unlock", {}), ("action_cancel", {"disable_cancel_warning": True})),
    "stock.picking": (("action_cancel", {}),),
    "account.payment": (("action_draft", {}), ("action_cancel", {})),
    "pos.session": (("close_session_from_ui", {}),),
}
"""By model: the methods, with their contexts, that end a record ahead of its deletion."""
RENAMED = {
    "stock.warehouse": ("code", "name"),
    "account.journal": ("code",),
    "account.account": ("code",),
    "account.tax": ("name",),
}
"""By model: the fields in which Odoo wants no name twice, not even an archived one's; whoever comes next needs them."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of what was left of one model."""

    model: str
    left: int
    deleted: int = 0
    ended: int = 0
    """Cancelled, closed or archived, since Odoo forbids deletion."""

    @property
    def stayed(self) -> int:
        """How many are as they were."""
        return self.left - self.deleted - self.ended


def left(call: Caller) -> dict[str, list[int]]:
    """Return what rehearsals left since the last cleaning, by model, in the order of its removal; empty where there were none."""
    mark = watermark.noted(call)
    if mark is None:
        return {}
    uid = call("res.users", "context_get")["uid"]
    found = {model: _since(call, model, newest, uid) for model, newest in mark.items() if model in watermark.WRITTEN}
    return {model: found[model] for model in watermark.WRITTEN if found.get(model)}


def _since(call: Caller, model: str, newest: int, uid: int) -> list[int]:
    ids: list[int] = call(model, "search", None, {"domain": [("id", ">", newest), ("create_uid", "=", uid)], "order": "id"}, ALL)
    return ids


def clean(call: Caller, told: Tell) -> tuple[Cleaned, ...]:
    """Take out what rehearsals left, and their marks; return what became of it, model by model."""
    there = left(call)
    moved = _moved(call, there.get("stock.move.line", []))
    done = []
    for model, ids in there.items():
        told(f"{model}: {len(ids)}")
        done.append(_Model(call, model).cleaned(ids))
    _put_back(call, moved, set(there.get("product.product", ())))
    done = [_recounted(call, one, there[one.model]) for one in done]
    names = call("ir.model.data", "search", None, {"domain": [("module", "=", MODULE)]})
    if names:
        call("ir.model.data", "unlink", names)
    marks = call("ir.config_parameter", "search", None, {"domain": [("key", "in", [watermark.SINCE, USED, SEEN])]})
    if marks:
        call("ir.config_parameter", "unlink", marks)
    return tuple(done)


def _recounted(call: Caller, one: Cleaned, ids: Sequence[int]) -> Cleaned:
    """Return *one* with those as deleted that went with something else, such as the entry of a payment."""
    still = len(call(one.model, "search", None, {"domain": [("id", "in", list(ids))]}, ALL))
    return replace(one, deleted=one.left - still, ended=min(one.ended, still))


class _Model:
    """Takes records of one model away."""

    def __init__(self, call: Caller, model: str) -> None:
        self.call = call
        self.model = model
        self.fields: Mapping[str, Any] = call(model, "fields_get", None, {"attributes": ["type"]})

    def cleaned(self, ids: Sequence[int]) -> Cleaned:
        """End what can be ended, delete what Odoo then lets go, and archive the rest."""
        over = set[int]()
        for method, context in ENDED.get(self.model, ()):
            refused = set(self.refused(ids, lambda some, m=method, c=context: self.ask(m, some, {}, c)))  # type: ignore[misc]
            over = set(ids) - refused
        if self.model in KEPT:
            return Cleaned(self.model, len(ids), 0, len(over))
        stuck = self.refused(ids, lambda some: self.ask("unlink", some, {}, {"force_delete": True}))
        archived = [one for one in stuck if self.archive(one)]
        if self.model == "stock.picking":
            self.rename(stuck)
        return Cleaned(self.model, len(ids), len(ids) - len(stuck), len({*archived, *(over & set(stuck))}))

    def archive(self, one: int) -> bool:
        """Archive a record, under another name where its own must be free; whether Odoo did."""
        if "active" not in self.fields:
            return False
        words: dict[str, Any] = {
            field: f"~{one}"[:5] if field == "code" else f"~{one} of a rehearsal" for field in RENAMED.get(self.model, ())
        }
        words |= {"barcode": False} if "barcode" in self.fields else {}
        return not self.refused([one], lambda some: self.ask("write", some, {"vals": {**words, "active": False}}, {}))

    def rename(self, ids: Sequence[int]) -> None:
        """Free the references of done transfers, which whoever comes next would count up to once more."""
        for row in self.call(self.model, "read", list(ids), {"fields": ["name"]}) if ids else ():
            if "~" not in row["name"]:
                self.ask("write", [row["id"]], {"vals": {"name": f"{row['name']}~{row['id']}"}}, {})

    def ask(self, method: str, ids: Sequence[int], arguments: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        self.call.client.call(self.model, method, tuple(ids), arguments, context)

    def refused(self, ids: Sequence[int], do: Callable[[Sequence[int]], None]) -> list[int]:
        """Do something with many records at once, and where Odoo refuses with half of them; return those that it refuses alone."""
        if not ids:
            return []
        try:
            do(ids)
        except ServerRefused:
            if len(ids) == 1:
                return list(ids)
            middle = len(ids) // 2
            return self.refused(ids[:middle], do) + self.refused(ids[middle:], do)
        return []


def _moved(call: Caller, ids: Sequence[int]) -> Counter[tuple[int, int]]:
    """Return by (product, internal location) how many units done transfers brought there, less what they took away."""
    net: Counter[tuple[int, int]] = Counter()
    for place, sign in (("location_dest_id", 1), ("location_id", -1)):
        rows = call("stock.move.line", "formatted_read_group", None, {
            "domain": [("id", "in", list(ids)), ("state", "=", "done"), (f"{place}.usage", "=", "internal")],
            "groupby": ["product_id", place], "aggregates": ["quantity_product_uom:sum"],
        })  # fmt: skip
        for row in rows:
            net[row["product_id"][0], row[place][0]] += sign * row["quantity_product_uom:sum"]
    return net


def _put_back(call: Caller, moved: Mapping[tuple[int, int], float], gone: set[int]) -> None:
    """Count the stock of every place to what it was before; not that of articles that a rehearsal brought itself."""
    wrong = {key: units for key, units in moved.items() if units and key[0] not in gone}
    counts = list(_counts(call, wrong))
    if counts:
        quants = call("stock.quant", "create", None, {"vals_list": counts}, {"inventory_mode": True})
        call("stock.quant", "action_apply_inventory", quants)


def _counts(call: Caller, moved: Mapping[tuple[int, int], float]) -> Iterator[dict[str, Any]]:
    products, places = ({key[n] for key in moved} for n in (0, 1))
    rows = call("stock.quant", "formatted_read_group", None, {
        "domain": [("product_id", "in", list(products)), ("location_id", "in", list(places))],
        "groupby": ["product_id", "location_id"], "aggregates": ["quantity:sum"],
    })  # fmt: skip
    there = {(row["product_id"][0], row["location_id"][0]): row["quantity:sum"] for row in rows}
    for (product, place), units in moved.items():
        yield {"product_id": product, "location_id": place, "inventory_quantity": there.get((product, place), 0) - units}
