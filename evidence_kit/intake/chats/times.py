"""Times as exports tell them: instants where they tell one, otherwise what some clock showed.

Dates in words are those of English, Russian and Mongolian (CLDR, `dateFormats` and `dayPeriods` of en, ru and mn).
"""

import re
from datetime import UTC, datetime, timedelta

from evidence_kit.models import utc_text

_LAST = 253_402_300_799_999
"""The last millisecond of the year 9999."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DIGITS = 17
_CENTURY = 2000
_FULL_YEAR = 100
_NOON = 12
_MONTHS = {
    name: number
    for names in ("jan feb mar apr may jun jul aug sep oct nov dec", "янв фев мар апр май июн июл авг сен окт ноя дек")
    for number, name in enumerate(names.split(), 1)
} | {"мая": 5}
_SPACES = re.compile(r"\s+")
MORNING = frozenset({"am", "дп", "үө"})
AFTERNOON = frozenset({"pm", "пп", "үх"})
"""Marks of a clock of 12 hours, in lower case, without full stops and spaces."""
_CLOCK = r",?\s+(?:at |в )?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?:\s?(?P<mark>[^\W\d_][^\d]{0,8}))?"
_WORDS = (
    re.compile(r"(?P<month>[^\W\d_]{3,9})\.? (?P<day>\d{1,2}), (?P<year>\d{4})" + _CLOCK),
    re.compile(r"(?P<day>\d{1,2}) (?P<month>[^\W\d_]{3,9})\.? (?P<year>\d{4})(?: г\.?)?" + _CLOCK),
    re.compile(r"(?P<year>\d{4}) оны (?P<number>\d{1,2})[- ]?р? сарын (?P<day>\d{1,2})" + _CLOCK),
    re.compile(r"(?P<year>\d{4})[.-](?P<number>\d{1,2})[.-](?P<day>\d{1,2})" + _CLOCK),
)


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


def hour_of(hour: int, mark: str | None) -> int | None:
    """Return the hour of 24 of a clock that shows *hour* and perhaps a mark of 12 hours; None if that is no hour."""
    if not mark:
        return hour
    word = re.sub(r"[.\s]", "", mark).lower()
    if not 1 <= hour <= _NOON or word not in MORNING | AFTERNOON:
        return None
    return hour % _NOON + (_NOON if word in AFTERNOON else 0)


def from_words(told: str) -> str:
    """Return what a clock showed (ISO 8601, no offset) if *told* is a date in a form known here, else ""."""
    for form in _WORDS:
        match = form.fullmatch(_SPACES.sub(" ", told).strip())
        if not match:
            continue
        parts = match.groupdict()
        month = int(parts["number"]) if "number" in parts else _MONTHS.get(parts["month"][:3].lower(), 0)
        hour = hour_of(int(parts["hour"]), parts["mark"])
        if hour is None:
            return ""
        date = int(parts["year"]), month, int(parts["day"])
        return clock_text(date, (hour, int(parts["minute"]), int(parts["second"] or -1)))
    return ""
