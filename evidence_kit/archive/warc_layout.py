"""Lay out one WARC/1.1 record after the other (ISO 28500:2017), each a gzip member, in constant memory.

Digests are SHA-256, as ``sha256:`` and padded base32, the form that warcio and fastwarc both verify. warcio lays the
records out; digests are counted here, because warcio's own are SHA-1, and HTTP heads never pass through its header
classes, which would rewrite them.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

from isal import isal_zlib
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter
from zlib_ng import zlib_ng

from evidence_kit.archive.cdxj import ascii_uri
from evidence_kit.errors import FormatError

Body: TypeAlias = "bytes | Path"
"""Bytes, or the path of a file that holds them."""

Fields: TypeAlias = Sequence[tuple[str, str]]
"""Names and values of WARC header lines, in order."""

_PIECE = 256 * 1024
_SAMPLE = 16 * 1024
_HARDLY, _NEVER = 0.9, 0.97
"""A sample that keeps more than these parts of its size was compressed before, and well."""
_STORED = 64 * 1024
"""Bytes of a body from which on it does not matter that the header before it is not compressed either."""
_GZIP = 16 + 15
"""A window of 32 KiB and the frame of RFC 1952, as zlib counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What a record is about, without the lines that stand in every record."""

    type: str
    """WARC-Type."""
    content_type: str
    head: bytes = b""
    """Of an HTTP message, which is what makes the rest of the block its payload."""
    body: Body = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record was written, and what was counted meanwhile."""

    offset: int
    """Byte at which its gzip member begins."""
    length: int
    """Bytes of its gzip member."""
    digest: str
    """Of the payload, which is the whole block unless it is HTTP."""


class RecordFile:
    """Records on their way into an open file."""

    def __init__(self, out: BinaryIO) -> None:
        """Write to *out*, which is empty."""
        self._members = _GzipMembers(out)
        self._warcio = WARCWriter(self._members, gzip=False, warc_version="1.1")
        # Without an HTTP head the payload is the block, and fastwarc calls every payload digest there wrong.
        self._warcio.NO_PAYLOAD_DIGEST_TYPES = ("warcinfo", "resource", "metadata")

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._members.written

    def write(self, block: Block, fields: Fields) -> Place:
        """Append a record with *fields*, its digests, its type and its length; raises `FormatError` and `OSError`."""
        size, block_digest, payload_digest = _digests(block)
        offset = self.size
        self._members.begin(_beginning(block.body), size)
        headers = list(fields)
        if block.head:
            headers.append(("WARC-Payload-Digest", payload_digest))
        headers.append(("WARC-Block-Digest", block_digest))
        with _opened(block.body) as stream:
            entry = ArcWarcRecord(
                "warc",
                block.type,
                StatusAndHeaders("", headers, protocol="WARC/1.1"),
                _Exactly(stream, size),
                _RawHead(block.head) if block.head else None,
                header_text(block.content_type),
                len(block.head) + size,
            )
            entry.payload_length = size
            self._warcio.write_record(entry)
        return Place(offset=offset, length=self.size - offset, digest=payload_digest)


def header_text(value: str) -> str:
    """Return *value* with line ends and everything else outside printable ASCII percent-encoded; spaces stay."""
    return ascii_uri(value).replace("%20", " ").strip()


class _GzipMembers:
    """What warcio writes to: `begin` begins a gzip member, `flush` ends it."""

    def __init__(self, out: BinaryIO) -> None:
        self.written = 0
        self._out = out

    def begin(self, sample: bytes, size: int) -> None:
        """Begin a member for a body of *size* bytes that begins with *sample*.

        Pictures and videos are compressed already. Large ones are stored, which costs next to nothing here and whenever
        they are read; ISA-L goes through small ones nine times as fast as zlib, for nothing more. Texts take zlib-ng at
        level 6: four times as fast as warcio's zlib at level 9, for 0.3 % more bytes, where ISA-L would cost 7 %. None
        of their headers has a time.
        """
        kept = len(isal_zlib.compress(sample, 1)) / max(1, len(sample))
        stored = kept > _NEVER and size >= _STORED
        quick = kept > _HARDLY and not stored
        self._compressor = (
            isal_zlib.compressobj(3, 8, _GZIP) if quick else zlib_ng.compressobj(0 if stored else 6, 8, _GZIP)
        )

    def write(self, data: bytes) -> None:
        self.written += self._out.write(self._compressor.compress(data))

    def flush(self) -> None:
        self.written += self._out.write(self._compressor.flush())


class _RawHead:
    """An HTTP head that warcio stores as it is: just the two names of its header class that its writer uses."""

    def __init__(self, head: bytes) -> None:
        self.headers_buff = head

    def compute_headers_buffer(self, _header_filter: object = None) -> None:
        """Keep the bytes; warcio's class would write them anew and percent-encode what is not ASCII."""


class _Exactly:
    """A stream that must hold exactly the bytes that were counted before."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, _size: int) -> bytes:
        piece = self._stream.read(min(_PIECE, self._left + 1))
        self._left -= len(piece)
        if self._left < 0 or (not piece and self._left):
            raise FormatError("a body changed its length while it was being written to a WARC")
        return piece


def _beginning(body: Body) -> bytes:
    with _opened(body) as stream:
        return stream.read(_SAMPLE)


@contextmanager
def _opened(body: Body) -> Iterator[BinaryIO]:
    if isinstance(body, bytes):
        yield BytesIO(body)
    else:
        with body.open("rb") as stream:
            yield stream


def _digests(block: Block) -> tuple[int, str, str]:
    """Return the body's size, the block digest and the payload digest, in one pass."""
    whole, payload = hashlib.sha256(block.head), hashlib.sha256()
    size = 0
    with _opened(block.body) as stream:
        while piece := stream.read(_PIECE):
            size += len(piece)
            payload.update(piece)
            if block.head:
                whole.update(piece)
    value = payload.digest()
    return size, _label(whole.digest() if block.head else value), _label(value)


def _label(value: bytes) -> str:
    return "sha256:" + base64.b32encode(value).decode("ascii")
