"""Record protection: opening one record after the other, and refusing each that is not authentic.

TLS 1.3: RFC 8446 section 5.2. TLS 1.2: GCM RFC 5288, ChaCha20-Poly1305 RFC 7905, CBC RFC 5246 section 6.2.3.2 and, with
the MAC outside, RFC 7366. All of it for records at rest: nobody can measure how long a refusal takes.
"""

import hmac
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from evidence_kit.wire.tls.records import LONGEST_PLAIN, Kind, Record, RecordError
from evidence_kit.wire.tls.schedule import WriteKeys, next_secret, traffic_keys
from evidence_kit.wire.tls.suites import Cipher, Suite

_TAG = 16
_BLOCK = 16
_EXPLICIT_NONCE = 8
_LONGEST_13 = LONGEST_PLAIN + 256


class Protection(Protocol):
    """The keys in force on one side, and the number of the next record under them."""

    sequence: int

    def open(self, record: Record) -> tuple[int, bytes]:
        """Return kind and content of the next record; raises `RecordError` when it is not authentic."""


class Traffic13:
    """A traffic secret of TLS 1.3."""

    def __init__(self, suite: Suite, secret: bytes) -> None:
        self._suite = suite
        self._secret = secret
        key, iv = traffic_keys(suite, secret)
        self._aead = _aead(suite, key)
        self._iv = int.from_bytes(iv, "big")
        self.sequence = 0

    def open(self, record: Record) -> tuple[int, bytes]:
        """Return the inner kind and the content without its padding (sections 5.2 and 5.4)."""
        if record.kind != Kind.DATA or not _TAG < len(record.body) <= _LONGEST_13:
            raise _refused(record, f"of type {record.kind} with {len(record.body)} bytes is not a protected one")
        nonce = (self._iv ^ self.sequence).to_bytes(12, "big")
        inner = _decrypt(self._aead, nonce, record, record.body, record.header).rstrip(b"\0")
        if not inner or len(inner) > LONGEST_PLAIN + 1:
            raise _refused(record, f"holds {len(inner)} bytes of content and type")
        self.sequence += 1
        return inner[-1], inner[:-1]

    def updated(self) -> "Traffic13":
        """Return what is in force after a KeyUpdate."""
        return Traffic13(self._suite, next_secret(self._suite, self._secret))


class Aead12:
    """The write keys of a TLS 1.2 suite whose cipher authenticates."""

    def __init__(self, suite: Suite, keys: WriteKeys) -> None:
        self._aead = _aead(suite, keys.key)
        self._explicit = _EXPLICIT_NONCE if suite.cipher is Cipher.GCM else 0
        self._iv = keys.iv
        self.sequence = 0

    def open(self, record: Record) -> tuple[int, bytes]:
        """Return the kind and the content."""
        length = len(record.body) - self._explicit - _TAG
        if not 0 <= length <= LONGEST_PLAIN:
            raise _refused(record, f"has {len(record.body)} bytes")
        plain = _decrypt(
            self._aead,
            self._nonce(record),
            record,
            record.body[self._explicit :],
            _bound(self.sequence, record, length),
        )
        self.sequence += 1
        return record.kind, plain

    def _nonce(self, record: Record) -> bytes:
        if self._explicit:
            return self._iv + record.body[: self._explicit]
        return (int.from_bytes(self._iv, "big") ^ self.sequence).to_bytes(len(self._iv), "big")


class Cbc12:
    """The write keys of a TLS 1.2 suite with AES-CBC and HMAC-SHA-1."""

    def __init__(self, keys: WriteKeys, *, mac_outside: bool) -> None:
        """*mac_outside* when encrypt-then-MAC was agreed on."""
        self._keys = keys
        self._outside = mac_outside
        self._mac_bytes = len(keys.mac)
        self.sequence = 0

    def open(self, record: Record) -> tuple[int, bytes]:
        """Return the kind and the content."""
        kind, content = record.kind, self._outer(record) if self._outside else self._inner(record)
        if len(content) > LONGEST_PLAIN:
            raise _refused(record, f"holds {len(content)} bytes of content")
        self.sequence += 1
        return kind, content

    def _outer(self, record: Record) -> bytes:
        body, mac = record.body[: -self._mac_bytes], record.body[-self._mac_bytes :]
        self._check(record, body, mac)
        return self._unpadded(record, body)

    def _inner(self, record: Record) -> bytes:
        plain = self._unpadded(record, record.body)
        if len(plain) < self._mac_bytes:
            raise _refused(record, "is too short for its MAC")
        content, mac = plain[: -self._mac_bytes], plain[-self._mac_bytes :]
        self._check(record, content, mac)
        return content

    def _check(self, record: Record, data: bytes, mac: bytes) -> None:
        expected = hmac.digest(self._keys.mac, _bound(self.sequence, record, len(data)) + data, "sha1")
        if not hmac.compare_digest(expected, mac):
            raise _refused(record, "is not authentic: its MAC does not match")

    def _unpadded(self, record: Record, body: bytes) -> bytes:
        iv, encrypted = body[:_BLOCK], body[_BLOCK:]
        if not encrypted or len(encrypted) % _BLOCK:
            raise _refused(record, f"has {len(body)} bytes, which are no blocks")
        decryptor = BlockCipher(AES(self._keys.key), CBC(iv)).decryptor()
        plain = decryptor.update(encrypted) + decryptor.finalize()
        padding = plain[-1] + 1
        # Every byte of the padding is checked: the MAC does not cover it.
        if padding > len(plain) or plain[-padding:] != bytes((plain[-1],)) * padding:
            raise _refused(record, "is not authentic: its padding is wrong")
        return plain[:-padding]


def protection_12(suite: Suite, keys: WriteKeys, *, mac_outside: bool) -> Protection:
    """Return what opens the records written with *keys*."""
    if suite.cipher is Cipher.CBC:
        return Cbc12(keys, mac_outside=mac_outside)
    return Aead12(suite, keys)


def _aead(suite: Suite, key: bytes) -> AESGCM | ChaCha20Poly1305:
    return ChaCha20Poly1305(key) if suite.cipher is Cipher.CHACHA else AESGCM(key)


def _decrypt(aead: AESGCM | ChaCha20Poly1305, nonce: bytes, record: Record, data: bytes, bound: bytes) -> bytes:
    try:
        return aead.decrypt(nonce, data, bound)
    except InvalidTag as error:
        raise _refused(record, "is not authentic: its tag does not match") from error


def _bound(sequence: int, record: Record, length: int) -> bytes:
    """Return what a TLS 1.2 MAC covers besides the content."""
    return sequence.to_bytes(8, "big") + record.header[:3] + length.to_bytes(2, "big")


def _refused(record: Record, why: str) -> RecordError:
    return RecordError(f"the record that ends at byte {record.end} {why}")
