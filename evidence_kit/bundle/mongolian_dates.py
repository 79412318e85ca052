"""Dates, times and numbers as Mongolian and English official papers write them.

Mongolian endings follow the vowels of the number as it is spoken (vowel harmony): months take ``дүгээр`` after a number
with front vowels (1, 4, 9, 11) and ``дугаар`` after one with back vowels; days take ``-ний`` or ``-ны`` the same way.
Numbers: no-break space between thousands in Mongolian, comma in English. Times are shown for Ulaanbaatar (tz database).
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ULAANBAATAR = ZoneInfo("Asia/Ulaanbaatar")

# нэг, дөрөв, ес and арван нэг have front vowels; every other month's number ends in back vowels.
_FRONT_MONTHS = frozenset({1, 4, 9, 11})
_FRONT_LAST_DIGITS = frozenset({1, 4, 9})
_ENGLISH_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def mongolian_date(moment: datetime) -> str:
    """Return the day of *moment* as it stands in its own zone: ``2026 оны 11 дүгээр сарын 21-ний өдөр``."""
    month = "дүгээр" if moment.month in _FRONT_MONTHS else "дугаар"
    day = "ний" if moment.day % 10 in _FRONT_LAST_DIGITS else "ны"
    return f"{moment.year} оны {moment.month} {month} сарын {moment.day}-{day} өдөр"


def mongolian_moment(moment: datetime) -> str:
    """Return an aware *moment* in Ulaanbaatar: ``… өдөр 14 цаг 05 минут (Улаанбаатар, UTC+8)``."""
    local = moment.astimezone(ULAANBAATAR)
    zone = f"(Улаанбаатар, {_offset(local)})"
    return f"{mongolian_date(local)} {local.hour:02} цаг {local.minute:02} минут {zone}"


def english_moment(moment: datetime) -> str:
    """Return an aware *moment* in Ulaanbaatar: ``21 November 2026, 14:05 (Ulaanbaatar, UTC+8)``."""
    local = moment.astimezone(ULAANBAATAR)
    day = f"{local.day} {_ENGLISH_MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M} (Ulaanbaatar, {_offset(local)})"


def local_stamp(moment: datetime) -> str:
    """Return an aware *moment* in Ulaanbaatar for narrow columns of any language: ``2026-11-21 14:05:07``."""
    return moment.astimezone(ULAANBAATAR).isoformat(sep=" ", timespec="seconds")[:19]


def mongolian_number(number: int) -> str:
    """Return *number* with no-break spaces between thousands: ``1 234 567``."""
    return f"{number:,}".replace(",", "\u00a0")


def english_number(number: int) -> str:
    """Return *number* with commas between thousands: ``1,234,567``."""
    return f"{number:,}"


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
