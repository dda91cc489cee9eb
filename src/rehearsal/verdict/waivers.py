"""Waivers: troubles that somebody takes on for a while, with a name, a reason and a last day.

A YAML file, a list of ``match`` (a fingerprint, or a pattern with ``*`` and ``?``), ``owner``, ``reason``, ``expires``. A waiver
that has expired excuses nothing, and fails the build until somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rehearsal.errors import UsageError

WORDS = ("match", "owner", "reason", "expires")
EXAMPLE = (
    '- {match: "no_unit_is_promised_twice: node=store_*", owner: jane, reason: "known until the new till", expires: 2026-12-31}'
)
WAIVERS_MAX = 1000
DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class Waiver:
    """One excuse."""

    match: str
    owner: str
    reason: str
    expires: str
    """ISO date; the last day on which it holds."""

    def excuses(self, fingerprint: str) -> bool:
        """Whether *fingerprint* is meant."""
        return fnmatchcase(fingerprint, self.match)

    def expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return date.fromisoformat(self.expires) < today

    def as_data(self) -> dict[str, str]:
        """Return it as files keep it."""
        return asdict(self)


def read(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers in *path*; raises `UsageError` with one line per problem, each with file:line."""
    try:
        told: Any = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"waivers {path}: there is no such file; it holds, for example:\n  {EXAMPLE}") from None
    except (OSError, ValueError, YAMLError) as error:
        raise UsageError(f"waivers {path}: {' '.join(str(error).split())}; expected YAML, for example:\n  {EXAMPLE}") from None
    if told is None:
        return ()
    if not isinstance(told, list) or len(told) > WAIVERS_MAX:
        raise UsageError(f"waivers {path}: expected a list of at most {WAIVERS_MAX}, for example:\n  {EXAMPLE}")
    places: Any = told
    found, problems = [], list[str]()
    for place, one in enumerate(told):
        where = f"{path}:{places.lc.item(place)[0] + 1}"
        said = _wrong(one)
        problems += [f"{where} {said}"] if said else []
        found += [] if said else [parsed(one)]
    if problems:
        raise UsageError("\n".join(problems))
    return tuple(found)


def parsed(told: Mapping[str, Any]) -> Waiver:
    """Return the waiver that *told* is, which `_wrong` had nothing against."""
    return Waiver(*(str(told[word]) for word in WORDS))


def _wrong(one: Any) -> str:
    """Return what keeps *one* from being a waiver, in words; empty when nothing does."""
    if not isinstance(one, Mapping):
        return f"{one!r} is no waiver; expected for example:\n  {EXAMPLE}"
    lacking = [word for word in WORDS if not str(one.get(word) or "").strip()]
    if lacking:
        return f"{', '.join(lacking)} is missing: who waives says what, who, why and until when"
    if strange := [word for word in one if word not in WORDS]:
        return f"{strange[0]!r} is no word of a waiver; there are: {', '.join(WORDS)}"
    about = str(one["match"]).partition(":")[0]
    if set(about) & set("*?["):
        return f"match is {one['match']!r}, which excuses whatever comes; name the invariant, such as no_unit_is_promised_twice: *"
    try:
        last = date.fromisoformat(str(one["expires"]))
    except ValueError:
        return f"expires is {one['expires']!r}; expected a day, such as 2026-12-31"
    if last > datetime.now(UTC).date() + timedelta(days=DAYS_MAX):
        return f"expires is {last}, more than a year ahead; write a day within {DAYS_MAX} days, and renew it then"
    return ""
