"""Reading what other people's programs said to each other, and archiving it."""

import gzip
import http.client
import http.server
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence_kit.archive.warc_reader import DigestOutcome, check_warc, record_at
from evidence_kit.archive.warc_writer import WarcWriter
from evidence_kit.wire.exchange import Reading
from evidence_kit.wire.http1 import read_http1
from evidence_kit.wire.http2 import read_http2
from evidence_kit.wire.streams import Ending, Piece, Side
from tests.support.connections import BEGIN, Recorded, assert_counted, assert_tiled, body, exchanges, raws, recorded

LARGE = os.urandom(700_000)


class Site(http.server.BaseHTTPRequestHandler):
    """Answers in every way that HTTP/1.1 frames a body."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        match self.path:
            case "/chunked":
                self.begin(("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip"))
                data = gzip.compress(b"Mongolian " * 9999, mtime=0)
                for at in range(0, len(data), 50):
                    part = data[at : at + 50]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.write(b"0\r\n\r\n")
            case "/large":
                self.begin(("Content-Length", str(len(LARGE))))
                self.wfile.write(LARGE)
            case "/close":
                self.begin(("Connection", "close"))
                self.wfile.write(b"until the end")
            case _:
                self.begin(("Content-Length", "0"))

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.begin(("Content-Length", str(len(data))))
        self.wfile.write(data[::-1])

    def do_HEAD(self) -> None:
        self.begin(("Content-Length", "12345"))

    def begin(self, *fields: tuple[str, str]) -> None:
        self.send_response(200)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


class Tap:
    """Passes one connection on and remembers both directions."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.pieces: dict[Side, list[Piece]] = {side: [] for side in Side}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._upstream = upstream
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with self._listener, self._listener.accept()[0] as ours, socket.create_connection(self._upstream) as theirs:
            pumps = [
                threading.Thread(target=self._pump, args=(ours, theirs, Side.CLIENT)),
                threading.Thread(target=self._pump, args=(theirs, ours, Side.SERVER)),
            ]
            for pump in pumps:
                pump.start()
            for pump in pumps:
                pump.join()

    def _pump(self, source: socket.socket, target: socket.socket, side: Side) -> None:
        while data := source.recv(5000):
            self.pieces[side].append(Piece(data, datetime.now(UTC)))
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

    def directions(self) -> tuple[Recorded, Recorded]:
        self._thread.join()
        client, server = (
            Recorded(parts=tuple(self.pieces[side]), ending=Ending.CLOSED, ended_by=Side.SERVER) for side in Side
        )
        return client, server


@contextmanager
def tapped() -> Iterator[Tap]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Tap(("127.0.0.1", server.server_address[1]))
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def conversation(tmp_path: Path) -> list[Reading]:
    """Return what `http.client` and `http.server` said to each other, as it was read."""
    expected = []
    with tapped() as tap:
        connection = http.client.HTTPConnection("127.0.0.1", tap.port)
        for method, path in (("GET", "/"), ("HEAD", "/"), ("GET", "/chunked"), ("POST", "/"), ("GET", "/large")):
            connection.request(method, path, body=b"abc" * 9000 if method == "POST" else None)
            expected.append(connection.getresponse().read())
        connection.request("GET", "/close")
        expected.append(connection.getresponse().read())
        connection.close()
        client, server = tap.directions()
    readings = list(read_http1(client, server, scheme="http", authority_hint="x", folder=tmp_path))
    assert_tiled(readings, client, server)
    bodies = [body(exchange.response.body) for exchange in exchanges(readings) if exchange.response]
    assert bodies == expected
    return readings


@pytest.mark.network
def test_python_talking_to_itself_is_read(conversation: list[Reading]) -> None:
    found = exchanges(conversation)

    assert len(found) == len(conversation) == 6
    assert body(found[3].request.body) == b"abc" * 9000
    assert [exchange.truncated for exchange in found] == [None] * 6
    assert not any(exchange.remarks for exchange in found)


@pytest.mark.network
def test_what_was_read_is_archived_so_that_every_digest_agrees(
    conversation: list[Reading], tmp_path: Path, oracle: Callable[[str], Path]
) -> None:
    path = tmp_path / "data.warc.gz"
    with WarcWriter(path, created=BEGIN) as writer:
        writer.warcinfo({"software": "test"})
        lines = [
            writer.exchange(exchange.to_exchange(ip_address="127.0.0.1")).lines[0]
            for exchange in exchanges(conversation)
        ]

    assert {finding.block for finding in check_warc(path)} == {DigestOutcome.OK}
    assert not any(finding.failed for finding in check_warc(path))
    with record_at(path, lines[2].offset) as record:
        head, length = record.http_head, len(gzip.compress(b"Mongolian " * 9999, mtime=0))
    assert b"X-Archive-Orig-Transfer-Encoding: chunked\r\n" in head
    assert head.endswith(b"Content-Length: %d\r\n\r\n" % length)
    subprocess.run([oracle("warcio"), "check", path], check=True)


class H2Peers:
    """Two sides of the `h2` library, and what they sent."""

    def __init__(self) -> None:
        connections = pytest.importorskip("h2.connection", reason="NOT TESTED: h2 is not installed")
        configuration = pytest.importorskip("h2.config")
        self.client, self.server = (
            connections.H2Connection(configuration.H2Configuration(client_side=side is Side.CLIENT)) for side in Side
        )
        self._sent: dict[Side, list[tuple[float, bytes]]] = {side: [] for side in Side}
        self._clock = 0.0
        self.client.initiate_connection()
        self.server.initiate_connection()
        self.flush()
        self.client.update_settings({1: 65536})
        self.flush()

    def flush(self) -> None:
        turn = ((Side.CLIENT, self.client, self.server), (Side.SERVER, self.server, self.client))
        for side, one, other in turn * 2:
            if data := one.data_to_send():
                self._clock += 1
                self._sent[side].append((self._clock, data))
                for event in other.receive_data(data):
                    if type(event).__name__ == "DataReceived":
                        other.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def directions(self) -> tuple[Recorded, Recorded]:
        return recorded(*self._sent[Side.CLIENT]), recorded(*self._sent[Side.SERVER])

    def converse(self, number: int) -> None:
        """Ask and answer on one stream, with everything that an answer may have."""
        path = f"/{number}" + "p" * (20_000 if number == 5 else 0)
        fields = [(":method", "POST"), (":scheme", "https"), (":authority", "a.mn"), (":path", path), ("x-c", "v" * 99)]
        self.client.send_headers(number, fields)
        self.client.send_data(number, b"request", end_stream=True, pad_length=9)
        self.flush()
        self.server.send_headers(number, [(":status", "103"), ("link", "</x>")])
        self.server.send_headers(number, [(":status", "200"), ("x-number", str(number)), ("x-long", "v" * 3000)])
        for at in range(0, 100_000, 10_000):
            self.server.send_data(number, LARGE[at : at + 10_000])
            self.flush()
        self.server.send_headers(number, [("x-trailer", "t")], end_stream=True)
        self.flush()


def test_the_h2_library_is_read(tmp_path: Path) -> None:
    peers = H2Peers()
    for number in range(1, 41, 2):
        peers.converse(number)
    peers.server.close_connection()
    peers.flush()
    client, server = peers.directions()

    readings = list(read_http2(client, server, scheme="https", authority_hint="x", folder=tmp_path))

    assert_counted(readings, client, server)
    assert not raws(readings)
    found = exchanges(readings)
    assert [exchange.stream for exchange in found] == list(range(1, 41, 2))
    for exchange in found:
        assert exchange.response is not None
        assert body(exchange.request.body) == b"request"
        assert body(exchange.response.body) == LARGE[:100_000]
        assert exchange.response.head == (
            b"HTTP/1.1 200\r\nx-number: %d\r\nx-long: %s\r\n\r\n" % (exchange.stream or 0, b"v" * 3000)
        )
        assert (exchange.response.trailers, len(exchange.interim_heads)) == (b"x-trailer: t\r\n", 1)
        assert (exchange.truncated, exchange.remarks) == (None, ())
