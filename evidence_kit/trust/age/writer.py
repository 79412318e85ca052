"""Write age files while their content comes."""

import io
from collections.abc import Sequence
from types import TracebackType
from typing import BinaryIO, Self

from evidence_kit.trust.age.header import read_header, wrap
from evidence_kit.trust.age.keys import Recipient
from evidence_kit.trust.age.payload import CHUNK, Sealer, payload_size
from evidence_kit.trust.age.reader import AgeReader

_STANZA = len("-> X25519 \n") + 43 + 44
_AROUND = len(b"age-encryption.org/v1\n--- \n") + 43
"""Bytes of a header beside its stanzas."""


class AgeWriter:
    """A file to write to: what comes in goes to *out* encrypted. Without `close` the age file is no whole one."""

    def __init__(self, out: BinaryIO, recipients: Sequence[Recipient]) -> None:
        """Write the header; raises `FormatError` without a recipient, and what *out* raises."""
        header, self._file_key = wrap(recipients)
        self._out = out
        self._sealer = Sealer(self._file_key)
        self._waiting = bytearray()
        out.write(header + self._sealer.nonce)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Encrypt *data* and write it, in whole chunks."""
        self._waiting += data
        # The last chunk is marked, so one is held back until more comes.
        while len(self._waiting) > CHUNK:
            self._out.write(self._sealer.seal(self._waiting[:CHUNK], last=False))
            del self._waiting[:CHUNK]
        return len(data)

    def close(self) -> None:
        """Write the last chunk; *out* stays open."""
        self._out.write(self._sealer.seal(self._waiting, last=True))

    def reopened(self, stream: BinaryIO) -> AgeReader:
        """Return what *stream* holds, which must be what was written here, to see that it is whole.

        Only the writer can: the file's key is forgotten with it. Raises `FormatError`; the reader closes *stream*.
        """
        return AgeReader(stream, read_header(stream), self._file_key)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Close it, unless something went wrong."""
        if kind is None:
            self.close()


def encrypt(data: bytes, recipients: Sequence[Recipient]) -> bytes:
    """Return *data* as an age file; raises `FormatError` without a recipient."""
    out = io.BytesIO()
    with AgeWriter(out, recipients) as writer:
        writer.write(data)
    return out.getvalue()


def encrypted_size(size: int, recipients: int) -> int:
    """Return how many bytes an age file of ours has, for *size* bytes of content and so many X25519 recipients."""
    return _AROUND + recipients * _STANZA + payload_size(size)
