"""IPTC facts: Photoshop's image resources, and the datasets of the IPTC Information Interchange Model 4.2 in them."""

from collections.abc import Iterator

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts.notes import Notes, decoded
from evidence_kit.intake.facts.parts import MOST_PARTS, Part

IIM = "0x0404"
_NAMES = {
    (1, 90): "CodedCharacterSet",
    (2, 5): "ObjectName",
    (2, 15): "Category",
    (2, 25): "Keywords",
    (2, 55): "DateCreated",
    (2, 60): "TimeCreated",
    (2, 62): "DigitalCreationDate",
    (2, 63): "DigitalCreationTime",
    (2, 65): "OriginatingProgram",
    (2, 70): "ProgramVersion",
    (2, 80): "By-line",
    (2, 90): "City",
    (2, 92): "Sub-location",
    (2, 95): "Province-State",
    (2, 101): "Country-PrimaryLocationName",
    (2, 103): "OriginalTransmissionReference",
    (2, 105): "Headline",
    (2, 110): "Credit",
    (2, 115): "Source",
    (2, 116): "CopyrightNotice",
    (2, 120): "Caption-Abstract",
}
_PLACES = {(2, number) for number in (26, 27, 90, 92, 95, 100, 101)}


def resources(data: bytes, *, base: int = 0) -> Iterator[Part]:
    """Yield Photoshop's image resources in *data*, which begins at *base*; raises `FormatError`.

    "Adobe Photoshop File Formats Specification", Image Resource Blocks; the kind is the number, as ``0x0404``.
    """
    place = 0
    while place + 12 <= len(data):
        if data[place : place + 4] not in {b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR"}:
            raise FormatError(f"no image resource begins at {base + place}")
        name = data[place + 6] + 1
        start = place + 6 + name + name % 2
        length = int.from_bytes(data[start : start + 4], "big")
        end = start + 4 + length
        if end > len(data):
            raise FormatError(f"an image resource at {base + place} says {length} bytes")
        kind = f"0x{int.from_bytes(data[place + 4 : place + 6], 'big'):04X}"
        yield Part(kind=kind, offset=base + place, length=end - place, head=start + 4 - place)
        place = end + length % 2


def datasets(data: bytes, *, base: int = 0) -> Iterator[Part]:
    """Yield the datasets in *data*, which begins at *base*, with kinds such as ``2:120``; raises `FormatError`."""
    place = 0
    for _ in range(MOST_PARTS):
        if place + 5 > len(data) or data[place] == 0:  # padding
            return
        if data[place] != 0x1C:  # noqa: PLR2004  # the tag marker (IIM 4.2, 1.5)
            raise FormatError(f"no dataset begins at {base + place}")
        length = int.from_bytes(data[place + 3 : place + 5], "big")
        head = 5
        if length & 0x8000:
            more = length & 0x7FFF
            head += more
            length = int.from_bytes(data[place + 5 : place + head], "big") if more <= 4 else len(data)  # noqa: PLR2004
        if place + head + length > len(data):
            raise FormatError(f"a dataset at {base + place} says {length} bytes")
        kind = f"{data[place + 1]}:{data[place + 2]}"
        yield Part(kind=kind, offset=base + place, length=head + length, head=head)
        place += head + length


def read_iptc(data: bytes, *, base: int | None, notes: Notes) -> None:
    """Note each dataset of *data*; *base* is its offset in the file, None where it does not stand there as it is."""
    try:
        for part in datasets(data):
            number = tuple(int(half) for half in part.kind.split(":"))
            name = _NAMES.get((number[0], number[1]), part.kind)
            value = decoded(data[part.start : part.end])
            code = "gps.iptc" if number in _PLACES else "iptc.dataset"
            offset = None if base is None else base + part.offset
            notes.add(code, _printable(value), pointer=f"iptc/{name}", offset=offset, length=part.length)
    except FormatError as error:
        notes.add("iptc.damaged", str(error), pointer="iptc", offset=base, length=len(data))


def _printable(value: str) -> str:
    """Return *value*, or what a short binary one is in hexadecimal."""
    return value if value.isprintable() or "\n" in value or "\r" in value else value.encode("latin-1", "replace").hex()
