"""The header of an age file: the file's key, wrapped for each recipient, and a MAC over all of it."""

import binascii
import hmac
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from evidence_kit.errors import FormatError

if TYPE_CHECKING:
    from evidence_kit.trust.age.keys import Identity, Recipient

INTRO = b"age-encryption.org/v1\n"
FILE_KEY = 16
"""Bytes of a file's key."""
_X25519, _SCRYPT = "X25519", "scrypt"
_INFO = b"age-encryption.org/v1/"
_ZERO = bytes(12)
_COLUMNS = 64
_LONGEST_LINE = 4096
MOST_RECIPIENTS = 100
"""Of one age file: stanzas that are read, so that a header is bounded."""
_WORK, _MOST_WORK = 18, 20
"""log2 of scrypt's N: about a second, and 1 GiB at the most for a file of somebody else."""
_SALT = 16
_ARGUMENT = re.compile(r"[\x21-\x7e]+")
_MAC = re.compile(rb"--- ([A-Za-z0-9+/]{43})\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """The file's key for one recipient, or something only another reader understands."""

    arguments: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands before the content."""

    stanzas: tuple[Stanza, ...]
    signed: bytes
    """What the MAC is over."""
    mac: bytes
    size: int
    """Bytes of the whole header."""

    @property
    def recipients(self) -> int:
        """How many X25519 recipients there are; who they are does not stand in it."""
        return sum(stanza.arguments[0] == _X25519 for stanza in self.stanzas)

    def file_key(self, identities: "Sequence[Identity]") -> bytes | None:
        """Return the file's key, None if none of *identities* opens it; raises `FormatError` for a wrong MAC."""
        for stanza in self.stanzas:
            for identity in identities:
                key = _unwrapped(stanza, identity)
                if key is not None:
                    return self._confirmed(key)
        return None

    def passphrase_key(self, passphrase: bytes) -> bytes | None:
        """Return the file's key, None for a wrong *passphrase*; raises `FormatError`."""
        match self.stanzas:
            case (Stanza(arguments=(name, salt, work), body=body),) if name == _SCRYPT:
                derived = _stretched(passphrase, _decoded(salt.encode(), _SALT), _work(work))
                key = _opened(derived, body)
                return None if key is None else self._confirmed(key)
        raise FormatError("the age file is not under a passphrase")

    def _confirmed(self, file_key: bytes) -> bytes:
        if not hmac.compare_digest(_mac(file_key, self.signed), self.mac):
            raise FormatError("the header of the age file was altered")
        return file_key


def read_header(stream: BinaryIO) -> Header:
    """Read the header at the beginning of *stream*, up to the first byte after it; raises `FormatError`."""
    raw = bytearray(stream.readline(_LONGEST_LINE))
    if raw != INTRO:
        raise FormatError("not an age file")
    stanzas: list[Stanza] = []
    while True:
        line = stream.readline(_LONGEST_LINE)
        if line.startswith(b"---"):
            found = _MAC.fullmatch(line)
            if not found or not stanzas:
                break
            signed = bytes(raw) + b"---"
            raw += line
            return Header(stanzas=tuple(stanzas), signed=signed, mac=_decoded(found[1], 32), size=len(raw))
        raw += line
        if not line.startswith(b"-> ") or not line.endswith(b"\n") or len(stanzas) == MOST_RECIPIENTS:
            break
        body, lines = _body(stream)
        raw += lines
        stanzas.append(Stanza(arguments=_arguments(line), body=body))
    raise FormatError("the header of the age file cannot be read")


def _arguments(line: bytes) -> tuple[str, ...]:
    arguments = tuple(line[3:-1].decode("latin-1").split(" "))
    if not all(map(_ARGUMENT.fullmatch, arguments)):
        raise FormatError("the header of the age file cannot be read")
    return arguments


def _body(stream: BinaryIO) -> tuple[bytes, bytes]:
    """Return the decoded body of a stanza, and its lines: the last has less than 64 characters."""
    lines = text = b""
    while True:
        line = stream.readline(_COLUMNS + 2)
        if not line.endswith(b"\n") or len(lines) > _LONGEST_LINE:
            raise FormatError("the header of the age file cannot be read")
        lines += line
        text += line[:-1]
        if len(line) <= _COLUMNS:
            return _decoded(text), lines


def wrap(recipients: "Sequence[Recipient]") -> tuple[bytes, bytes]:
    """Return the header for *recipients*, and the new file key that stands in it.

    Raises `FormatError` for none, for too many, and for one to whom nobody can encrypt.
    """
    if not recipients:
        raise FormatError("an age file needs a recipient")
    if len(recipients) > MOST_RECIPIENTS:
        raise FormatError(f"an age file is for {MOST_RECIPIENTS} recipients at most, and these are {len(recipients)}")
    file_key = os.urandom(FILE_KEY)
    return _written([_wrapped(recipient, file_key) for recipient in recipients], file_key), file_key


def wrap_for_passphrase(passphrase: bytes) -> tuple[bytes, bytes]:
    """Return a header that *passphrase* opens, and the new file key."""
    file_key, salt = os.urandom(FILE_KEY), os.urandom(_SALT)
    body = ChaCha20Poly1305(_stretched(passphrase, salt, _WORK)).encrypt(_ZERO, file_key, None)
    return _written([Stanza(arguments=(_SCRYPT, _encoded(salt), str(_WORK)), body=body)], file_key), file_key


def _written(stanzas: Sequence[Stanza], file_key: bytes) -> bytes:
    signed = INTRO + b"".join(line for stanza in stanzas for line in _lines(stanza)) + b"---"
    return signed + f" {_encoded(_mac(file_key, signed))}\n".encode()


def _lines(stanza: Stanza) -> Iterator[bytes]:
    yield f"-> {' '.join(stanza.arguments)}\n".encode()
    text = _encoded(stanza.body)
    for start in range(0, len(text) + 1, _COLUMNS):
        yield f"{text[start : start + _COLUMNS]}\n".encode()


def _wrapped(recipient: "Recipient", file_key: bytes) -> Stanza:
    ephemeral = X25519PrivateKey.generate()
    share = ephemeral.public_key().public_bytes_raw()
    try:
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient.key))
    except ValueError as error:
        raise FormatError("nobody can encrypt to this age recipient") from error
    body = ChaCha20Poly1305(_x25519_key(shared, share, recipient.key)).encrypt(_ZERO, file_key, None)
    return Stanza(arguments=(_X25519, _encoded(share)), body=body)


def _unwrapped(stanza: Stanza, identity: "Identity") -> bytes | None:
    match stanza.arguments:
        case (name, text) if name == _X25519:
            share = _decoded(text.encode(), 32)
            try:
                shared = identity.private.exchange(X25519PublicKey.from_public_bytes(share))
            except ValueError:
                raise FormatError("the header of the age file holds a key that is none") from None
            return _opened(_x25519_key(shared, share, identity.recipient.key), stanza.body)
    return None


def _opened(key: bytes, body: bytes) -> bytes | None:
    if len(body) != FILE_KEY + 16:
        raise FormatError("the header of the age file holds a key of a wrong length")
    try:
        return ChaCha20Poly1305(key).decrypt(_ZERO, body, None)
    except InvalidTag:
        return None


def _x25519_key(shared: bytes, share: bytes, recipient: bytes) -> bytes:
    return derived(shared, salt=share + recipient, info=_INFO + b"X25519")


def _stretched(passphrase: bytes, salt: bytes, work: int) -> bytes:
    scrypt = Scrypt(salt=_INFO + b"scrypt" + salt, length=32, n=1 << work, r=8, p=1)
    return scrypt.derive(passphrase)


def _work(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]?", text) or int(text) > _MOST_WORK:
        raise FormatError("the age file asks for too much work to try a passphrase")
    return int(text)


def derived(secret: bytes, *, salt: bytes | None, info: bytes) -> bytes:
    """Return 32 bytes by HKDF with SHA-256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


def _mac(file_key: bytes, signed: bytes) -> bytes:
    return hmac.digest(derived(file_key, salt=None, info=b"header"), signed, "sha256")


def _encoded(data: bytes) -> str:
    return b64encode(data).decode("ascii").rstrip("=")


def _decoded(text: bytes, size: int | None = None) -> bytes:
    """Return canonical base64 without padding, decoded; raises `FormatError`."""
    try:
        data = b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or _encoded(data).encode() != text or size not in {None, len(data)}:
        raise FormatError("the header of the age file cannot be read")
    return data
