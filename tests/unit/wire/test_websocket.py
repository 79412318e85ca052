"""Reading WebSockets: spoken by another implementation, and broken on purpose."""

import os
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from evidence_kit.wire.exchange import Opcode, RawBytes, Reading, WebSocketMessage
from evidence_kit.wire.http1 import read_http1
from evidence_kit.wire.streams import Side
from evidence_kit.wire.websocket import read_websocket
from tests.support.connections import (
    Recorded,
    assert_tiled,
    at,
    body,
    exchanges,
    messages,
    raws,
    recorded,
    split,
)

DEFLATE = b"permessage-deflate"


class Peers:
    """Two sides of a WebSocket made by the `websockets` library, and what they sent."""

    def __init__(self, *, deflate: bool, takeover: bool = True) -> None:
        ours = [ClientPerMessageDeflateFactory()] if deflate else []
        theirs = [
            ServerPerMessageDeflateFactory(
                server_no_context_takeover=not takeover, client_no_context_takeover=not takeover
            )
        ]
        self.client = ClientProtocol(parse_uri("ws://a.mn/chat"), extensions=ours)
        self.server = ServerProtocol(extensions=theirs if deflate else [])
        self.sent: dict[Side, list[tuple[float, bytes]]] = {side: [] for side in Side}
        self._clock = 0.0
        self.client.send_request(self.client.connect())
        self.flush()
        (request,) = self.server.events_received()
        assert isinstance(request, Request)
        self.server.send_response(self.server.accept(request))
        self.flush()
        (response,) = self.client.events_received()
        assert isinstance(response, Response)

    def flush(self) -> None:
        for side, one, other in (
            (Side.CLIENT, self.client, self.server),
            (Side.SERVER, self.server, self.client),
        ):
            for data in one.data_to_send():
                if data:
                    self._clock += 1
                    self.sent[side].append((self._clock, data))
                    other.receive_data(data)

    def directions(self) -> tuple[Recorded, Recorded]:
        return recorded(*self.sent[Side.CLIENT]), recorded(*self.sent[Side.SERVER])


def read(folder: Path, client: Recorded, server: Recorded) -> list[Reading]:
    readings = list(read_http1(client, server, scheme="http", authority_hint="a.mn", folder=folder))
    assert_tiled(readings, client, server)
    return readings


def frames(
    folder: Path, server: bytes | Recorded, *, client: bytes = b"", extensions: bytes = b""
) -> list[WebSocketMessage | RawBytes]:
    ours, theirs = recorded(client), recorded(server) if isinstance(server, bytes) else server
    readings = list(read_websocket(ours, theirs, url="wss://a.mn/", extensions=extensions, folder=folder))
    assert_tiled(readings, ours, theirs)
    return readings


def deflated(data: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")


def framed(first: int, payload: bytes) -> bytes:
    if len(payload) < 126:
        return bytes([first, len(payload)]) + payload
    return bytes([first, 127]) + len(payload).to_bytes(8, "big") + payload


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("takeover", [False, True])
def test_what_two_peers_said_is_read_in_order_of_time(tmp_path: Path, deflate: bool, takeover: bool) -> None:
    peers = Peers(deflate=deflate, takeover=takeover)
    noise = os.urandom(200_000)
    peers.client.send_text("Сайн уу ₮ 😀".encode())
    peers.flush()
    peers.server.send_text(b"hello " * 40)
    peers.server.send_text(b"hello " * 40)
    peers.server.send_ping(b"are you there")
    peers.flush()
    peers.client.send_binary(noise)
    peers.flush()
    peers.server.send_text(b"in ", fin=False)
    peers.server.send_ping(b"between")
    peers.server.send_continuation(b"parts", fin=True)
    peers.flush()
    peers.client.send_close(1001, "bye")
    peers.flush()
    for name in ("whole", "bytes"):
        (tmp_path / name).mkdir()
    client, server = peers.directions()

    readings = read(tmp_path / "whole", client, server)

    (exchange,) = exchanges(readings)
    assert (exchange.url, exchange.websocket, raws(readings)) == ("ws://a.mn/chat", True, [])
    found = messages(readings)
    assert [(m.side, m.opcode, body(m.payload)) for m in found if m.opcode not in {Opcode.PONG, Opcode.CLOSE}] == [
        (Side.CLIENT, Opcode.TEXT, "Сайн уу ₮ 😀".encode()),
        (Side.SERVER, Opcode.TEXT, b"hello " * 40),
        (Side.SERVER, Opcode.TEXT, b"hello " * 40),
        (Side.SERVER, Opcode.PING, b"are you there"),
        (Side.CLIENT, Opcode.BINARY, noise),
        (Side.SERVER, Opcode.PING, b"between"),
        (Side.SERVER, Opcode.TEXT, b"in parts"),
    ]
    assert [m.close_code for m in found if m.opcode is Opcode.CLOSE] == [1001, 1001]
    assert [m.fragments for m in found if body(m.payload) == b"in parts"] == [2]
    assert {(m.deflated, m.inflated) for m in found if m.opcode is Opcode.TEXT} == {(deflate, deflate)}
    assert [m.ended for m in found] == sorted(m.ended for m in found)
    assert isinstance(next(m for m in found if m.length == len(noise)).payload, Path)

    again = messages(read(tmp_path / "bytes", *(split(d.data, range(0, len(d.data), 13)) for d in (client, server))))
    assert sorted((m.side, m.extent.offset, body(m.payload)) for m in again) == sorted(
        (m.side, m.extent.offset, body(m.payload)) for m in found
    )


@pytest.mark.parametrize(
    "frame",
    [
        b"\x83\x00",
        b"\x91\x00",
        b"\xc1\x00",
        b"\x09\x00",
        b"\x89\x7e\x00\x80" + b"x" * 128,
        b"\x80\x01x",
        b"\x01\x01a\x81\x01b",
        b"\x82\x7f" + b"\xff" * 8,
    ],
)
def test_a_frame_against_the_rules_leaves_the_rest_raw(tmp_path: Path, frame: bytes) -> None:
    readings = frames(tmp_path, b"\x81\x02ok" + frame + b"\x81\x02no")

    assert body(messages(readings)[0].payload) == b"ok"
    (raw,) = raws(readings)
    assert (frame + b"\x81\x02no").endswith(body(raw.body))
    assert b"\x81\x02no" in body(raw.body)


def test_a_message_cut_off_is_kept_as_far_as_it_came(tmp_path: Path) -> None:
    readings = frames(tmp_path, b"\x01\x02ab\x80\x7e\x01\x00cd")

    (message,) = messages(readings)
    assert (message.payload, message.whole, message.fragments) == (b"abcd", False, 2)
    assert [body(raw.body) for raw in raws(frames(tmp_path, b"\x81\x7e\x01"))] == [b"\x81\x7e\x01"]


def test_fragments_without_an_end_are_handed_out(tmp_path: Path) -> None:
    (message,) = messages(frames(tmp_path, b"\x01\x01a\x00\x01b"))

    assert (message.payload, message.whole, message.fragments) == (b"ab", False, 2)


def test_a_missing_mask_is_a_remark(tmp_path: Path) -> None:
    readings = frames(tmp_path, b"\x81\x82\x00\x00\x00\x01ab", client=b"\x81\x01c")

    assert {(m.side, m.payload, m.remarks) for m in messages(readings)} == {
        (Side.SERVER, b"ab", ("masked by the server",)),
        (Side.CLIENT, b"c", ("not masked by the client",)),
    }


def test_a_bomb_stays_compressed(tmp_path: Path) -> None:
    bomb = deflated(bytes(100_000_000))

    readings = frames(tmp_path, framed(0xC1, bomb) + framed(0xC1, deflated(b"after")), extensions=DEFLATE)

    first, after = messages(readings)
    assert (first.deflated, first.inflated, body(first.payload) == bomb) == (True, False, True)
    assert (after.inflated, body(after.payload)) == (False, deflated(b"after"))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1_000_000


def test_what_cannot_be_inflated_stays_as_it_came(tmp_path: Path) -> None:
    (message,) = messages(frames(tmp_path, framed(0xC1, b"\xff\xff\xff"), extensions=DEFLATE))

    assert (message.inflated, message.payload) == (False, b"\xff\xff\xff")
    assert "left compressed" in message.remarks[0]


def test_a_block_marked_as_the_last_is_inflated(tmp_path: Path) -> None:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    final = stream.compress(b"Hello") + stream.flush(zlib.Z_FINISH)

    readings = frames(tmp_path, framed(0xC1, final + b"\x00") + framed(0xC1, deflated(b"on")), extensions=DEFLATE)

    assert [m.payload for m in messages(readings)] == [b"Hello", b"on"]


@pytest.mark.parametrize("size", [256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 512 * 1024])
def test_every_length_inflates_to_its_end(tmp_path: Path, size: int) -> None:
    (message,) = messages(frames(tmp_path, framed(0xC2, deflated(bytes(size))), extensions=DEFLATE))

    assert (message.length, message.inflated) == (size, True)


def test_times_are_those_of_first_and_last_byte(tmp_path: Path) -> None:
    (message,) = messages(frames(tmp_path, recorded((1, b"\x01\x01a"), (5, b"\x80\x01"), (8, b"b"))))

    assert (message.started, message.ended) == (at(1), at(8))


@given(
    st.lists(st.sampled_from([b"\x81\x01a", b"\x01\x01b", b"\x80\x00", b"\x89\x00", b"\xc1\x04\x4a\x4c\x4a\x06"])),
    st.binary(max_size=40),
    st.lists(st.integers(0, 80)),
)
@settings(max_examples=300, deadline=None)
def test_no_byte_is_lost_whatever_they_are(parts: list[bytes], noise: bytes, cuts: list[int]) -> None:
    with TemporaryDirectory() as folder:
        frames(Path(folder), split(b"".join(parts) + noise, cuts), extensions=DEFLATE)
