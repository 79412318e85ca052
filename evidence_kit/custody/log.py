r"""The two files of the log, line by line, and the links between the lines.

``custody.jsonl`` holds event n in line n; line n of ``custody.sig`` is the base64 (RFC 4648, 4; one line) of the
detached signature over line n, its line feed included, or ``-`` where the event is withheld.

link_0 is 32 zero bytes; link_n = SHA-256("evidence-kit/custody/1\\n" || link_{n-1} || SHA-256(line_n) ||
SHA-256(sig_n)), with line_n including its line feed and sig_n the DER. The head of the log is its last link.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO, overload

from evidence_kit.custody.events import LONGEST_LINE
from evidence_kit.errors import FormatError
from evidence_kit.models import Digest
from evidence_kit.plain import open_plain

FIRST_LINK = Digest(bytes(32))
WITHHELD = b"-\n"
LONGEST_SIGNATURE = 64 * 1024
"""Bytes of a line of ``custody.sig`` with its line feed: a signature without its chain needs some thousand."""
_DOMAIN = b"evidence-kit/custody/1\n"
_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event as stored: its line and its signature's line, both with their line feeds."""

    line: bytes
    signature_line: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The lines of one of the two files, with their line feeds; read anew by whoever goes through them, never all held.

    Only line feeds part lines, and a last one may lack its own; so does one that is too long, of which the rest is left
    out.
    """

    open: Callable[[], BinaryIO]
    instead: Mapping[int, bytes] = field(default_factory=dict)
    """Lines that stand in the place of stored ones, by number, or behind the last."""

    @classmethod
    def of(cls, data: "bytes | Lines") -> "Lines":
        """Return the lines of *data*."""
        return cls(open=lambda: BytesIO(data)) if isinstance(data, bytes) else data

    @classmethod
    def at(cls, path: Path) -> "Lines":
        """Return the lines of the plain file at *path*, which raise `OSError` when they are read."""
        return cls(open=lambda: open_plain(path))

    def __iter__(self) -> Iterator[bytes]:
        """Yield them in order."""
        number = 0
        with self.open() as stream:
            for number, line in enumerate(_each(stream), start=1):
                yield self.instead.get(number, line)
        yield from (self.instead[behind] for behind in sorted(self.instead) if behind > number)


def _each(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(LONGEST_LINE):
        yield line
        while len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE)


class Links(Sequence[Digest]):
    """Links, link n after event n, in 32 bytes each: a long log has many."""

    def __init__(self) -> None:
        """Begin with the first."""
        self._bytes = bytearray(FIRST_LINK.value)

    def append(self, link: Digest) -> None:
        """Add the next."""
        self._bytes += link.value

    def __len__(self) -> int:
        """Return how many there are, the first included."""
        return len(self._bytes) // _BYTES

    @overload
    def __getitem__(self, place: int) -> Digest: ...
    @overload
    def __getitem__(self, place: slice) -> "list[Digest]": ...
    def __getitem__(self, place: "int | slice") -> "Digest | list[Digest]":
        """Return one, or a list of some."""
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        at = _BYTES * range(len(self))[place]
        return Digest(bytes(self._bytes[at : at + _BYTES]))

    def __eq__(self, other: object) -> bool:
        """Compare link by link."""
        return isinstance(other, Links) and self._bytes == other._bytes

    __hash__ = None  # type: ignore[assignment]  # it grows


def encode_signature(signature: bytes) -> bytes:
    """Return the line of ``custody.sig`` for a DER *signature*."""
    return base64.b64encode(signature) + b"\n"


def decode_signature(line: bytes) -> bytes:
    """Return the DER in a line of ``custody.sig``; raises `FormatError` unless it is exactly what we would write."""
    if len(line) > LONGEST_SIGNATURE:
        message = f"the signature's line has more than {LONGEST_SIGNATURE} bytes"
        raise FormatError(message)
    try:
        signature = base64.b64decode(line.rstrip(b"\n"), validate=True)
    except binascii.Error as error:
        message = "the signature's line is not base64"
        raise FormatError(message) from error
    if encode_signature(signature) != line:
        message = "the signature's line is not in the one form allowed"
        raise FormatError(message)
    return signature


def next_link(previous: Digest, line: Digest, signature: Digest) -> Digest:
    """Return the link after an event whose line and DER signature have the given digests."""
    return Digest(hashlib.sha256(_DOMAIN + previous.value + line.value + signature.value).digest())


def link_after(previous: Digest, entry: Entry) -> Digest:
    """Return the link after *entry*; raises `FormatError` when its signature's line has not the one form."""
    signature = decode_signature(entry.signature_line)
    return next_link(previous, Digest(hashlib.sha256(entry.line).digest()), Digest(hashlib.sha256(signature).digest()))


def split_lines(data: bytes) -> list[bytes]:
    """Return the lines of *data*, split at line feeds alone and keeping them; a last one may lack it."""
    return BytesIO(data).readlines()


def head_of(log: bytes | Lines, signatures: bytes | Lines) -> tuple[int, Digest]:
    """Return the number of events and the head as `links_of` finds it; raises `FormatError`."""
    links = links_of(log, signatures)
    return len(links) - 1, links[-1]


def links_of(log: bytes | Lines, signatures: bytes | Lines) -> Links:
    """Return the links, links[n] after event n, from the stored bytes alone; nothing is checked but the form.

    Raises `FormatError` when the two files do not hold equally many whole lines.
    """
    links, head = Links(), FIRST_LINK
    for line, signature_line in zip_longest(Lines.of(log), Lines.of(signatures), fillvalue=b""):
        if not line.endswith(b"\n") or not signature_line.endswith(b"\n"):
            message = "custody.jsonl and custody.sig do not hold equally many whole lines"
            raise FormatError(message)
        head = link_after(head, Entry(line=line, signature_line=signature_line))
        links.append(head)
    return links
