"""The times that a file gives for itself, each with its zone if it has one, and where they cannot all be true.

Sources are the findings already made (EXIF, GPS, XMP, IPTC, PNG, containers, C2PA) and the name the file was given.
Times without a zone are what some clock on some wall showed: two of them, or one and an instant, can only be held
against each other as far as zones allow (UTC-12:00 to UTC+14:00 in quarters of an hour).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations

from evidence_kit.canonical import Json
from evidence_kit.intake.facts.notes import Notes
from evidence_kit.intake.findings import Finding, Source

_SLACK = 60
"""Seconds by which times of one event may differ: writing a film or a large picture takes a while."""
_QUARTER = 900
_WEST, _EAST = -12 * 3600, 14 * 3600
_MOST = 40
_DAY = 86_400

_STAMP = re.compile(
    r"(\d{4})[:.-](\d\d)[:.-](\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?)?\s*"
)
_NAMES = (
    ("screenshot", re.compile(r"Screenshot[_ -](\d{4})-?(\d\d)-?(\d\d)[-_ ](\d\d)-?(\d\d)-?(\d\d)", re.IGNORECASE)),
    ("whatsapp", re.compile(r"(?:IMG|VID|AUD|PTT|DOC|STK)-(\d{4})(\d\d)(\d\d)-WA\d+", re.IGNORECASE)),
    ("whatsapp", re.compile(r"WhatsApp \w+ (\d{4})-(\d\d)-(\d\d) at (\d\d)[.:](\d\d)[.:](\d\d)(?! ?[AP]M)")),
    ("camera", re.compile(r"(?:IMG|VID|PXL|MVIMG|PANO)_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)")),
    ("signal", re.compile(r"signal-(\d{4})-(\d\d)-(\d\d)-(\d\d)-?(\d\d)-?(\d\d)")),
    ("telegram", re.compile(r"(?:photo|video|audio)_\d+@(\d\d)-(\d\d)-(\d{4})_(\d\d)-(\d\d)-(\d\d)")),
    ("digits", re.compile(r"(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)[_-](\d\d)(\d\d)(\d\d)(?!\d)")),
)
_DAY_FIRST = "telegram"
_MADE = {
    "exif/Exif/DateTimeOriginal": "exif_original",
    "exif/Exif/DateTimeDigitized": "exif_digitized",
    "exif:DateTimeOriginal": "xmp_original",
    "xmp:CreateDate": "xmp_created",
    "photoshop:DateCreated": "xmp_photoshop",
    "bmff/com.apple.quicktime.creationdate": "quicktime",
    "bmff/\xa9day": "user_data",
}
_CHANGED = {
    "exif/IFD0/DateTime": "exif_changed",
    "xmp:ModifyDate": "xmp_changed",
    "xmp:MetadataDate": "xmp_metadata",
}
_ZONES = {
    "exif_original": "exif/Exif/OffsetTimeOriginal",
    "exif_digitized": "exif/Exif/OffsetTimeDigitized",
    "exif_changed": "exif/Exif/OffsetTime",
}
_CONTAINER = {"time.container_created": False, "time.container_modified": True, "time.png": True}
"""Codes that readers of formats give times themselves, and whether it is a time of change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One time that the file gives."""

    name: str
    clock: datetime
    """Date and time as written, without a zone."""
    zone: timezone | None
    dated: bool = False
    """Whether it is a day without a time."""
    changed: bool = False
    """Whether it is when something was changed, rather than made."""
    text: str
    source: Source

    @property
    def instant(self) -> datetime | None:
        """The time in UTC, None without a zone."""
        if self.zone is None:
            return None
        return self.clock.replace(tzinfo=UTC) - (self.zone.utcoffset(None) or timedelta())

    def to_json(self) -> dict[str, Json]:
        """Return the value of its finding."""
        instant = self.instant
        return {
            "text": self.text,
            "clock": self.clock.strftime("%Y-%m-%d") if self.dated else self.clock.isoformat(),
            "zone": None if self.zone is None else str(self.zone),
            "utc": instant.strftime("%Y-%m-%dT%H:%M:%SZ") if instant else None,
        }


def note_times(name: str, notes: Notes) -> None:
    """Note every time that the findings so far and the file's *name* give, and which of them disagree."""
    moments = [*_from_findings(notes.findings), *_from_name(name, notes.file)][:_MOST]
    known = {finding.code for finding in notes.findings}
    for moment in moments:
        if f"time.{moment.name}" not in known:
            notes.findings_at(f"time.{moment.name}", moment.to_json(), moment.source)
    pairs: list[Json] = [pair for one, other in combinations(moments, 2) if (pair := _disagreement(one, other))]
    if pairs:
        detail = "These times cannot all be true in one zone, or something was changed before it was made."
        notes.add("times.disagree", pairs, detail=detail)


def _from_findings(findings: list[Finding]) -> Iterator[Moment]:
    by_pointer: dict[str, Finding] = {}
    for finding in findings:
        pointer = finding.source.pointer
        by_pointer.setdefault(pointer.removeprefix("xmp/").removeprefix("extended/"), finding)
    for table, changed in ((_MADE, False), (_CHANGED, True)):
        for pointer, name in table.items():
            if pointer in by_pointer:
                zone = by_pointer.get(_ZONES.get(name, ""))
                text = str(by_pointer[pointer].value)
                stamp = f"{text}{zone.value}" if zone and len(text) == 19 else text  # noqa: PLR2004  # a full EXIF time
                yield from _moment(name, stamp, by_pointer[pointer].source, changed=changed)
    yield from _positioned(by_pointer)
    yield from _pressed(by_pointer)
    for finding in findings:
        if finding.code in _CONTAINER:
            name = finding.code.removeprefix("time.")
            yield from _moment(name, str(finding.value), finding.source, changed=_CONTAINER[finding.code])
        if finding.code == "c2pa.manifest" and isinstance(finding.value, dict) and "signed" in finding.value:
            yield from _moment("c2pa_signed", str(finding.value["signed"]), finding.source, changed=True)


def _positioned(by_pointer: dict[str, Finding]) -> Iterator[Moment]:
    """Yield the time that satellites gave, which is in UTC (EXIF 3.0, 4.6.7)."""
    day, time = by_pointer.get("exif/GPS/GPSDate"), by_pointer.get("exif/GPS/GPSTimeStamp")
    if day and time:
        parts = re.findall(r"\d+(?:/\d+)?", str(time.value))
        if len(parts) == 3:  # noqa: PLR2004  # hours, minutes, seconds
            clock = ":".join(f"{int(part.partition('/')[0]) // int(part.partition('/')[2] or 1):02}" for part in parts)
            yield from _moment("gps", f"{day.value} {clock}Z", time.source)


def _pressed(by_pointer: dict[str, Finding]) -> Iterator[Moment]:
    """Yield the time of IPTC (IIM 4.2, 2:55 and 2:60: ``CCYYMMDD`` and ``HHMMSS±HHMM``)."""
    day, time = by_pointer.get("iptc/DateCreated"), by_pointer.get("iptc/TimeCreated")
    if day:
        stamp = re.sub(r"^(\d{4})-?(\d\d)-?(\d\d)$", r"\1-\2-\3", str(day.value))
        clock = re.sub(r"^(\d\d):?(\d\d):?(\d\d)", r" \1:\2:\3", str(time.value)) if time else ""
        yield from _moment("iptc", stamp + clock, day.source)


def _moment(name: str, text: str, source: Source, *, changed: bool = False) -> Iterator[Moment]:
    """Yield the moment that *text* gives, if it is one."""
    found = _STAMP.fullmatch(text.strip())
    if not found:
        return
    numbers = [int(number or 0) for number in found.groups()[:6]]
    try:
        clock = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001  # what a clock showed
        zone = _zone(found[7])
    except ValueError:
        return
    yield Moment(name=name, clock=clock, zone=zone, dated=found[4] is None, changed=changed, text=text, source=source)


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _from_name(name: str, file: str) -> Iterator[Moment]:
    for kind, pattern in _NAMES:
        found = pattern.search(name)
        if found:
            parts = list(found.groups())
            if kind == _DAY_FIRST:
                parts[:3] = reversed(parts[:3])
            stamp = "-".join(parts[:3]) + (f" {':'.join(parts[3:])}" if len(parts) > 3 else "")  # noqa: PLR2004
            yield from _moment(f"name_{kind}", stamp, Source(file=file, pointer="name"))
            return


def _disagreement(one: Moment, other: Moment) -> dict[str, Json] | None:
    """Return how two moments disagree, None if they need not."""
    if one.changed and other.changed:
        return None
    apart = _apart(one, other)
    if apart is None or (one.changed and apart >= 0) or (other.changed and apart <= 0):
        # What was changed after it was made is in order.
        return None
    return {"one": f"time.{one.name}", "other": f"time.{other.name}", "seconds": apart}


def _apart(one: Moment, other: Moment) -> int | None:
    """Return by how many seconds *one* is later than *other*, None when they may be the same moment."""
    instants = one.instant, other.instant
    if one.dated or other.dated:
        difference = one.clock.date() - other.clock.date()
        return None if abs(difference.days) <= 1 else difference.days * _DAY
    if instants[0] and instants[1]:
        seconds = round((instants[0] - instants[1]).total_seconds())
        return None if abs(seconds) <= _SLACK else seconds
    if one.zone is other.zone is None:
        seconds = round((one.clock - other.clock).total_seconds())
        return None if abs(seconds) <= _SLACK else seconds
    return _apart_by_zone(one, other)


def _apart_by_zone(one: Moment, other: Moment) -> int | None:
    """Return the same for a clock and an instant, of which a zone may be the whole difference."""
    loose, fixed = (one, other) if one.zone is None else (other, one)
    instant = fixed.instant
    if instant is None or loose.clock == fixed.clock:
        return None
    seconds = round((loose.clock - instant.replace(tzinfo=None)).total_seconds())
    rest = (seconds + _QUARTER // 2) % _QUARTER - _QUARTER // 2
    if _WEST <= seconds <= _EAST and abs(rest) <= _SLACK:
        return None
    return seconds if loose is one else -seconds
