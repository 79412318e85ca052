"""Read age files from any place; nothing is given out that was not checked."""

import io
import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import BinaryIO

from evidence_kit.errors import FormatError
from evidence_kit.trust.age.header import Header, read_header
from evidence_kit.trust.age.keys import Identity
from evidence_kit.trust.age.payload import CHUNK, NONCE, TAG, Opener, chunks_of


class AgeReader(io.RawIOBase):
    """The content of an age file, to be read and sought in; raises `FormatError` where it was altered."""

    def __init__(self, stream: BinaryIO, header: Header, file_key: bytes) -> None:
        """Open the content after *header* of *stream*, and see that its end is there. It closes *stream*."""
        self._stream = stream
        stream.seek(header.size)
        nonce = stream.read(NONCE)
        if len(nonce) < NONCE:
            raise FormatError("the age file was cut")
        self._opener = Opener(file_key, nonce)
        self._start = header.size + NONCE
        sealed = stream.seek(0, os.SEEK_END) - self._start
        self._count = chunks_of(sealed)
        self.size = sealed - self._count * TAG
        """Bytes of the content."""
        self._place = 0
        self._number, self._chunk = -1, b""
        self._load(self._count - 1)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place, counted from the beginning, here or the end."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._place = base + offset
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a buffer of bytes, always
        """Read what is left of the chunk here, at most as much as fits."""
        if self._place >= self.size:
            return 0
        number, within = divmod(self._place, CHUNK)
        self._load(number)
        target = memoryview(buffer).cast("B")
        piece = self._chunk[within : within + len(target)]
        target[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def close(self) -> None:
        """Close the file below too."""
        if not self.closed:
            self._stream.close()
            self._chunk = b""
        super().close()

    def _load(self, number: int) -> None:
        if number != self._number:
            self._stream.seek(self._start + number * (CHUNK + TAG))
            sealed = self._stream.read(CHUNK + TAG)
            self._chunk = self._opener.open(number, sealed, last=number == self._count - 1)
            self._number = number


def open_age(stream: BinaryIO, identities: Sequence[Identity]) -> AgeReader | None:
    """Open an age file, None if no one of *identities* is a recipient; raises `FormatError` for what is no whole one.

    *stream* must be one that can be sought in; the reader closes it, and it is closed where there is no reader.
    """
    with ExitStack() as undo:
        undo.callback(stream.close)
        header = read_header(stream)
        file_key = header.file_key(identities)
        if file_key is None:
            return None
        reader = AgeReader(stream, header, file_key)
        undo.pop_all()
        return reader


def measure_age(stream: BinaryIO) -> tuple[int, int]:
    """Return to how many keys an age file is, and how many bytes follow its header; no key is needed.

    Raises `FormatError` for what has not the form of one to X25519 recipients; nothing is said of its content.
    """
    header = read_header(stream)
    if header.recipients != len(header.stanzas):
        raise FormatError("the age file is not to X25519 recipients alone")
    return header.recipients, stream.seek(0, os.SEEK_END) - header.size


def open_with_passphrase(stream: BinaryIO, passphrase: bytes, *, limit: int) -> bytes:
    """Return the content, up to *limit* bytes; raises `FormatError`, also for a wrong passphrase."""
    header = read_header(stream)
    file_key = header.passphrase_key(passphrase)
    if file_key is None:
        raise FormatError("the passphrase is wrong")
    reader = AgeReader(stream, header, file_key)
    if reader.size > limit:
        raise FormatError("the file is too large for one of keys")
    return reader.readall() or b""
