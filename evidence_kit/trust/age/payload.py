"""The content of an age file: STREAM with ChaCha20-Poly1305 (RFC 8439) in chunks of 64 KiB, the last one marked."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from evidence_kit.errors import FormatError
from evidence_kit.trust.age.header import derived

CHUNK, TAG, NONCE = 64 * 1024, 16, 16


def _cipher(file_key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(derived(file_key, salt=nonce, info=b"payload"))


def _counter(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


class Sealer:
    """Encrypts chunks in their order."""

    def __init__(self, file_key: bytes) -> None:
        """Draw the nonce, which stands before the first chunk."""
        self.nonce = os.urandom(NONCE)
        self._cipher = _cipher(file_key, self.nonce)
        self._number = 0

    def seal(self, chunk: bytes | bytearray | memoryview, *, last: bool) -> bytes:
        """Return *chunk* encrypted; all but the last have `CHUNK` bytes."""
        sealed = self._cipher.encrypt(_counter(self._number, last=last), bytes(chunk), None)
        self._number += 1
        return sealed


class Opener:
    """Decrypts chunks in any order."""

    def __init__(self, file_key: bytes, nonce: bytes) -> None:
        """Take the key, and the nonce before the first chunk."""
        self._cipher = _cipher(file_key, nonce)

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """Return chunk *number*; raises `FormatError` when it is not what was encrypted there."""
        try:
            return self._cipher.decrypt(_counter(number, last=last), sealed, None)
        except InvalidTag:
            raise FormatError(f"the age file was altered or cut: chunk {number} does not open") from None


def payload_size(size: int) -> int:
    """Return how many bytes stand after the header of an age file that holds *size* bytes."""
    return NONCE + size + max(1, -(-size // CHUNK)) * TAG


def chunks_of(size: int) -> int:
    """Return how many chunks an encrypted content of *size* bytes has; raises `FormatError` for one that cannot be."""
    count, rest = divmod(size, CHUNK + TAG)
    # An empty chunk is only that of an empty content.
    if (rest and rest < TAG) or (rest == TAG and count) or not size:
        raise FormatError("the age file was cut")
    return count + bool(rest)
