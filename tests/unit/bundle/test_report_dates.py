"""Endings follow vowel harmony; times are those of Ulaanbaatar; numbers have their language's separators."""

from datetime import UTC, datetime

import pytest

from evidence_kit.bundle.mongolian_dates import (
    english_moment,
    english_number,
    local_stamp,
    mongolian_date,
    mongolian_moment,
    mongolian_number,
)

FRONT_MONTHS = {1: "нэг", 4: "дөрөв", 9: "ес", 11: "арван нэг"}
FRONT_DAYS = {1, 4, 9, 11, 14, 19, 21, 24, 29, 31}


@pytest.mark.parametrize("month", range(1, 13))
def test_the_month_takes_the_ending_of_its_spoken_number(month: int) -> None:
    ending = "дүгээр" if month in FRONT_MONTHS else "дугаар"

    assert mongolian_date(datetime(2026, month, 1, tzinfo=UTC)) == f"2026 оны {month} {ending} сарын 1-ний өдөр"


@pytest.mark.parametrize("day", range(1, 32))
def test_the_day_takes_the_ending_of_its_spoken_number(day: int) -> None:
    ending = "ний" if day in FRONT_DAYS else "ны"

    assert mongolian_date(datetime(2026, 1, day, tzinfo=UTC)) == f"2026 оны 1 дүгээр сарын {day}-{ending} өдөр"


def test_a_moment_is_written_as_official_papers_write_it() -> None:
    moment = datetime(2026, 11, 21, 6, 5, 7, tzinfo=UTC)

    expected = "2026 оны 11 дүгээр сарын 21-ний өдөр 14 цаг 05 минут (Улаанбаатар, UTC+8)"
    assert mongolian_moment(moment) == expected
    assert english_moment(moment) == "21 November 2026, 14:05 (Ulaanbaatar, UTC+8)"
    assert local_stamp(moment) == "2026-11-21 14:05:07"


def test_the_day_is_that_of_ulaanbaatar_and_not_that_of_utc() -> None:
    assert mongolian_moment(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)).startswith("2027 оны 1 дүгээр сарын 1-ний өдөр")


def test_a_summer_with_daylight_saving_says_so() -> None:
    assert english_moment(datetime(2016, 7, 1, 0, 0, tzinfo=UTC)) == "1 July 2016, 09:00 (Ulaanbaatar, UTC+9)"


def test_thousands_are_parted_as_each_language_does() -> None:
    assert mongolian_number(1_234_567) == "1\u00a0234\u00a0567"
    assert english_number(1_234_567) == "1,234,567"
    assert mongolian_number(999) == english_number(999) == "999"
