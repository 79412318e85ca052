"""A web server of raw sockets that decides every byte it sends, and remembers every byte of both directions.

What it answers is decided by host and path (`Site`); the first label of the host names the case. HTTP/2 is in
`tests.fidelity.origin_h2`.
"""

import base64
import contextlib
import hashlib
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, Self

from tests.fidelity.replies import Answer, Fields, Raw, Reply

_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass(slots=True, kw_only=True)
class Sent:
    """One exchange as the server knows it."""

    url: str
    """With the host and target as the request named them, percent-encoded."""
    method: str
    request_head: bytes
    request_body: bytearray = field(default_factory=bytearray)
    interim: list[bytes] = field(default_factory=list)
    response_head: bytes = b""
    """As sent; over HTTP/2 in HTTP/1.1 form."""
    response_body: bytearray = field(default_factory=bytearray)
    """As sent, without chunks."""
    chunked: bool = False
    rest: bytes = b""
    """Bytes that were sent and belong to no response."""
    trailers: bytes = b""
    ended: bool = False
    """Whether the server said everything that it had to say."""
    cut: bool = False
    """Whether it broke off."""
    websocket: bool = False
    untold: "hashlib._Hash | None" = None
    """The digest of a body too large to remember."""
    messages: list[tuple[str, int, bytes]] = field(default_factory=list)
    """Of a WebSocket: who (``client``, ``server``), opcode and payload."""

    @property
    def case(self) -> str:
        """The first label of the host."""
        return self.url.split("/")[2].split(".")[0]

    @property
    def path(self) -> str:
        """The target of the request."""
        return "/" + self.url.split("/", 3)[3]

    @property
    def coding(self) -> str:
        """The content coding."""
        return field_of(self.response_head, b"content-encoding").decode("ascii", "replace").lower()

    def tell(self, data: bytes) -> None:
        """Remember a piece of the body."""
        if self.untold is None:
            self.response_body += data
        else:
            self.untold.update(data)


class Channel(Protocol):
    """Where the server says one thing after the other to one request."""

    sent: Sent

    def interim(self, status: bytes, fields: Fields) -> None:
        """Send a 1xx response."""

    def head(self, reply: Reply) -> None:
        """Send the head of the final response."""

    def data(self, data: bytes) -> None:
        """Send a piece of its body."""

    def finish(self, reply: Reply) -> None:
        """Send what comes after the body."""

    def cut(self, how: str) -> None:
        """Break off."""


class Duplex(Protocol):
    """Bytes both ways, after a handshake."""

    def read(self, size: int) -> bytes:
        """Return exactly *size* bytes; raises `OSError` at the end."""

    def write(self, data: bytes) -> None:
        """Send."""


SocketTalk = Callable[[Duplex, Sent], None]
"""The server's side of a WebSocket after its handshake."""


class Site(Protocol):
    """Decides what is answered."""

    def answer(self, sent: Sent) -> Answer:
        """Return the answer to a request whose head is known, and whose body is known unless it is an early one."""

    def is_early(self, sent: Sent) -> bool:
        """Return whether the answer is sent before the request's body is read."""

    def socket_talk(self, sent: Sent) -> tuple[Fields, SocketTalk]:
        """Return more fields of the handshake's answer, and what is said afterwards."""


class Log:
    """Everything that a server's connections exchanged."""

    def __init__(self) -> None:
        self._sent: list[Sent] = []
        self._lock = threading.Lock()

    def add(self, sent: Sent) -> None:
        """Begin an exchange."""
        with self._lock:
            self._sent.append(sent)

    def all(self) -> list[Sent]:
        """Return the exchanges so far."""
        with self._lock:
            return list(self._sent)


def play(reply: Reply, channel: Channel) -> None:
    """Say *reply*."""
    channel.sent.untold = hashlib.sha256() if reply.untold else None
    for status, fields in reply.interim:
        channel.interim(status, fields)
        time.sleep(reply.pause)
    channel.head(reply)
    for piece in pieces_of(reply):
        channel.data(piece)
        time.sleep(reply.pause)
    if reply.cut:
        channel.sent.cut = True
        channel.cut(reply.cut)
    else:
        channel.finish(reply)
    channel.sent.ended = True


def pieces_of(reply: Reply) -> Iterator[bytes]:
    """Yield the body as it is sent."""
    if callable(reply.body):
        yield from reply.body()
        return
    step = reply.pieces or max(len(reply.body), 1)
    for start in range(0, len(reply.body), step):
        yield reply.body[start : start + step]


def field_of(head: bytes, name: bytes) -> bytes:
    """Return the first value of a field, empty if there is none."""
    for line in head.split(b"\n")[1:]:
        key, colon, value = line.partition(b":")
        if colon and key.strip().lower() == name:
            return value.strip()
    return b""


def address_of(scheme: str, host: bytes, target: bytes) -> str:
    """Return the URL of a request in the form in which archives hold it: other bytes than ASCII percent-encoded."""
    shown = "".join(chr(byte) if 0x20 < byte < 0x7F else f"%{byte:02X}" for byte in target)
    return f"{scheme}://{host.decode('ascii')}{shown}"


class Origin:
    """Serves a `Site` over HTTP/1.1 on a free loopback port while it is entered."""

    def __init__(self, site: Site, log: Log, *, tls: ssl.SSLContext | None = None) -> None:
        self.site, self.log, self.tls = site, log, tls
        self.scheme = "https" if tls else "http"
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        # Waking the thread that waits in accept: closing alone leaves it there on Linux.
        with contextlib.suppress(OSError), socket.create_connection(self._listening.getsockname(), timeout=5):
            pass
        self._thread.join(5)
        self._listening.close()

    def _accept(self) -> None:
        while not self.closing.is_set():
            plain, _ = self._listening.accept()
            threading.Thread(target=self._run, args=(plain,), daemon=True).start()

    def _run(self, plain: socket.socket) -> None:
        # Browsers hang up whenever they like, and refuse certificates: what was logged until then counts.
        with plain, contextlib.suppress(OSError):
            plain.settimeout(60)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is None:
                self.serve(plain)
                return
            with self.tls.wrap_socket(plain, server_side=True, suppress_ragged_eofs=True) as secured:
                if self.serve(secured):
                    # Closing alone sends no close_notify.
                    secured.settimeout(5)
                    secured.unwrap()

    def serve(self, connection: socket.socket) -> bool:
        """Answer the requests of one connection; return whether it is to be ended politely."""
        reader = _Reader(connection)
        while (head := reader.head()) is not None:
            method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
            sent = Sent(
                url=address_of(self.scheme, field_of(head, b"host"), target),
                method=method.decode("ascii"),
                request_head=head,
            )
            self.log.add(sent)
            if not self._exchange(connection, reader, sent):
                return not sent.cut
        return False

    def _exchange(self, connection: socket.socket, reader: "_Reader", sent: Sent) -> bool:
        """Answer one request; return whether another may follow."""
        if field_of(sent.request_head, b"upgrade").lower() == b"websocket":
            self._upgrade(connection, reader, sent)
            return False
        if not self.site.is_early(sent):
            reader.body(sent)
        answer = self.site.answer(sent)
        channel = _Channel(connection, sent)
        if isinstance(answer, Raw):
            channel.raw(answer)
            return not answer.cut
        play(answer, channel)
        if self.site.is_early(sent):
            reader.body(sent)
        return not (answer.close or answer.cut or answer.no_length)

    def _upgrade(self, connection: socket.socket, reader: "_Reader", sent: Sent) -> None:
        fields, talk = self.site.socket_talk(sent)
        sent.websocket = True
        sent.url = sent.url.replace("http", "ws", 1)
        key = field_of(sent.request_head, b"sec-websocket-key")
        accept = _accept_value(key)
        lines = ((b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"), (b"Sec-WebSocket-Accept", accept), *fields)
        sent.response_head = head_of(b"101 Switching Protocols", lines)
        connection.sendall(sent.response_head)
        talk(_Plain(connection, reader), sent)


def head_of(status: bytes, fields: Fields) -> bytes:
    """Return a head in HTTP/1.1 form."""
    return (
        b"HTTP/1.1 " + status + b"\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n"
    )


class _Plain:
    """A connection after a switch of protocols."""

    def __init__(self, connection: socket.socket, reader: "_Reader") -> None:
        self.connection, self._reader = connection, reader

    def read(self, size: int) -> bytes:
        return self._reader.exactly(size)

    def write(self, data: bytes) -> None:
        self.connection.sendall(data)


class _Reader:
    """The client's side of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._data = bytearray()

    def head(self) -> bytes | None:
        """Return the next head; None at the end of the stream."""
        while (end := self._data.find(b"\r\n\r\n")) < 0:
            if not self._more():
                return None
        return self._take(end + 4)

    def body(self, sent: Sent) -> None:
        """Read the body of *sent*."""
        missing = int(field_of(sent.request_head, b"content-length") or 0)
        while missing:
            if not self._data and not self._more():
                return
            piece = self._take(min(missing, len(self._data)))
            sent.request_body += piece
            missing -= len(piece)

    def exactly(self, size: int) -> bytes:
        while len(self._data) < size:
            if not self._more():
                raise ConnectionResetError
        return self._take(size)

    def _more(self) -> bool:
        piece = self._connection.recv(1 << 16)
        self._data += piece
        return bool(piece)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._data[:size])
        del self._data[:size]
        return taken


class _Channel:
    """Frames replies for HTTP/1.1."""

    def __init__(self, connection: socket.socket, sent: Sent) -> None:
        self._connection, self.sent = connection, sent
        self._extension = b""

    def interim(self, status: bytes, fields: Fields) -> None:
        self.sent.interim.append(head_of(status, fields))
        self._connection.sendall(self.sent.interim[-1])

    def head(self, reply: Reply) -> None:
        chunked = (reply.chunked or callable(reply.body)) and not reply.no_length
        self._extension = reply.extension
        fields = list(reply.fields)
        if reply.kind:
            fields.insert(0, (b"Content-Type", reply.kind))
        if reply.close or reply.no_length or reply.cut:
            fields.append((b"Connection", b"close"))
        if chunked and reply.promised is None:
            fields.append((b"Transfer-Encoding", b"chunked"))
        elif reply.promised is not None or not (reply.no_length or reply.status[:3] in {b"204", b"304"}):
            assert isinstance(reply.body, bytes) or reply.promised is not None
            length = reply.promised if reply.promised is not None else len(reply.body)  # type: ignore[arg-type]
            fields.append((b"Content-Length", b"%d" % length))
        self.sent.chunked = (b"Transfer-Encoding", b"chunked") in fields
        self.sent.response_head = head_of(reply.status, tuple(fields))
        self._connection.sendall(self.sent.response_head)

    def data(self, data: bytes) -> None:
        # Logged first: what was never sent for want of a listener is told apart by `ended`.
        self.sent.tell(data)
        size = b"%X%s\r\n" % (len(data), self._extension)
        self._connection.sendall(size + data + b"\r\n" if self.sent.chunked else data)

    def finish(self, reply: Reply) -> None:
        if self.sent.chunked:
            self.sent.trailers = b"".join(name + b": " + value + b"\r\n" for name, value in reply.trailers)
            self._connection.sendall(b"0\r\n" + self.sent.trailers + b"\r\n")

    def cut(self, how: str) -> None:
        if how == "reset":
            reset_on_close(self._connection)

    def raw(self, answer: Raw) -> None:
        """Send bytes as they are."""
        self.sent.response_head, self.sent.response_body = answer.head, bytearray(answer.body)
        self.sent.chunked, self.sent.rest = answer.dechunked, answer.rest
        for part in answer.parts:
            self._connection.sendall(part)
            time.sleep(answer.pause)
        self.cut(answer.cut)
        self.sent.cut = answer.cut == "reset"
        self.sent.ended = True


def reset_on_close(connection: socket.socket) -> None:
    """Let *connection* end with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def _accept_value(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324
