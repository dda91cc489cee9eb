"""What the time of a scenario is called: a weekend only where it is one."""

from __future__ import annotations

import pytest

from reports._span import span_of
from tests.conftest import load


@pytest.mark.parametrize(
    ("starts_at", "lasts", "noun", "this", "label"),
    [
        ("2025-11-28T00:00:00", "3d", "weekend", "This weekend", "Weekend"),
        ("2025-11-29T00:00:00", "2d", "weekend", "This weekend", "Weekend"),
        ("2025-11-28T18:00:00", "3d", "weekend", "This weekend", "Weekend"),
        ("2025-11-28T00:00:00", "1d", "Friday", "This Friday", "Friday"),
        ("2025-11-28T08:00:00", "12h", "Friday", "This Friday", "Friday"),
        ("2025-11-28T00:00:00", "2d", "2 days", "These 2 days", "Days"),
        ("2025-11-28T00:00:00", "10d", "10 days", "These 10 days", "Days"),
        ("2025-12-01T00:00:00", "3d", "3 days", "These 3 days", "Days"),
        ("2025-11-28T10:00:00", "1h", "hour", "This hour", "Hour"),
        ("2025-11-29T10:00:00", "6h", "6 hours", "These 6 hours", "Hours"),
    ],
)  # fmt: skip
def test_a_span_is_called_by_its_length_and_its_days(starts_at: str, lasts: str, noun: str, this: str, label: str) -> None:
    """A Friday is no weekend, and neither is a Friday with a Saturday."""
    span = span_of(load("promo_day", starts_at=starts_at).model_copy(update={"lasts": SECONDS[lasts]}))

    assert (span.noun, span.this, span.label) == (noun, this, label)


SECONDS = {"1h": 3600, "6h": 21_600, "12h": 43_200, "1d": 86_400, "2d": 172_800, "3d": 259_200, "10d": 864_000}
