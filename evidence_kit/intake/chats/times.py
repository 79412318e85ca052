"""Times as exports tell them: instants where they tell one, otherwise what some clock showed."""

from datetime import UTC, datetime, timedelta

from evidence_kit.models import utc_text

_LAST = 253_402_300_799_999
"""The last millisecond of the year 9999."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DIGITS = 17
_CENTURY = 2000
_FULL_YEAR = 100


def from_milliseconds(value: object) -> str | None:
    """Return the instant *value* milliseconds after 1970 in UTC, an integer or its digits; None if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < _MOST_DIGITS:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LAST:
        return None
    return utc_text(_EPOCH + timedelta(milliseconds=value))


def from_seconds(value: object) -> str | None:
    """Return the instant *value* seconds after 1970 in UTC, an integer or its digits; None if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < _MOST_DIGITS:
        value = int(value)
    return from_milliseconds(value * 1000) if isinstance(value, int) and not isinstance(value, bool) else None


def clock_text(date: tuple[int, int, int], clock: tuple[int, int, int]) -> str:
    """Return what a clock showed (ISO 8601, no offset): year, month, day, and hour, minute, second (-1: not told).

    A year below 100 is one of this century. "" for what no clock shows.
    """
    year, month, day = date
    hour, minute, second = clock
    year += _CENTURY if year < _FULL_YEAR else 0
    try:
        moment = datetime(year, month, day, hour, minute, max(0, second), tzinfo=UTC)
    except ValueError:
        return ""
    return moment.replace(tzinfo=None).isoformat(timespec="minutes" if second < 0 else "seconds")
