"""A SOCKS5 client that says exactly what a test wants, servers that do one thing, and waiting for what must happen."""

import contextlib
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator

HELLO = b"\x05\x01\x00"
_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def request(name: str, port: int, *, command: int = 1) -> bytes:
    """Return a request for a name, or for the address that *name* is the text of."""
    for kind, family in ((1, socket.AF_INET), (4, socket.AF_INET6)):
        with contextlib.suppress(OSError):
            return bytes([5, command, 0, kind]) + socket.inet_pton(family, name) + port.to_bytes(2)
    return bytes([5, command, 0, 3, len(name)]) + name.encode("ascii") + port.to_bytes(2)


def read(connection: socket.socket, size: int) -> bytes:
    """Return exactly *size* bytes, fewer only if the stream ends."""
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(size - len(data), 1 << 20))
        if not piece:
            break
        data += piece
    return bytes(data)


def read_all(connection: socket.socket) -> bytes:
    """Return everything up to the end of the stream."""
    return b"".join(iter(lambda: connection.recv(1 << 20), b""))


def connect(relay_port: int) -> socket.socket:
    """Return a fresh connection to the relay, with a time limit."""
    connection = socket.create_connection(("127.0.0.1", relay_port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(relay_port: int, name: str, port: int) -> tuple[socket.socket, int]:
    """Return a connection through the relay and the code of its reply (RFC 1928 §6)."""
    connection = connect(relay_port)
    connection.sendall(HELLO)
    assert read(connection, 2) == b"\x05\x00"
    connection.sendall(request(name, port))
    head = read(connection, 4)
    read(connection, {1: 4, 4: 16}[head[3]] + 2)
    return connection, head[1]


def tunnel(relay_port: int, name: str, port: int) -> socket.socket:
    """Return a connection through the relay that was made."""
    connection, code = ask(relay_port, name, port)
    assert code == 0
    return connection


def reset(connection: socket.socket) -> None:
    """Close with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()


@contextlib.contextmanager
def server(serve: Callable[[socket.socket], None], *, host: str = "127.0.0.1") -> Iterator[int]:
    """Run *serve* in a thread for each connection to a free port, which is yielded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, 0), family=family, backlog=512)
    closing = threading.Event()

    def run(connection: socket.socket) -> None:
        # A relay that is stopped or killed resets what it carries.
        with connection, contextlib.suppress(OSError):
            connection.settimeout(60)
            serve(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            if closing.is_set():
                connection.close()
                return
            threading.Thread(target=run, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        # Waking the thread that waits in accept: closing alone leaves it there on Linux.
        closing.set()
        with socket.create_connection(listening.getsockname()[:2], timeout=5):
            thread.join(5)
        listening.close()


def echo(connection: socket.socket) -> None:
    """Send back what comes, and the end of it."""
    while data := connection.recv(1 << 16):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def until(true: Callable[[], bool], *, seconds: float = 10) -> None:
    """Wait until *true* returns True; fail after *seconds*."""
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)
