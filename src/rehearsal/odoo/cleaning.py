"""Cleaning: what rehearsals left in a database that others use, taken out of it again as far as Odoo lets it go.

What is theirs is known by the watermark: whatever is newer, and was made by a login that rehearsed. Most of it Odoo
deletes. What it keeps for ever is ended instead: cancelled, closed, archived; done transfers, paid tickets and their entries
stay as they are, and the stock that they moved is counted back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rehearsal.errors import EnvironmentNotReady
from rehearsal.model import Tell
from rehearsal.odoo import watermark
from rehearsal.odoo.client import NoAnswer, NotAllowed, NotSent, ServerRefused
from rehearsal.odoo.connect import SEEN, USED, Caller

MODULE = "rehearsal"
BATCH = 500
ALL = {"active_test": False}
KEPT = ("pos.session", "pos.order", "stock.move.line", "account.move")
"""Models of which Odoo deletes nothing that is done or posted: they are left as they are."""
ENDED = {
    "sale.order": (("cancel",), (("action_unlock", {}), ("action_cancel", {"disable_cancel_warning": True}))),
    "stock.picking": (("done", "cancel"), (("action_cancel", {}),)),
    "account.payment": (("draft", "canceled"), (("action_draft", {}), ("action_cancel", {}))),
    "pos.session": (("closed",), (("close_session_from_ui", {}),)),
}
"""By model: in which states a record is at its end, and the methods, with their contexts, that end one ahead of its deletion."""
FOREVER = {"stock.picking": [("state", "=", "done")]}
"""By model: what Odoo never deletes, so that it need not be asked record by record."""
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
    users = watermark.by(call)
    found = {model: _since(call, model, newest, users) for model, newest in mark.items() if model in watermark.WRITTEN}
    return {model: found[model] for model in watermark.WRITTEN if found.get(model)}


def _since(call: Caller, model: str, newest: int, users: Sequence[int]) -> list[int]:
    domain = [("id", ">", newest), ("create_uid", "in", list(users))]
    ids: list[int] = call(model, "search", None, {"domain": domain, "order": "id"}, ALL)
    return ids


def clean(call: Caller, told: Tell) -> tuple[Cleaned, ...]:
    """Take out what rehearsals left, and their marks; return what became of it, model by model."""
    there = left(call)
    moved = _moved(call, there.get("stock.move.line", []))
    done = []
    for model, ids in there.items():
        told(f"taking out {model}")
        if model == "product.product":  # a warehouse with stock in it cannot be archived
            _count_to(call, _there(call, [("product_id", "in", ids), ("location_id.usage", "=", "internal")]), {})
        done.append(_Model(call, model).cleaned(ids))
    _put_back(call, moved, set(there.get("product.product", ())))
    done = [_recounted(call, one, there[one.model]) for one in done]
    names = call("ir.model.data", "search", None, {"domain": [("module", "=", MODULE)]})
    if names:
        call("ir.model.data", "unlink", names)
    marks = call("ir.config_parameter", "search", None, {"domain": [("key", "in", [watermark.SINCE, watermark.BY, USED, SEEN])]})
    if marks:
        call("ir.config_parameter", "unlink", marks)
    return tuple(done)


def _recounted(call: Caller, one: Cleaned, ids: Sequence[int]) -> Cleaned:
    """Return *one* with those as deleted that went with something else, such as the entry of a payment."""
    there = [("id", "in", list(ids))]
    still = len(call(one.model, "search", None, {"domain": there}, ALL))
    has_active = "active" in call(one.model, "fields_get", None, {"attributes": ["type"]})
    archived = len(call(one.model, "search", None, {"domain": [*there, ("active", "=", False)]}, ALL)) if has_active else 0
    return replace(one, deleted=one.left - still, ended=min(max(one.ended, archived), still))


class _Model:
    """Takes records of one model away."""

    def __init__(self, call: Caller, model: str) -> None:
        self.call = call
        self.model = model
        self.fields: Mapping[str, Any] = call(model, "fields_get", None, {"attributes": ["type"]})

    def cleaned(self, ids: Sequence[int]) -> Cleaned:
        """End what can be ended, delete what Odoo then lets go, and archive the rest."""
        over = self.end(ids)
        if self.model in KEPT:
            return Cleaned(self.model, len(ids), 0, len(over))
        done = [("id", "in", list(ids)), *FOREVER.get(self.model, [("id", "=", 0)])]
        forever = set(self.call(self.model, "search", None, {"domain": done}, ALL))
        unlink = partial(self.ask, "unlink", context={"force_delete": True})
        stuck = sorted({*forever, *self.refused([one for one in ids if one not in forever], unlink)})
        archived = self.archive(stuck)
        if self.model == "stock.picking":
            self.rename(stuck)
        return Cleaned(self.model, len(ids), len(ids) - len(stuck), len({*archived, *(over & set(stuck))}))

    def end(self, ids: Sequence[int]) -> set[int]:
        """Cancel or close what is still open; return those that this has brought to their end."""
        states, methods = ENDED.get(self.model, ((), ()))
        if not methods:
            return set()
        domain = [("id", "in", list(ids)), ("state", "not in", list(states))]
        before = unended = self.call(self.model, "search", None, {"domain": domain}, ALL)
        for method, context in methods:
            self.refused(unended, partial(self.ask, method, context=context))
            unended = self.call(self.model, "search", None, {"domain": domain}, ALL)
        return set(before) - set(unended)

    def archive(self, ids: Sequence[int]) -> set[int]:
        """Archive records, under other names where their own must be free; return those that Odoo let go."""
        if "active" not in self.fields or not ids:
            return set()
        for one in ids if self.model in RENAMED else ():
            words = {field: f"R{one}"[:5] if field == "code" else f"~{one} of a rehearsal" for field in RENAMED[self.model]}
            self.refused([one], partial(self.ask, "write", arguments={"vals": words}))
        if "barcode" in self.fields:
            self.refused(ids, partial(self.ask, "write", arguments={"vals": {"barcode": False}}))
        if self.model == "pos.config":
            self.refused(ids, self.elsewhere)
        return set(ids) - set(self.refused(ids, partial(self.ask, "write", arguments={"vals": {"active": False}})))

    def elsewhere(self, ids: Sequence[int]) -> None:
        """Let a point of sale, which stays for its sessions' sake, belong to a warehouse that stays, so that its own can go."""
        (first,) = self.call(
            "stock.warehouse", "search_read", None, {"domain": [], "fields": ["pos_type_id"], "order": "id", "limit": 1}
        )
        place = {"warehouse_id": first["id"], "picking_type_id": first["pos_type_id"][0]}
        self.ask("write", ids, arguments={"vals": place})

    def rename(self, ids: Sequence[int]) -> None:
        """Free the references of done transfers, which whoever comes next would count up to once more."""
        for row in self.call(self.model, "read", list(ids), {"fields": ["name"]}) if ids else ():
            if "~" not in row["name"]:
                self.ask("write", [row["id"]], arguments={"vals": {"name": f"{row['name']}~{row['id']}"}})

    def ask(
        self, method: str, ids: Sequence[int], arguments: Mapping[str, Any] | None = None, context: Mapping[str, Any] | None = None
    ) -> None:
        try:
            self.call.client.call(self.model, method, tuple(ids), arguments or {}, context or {})
        except (NoAnswer, NotAllowed, NotSent) as error:
            raise EnvironmentNotReady(
                f"{self.call.doing}: {self.model}.{method}: {error}; what is cleaned stays so, and the rest is still known: run it again"
            ) from error

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
    products, places = (sorted({key[n] for key in wrong}) for n in (0, 1))
    there = _there(call, [("product_id", "in", products), ("location_id", "in", places)])
    _count_to(call, wrong, {key: there.get(key, 0) - units for key, units in wrong.items()})


def _there(call: Caller, domain: list[Any]) -> dict[tuple[int, int], float]:
    """Return the stock on hand by (product, location)."""
    rows = call("stock.quant", "formatted_read_group", None, {
        "domain": domain, "groupby": ["product_id", "location_id"], "aggregates": ["quantity:sum"],
    })  # fmt: skip
    return {(row["product_id"][0], row["location_id"][0]): row["quantity:sum"] for row in rows}


def _count_to(call: Caller, keys: Iterable[tuple[int, int]], units: Mapping[tuple[int, int], float]) -> None:
    """Count the stock at each of *keys* to its *units*, else to none."""
    rows = [{"product_id": key[0], "location_id": key[1], "inventory_quantity": units.get(key, 0)} for key in keys]
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        quants = call("stock.quant", "create", None, {"vals_list": batch}, {"inventory_mode": True})
        call("stock.quant", "action_apply_inventory", quants)
