"""What every part of a scenario is made of: frozen values, no unknown words, each described."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from rehearsal.parts.bounds import SomeTime


class Part(BaseModel):
    """Base of every part of a scenario: frozen, and no unknown words."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object, field: ValidationInfo) -> object:
        """Python takes true for 1; nobody who writes it means that."""
        if isinstance(value, bool) and cls.model_fields[field.field_name or ""].annotation is not bool:
            raise ValueError(f"{str(value).lower()} is neither a number nor a text, and one of them is wanted")
        return value


class Lag(Part):
    """A log-normal delay, by its median and its 95th percentile."""

    median: SomeTime
    p95: SomeTime


def laid_over(defaults: Mapping[str, Part]) -> Callable[[object], object]:
    """Return what lays the words of a mapping of parts over those of *defaults*, name by name; a bare name has none of its own."""

    def laid(value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        there = {name: part.model_dump(exclude_defaults=True) for name, part in defaults.items()}
        given = {name: {} if words is None else words for name, words in value.items()}
        return there | {
            name: {**there.get(name, {}), **words} if isinstance(words, Mapping) else words for name, words in given.items()
        }

    return laid
