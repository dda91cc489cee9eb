"""From a database to a client: the one place that knows both adapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.errors import EnvironmentNotReady
from rehearsal.odoo.client import Client, ClientFactory, NoAnswer, NotAllowed, NotSent, ServerRefused
from rehearsal.targets.base import Database


def factory(database: Database, client: str, timeout_s: float) -> ClientFactory:
    """Return what makes a client of the wanted kind (``odoorpc`` or ``json2``) for one lane."""
    if client == "json2":
        from rehearsal.odoo.json2_client import Json2Client

        return lambda: Json2Client(database, timeout_s)
    from rehearsal.odoo.odoorpc_client import OdooRpcClient

    return lambda: OdooRpcClient(database, timeout_s)


class Caller:
    """Plain calls for preparing and observing: an error ends the command with a sentence."""

    def __init__(self, client: Client, doing: str) -> None:
        self.client = client
        self.doing = doing

    def __call__(
        self, model: str, method: str, ids: Sequence[int] | None = None, arguments: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        """Return what Odoo's *method* returned; raises `EnvironmentNotReady`."""
        try:
            return self.client.call(
                model, method, tuple(ids) if ids is not None else None, arguments or {}, context or {}
            )
        except NotAllowed as error:
            raise EnvironmentNotReady(
                f"{error}; check the login, and REHEARSE_ODOO_PASSWORD or REHEARSE_ODOO_API_KEY"
            ) from error
        except ServerRefused as error:
            raise EnvironmentNotReady(f"{self.doing}: Odoo refused {model}.{method}: {error}") from error
        except (NoAnswer, NotSent) as error:
            raise EnvironmentNotReady(
                f"{self.doing}: {error}; see `rehearse status`, start it with `rehearse up`"
            ) from error


def require_modules(call: Caller, modules: Sequence[str]) -> None:
    """Raise `EnvironmentNotReady` that names every module which is wanted and not installed."""
    domain = [("name", "in", list(modules)), ("state", "=", "installed")]
    rows = call("ir.module.module", "search_read", None, {"domain": domain, "fields": ["name"]})
    missing = sorted(set(modules) - {row["name"] for row in rows})
    if missing:
        raise EnvironmentNotReady(
            f"this Odoo lacks {len(missing)} module(s): {', '.join(missing)}; install them (Apps, or `odoo -i {','.join(missing)}`) and run again"
        )
