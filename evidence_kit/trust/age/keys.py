"""Recipients and identities of age: X25519 keys (RFC 7748), written ``age1…`` and ``AGE-SECRET-KEY-1…``."""

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from evidence_kit.errors import FormatError
from evidence_kit.models import utc_text
from evidence_kit.trust.age import bech32
from evidence_kit.trust.age.header import INTRO, wrap_for_passphrase
from evidence_kit.trust.age.payload import Sealer

_PUBLIC, _SECRET = "age", "age-secret-key-"
_SIZE = 32
LARGEST_KEY_FILE = 64 * 1024
"""Bytes: a file of keys is a page at most."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to encrypt to."""

    key: bytes

    def __post_init__(self) -> None:
        """See that it is a key; raises `FormatError`."""
        if len(self.key) != _SIZE:
            raise FormatError("an age recipient has 32 bytes")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``age1…``; raises `FormatError`."""
        return cls(_decoded(text.strip(), _PUBLIC, "an age recipient begins with age1 and has 62 characters"))

    def __str__(self) -> str:
        """Return it as age writes it."""
        return bech32.encode(_PUBLIC, self.key)


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """The secret half; never shown by accident."""

    private: X25519PrivateKey

    @classmethod
    def new(cls) -> Self:
        """Draw one."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``AGE-SECRET-KEY-1…``; raises `FormatError`."""
        key = _decoded(text.strip(), _SECRET, "an age identity begins with AGE-SECRET-KEY-1 and has 74 characters")
        return cls(X25519PrivateKey.from_private_bytes(key))

    @property
    def recipient(self) -> Recipient:
        """The public half."""
        return Recipient(self.private.public_key().public_bytes_raw())

    def secret_text(self) -> str:
        """Return it as age writes it: whoever has this text can read everything."""
        return bech32.encode(_SECRET, self.private.private_bytes_raw()).upper()


def _decoded(text: str, wanted: str, form: str) -> bytes:
    if text.lower().startswith("age1pq1"):
        raise FormatError("post-quantum recipients of age are not supported; make one that begins with age1")
    try:
        prefix, data = bech32.decode(text)
    except FormatError as error:
        raise FormatError(f"not a key of age: {error}; {form}") from error
    if prefix != wanted or len(data) != _SIZE:
        raise FormatError(f"not a key of age that is known here: {form}")
    return data


def read_identities(data: bytes, *, passphrase: bytes | None = None) -> tuple[Identity, ...]:
    """Read a file of identities, one a line, ``#`` before a remark, as ``age-keygen`` writes it.

    One that is itself an age file under a passphrase needs *passphrase*. Raises `FormatError`.
    """
    if data.startswith(INTRO):
        from evidence_kit.trust.age.reader import open_with_passphrase  # noqa: PLC0415  # it reads with these keys

        if passphrase is None:
            raise FormatError("the key is under a passphrase")
        data = open_with_passphrase(io.BytesIO(data), passphrase, limit=LARGEST_KEY_FILE)
    try:
        lines = [line.strip() for line in data.decode("ascii").splitlines()]
    except UnicodeDecodeError:
        raise FormatError("not a file of age identities") from None
    found = tuple(Identity.parse(line) for line in lines if line and not line.startswith("#"))
    if not found:
        raise FormatError("the file holds no age identity")
    return found


def write_identity(identity: Identity, *, made: datetime, passphrase: bytes) -> bytes:
    """Return *identity* as ``age-keygen`` writes it, under *passphrase*."""
    text = f"# created: {utc_text(made)}\n# public key: {identity.recipient}\n{identity.secret_text()}\n"
    header, file_key = wrap_for_passphrase(passphrase)
    sealer = Sealer(file_key)
    return header + sealer.nonce + sealer.seal(text.encode("ascii"), last=True)
