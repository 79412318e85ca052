r"""The two files of the log, line by line, and the links between the lines.

``custody.jsonl`` holds event n in line n; line n of ``custody.sig`` is the base64 (RFC 4648, 4; one line) of the
detached signature over line n, its line feed included, or ``-`` where the event is withheld.

link_0 is 32 zero bytes; link_n = SHA-256("evidence-kit/custody/1\\n" || link_{n-1} || SHA-256(line_n) ||
SHA-256(sig_n)), with line_n including its line feed and sig_n the DER. The head of the log is its last link.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from evidence_kit.errors import FormatError
from evidence_kit.models import Digest

FIRST_LINK = Digest(bytes(32))
WITHHELD = b"-\n"
_DOMAIN = b"evidence-kit/custody/1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event as stored: its line and its signature's line, both with their line feeds."""

    line: bytes
    signature_line: bytes


def encode_signature(signature: bytes) -> bytes:
    """Return the line of ``custody.sig`` for a DER *signature*."""
    return base64.b64encode(signature) + b"\n"


def decode_signature(line: bytes) -> bytes:
    """Return the DER in a line of ``custody.sig``; raises `FormatError` unless it is exactly what we would write."""
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
    return list(each_line(data))


def each_line(data: bytes) -> Iterator[bytes]:
    """Yield the same one after the other: a long log twice in memory is too much."""
    begin = 0
    while begin < len(data):
        end = data.find(b"\n", begin) + 1 or len(data)
        yield data[begin:end]
        begin = end


def head_of(log: bytes, signatures: bytes) -> tuple[int, Digest]:
    """Return the number of events and the head as `links_of` finds it; raises `FormatError`."""
    links = links_of(log, signatures)
    return len(links) - 1, links[-1]


def links_of(log: bytes, signatures: bytes) -> list[Digest]:
    """Return the links, links[n] after event n, from the stored bytes alone; nothing is checked but the form.

    Raises `FormatError` when the two files do not hold equally many whole lines.
    """
    lines, signature_lines = split_lines(log), split_lines(signatures)
    if len(lines) != len(signature_lines) or not all(
        line.endswith(b"\n") for line in lines[-1:] + signature_lines[-1:]
    ):
        message = "custody.jsonl and custody.sig do not hold equally many whole lines"
        raise FormatError(message)
    links = [FIRST_LINK]
    for line, signature_line in zip(lines, signature_lines, strict=True):
        links.append(link_after(links[-1], Entry(line=line, signature_line=signature_line)))
    return links
