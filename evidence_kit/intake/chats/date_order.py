"""Whether day or month stands first in the dates of an export: found from all of them together, never guessed.

An export writes its dates in the order of the language and region of the device, and does not tell which that is. Only
a number above 12 tells. A year of two digits stands last in every form that is known.
"""

from dataclasses import dataclass

from evidence_kit.intake.chats.notes import Notes
from evidence_kit.intake.chats.times import clock_text
from evidence_kit.intake.findings import Source

_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Stamp:
    """Date and time at the beginning of a message."""

    told: str
    numbers: tuple[int, int, int]
    year_first: bool
    clock: tuple[int, int, int] | None
    """Hour of 24, minute, second (-1 if not told); None if it cannot be read."""


class DateOrder:
    """Sees every date of an export, then reads them."""

    def __init__(self) -> None:
        """Start with every order possible."""
        self.day_first = 0
        """Dates whose first number can only be a day."""
        self.month_first = 0
        """Dates whose second number can only be a day."""
        self.undecided = 0

    def see(self, stamp: Stamp) -> None:
        """Take account of one date."""
        first, second, _ = stamp.numbers
        if stamp.year_first:
            return
        if first > _MONTHS >= second:
            self.day_first += 1
        elif second > _MONTHS >= first:
            self.month_first += 1
        else:
            self.undecided += 1

    def local(self, stamp: Stamp) -> str:
        """Return what the clock showed, ISO 8601; "" where that is not certain."""
        first, second, third = stamp.numbers
        if stamp.year_first:
            year, month, day = first, second, third
        elif self.day_first and not self.month_first:
            day, month, year = first, second, third
        elif self.month_first and not self.day_first:
            month, day, year = first, second, third
        else:
            return ""
        if not stamp.clock:
            return ""
        return clock_text((year, month, day), stamp.clock)

    def tell(self, notes: Notes, source: Source) -> None:
        """Note why dates are not read, if they are not."""
        if self.day_first and self.month_first:
            detail = "dates with the day first and with the month first: no date is read"
            notes.add("chat.date.order.contradictory", detail, source, min(self.day_first, self.month_first))
        elif self.undecided and not self.day_first and not self.month_first:
            detail = "no date tells whether day or month stands first: no date is read"
            notes.add("chat.date.order.unknown", detail, source, self.undecided)
