"""The same server over HTTP/2 (RFC 9113): one thread reads a connection, one more for each stream answers it.

Heads are remembered in HTTP/1.1 form, as the archive's format describes it; field names and values byte for byte.
"""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from tests.fidelity.origin import Log, Origin, Sent, Site, address_of, head_of, play
from tests.fidelity.replies import Fields, Reply

_WINDOW = 1 << 24


class OriginH2(Origin):
    """Serves a `Site` over HTTP/2 on a free loopback port while it is entered."""

    def __init__(self, site: Site, log: Log, *, tls: ssl.SSLContext) -> None:
        tls.set_alpn_protocols(["h2"])
        super().__init__(site, log, tls=tls)

    def serve(self, connection: socket.socket) -> bool:
        """Answer the requests of one connection."""
        _Connection(connection, self.site, self.log).run()
        return False


class _Connection:
    """One connection; `h2` is only touched with the lock held."""

    def __init__(self, connection: socket.socket, site: Site, log: Log) -> None:
        self._connection, self._site, self._log = connection, site, log
        self.changed = threading.Condition()
        self._gone = False
        self._streams: dict[int, _Stream] = {}
        # What the browser sends is to be remembered as it is, and odd things are to be sent.
        self.h2 = H2Connection(
            H2Configuration(
                client_side=False,
                header_encoding=None,
                validate_inbound_headers=False,
                normalize_inbound_headers=False,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )

    def run(self) -> None:
        """Read until the end."""
        self.h2.initiate_connection()
        self.h2.update_settings({SettingCodes.ENABLE_CONNECT_PROTOCOL: 1, SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW})
        self.h2.increment_flow_control_window(_WINDOW)
        self._flush()
        try:
            while self._readable():
                # OpenSSL lets no two threads use a connection at once.
                with self.changed:
                    data = self._connection.recv(1 << 16)
                    for event in self.h2.receive_data(data):
                        self._react(event)
                    self._flush()
                    self.changed.notify_all()
                if not data:
                    return
        except (OSError, ProtocolError):
            return
        finally:
            with self.changed:
                self._gone = True
                self.changed.notify_all()

    def _readable(self) -> bool:
        assert isinstance(self._connection, ssl.SSLSocket)
        return bool(self._connection.pending() or select.select([self._connection], [], [], 60)[0])

    def _flush(self) -> None:
        if data := self.h2.data_to_send():
            self._connection.sendall(data)

    def _react(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._begin(event)
            case DataReceived():
                self._streams[event.stream_id].received(event.data)
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                self._streams[event.stream_id].complete = True
            case StreamReset() if event.stream_id in self._streams:
                self._streams[event.stream_id].gone = True
            case _:
                pass

    def _begin(self, event: RequestReceived) -> None:
        fields = tuple((bytes(name), bytes(value)) for name, value in event.headers)
        pseudo = dict(fields)
        authority, target = pseudo[b":authority"], pseudo[b":path"]
        method = pseudo[b":method"]
        others = tuple((name, value) for name, value in fields if not name.startswith(b":"))
        line = b"%s %s HTTP/1.1\r\n" % (method, target)
        websocket = pseudo.get(b":protocol") == b"websocket"
        sent = Sent(
            url=address_of("wss" if websocket else "https", authority, target),
            method=method.decode("ascii"),
            request_head=line + head_of(b"", ((b"Host", authority), *others)).partition(b"\r\n")[2],
            websocket=websocket,
        )
        self._log.add(sent)
        stream = _Stream(event.stream_id, sent, self)
        self._streams[event.stream_id] = stream
        threading.Thread(target=stream.answer, args=(self._site,), daemon=True).start()

    def say(self, what: Callable[[], None]) -> None:
        """Do something with `h2` and send what comes of it."""
        with self.changed:
            if self._gone:
                raise ConnectionResetError
            what()
            self._flush()

    def wait(self, until: Callable[[], bool]) -> None:
        """Wait until something is so; raises `OSError` when the connection is gone first."""
        with self.changed:
            self.changed.wait_for(lambda: self._gone or until(), timeout=60)
            if not until():
                raise ConnectionResetError


class _Stream:
    """One stream: the channel of its reply, or both ways of a WebSocket."""

    def __init__(self, number: int, sent: Sent, connection: _Connection) -> None:
        self.number, self.sent, self._connection = number, sent, connection
        self.complete = False
        self.gone = False
        self._incoming = bytearray()
        self._h2 = connection.h2

    def received(self, data: bytes) -> None:
        """Take in data of the client."""
        if self.sent.websocket:
            self._incoming += data
        else:
            self.sent.request_body += data

    def answer(self, site: Site) -> None:
        """Answer the request."""
        with contextlib.suppress(OSError, ProtocolError):
            if self.sent.websocket:
                self._upgrade(site)
                return
            if not site.is_early(self.sent):
                self._connection.wait(lambda: self.complete)
            answer = site.answer(self.sent)
            assert isinstance(answer, Reply), "bytes of HTTP/1.1 over HTTP/2"
            # What is sent at once is sent before anything is heard: a browser cancels what it has no use for.
            with contextlib.nullcontext() if answer.pause or callable(answer.body) else self._connection.changed:
                play(answer, self)

    def _upgrade(self, site: Site) -> None:
        more, talk = site.socket_talk(self.sent)
        fields = _lower(more)
        self.sent.response_head = head_of(b"200", fields)
        self._connection.say(lambda: self._h2.send_headers(self.number, [(b":status", b"200"), *fields]))
        talk(self, self.sent)
        self._connection.say(lambda: self._h2.end_stream(self.number))

    def read(self, size: int) -> bytes:
        """Return exactly *size* bytes of a WebSocket's client."""
        self._connection.wait(lambda: len(self._incoming) >= size or self.complete or self.gone)
        if len(self._incoming) < size:
            raise ConnectionResetError
        taken = bytes(self._incoming[:size])
        del self._incoming[:size]
        return taken

    def write(self, data: bytes) -> None:
        """Send as much at once as flow control lets us."""
        while data:
            self._connection.wait(lambda: self.gone or self._h2.local_flow_control_window(self.number) > 0)
            if self.gone:
                raise ConnectionResetError
            size = min(len(data), self._h2.local_flow_control_window(self.number), self._h2.max_outbound_frame_size)
            piece, data = data[:size], data[size:]
            self._connection.say(lambda piece=piece: self._h2.send_data(self.number, piece))  # type: ignore[misc]

    def interim(self, status: bytes, fields: Fields) -> None:
        """Send a 1xx response."""
        lines = _lower(fields)
        self.sent.interim.append(head_of(status[:3], lines))
        self._connection.say(lambda: self._h2.send_headers(self.number, [(b":status", status[:3]), *lines]))

    def head(self, reply: Reply) -> None:
        """Send the head of the final response."""
        fields = list(_lower(reply.fields))
        if reply.kind:
            fields.insert(0, (b"content-type", reply.kind))
        if reply.promised is not None or (isinstance(reply.body, bytes) and not (reply.chunked or reply.no_length)):
            length = reply.promised if reply.promised is not None else len(reply.body)  # type: ignore[arg-type]
            if reply.status[:3] not in {b"204", b"304"}:
                fields.append((b"content-length", b"%d" % length))
        self.sent.response_head = head_of(reply.status[:3], tuple(fields))
        self._connection.say(lambda: self._h2.send_headers(self.number, [(b":status", reply.status[:3]), *fields]))

    def data(self, data: bytes) -> None:
        """Send a piece of the body."""
        self.sent.tell(data)
        self.write(data)

    def finish(self, reply: Reply) -> None:
        """End the stream."""
        if reply.trailers:
            trailers = _lower(reply.trailers)
            self.sent.trailers = b"".join(name + b": " + value + b"\r\n" for name, value in trailers)
            self._connection.say(lambda: self._h2.send_headers(self.number, trailers, end_stream=True))
            return
        self._connection.say(lambda: self._h2.end_stream(self.number))

    def cut(self, how: str) -> None:
        """Break the stream off, by RST_STREAM; ``close``: by ending it too early."""
        if how == "reset":
            self._connection.say(lambda: self._h2.reset_stream(self.number, ErrorCodes.INTERNAL_ERROR))
        else:
            self._connection.say(lambda: self._h2.end_stream(self.number))


def _lower(fields: Fields) -> Fields:
    """Return *fields* with names as HTTP/2 has them."""
    return tuple((name.lower(), value) for name, value in fields)
