"""Times are told with their zones, and disagree only where no zone could make them agree."""

from collections.abc import Sequence

import pytest

from evidence_kit.intake.facts.notes import Notes
from evidence_kit.intake.facts.times import note_times
from evidence_kit.intake.findings import Finding


def told(tags: Sequence[tuple[str, str]], name: str = "a.jpg") -> list[Finding]:
    """Return the findings about times of a file with these values at these pointers."""
    notes = Notes("a")
    for pointer, value in tags:
        notes.add("exif.tag", value, pointer=pointer, offset=7)
    note_times(name, notes)
    return [finding for finding in notes.findings if finding.code.startswith("time")]


ORIGINAL = ("exif/Exif/DateTimeOriginal", "2026:01:15 10:11:12")


def test_a_time_has_its_zone_where_the_file_gives_one() -> None:
    (finding,) = told([ORIGINAL, ("exif/Exif/OffsetTimeOriginal", "+08:00")])

    assert finding.code == "time.exif_original"
    assert finding.value == {
        "text": "2026:01:15 10:11:12+08:00",
        "clock": "2026-01-15T10:11:12",
        "zone": "UTC+08:00",
        "utc": "2026-01-15T02:11:12Z",
    }
    assert finding.source.offset == 7


@pytest.mark.parametrize(
    ("name", "code", "clock"),
    [
        ("Screenshot_20260115-101112_Messenger.jpg", "time.name_screenshot", "2026-01-15T10:11:12"),
        ("Screenshot_2026-01-15-10-11-12-123_com.viber.jpg", "time.name_screenshot", "2026-01-15T10:11:12"),
        ("IMG-20260115-WA0003.jpg", "time.name_whatsapp", "2026-01-15"),
        ("IMG_20260115_101112.jpg", "time.name_camera", "2026-01-15T10:11:12"),
        ("signal-2026-01-15-10-11-12-345.jpg", "time.name_signal", "2026-01-15T10:11:12"),
        ("photo_5@15-01-2026_10-11-12.jpg", "time.name_telegram", "2026-01-15T10:11:12"),
    ],
)
def test_the_name_of_a_file_may_give_a_time(name: str, code: str, clock: str) -> None:
    (finding,) = told([], name)

    assert (finding.code, finding.source.pointer) == (code, "name")
    assert isinstance(finding.value, dict)
    assert finding.value["clock"] == clock


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("xmp/xmp:CreateDate", "2026-01-15T10:11:40"),
        ("xmp/xmp:CreateDate", "2026-01-15T02:11:12Z"),
        ("xmp/xmp:CreateDate", "2026-01-15T10:11:12+08:00"),
        ("xmp/xmp:ModifyDate", "2026-02-20T10:11:12"),
        ("iptc/DateCreated", "20260115"),
        ("exif/Exif/DateTimeDigitized", "0000:00:00 00:00:00"),
        ("exif/Exif/DateTimeDigitized", "2026:13:45 99:00:00"),
    ],
)
def test_times_that_may_both_be_true_do_not_disagree(pointer: str, value: str) -> None:
    assert "times.disagree" not in {finding.code for finding in told([ORIGINAL, (pointer, value)])}


@pytest.mark.parametrize(
    ("pointer", "value", "seconds"),
    [
        ("xmp/xmp:CreateDate", "2026-01-15T10:13:12", -120),
        ("xmp/xmp:CreateDate", "2026-01-15T02:19:00Z", 28332),
        ("xmp/xmp:CreateDate", "2026-01-13T02:11:12Z", 201600),
        ("xmp/xmp:ModifyDate", "2026-01-14T10:11:12", 86400),
        ("iptc/DateCreated", "20260215", -2678400),
    ],
)
def test_times_that_cannot_both_be_true_disagree(pointer: str, value: str, seconds: int) -> None:
    (disagreement,) = (finding for finding in told([ORIGINAL, (pointer, value)]) if finding.code == "times.disagree")

    assert isinstance(disagreement.value, list)
    (pair,) = disagreement.value
    assert isinstance(pair, dict)
    assert (pair["one"], pair["seconds"]) == ("time.exif_original", seconds)


def test_the_time_of_satellites_is_in_utc() -> None:
    day, time = ("exif/GPS/GPSDate", "2026:01:15"), ("exif/GPS/GPSTimeStamp", "[2, 11, 25/2]")

    (finding,) = told([day, time])

    assert isinstance(finding.value, dict)
    assert (finding.code, finding.value["utc"]) == ("time.gps", "2026-01-15T02:11:12Z")
