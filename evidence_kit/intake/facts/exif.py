"""EXIF facts of a TIFF structure (EXIF 3.0; TIFF 6.0, 2): the one home of exifread.

Every tag is a finding with the bytes of its value: ``exif.tag``, or ``gps.exif`` and ``serial.exif`` for what is shown
on demand only. exifread believes every count, goes on reading after the end, and raises what it happens to raise, so it
reads through a meter that ends its reading, and says what it had doubts about only to its log, which is listened to.
"""

import io
import logging
import struct
from dataclasses import dataclass, field

import exifread
from exifread.core.exceptions import ExifError
from exifread.core.ifd_tag import IfdTag
from exifread.utils import Ratio

from evidence_kit.intake.facts.notes import Notes, decoded, is_of_device

MOST_READS = 100_000
"""Times that exifread may read; the metadata of a camera with its maker's notes takes some thousands."""
_GROUPS = {"Image": "IFD0", "Thumbnail": "IFD1", "EXIF": "Exif", "Interoperability": "Interop"}
_CAMERA_SERIAL_NUMBER = "Tag 0xC62F"
"""How exifread calls what DNG 1.7 has there, and some cameras write into JPEG too."""
_FAILURES = (ExifError, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError, OSError)
_FAILURES_TOO = (RecursionError, TypeError, ValueError, struct.error)
_LOG = logging.getLogger("exifread")


class _TooMuchError(Exception):
    """More was read than any metadata takes."""


class _Metered(io.BytesIO):
    """Bytes that may be read only so often, and twenty times in all."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = MOST_READS
        self._bytes = 20 * len(data) + 1_000_000

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self._reads -= 1
        self._bytes -= len(found)
        if self._reads < 0 or self._bytes < 0:
            raise _TooMuchError
        return found


class _Doubts(logging.Handler):
    """What exifread says to its log, each once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self.said[record.getMessage()[:200]] = None


@dataclass(slots=True)
class Exif:
    """What else is asked of the tags that were read."""

    tags: dict[str, str] = field(default_factory=dict)
    """As text, by names such as ``Image Make`` and ``EXIF DateTimeOriginal``."""
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Offset and length of their values in the file."""
    numbers: dict[str, list[int]] = field(default_factory=dict)
    ratios: dict[str, list[float]] = field(default_factory=dict)
    thumbnail: bytes = b""
    thumbnail_place: tuple[int, int] | None = None


def read_exif(data: bytes, *, base: int | None, notes: Notes, pointer: str = "exif") -> Exif:
    """Return what the TIFF structure *data* holds, having noted each tag.

    *base* is the offset of *data* in the file, None where it does not stand there as it is.
    """
    found = Exif()
    doubts = _Doubts()
    loop = _loop(data)
    if loop is not None:
        notes.add(
            "exif.loop", loop, pointer=pointer, offset=_plus(base, loop), detail="a directory leads back to one before"
        )
    for name, tag in _tags(data, doubts).items():
        if isinstance(tag, IfdTag):
            _keep(found, name, tag, base)
            _note(notes, name, found, pointer)
        elif isinstance(tag, bytes) and tag:
            found.thumbnail = found.thumbnail or tag
    start = found.numbers.get("Thumbnail JPEGInterchangeFormat")
    if found.thumbnail and start and base is not None:
        found.thumbnail_place = base + start[0], len(found.thumbnail)
    for said in doubts.said:
        notes.add("exif.damaged", said, pointer=pointer, offset=base, length=len(data))
    return found


def _tags(data: bytes, doubts: _Doubts) -> dict[str, object]:
    """Return the tags of *data*, as far as they can be read."""
    _LOG.addHandler(doubts)
    propagates, _LOG.propagate = _LOG.propagate, False
    try:
        return exifread.process_file(_Metered(data), details=True)
    except _TooMuchError:
        doubts.said["it makes its reader read without end"] = None
    except (*_FAILURES, *_FAILURES_TOO) as error:
        doubts.said[f"it cannot be read: {type(error).__name__}: {error}"[:200]] = None
    finally:
        _LOG.removeHandler(doubts)
        _LOG.propagate = propagates
    return {}


def _keep(found: Exif, name: str, tag: IfdTag, base: int | None) -> None:
    found.tags[name] = _shown(tag)
    if base is not None and not name.startswith("MakerNote"):
        # Offsets in a maker's note count from wherever that maker thought best.
        found.places[name] = (base + tag.field_offset, tag.field_length)
    if isinstance(tag.values, list) and all(isinstance(value, int) for value in tag.values):
        found.numbers[name] = list(tag.values)
    if isinstance(tag.values, list) and all(isinstance(value, Ratio) and value.denominator for value in tag.values):
        found.ratios[name] = [float(value) for value in tag.values]


def _shown(tag: IfdTag) -> str:
    if isinstance(tag.values, bytes):
        return decoded(tag.values)
    return f"{tag.printable}"


def _note(notes: Notes, name: str, found: Exif, pointer: str) -> None:
    group, _, rest = name.partition(" ")
    if name.startswith("IFD "):
        group, rest = name.split(" ", 2)[1], name.split(" ", 2)[2]
        group = f"IFD{group}"
    code = (
        "gps.exif"
        if group == "GPS"
        else "serial.exif"
        if rest == _CAMERA_SERIAL_NUMBER or is_of_device(rest)
        else "exif.tag"
    )
    offset, length = found.places.get(name, (None, None))
    where = f"{pointer}/{_GROUPS.get(group, group)}/{rest.replace(' ', '/')}"
    notes.add(code, found.tags[name], pointer=where, offset=offset, length=length)


def _loop(data: bytes) -> int | None:
    """Return the offset in *data* to which its chain of directories comes back, None when it ends (TIFF 6.0, 2)."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:  # noqa: PLR2004  # the header
        return None
    (place,) = struct.unpack(order + "I", data[4:8])
    seen: set[int] = set()
    while place and place + 2 <= len(data):
        if place in seen:
            return int(place)
        seen.add(place)
        (entries,) = struct.unpack(order + "H", data[place : place + 2])
        following = data[place + 2 + 12 * entries :][:4]
        if len(following) < 4:  # noqa: PLR2004  # one offset
            return None
        (place,) = struct.unpack(order + "I", following)
    return None


def _plus(base: int | None, offset: int) -> int | None:
    return None if base is None else base + offset
