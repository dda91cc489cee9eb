"""From a database to a client: the one place that knows both adapters."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from rehearsal.errors import EnvironmentNotReady
from rehearsal.odoo.client import Client, ClientFactory, NoAnswer, NotAllowed, NotSent, ServerRefused, explained, may_read_replica
from rehearsal.targets.base import Database
from rehearsal.targets.existing import MARK_DOMAIN, MARK_FIELDS, mark_of

HEALTH_TIMEOUT_S = 5.0
USED = "rehearsal.used"
"""The system parameter that says that a rehearsal wrote its opening world into the database."""
SEEN = "rehearsal.seen"
"""The system parameter by which a replica shows how far it has come."""
REPLICA_S_MAX = 60.0
"""How long a replica may be behind when the books are read."""
REPLICA_POLL_S = 0.5


def factory(database: Database, client: str, timeout_s: float) -> ClientFactory:
    """Return what makes a client of the wanted kind (``odoorpc`` or ``json2``) for one lane."""
    if client == "json2":
        from rehearsal.odoo.json2_client import Json2Client

        return lambda: Json2Client(database, timeout_s)
    from rehearsal.odoo.odoorpc_client import OdooRpcClient

    return lambda: OdooRpcClient(database, timeout_s)


def reachable(url: str) -> bool:
    """Whether an Odoo that reaches its database answers at *url*; whatever is no server's error counts as an answer."""
    try:
        urllib.request.urlopen(f"{url}/web/health?db_server_status=1", timeout=HEALTH_TIMEOUT_S).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, http.client.HTTPException):
        return False
    return True


class Caller:
    """Plain calls for preparing and observing: an error ends the command with a sentence."""

    def __init__(self, client: Client, doing: str) -> None:
        self.client = client
        self.doing = doing

    def __call__(
        self,
        model: str,
        method: str,
        ids: Sequence[int] | None = None,
        arguments: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what Odoo's *method* returned; raises `EnvironmentNotReady`."""
        try:
            return self.client.call(model, method, tuple(ids) if ids is not None else None, arguments or {}, context or {})
        except NotAllowed as error:
            raise EnvironmentNotReady(f"{error}; check the login, and REHEARSE_ODOO_PASSWORD or REHEARSE_ODOO_API_KEY") from error
        except ServerRefused as error:
            why = explained(model, method, arguments or {}, error)
            raise EnvironmentNotReady(f"{self.doing}: Odoo refused {model}.{method}: {why}") from error
        except (NoAnswer, NotSent) as error:
            raise EnvironmentNotReady(f"{self.doing}: {error}; see `rehearse status`, start it with `rehearse up`") from error


def caller(database: Database, client: str, timeout_s: float, doing: str) -> Caller:
    """Return a `Caller` on a client of its own; raises `EnvironmentNotReady` when there is nothing to log in with."""
    try:
        return Caller(factory(database, client, timeout_s)(), doing)
    except NotAllowed as error:
        raise EnvironmentNotReady(f"{doing}: {error}") from error


def require_modules(call: Caller, modules: Sequence[str]) -> dict[str, str]:
    """Raise `EnvironmentNotReady` that names every wanted module which is not installed; return all with their versions."""
    arguments = {"domain": [("state", "=", "installed")], "fields": ["name", "latest_version"], "order": "name"}
    installed = {row["name"]: row["latest_version"] for row in call("ir.module.module", "search_read", None, arguments)}
    missing = sorted(set(modules) - set(installed))
    if missing:
        raise EnvironmentNotReady(
            f"this Odoo lacks {len(missing)} module(s): {', '.join(missing)}; install them (Apps, or `odoo -i {','.join(missing)}`) and run again"
        )
    return installed


def require_mark(call: Caller, database: Database) -> None:
    """Raise `TargetRefused` unless *database* is neutralised or marked; read over the connection that will write."""
    rows = call("ir.config_parameter", "search_read", None, {"domain": MARK_DOMAIN, "fields": MARK_FIELDS})
    mark_of(database.name, rows).require(database.url)


def currency_of(call: Caller) -> str:
    """Return the currency in which the login's company keeps its books."""
    uid = call("res.users", "context_get")["uid"]
    (user,) = call("res.users", "read", [uid], {"fields": ["company_id"]})
    (company,) = call("res.company", "read", [user["company_id"][0]], {"fields": ["currency_id"]})
    return str(company["currency_id"][1])


def require_unused(call: Caller, database: Database) -> None:
    """Raise `EnvironmentNotReady` when a rehearsal wrote into *database* before: its names and barcodes are taken."""
    used = call("ir.config_parameter", "search", None, {"domain": [("key", "=", USED)], "limit": 1})
    names = used or call("ir.model.data", "search", None, {"domain": [("module", "=", "rehearsal")], "limit": 1})
    if names:
        raise EnvironmentNotReady(
            f"database '{database.name}' at {database.url} was already used for a rehearsal, and nothing was written "
            f"to it; take out what was left with: rehearse clean {database.url} (or restore the database from its backup, or clone "
            "a fresh copy of it), and run again"
        )


def note_use(call: Caller, run: str) -> None:
    """Note in the database, before anything else is written, that *run* uses it."""
    call("ir.config_parameter", "set_param", None, {"key": USED, "value": run})


def await_replica(call: Caller) -> None:
    """Return once what reads sees all that was written before; raises `EnvironmentNotReady`.

    An Odoo with a replica (``db_replica_host``) reads from there, so from the past; a replica repeats what was written
    in its order, so when it shows a mark that is written now, nothing older is missing.
    """
    if not may_read_replica(call.client):
        return
    mark = uuid4().hex
    call("ir.config_parameter", "set_param", None, {"key": SEEN, "value": mark})
    wanted = {"domain": [("key", "=", SEEN), ("value", "=", mark)], "fields": ["id"]}
    deadline = time.monotonic() + REPLICA_S_MAX
    while not call("ir.config_parameter", "search_read", None, wanted):
        if time.monotonic() > deadline:
            raise EnvironmentNotReady(
                f"{call.doing}: this Odoo reads from a replica of its database that is more than {REPLICA_S_MAX:g} s "
                "behind, so its books of now cannot be read; let the replica catch up and run `rehearse observe latest`, "
                "or rehearse with client: odoorpc, which never reads from it"
            )
        time.sleep(REPLICA_POLL_S)
