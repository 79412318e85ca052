"""The readers of formats end, stay within the file, and raise nothing but `FormatError`, whatever the bytes are."""

import contextlib
import io
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import BinaryIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from evidence_kit.errors import FormatError
from evidence_kit.intake.facts import boxes, gif, iptc, jpeg, png, riff
from evidence_kit.intake.facts.exif import read_exif
from evidence_kit.intake.facts.notes import Notes
from evidence_kit.intake.facts.of_jpeg import anatomy_of_jpeg
from evidence_kit.intake.facts.of_media import anatomy_of_media
from evidence_kit.intake.facts.of_others import anatomy_of_gif, anatomy_of_webp
from evidence_kit.intake.facts.of_png import anatomy_of_png
from evidence_kit.intake.facts.parts import Part
from evidence_kit.intake.facts.xmp import read_xmp
from evidence_kit.intake.findings import Source


def riff_chunks(stream: BinaryIO) -> Iterator[Part]:
    yield from riff.chunks(stream, riff.whole(stream))


def saved(form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((24, 16)).convert("RGB").save(stream, form, **options)
    return stream.getvalue()


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


FILM = (
    box(b"ftyp", b"mp42\0\0\0\0mp42isom")
    + box(
        b"moov",
        box(b"mvhd", bytes(4) + b"\xe0\0\0\0" * 2 + b"\0\0\x03\xe8" * 2)
        + box(b"udta", box(b"\xa9xyz", b"\0\x04\0\0+1+2")),
    )
    + box(b"mdat", b"x" * 20)
)
HEIC = box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(
    b"meta",
    bytes(4)
    + box(b"pitm", bytes(4) + b"\0\1")
    + box(b"iinf", bytes(4) + b"\0\1" + box(b"infe", b"\2\0\0\0\0\1\0\0hvc1\0"))
    + box(
        b"iprp",
        box(b"ipco", box(b"ispe", bytes(4) + b"\0\0\0\x28\0\0\0\x1e")) + box(b"ipma", bytes(4) + b"\0\0\0\1\0\1\1\1"),
    ),
)
READERS: dict[str, tuple[Callable[[BinaryIO], Iterator[Part]], bytes]] = {
    "jpeg": (jpeg.segments, saved("JPEG", comment=b"words")),
    "png": (png.chunks, saved("PNG")),
    "gif": (gif.blocks, saved("GIF")),
    "riff": (riff_chunks, saved("WEBP")),
    "boxes": (boxes.boxes, FILM),
}
ANATOMIES = {
    "jpeg": (anatomy_of_jpeg, READERS["jpeg"][1]),
    "png": (anatomy_of_png, READERS["png"][1]),
    "gif": (anatomy_of_gif, READERS["gif"][1]),
    "webp": (anatomy_of_webp, READERS["riff"][1]),
    "film": (anatomy_of_media, FILM),
    "heic": (anatomy_of_media, HEIC),
}


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Return *data* with some bytes put in the place of others, cut off somewhere."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data) - 1))
        changed[place : place + 4] = draw(st.binary(min_size=0, max_size=4))
    return bytes(changed[: draw(st.integers(0, len(changed)))]) if draw(st.booleans()) else bytes(changed)


@pytest.mark.parametrize("name", READERS)
def test_parts_follow_each_other_to_the_end_of_a_good_file(name: str) -> None:
    reader, data = READERS[name]

    parts = [part for part in reader(io.BytesIO(data)) if "/" not in part.path]

    assert parts[-1].end == len(data)
    gaps = {later.offset - part.end for part, later in pairwise(parts)}
    assert gaps <= ({0, 1} if name == "riff" else {0})


@pytest.mark.parametrize("name", READERS)
@given(changes=st.data())
def test_parts_of_a_damaged_file_lie_within_it(name: str, changes: st.DataObject) -> None:
    reader, good = READERS[name]
    data = changes.draw(damaged(good))

    try:
        for part in reader(io.BytesIO(data)):
            assert 0 <= part.offset <= part.start <= part.end <= len(data)
    except FormatError:
        pass


@pytest.mark.parametrize("name", ANATOMIES)
@given(changes=st.data())
def test_the_build_of_a_damaged_file_is_read_as_far_as_it_goes(name: str, changes: st.DataObject) -> None:
    read, good = ANATOMIES[name]
    data = changes.draw(damaged(good))

    found = read(io.BytesIO(data), Notes("a"))

    assert found.end is None or found.end <= len(data) + 1
    assert all(block.base is None or block.base <= len(data) for block in found.blocks)


def test_measures_are_read_without_decoding() -> None:
    assert {name: read(io.BytesIO(data), Notes("a")).size for name, (read, data) in ANATOMIES.items()} == {
        "jpeg": (24, 16),
        "png": (24, 16),
        "gif": (24, 16),
        "webp": (24, 16),
        "film": None,
        "heic": (40, 30),
    }


@given(data=st.binary(max_size=200))
@example(b"\x1c\x02\x78\x00\x02hi\x1c\x02\x05\x80\x04\xff\xff\xff\xff")
@example(b"\x1c\x02\x78\xff\xff" + bytes(100))
def test_datasets_of_iptc_lie_within_their_block(data: bytes) -> None:
    for reader in (iptc.datasets, iptc.resources):
        with contextlib.suppress(FormatError):
            assert all(7 <= part.offset <= part.start <= part.end <= 7 + len(data) for part in reader(data, base=7))
    iptc.read_iptc(data, base=7, notes=Notes("a"))


def test_a_dataset_has_its_name_and_its_place() -> None:
    notes = Notes("a")

    iptc.read_iptc(b"\x1c\x02\x78\x00\x05words\x1c\x02\x5a\x00\x04Town", base=100, notes=notes)

    assert [(note.code, note.value, note.source) for note in notes.findings] == [
        ("iptc.dataset", "words", Source(file="a", pointer="iptc/Caption-Abstract", offset=100, length=10)),
        ("gps.iptc", "Town", Source(file="a", pointer="iptc/City", offset=110, length=9)),
    ]


@settings(max_examples=40)
@given(data=st.binary(max_size=300), order=st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_whatever_calls_itself_exif_is_read_or_called_damaged(data: bytes, order: bytes) -> None:
    read_exif(order + data, base=0, notes=Notes("a"))


@given(data=st.binary(max_size=200))
@example(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a/></x:xmpmeta>")
@example("<?xml version='1.0' encoding='utf-16'?><a/>".encode("utf-16"))
def test_whatever_calls_itself_xmp_is_read_or_called_damaged(data: bytes) -> None:
    read_xmp(data, base=0, notes=Notes("a"))


@pytest.mark.parametrize(
    "packet",
    [
        "<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;&b;'>]><a>&d;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a/>",
        "<a>" * 40 + "</a>" * 40,
        "<a " + " ".join(f"b{number}='c'" for number in range(1200)) + "/>",
    ],
)
def test_xmp_that_wants_to_grow_is_refused(packet: str) -> None:
    notes = Notes("a")

    read_xmp(packet.encode(), base=0, notes=notes)

    assert [note.code for note in notes.findings if note.code != "xmp.property"] == ["xmp.damaged"]
    assert len(notes.findings) in {1, 1001}


def test_a_text_that_was_compressed_grows_only_so_far() -> None:
    bomb = zlib.compress(bytes(10_000_000), 9)

    assert len(png.inflated(bomb, most=1000)) == 1000
