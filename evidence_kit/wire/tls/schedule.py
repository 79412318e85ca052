"""What is computed from the logged secrets: RFC 8446 section 7 (TLS 1.3), RFC 5246 sections 5, 6.3 and 7.4.9."""

import hashlib
import hmac
from dataclasses import dataclass

from evidence_kit.wire.tls.suites import Suite

_NONCE = 12
_FINISHED_12 = 12
_MESSAGE_HASH = 254


class Transcript:
    """The running hash over the handshake messages of both sides, in the order of the handshake."""

    def __init__(self, hash_name: str) -> None:
        self._hash = hashlib.new(hash_name)
        self._name = hash_name

    def add(self, message: bytes) -> None:
        """Add one message with its header."""
        self._hash.update(message)

    def digest(self) -> bytes:
        """Return the hash of the messages so far."""
        return self._hash.copy().digest()

    def fold(self) -> None:
        """Put the hash of the first ClientHello in its place, as a HelloRetryRequest asks (section 4.4.1)."""
        folded = self._hash.digest()
        self._hash = hashlib.new(self._name)
        self.add(bytes((_MESSAGE_HASH, 0, 0, len(folded))) + folded)


def expand_label(hash_name: str, secret: bytes, label: str, length: int) -> bytes:
    """Return HKDF-Expand-Label with an empty context (RFC 8446 section 7.1)."""
    name = b"tls13 " + label.encode("ascii")
    info = length.to_bytes(2, "big") + bytes((len(name),)) + name + b"\0"
    output = block = b""
    for counter in range(1, -(-length // hashlib.new(hash_name).digest_size) + 1):
        block = hmac.digest(secret, block + info + bytes((counter,)), hash_name)
        output += block
    return output[:length]


def traffic_keys(suite: Suite, secret: bytes) -> tuple[bytes, bytes]:
    """Return key and IV of one direction (section 7.3)."""
    key = expand_label(suite.hash, secret, "key", suite.key_bytes)
    return key, expand_label(suite.hash, secret, "iv", _NONCE)


def next_secret(suite: Suite, secret: bytes) -> bytes:
    """Return the traffic secret after a KeyUpdate (section 7.2)."""
    return expand_label(suite.hash, secret, "traffic upd", hashlib.new(suite.hash).digest_size)


def finished_13(suite: Suite, secret: bytes, transcript: bytes) -> bytes:
    """Return what a Finished message says that is sent under the handshake *secret* (section 4.4.4)."""
    key = expand_label(suite.hash, secret, "finished", hashlib.new(suite.hash).digest_size)
    return hmac.digest(key, transcript, suite.hash)


def prf(hash_name: str, secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """Return *length* bytes of the pseudorandom function of TLS 1.2 (RFC 5246 section 5)."""
    output, chain = b"", label + seed
    while len(output) < length:
        chain = hmac.digest(secret, chain, hash_name)
        output += hmac.digest(secret, chain + label + seed, hash_name)
    return output[:length]


def finished_12(suite: Suite, master: bytes, label: bytes, transcript: bytes) -> bytes:
    """Return what a Finished message says; *label* is ``client finished`` or ``server finished`` (section 7.4.9)."""
    return prf(suite.hash, master, label, transcript, _FINISHED_12)


@dataclass(frozen=True, slots=True)
class WriteKeys:
    """What one side of a TLS 1.2 connection writes with."""

    mac: bytes
    key: bytes
    iv: bytes


def key_block(suite: Suite, master: bytes, client_random: bytes, server_random: bytes) -> tuple[WriteKeys, WriteKeys]:
    """Return the client's and the server's keys (RFC 5246 section 6.3)."""
    sizes = [size for size in (suite.mac_bytes, suite.key_bytes, suite.iv_bytes) for _ in range(2)]
    block = prf(suite.hash, master, b"key expansion", server_random + client_random, sum(sizes))
    parts, at = [], 0
    for size in sizes:
        parts.append(block[at : at + size])
        at += size
    return WriteKeys(*parts[0::2]), WriteKeys(*parts[1::2])
