"""What holds for any HTTP/1 connection: pieces do not matter, no byte is lost, nothing raises, cost is linear."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_kit.wire.exchange import Reading, WebSocketMessage, WireExchange
from evidence_kit.wire.http1 import read_http1
from evidence_kit.wire.streams import Ending, Piece, Side
from tests.support.connections import (
    BEGIN,
    Recorded,
    assert_heads_end_once,
    assert_tiled,
    body,
    exchanges,
    recorded,
    split,
)
from tests.support.hangs import no_hang

TOKENS = st.sampled_from(
    [
        *[b"GET / HTTP/1.1\r\n", b"HEAD /x HTTP/1.1\r\n", b"POST /p HTTP/1.0\r\n", b"CONNECT a:1 HTTP/1.1\r\n"],
        *[b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n", b"HTTP/1.1 204 No\r\n", b"HTTP/1.0 200\n"],
        *[b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n", b"Upgrade: websocket\r\n", b"\r\n", b"\n", b"\r"],
        *[b"Content-Length: 3\r\n", b"Content-Length: 0\r\n", b"Content-Length: -1\r\n", b"Host: a.mn\r\n"],
        *[b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n", b"0\r\n\r\n", b"ffffff\r\n", b";x\r\n", b"abc"],
        *[b"Sec-WebSocket-Extensions: permessage-deflate\r\n", b"\x81\x03abc", b"\x01\x01a", b"\x80\x01b", b"\x88\x00"],
        *[b"\x81\x83\x01\x02\x03\x04abc", b"\xc1\x04\x4a\x4c\x4a\x06", b"\x82\x7e\x01\x00", b"\x00"],
    ]
)
STREAMS = st.lists(TOKENS | st.binary(max_size=6), max_size=25).map(b"".join)
ENDINGS = st.sampled_from(
    [(Ending.OPEN, None), *((ending, side) for ending in (Ending.CLOSED, Ending.CUT, Ending.RESET) for side in Side)]
)
MESSAGES = st.lists(
    st.tuples(st.binary(max_size=40), st.sampled_from(["length", "chunked", "head", "none"]), st.integers(0, 2)),
    min_size=1,
    max_size=5,
)


def read(client: Recorded, server: Recorded) -> list[tuple[Reading, dict[str, bytes]]]:
    """Return the readings, each with its contents."""
    with TemporaryDirectory() as folder:
        found = read_http1(client, server, scheme="https", authority_hint="a.mn", folder=Path(folder))
        return [(reading, contents(reading)) for reading in found]


def contents(reading: Reading) -> dict[str, bytes]:
    match reading:
        case WireExchange():
            assert_heads_end_once(reading)
            sent = {"request": reading.request.head + body(reading.request.body)}
            return sent | ({"response": body(reading.response.body)} if reading.response else {})
        case WebSocketMessage():
            return {"payload": body(reading.payload)}
        case _:
            return {}


def chunked(data: bytes, step: int) -> bytes:
    parts = [data[at : at + step] for at in range(0, len(data), step)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@given(MESSAGES, st.data())
@settings(max_examples=150, deadline=None)
def test_pieces_do_not_matter(specification: list[tuple[bytes, str, int]], data: st.DataObject) -> None:
    client, server = b"", b""
    for payload, kind, interim in specification:
        method = b"HEAD" if kind == "head" else b"POST"
        framing = {"chunked": b"Transfer-Encoding: chunked"}.get(kind, b"Content-Length: %d" % len(payload))
        sent = chunked(payload, 7) if kind == "chunked" else payload
        client += method + b" / HTTP/1.1\r\nHost: a.mn\r\n" + framing + b"\r\n\r\n" + sent
        server += b"HTTP/1.1 103 Hint\r\n\r\n" * interim + b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n"
        server += b"" if kind == "head" else sent
    cuts = [data.draw(st.lists(st.integers(0, len(stream)), max_size=30)) for stream in (client, server)]

    readings = read(split(client, cuts[0]), split(server, cuts[1], begin=9))

    assert len(readings) == len(specification)
    for (reading, held), (payload, kind, interim) in zip(readings, specification, strict=True):
        assert isinstance(reading, WireExchange)
        assert held["request"].endswith(b"\r\n\r\n" + payload)
        assert held["response"] == (b"" if kind == "head" else payload)
        assert (len(reading.interim_heads), reading.truncated, reading.remarks) == (interim, None, ())


@given(STREAMS, STREAMS, ENDINGS, st.lists(st.integers(0, 200), max_size=20))
@settings(max_examples=600, deadline=None)
def test_no_byte_is_lost_whatever_they_are(
    client: bytes, server: bytes, ending: tuple[Ending, Side | None], cuts: list[int]
) -> None:
    sides = [
        recorded(client, ending=ending[0], ended_by=ending[1]),
        recorded((1, server), ending=ending[0], ended_by=ending[1]),
    ]
    with TemporaryDirectory() as folder:
        whole = list(read_http1(sides[0], sides[1], scheme="http", authority_hint="a.mn", folder=Path(folder)))
        assert_tiled(whole, sides[0], sides[1])

    parts = [
        Recorded(parts=split(stream, cuts).parts, ending=ending[0], ended_by=ending[1]) for stream in (client, server)
    ]
    shapes = [(type(reading), held) for reading, held in read(parts[0], parts[1])]
    assert sorted(map(str, shapes)) == sorted(str((type(reading), held)) for reading, held in read(sides[0], sides[1]))


class Large:
    """A direction of *count* equal pieces between two others, none of which is kept."""

    ending = Ending.CLOSED
    ended_by = Side.SERVER

    def __init__(self, head: bytes, piece: bytes, count: int, tail: bytes = b"") -> None:
        self._parts = (head, piece, count, tail)

    def pieces(self) -> Iterator[Piece]:
        head, piece, count, tail = self._parts
        yield Piece(head, BEGIN)
        for _ in range(count):
            yield Piece(piece, BEGIN)
        if tail:
            yield Piece(tail, BEGIN)


GET = recorded(b"GET / HTTP/1.1\r\nHost: a.mn\r\n\r\n")


def test_memory_stays_flat_however_long_a_body_is(tmp_path: Path) -> None:
    piece = bytes(16 * 1024)
    server = Large(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(piece) * 4000), piece, 4000)

    tracemalloc.start()
    (exchange,) = exchanges(read_http1(GET, server, scheme="http", authority_hint="a.mn", folder=tmp_path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert exchange.response is not None
    assert exchange.response.body.length == 4000 * len(piece)
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("head", "piece", "tail"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", b"0\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"e" * 9 + b"\r\nx\r\n", b"0\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", b"\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x", b""),
        (b"\r\n", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", b"\x01\x00", b""),
    ],
)
def test_cost_does_not_grow_as_the_square_of_the_bytes(tmp_path: Path, head: bytes, piece: bytes, tail: bytes) -> None:
    client = recorded(b"GET / HTTP/1.1\r\nHost: a.mn\r\nUpgrade: websocket\r\n\r\n")
    server = Large(head + piece * 200_000, b"", 0, tail)

    with no_hang():
        for _ in read_http1(client, server, scheme="http", authority_hint="a.mn", folder=tmp_path):
            pass
