"""Whatever bytes are called a zip or a WACZ: only our own errors, and never an entry that could be read as two."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence_kit.archive.wacz_reader import check_wacz
from evidence_kit.archive.zip_reader import ZipReader
from evidence_kit.archive.zips import check_canonical
from evidence_kit.errors import FormatError

MOST = 100_000
NAMES = ["a", "b", "A", "a/b", "é", "datapackage.json", "archive/data.warc.gz", "pages/pages.jsonl"]


class Sample(Protocol):
    """What the fixture of this folder gives."""

    @property
    def wacz(self) -> Path:
        """Return the path of a small WACZ."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What one of the two headers of an entry claims."""

    name: bytes
    flags: int
    method: int
    packed: int
    size: int

    def fixed(self, body: bytes) -> bytes:
        sizes = (zlib.crc32(body), self.packed, self.size)
        return struct.pack("<HHHHHIII", 20, self.flags, self.method, 0, 33, *sizes)


def zip_of(entries: Sequence[tuple[Header, Header, bytes, int]]) -> bytes:
    """Return a zip of local header, directory's header, data, and how far the directory's offset is wrong."""
    data, directory = b"", b""
    for local, central, body, shift in entries:
        offset = max(0, len(data) + shift)
        data += b"PK\x03\x04" + local.fixed(body) + struct.pack("<HH", len(local.name), 0) + local.name + body
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + central.fixed(body)
        directory += struct.pack("<HHHHHII", len(central.name), 0, 0, 0, 0, 0, offset) + central.name
    counts = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(data), 0)
    return data + directory + b"PK\x05\x06" + counts


@st.composite
def entry(draw: st.DrawFn) -> tuple[Header, Header, bytes, int]:
    """Draw an entry, mostly a proper one, whose two headers may contradict each other."""
    body = draw(st.binary(max_size=60))
    odd = draw(st.booleans())
    name = draw(st.sampled_from(NAMES)).encode()
    local = Header(name=name, flags=0x800, method=0, packed=len(body), size=len(body))
    if not odd:
        return local, local, body, 0
    central = Header(
        name=draw(st.one_of(st.just(name), st.binary(min_size=1, max_size=6))),
        flags=draw(st.sampled_from([0x800, 0, 0x808, 0x801])),
        method=draw(st.sampled_from([0, 8, 14])),
        packed=draw(st.one_of(st.just(len(body)), st.integers(0, 200))),
        size=draw(st.one_of(st.just(len(body)), st.integers(0, 200))),
    )
    shift = draw(st.one_of(st.just(0), st.integers(-80, 80)))
    return local, draw(st.sampled_from([central, local])), body, shift


def accepted(data: bytes) -> list[tuple[str, int, int]]:
    """Return name, first byte and end of every entry that the reader accepts, by the headers that lie in the data."""
    places = []
    with suppress(FormatError), ZipReader(io.BytesIO(data)) as archive:
        for name, info in archive._entries.items():  # noqa: SLF001  # where they lie is nobody else's business
            begin = info.header_offset
            name_length, extra_length = struct.unpack("<HH", data[begin + 26 : begin + 30])
            stored = data[begin + 30 : begin + 30 + name_length]
            assert stored.decode("utf-8" if info.flag_bits & 0x800 else "cp437") == name
            places.append((name, begin, begin + 30 + name_length + extra_length + info.compress_size))
            with suppress(FormatError):
                archive.read(name, MOST)
    return places


def unambiguous(data: bytes) -> None:
    """See that the accepted entries have names of their own, and bytes of their own."""
    places = sorted(accepted(data), key=lambda place: place[1])
    assert len({name for name, _, _ in places}) == len(places)
    assert all(end <= begin for (_, _, end), (_, begin, _) in pairwise(places))
    assert not places or places[-1][2] <= len(data)


@settings(max_examples=100, deadline=None)
@given(entries=st.lists(entry(), min_size=1, max_size=4))
def test_no_accepted_entry_shares_bytes_or_a_name_with_another(
    entries: list[tuple[Header, Header, bytes, int]],
) -> None:
    unambiguous(zip_of(entries))


@settings(max_examples=30, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(lambda data: b"PK\x03\x04" + data)))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    unambiguous(data)
    check_canonical(io.BytesIO(data))
    check_wacz(io.BytesIO(data))


@cache
def _bytes_of(path: Path) -> bytes:
    return path.read_bytes()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_wacz_is_read_or_refused_and_never_passes_as_ours(sample: Sample, data: st.DataObject) -> None:
    whole = _bytes_of(sample.wacz)
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))

    unambiguous(bytes(changed))
    found = check_wacz(io.BytesIO(changed), ours=True)

    assert found.failed or bytes(changed) == whole


@settings(max_examples=30, deadline=None)
@given(parts=st.dictionaries(st.sampled_from(NAMES[5:]), st.binary(max_size=200), min_size=1))
def test_a_wacz_of_arbitrary_parts_is_read_or_refused(parts: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)

    check_wacz(buffer, ours=True)


def test_an_entry_that_begins_inside_the_last_bytes_of_another_is_left_out() -> None:
    """The length of the first one's own name must not be forgotten."""
    inner = Header(name=b"b", flags=0x800, method=0, packed=1, size=1)
    body = b"x" * 40 + b"PK\x03\x04" + inner.fixed(b"y") + struct.pack("<HH", 1, 0) + b"by"
    name = b"a/name/that/is/longer/than/a/header/of/an/entry"
    outer = Header(name=name, flags=0x800, method=0, packed=len(body), size=len(body))
    second = Header(name=b"b", flags=0x800, method=0, packed=1, size=1)
    whole = zip_of([(outer, outer, body, 0)])
    at = whole.index(b"PK\x03\x04", 4)
    data = zip_of([(outer, outer, body, 0), (second, second, b"y", at - 30 - len(outer.name) - len(body))])

    with ZipReader(io.BytesIO(data)) as archive:
        assert archive.names() == [name.decode()]
