"""Databases of others on our own PostgreSQL, such as a staging that was restored there: copied for a rehearsal, never written to.

The copy gets a login of the harness's own, and the mark that says that it may be rehearsed on; its source stays as it is. A
copy of what is neither neutralised nor marked is neutralised by Odoo's own program: no mail, no payment leaves it.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from rehearsal.errors import EnvironmentNotReady
from rehearsal.targets import template
from rehearsal.targets.cache import Cache
from rehearsal.targets.existing import MARK, NEUTRALIZED, is_true
from rehearsal.targets.template import Template, Workshop

ADOPTED = "adopted"
"""Where the cache's secrets keep the logins of such copies, by database."""
NEUTRALISE_SECONDS = 300.0
INDEX_LENGTH = 8
"""Odoo keeps so many signs of an API key in the clear, to find it by."""


def copied(shop: Workshop, made: Template, source: str, name: str) -> None:
    """Copy database *source* as *name*, and see to it that the harness can log in to the copy.

    Raises `EnvironmentNotReady` where there is no such database, or none of Odoo's.
    """
    there = template.lent(shop)
    if source not in there:
        known = ", ".join(sorted(one for one in there if one != "postgres")) or "none"
        raise EnvironmentNotReady(
            f"--clone {source}: this target has no database of that name (there are: {known}); restore it there first: "
            "`rehearse status --json` tells how to reach its PostgreSQL"
        )
    if not shop.postgres.sql(source, "SELECT 1 FROM information_schema.tables WHERE table_name = 'ir_module_module'"):
        raise EnvironmentNotReady(f"--clone {source}: this database is not one of Odoo's; name one that is")
    harmless = _is_harmless(shop, source)
    template.copy(shop, source, name)
    try:
        if not harmless:
            shop.odoo(
                ["neutralize", "--database", name], f"neutralising the copy of {source}", NEUTRALISE_SECONDS, "neutralize.log"
            )
        if not _knows(shop, made, name):
            _adopt(shop, name)
    except BaseException:
        template.drop(shop, name)
        raise


def of_copy(cache: Cache, name: str, made: Template) -> Template:
    """Return *made* with the login that database *name* knows."""
    own = cache.secrets().get(ADOPTED, {}).get(name)
    return replace(made, api_key=own["api_key"], uid=own["uid"]) if own else made


def forget(cache: Cache, name: str) -> None:
    """Forget the login of a copy that is gone."""
    known = cache.secrets()
    if name in known.get(ADOPTED, {}):
        cache.write_secrets({**known, ADOPTED: {one: login for one, login in known[ADOPTED].items() if one != name}})


def _is_harmless(shop: Workshop, source: str) -> bool:
    """Whether somebody has neutralised or marked database *source*; else its copy would send mail and charge cards."""
    look = f"SELECT key, coalesce(value, '') FROM ir_config_parameter WHERE key IN ('{MARK}', '{NEUTRALIZED}')"
    said = {row[0]: row[1] for row in shop.postgres.sql(source, look)}
    return bool(said.get(MARK)) or is_true(said.get(NEUTRALIZED, ""))


def _knows(shop: Workshop, made: Template, name: str) -> bool:
    """Whether database *name* has the harness's own login already, as whatever was copied from a template has."""
    look = f"SELECT 1 FROM res_users_apikeys WHERE user_id = {int(made.uid)} AND index = '{made.api_key[:INDEX_LENGTH]}'"
    return bool(shop.postgres.sql(name, look))


def _adopt(shop: Workshop, name: str) -> None:
    known = shop.cache.secrets()
    password = known.get("password") or secrets.token_urlsafe(24)
    api_key, uid = template.finish(shop, name, "", password)
    login = {"api_key": api_key, "uid": uid}
    shop.cache.write_secrets({**known, "password": password, ADOPTED: {**known.get(ADOPTED, {}), name: login}})
