"""What holds for any HTTP/2 connection: pieces do not matter, no byte is lost, nothing raises, bombs do not go off."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hpack import Encoder
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.errors import FormatError
from evidence_kit.wire.exchange import Reading, WebSocketMessage, WireExchange
from evidence_kit.wire.hpack_fields import FieldDecoder
from evidence_kit.wire.http2 import read_http2
from tests.support.connections import Recorded, assert_counted, assert_heads_end_once, body, exchanges, recorded, split
from tests.support.hangs import no_hang
from tests.support.http2_frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    PING,
    PUSH_PROMISE,
    RST_STREAM,
    Sender,
    answered,
    asked,
    client,
    frame,
    server,
)

BLOCKS = st.sampled_from(
    [b"\x88", b"\x82\x84\x87\x41\x04a.mn", b"\x48\x03103", b"\x40\x01a\x01b", b"\xbe", b"\x3f\xe1\x1f"]
)
FRAMES = st.builds(
    lambda kind, payload, flags, stream: frame(kind, payload, flags=flags, stream=stream),
    st.sampled_from([DATA, HEADERS, HEADERS, RST_STREAM, PUSH_PROMISE, PING, CONTINUATION, 4, 7, 8, 2, 99]),
    BLOCKS | st.binary(max_size=8),
    st.sampled_from([0, 1, END_HEADERS, 5, 8, 13, 0x2D]),
    st.sampled_from([0, 1, 1, 1, 3, 2, 5]),
)
STREAMS = st.lists(FRAMES, max_size=12).map(b"".join)


def read(ours: Recorded, theirs: Recorded) -> list[str]:
    """Return what was read, in words that leave out times and places."""
    with TemporaryDirectory() as folder:
        readings = list(read_http2(ours, theirs, scheme="https", authority_hint="a.mn", folder=Path(folder)))
        assert_counted(readings, ours, theirs)
        return [shown(reading) for reading in readings]


def shown(reading: Reading) -> str:
    match reading:
        case WireExchange():
            assert_heads_end_once(reading)
            parts = [reading.request, *([reading.response] if reading.response else [])]
            return str([(part.head, body(part.body), part.trailers) for part in parts])
        case WebSocketMessage():
            return str((reading.side, body(reading.payload)))
        case _:
            return type(reading).__name__


@given(STREAMS, STREAMS, st.binary(max_size=12), st.lists(st.integers(0, 300), max_size=20), st.booleans())
@settings(max_examples=600, deadline=None)
def test_no_byte_is_lost_whatever_they_are(
    ours: bytes, theirs: bytes, noise: bytes, cuts: list[int], opened: bool
) -> None:
    one = client().head(asked()).data + ours + noise if opened else client().data + ours
    other = server().data + theirs + noise

    whole = read(recorded(one), recorded((1, other)))

    assert whole == read(split(one, cuts), split(other, cuts, begin=1))


@given(st.lists(st.tuples(st.sampled_from([1, 3, 5]), st.binary(max_size=50)), max_size=12), st.data())
@settings(max_examples=100, deadline=None)
def test_pieces_do_not_matter(bodies: list[tuple[int, bytes]], data: st.DataObject) -> None:
    ours, theirs = client(), server()
    for number in (1, 3, 5):
        ours.head(asked(b"/%d" % number, more=((b"x-common", b"value"),)), stream=number, end=True)
        theirs.head(answered((b"x-common", b"value")), stream=number)
    for number, part in bodies:
        theirs.body(part, stream=number)
    for number in (1, 3, 5):
        theirs.body(b"", stream=number, end=True)
    cuts = data.draw(st.lists(st.integers(0, len(theirs.data)), max_size=30))

    with TemporaryDirectory() as folder:
        found = exchanges(
            read_http2(
                split(ours.data, cuts), split(theirs.data, cuts), scheme="https", authority_hint="", folder=Path(folder)
            )
        )
        received = {exchange.stream: body(exchange.response.body) for exchange in found if exchange.response}

    assert received == {number: b"".join(part for stream, part in bodies if stream == number) for number in (1, 3, 5)}


FIELDS = st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=200)), max_size=40)


@given(st.lists(FIELDS, max_size=5), st.sampled_from([0, 100, 4096, 65536]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_blocks_are_decoded_as_they_were_encoded(
    blocks: list[list[tuple[bytes, bytes]]], table: int, huffman: bool
) -> None:
    encoder, decoder = Encoder(), FieldDecoder(limit=100_000)
    encoder.header_table_size = table

    for fields in blocks:
        assert decoder.decode(encoder.encode(fields, huffman=huffman)) == fields


@given(st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
def test_any_block_is_decoded_or_refused(block: bytes) -> None:
    with suppress(FormatError):
        FieldDecoder(limit=10_000).decode(block)


@pytest.mark.parametrize(
    "block",
    [
        b"\x40\x01a\x7f\x81\x1e" + b"x" * 4000 + b"\xbe" * 200_000,
        b"\x82" * 400_000,
        b"\x00\x00\x00" * 150_000,
        b"\x0f" + b"\xff" * 400_000,
        b"\x20" * 400_000,
    ],
    ids=["references", "indexed", "empty literals", "endless number", "table sizes"],
)
def test_a_bomb_is_refused_soon(block: bytes) -> None:
    with no_hang(), suppress(FormatError):
        FieldDecoder(limit=512 * 1024).decode(block)


def test_a_long_field_after_many_short_ones_takes_no_longer() -> None:
    short, long = (
        b"\x10\x00\x00" * 10_000,
        b"\x00\x01a\x7f\x81\xff\xff\x00" + b"x" * (127 + 1 + (127 << 7) + (127 << 14)),
    )

    with no_hang():
        fields = FieldDecoder(limit=4 * 1024 * 1024).decode(short + long)

    assert len(fields) == 10_001


def read_soon(folder: Path, ours: Sender, theirs: bytes) -> None:
    with no_hang():
        for _ in read_http2(
            recorded(ours.data), recorded((1, theirs)), scheme="https", authority_hint="a.mn", folder=folder
        ):
            pass


@pytest.mark.parametrize(
    "piece",
    [frame(DATA, b"x"), frame(DATA, b""), frame(PING, bytes(8), stream=0), frame(HEADERS, b"\x48\x03103", flags=4)],
    ids=["data", "empty data", "pings", "interim heads"],
)
def test_cost_does_not_grow_as_the_square_of_the_frames(tmp_path: Path, piece: bytes) -> None:
    begin = server().head(answered()).data if piece[3] == DATA else server().data

    read_soon(tmp_path, client().head(asked(), end=True), begin + piece * 100_000)


def test_continuations_without_end_are_given_up(tmp_path: Path) -> None:
    theirs = server().data + frame(HEADERS, b"") + frame(CONTINUATION, b"") * 50_000

    read_soon(tmp_path, client().head(asked(), end=True), theirs)
