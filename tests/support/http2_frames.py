"""HTTP/2 frames made by hand, for connections that no library would speak."""

from hpack import Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes.fromhex("000000040000000000")
END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x1, 0x4, 0x8, 0x20
DATA, HEADERS, RST_STREAM, PUSH_PROMISE, PING, GOAWAY, CONTINUATION = 0, 1, 3, 5, 6, 7, 9

Fields = list[tuple[bytes, bytes]]


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 1) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def asked(path: bytes = b"/", *, method: bytes = b"GET", more: tuple[tuple[bytes, bytes], ...] = ()) -> Fields:
    return [(b":method", method), (b":scheme", b"https"), (b":authority", b"a.mn"), (b":path", path), *more]


def answered(*more: tuple[bytes, bytes], status: bytes = b"200") -> Fields:
    return [(b":status", status), *more]


class Sender:
    """One side: its bytes so far, and its HPACK state."""

    def __init__(self, *, client: bool) -> None:
        self.data = (PREFACE if client else b"") + SETTINGS
        self._encoder = Encoder()

    def block(self, fields: Fields) -> bytes:
        return self._encoder.encode(fields)

    def head(self, fields: Fields, *, stream: int = 1, end: bool = False) -> "Sender":
        flags = END_HEADERS | (END_STREAM if end else 0)
        return self.raw(frame(HEADERS, self.block(fields), flags=flags, stream=stream))

    def body(self, data: bytes, *, stream: int = 1, end: bool = False) -> "Sender":
        return self.raw(frame(DATA, data, flags=END_STREAM if end else 0, stream=stream))

    def reset(self, code: int, *, stream: int = 1) -> "Sender":
        return self.raw(frame(RST_STREAM, code.to_bytes(4, "big"), stream=stream))

    def raw(self, data: bytes) -> "Sender":
        self.data += data
        return self


def client() -> Sender:
    return Sender(client=True)


def server() -> Sender:
    return Sender(client=False)
