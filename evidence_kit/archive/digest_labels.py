"""Digests as WARC files of many tools write them, and the several things they are taken over.

A label is an algorithm, a colon and a value (WARC 1.1, 5.8): ``sha1``, ``sha256``, ``sha-256``, ``md5``…, in base32
with or without padding, hexadecimal or base64. Payloads of chunked bodies are digested by some tools as stored and by
others de-chunked (RFC 9112, 7.1), so both are counted.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

_ALGORITHMS = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
# Their own functions: hashlib.new takes eight times as long, as often as there are digests in an archive.
_HASHERS = {name: getattr(hashlib, name) for name in _ALGORITHMS}
_LENGTHS = {size: (-(-size * 8 // 5), size * 2, -(-size * 8 // 6)) for size in _ALGORITHMS.values()}
"""How long so many bytes are in base32, hexadecimal and base64, without padding."""
_URL_SAFE = str.maketrans("+/", "-_")
_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_AS_DIGITS = bytes(b"0123456789abcdefghijklmnopqrstuv!"[_BASE32.find(byte)] for byte in bytes(range(256)).upper())
"""Bytes of base32 as Python's digits to the base 32; what is none of them is no digit."""
_LONGEST_CHUNK_LINE = 16 * 1024
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")


class DigestOutcome(StrEnum):
    """What comparing a record with its digest gave."""

    OK = "ok"
    MISMATCH = "mismatch"
    UNKNOWN_ALGORITHM = "unknown-algorithm"
    ABSENT = "absent"
    MALFORMED = "malformed"


class LabelledDigest(NamedTuple):
    """A digest header: what it says, and the value that it means."""

    text: str
    algorithm: str
    """hashlib's name, empty if unknown."""
    value: bytes
    """Empty when it has no known form."""

    @classmethod
    def parse(cls, text: str) -> "LabelledDigest":
        """Read a label; what cannot be read leaves *algorithm* or *value* empty."""
        label, _, value = text.partition(":")
        algorithm = _algorithm(label)
        return cls(text, algorithm, _decoded(value, _ALGORITHMS[algorithm]) if algorithm else b"")


def _algorithm(label: str) -> str:
    """Return hashlib's name of what is called *label*, or nothing if it is unknown."""
    if label in _ALGORITHMS:
        return label
    usual = label.strip().lower().replace("-", "")
    return usual if usual in _ALGORITHMS else ""


def _decoded(value: str, size: int) -> bytes:
    """Return the *size* bytes that *value* means, or none: how long it is tells in which form."""
    value = value.strip()
    bare = value.rstrip("=")
    base32, hexadecimal, base64_ = _LENGTHS[size]
    try:
        if len(bare) == base32:
            found = _base32(bare)
        elif len(bare) == hexadecimal:
            found = bytes.fromhex(value)
        elif len(bare) == base64_:
            found = _base64(bare)
        else:
            return b""
    except ValueError:
        # binascii.Error is one.
        return b""
    return found if len(found) == size else b""


def _base64(text: str) -> bytes:
    """Return what *text* without padding encodes in either alphabet (RFC 4648, 4 and 5); raises `ValueError`."""
    return base64.urlsafe_b64decode(text.translate(_URL_SAFE) + "=" * (-len(text) % 4))


def _base32(text: str) -> bytes:
    """Return what *text* without padding encodes (RFC 4648, 6); raises `ValueError`.

    The standard library does this in Python, four times for each exchange of an archive.
    """
    spare = len(text) * 5 % 8
    return (int(text.encode("ascii").translate(_AS_DIGITS), 32) >> spare).to_bytes(len(text) * 5 // 8, "big")


class DigestCheck:
    """Counts the digest that a label asks for, while the bytes go by."""

    __slots__ = ("_hasher", "takers", "text")

    def __init__(self, text: str | None) -> None:
        """Expect the digest *text*, or none."""
        self.text = text
        """The label, which is read when it is compared."""
        self.takers: tuple[Callable[[bytes | memoryview], object], ...] = ()
        """What takes the next bytes: one function, or none where nothing can be counted."""
        self._hasher: hashlib._Hash | None = None
        if text is not None and (algorithm := _algorithm(text.partition(":")[0])):
            self._hasher = _HASHERS[algorithm](usedforsecurity=False)
            self.takers = (self._hasher.update,)

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        if self._hasher is not None:
            self._hasher.update(data)

    def outcome(self) -> DigestOutcome:
        """Return how the bytes compare with the label."""
        if self.text is None:
            return DigestOutcome.ABSENT
        if self._hasher is None:
            return DigestOutcome.UNKNOWN_ALGORITHM if ":" in self.text else DigestOutcome.MALFORMED
        expected = LabelledDigest.parse(self.text).value
        if not expected:
            return DigestOutcome.MALFORMED
        return DigestOutcome.OK if self._hasher.digest() == expected else DigestOutcome.MISMATCH

    def found(self) -> str:
        """Return the digest that was counted, as algorithm and hexadecimal digits."""
        return f"{self._hasher.name}:{self._hasher.hexdigest()}" if self._hasher is not None else ""


class Dechunker:
    """Takes the chunked transfer coding off a body that is fed to it piece by piece."""

    def __init__(self) -> None:
        """Expect the first chunk's size line."""
        self.valid = True
        """False from the first byte that is not chunked coding."""
        self._line = bytearray()
        self._left = 0
        self._in = "size"

    def feed(self, data: bytes) -> bytes:
        """Return what *data* holds of the body."""
        out = bytearray()
        at = 0
        while at < len(data) and self.valid:
            if self._in == "data":
                piece = data[at : at + self._left]
                out += piece
                at += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._in = "end"
                continue
            end = data.find(b"\n", at)
            stop = len(data) if end < 0 else end + 1
            self._line += data[at:stop]
            at = stop
            if end >= 0:
                self._end_of_line(bytes(self._line).strip())
                self._line.clear()
            elif len(self._line) > _LONGEST_CHUNK_LINE:
                self.valid = False
        return bytes(out)

    def _end_of_line(self, line: bytes) -> None:
        match self._in:
            case "size":
                size = line.split(b";", 1)[0].strip()
                self.valid = _CHUNK_SIZE.fullmatch(size) is not None
                self._left = int(size, 16) if self.valid else 0
                self._in = "data" if self._left else "trailer"
            case "end":
                self.valid = not line
                self._in = "size"
            case _:
                # Trailer fields, and whatever a server sends after them, are no part of the body.
                return
