"""Writes TLS 1.3 connections that no peer had, with secrets of its own choice.

That this can be done is the limit of what a recording with its key log proves. Here it gives what no peer at hand
sends: compressed certificates, post-quantum signatures, wrong choices, messages out of place.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evidence_kit.wire.streams import Ending, Piece
from evidence_kit.wire.tls.schedule import Transcript, expand_label, finished_13, next_secret, traffic_keys
from evidence_kit.wire.tls.suites import Suite, Version, suite_of
from tests.unit.wire.tls.peers import START, Recorded, Recording

SUITE = suite_of(0x1301, Version.TLS_1_3)


def number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def vector(data: bytes, size: int) -> bytes:
    return number(len(data), size) + data


def numbers(*values: int, size: int = 2) -> bytes:
    return vector(b"".join(number(value, 2) for value in values), size)


def message(kind: int, body: bytes) -> bytes:
    return number(kind, 1) + vector(body, 3)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    return number(kind, 1) + number(version, 2) + vector(body, 2)


def extensions(values: dict[int, bytes]) -> bytes:
    return vector(b"".join(number(key, 2) + vector(value, 2) for key, value in values.items()), 2)


OFFERED = {
    0: vector(b"\0" + vector(b"shop.example", 2), 2),
    10: numbers(0x11EC, 0x001D),
    13: numbers(0x0403, 0x0804, 0x0807, 0x0904, 0x0905, 0x0906, 0x0AFE),
    16: vector(vector(b"h2", 1) + vector(b"http/1.1", 1), 2),
    27: numbers(2, 1, size=1),
    43: numbers(0x0304, 0x0303, size=1),
}

CHOSEN = {43: number(0x0304, 2), 51: number(0x11EC, 2) + vector(b"share", 2)}


class Writer:
    """Seals one side's records under a traffic secret."""

    def __init__(self, secret: bytes, suite: Suite = SUITE) -> None:
        self._suite = suite
        self.secret = secret
        self._renew()

    def seal(self, kind: int, data: bytes, *, padding: int = 0) -> bytes:
        inner = data + number(kind, 1) + bytes(padding)
        header = number(23, 1) + number(0x0303, 2) + number(len(inner) + 16, 2)
        nonce = (self._iv ^ self._sequence).to_bytes(12, "big")
        self._sequence += 1
        return header + self._aead.encrypt(nonce, inner, header)

    def update(self) -> bytes:
        sealed = self.seal(22, message(24, b"\0"))
        self.secret = next_secret(self._suite, self.secret)
        self._renew()
        return sealed

    def _renew(self) -> None:
        key, iv = traffic_keys(self._suite, self.secret)
        self._aead, self._iv, self._sequence = AESGCM(key), int.from_bytes(iv, "big"), 0


@dataclass(kw_only=True)
class Forger:
    """One connection to be; every part may be changed before it is written."""

    certificate: bytes = b"no certificate"
    key: ec.EllipticCurvePrivateKey | None = None
    offered: dict[int, bytes] = field(default_factory=lambda: dict(OFFERED))
    chosen: dict[int, bytes] = field(default_factory=lambda: dict(CHOSEN))
    encrypted: dict[int, bytes] = field(default_factory=lambda: {16: vector(vector(b"h2", 1), 2)})
    offered_suites: bytes = field(default_factory=lambda: numbers(0x1301, 0xC02F))
    suite: int = 0x1301
    scheme: int = 0x0403
    compression: tuple[int, Callable[[bytes], bytes]] | None = None
    claimed_size: int | None = None
    sign: Callable[[bytes], bytes] | None = None
    random: bytes = field(default_factory=lambda: os.urandom(32))
    server_random: bytes = b"\x5a" * 32
    session_id: bytes = b"\x11" * 32
    repeated_id: bytes = b"\x11" * 32
    early: bytes = b""
    """Early data; the server takes it when `encrypted` says so (extension 42)."""
    labels: tuple[str, ...] = (
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
        "CLIENT_EARLY_TRAFFIC_SECRET",
    )
    """What the key log will hold."""

    def __post_init__(self) -> None:
        self._secrets = {
            label: expand_label("sha256", self.random, label[:20] + str(place), 32)
            for place, label in enumerate(Forger.labels)
        }
        self.client, self.server = self._writer("CLIENT_TRAFFIC_SECRET_0"), self._writer("SERVER_TRAFFIC_SECRET_0")

    def _writer(self, label: str) -> Writer:
        return Writer(self._secrets[label])

    @property
    def keys(self) -> bytes:
        return b"".join(f"{label} {self.random.hex()} {self._secrets[label].hex()}\n".encode() for label in self.labels)

    def write(self, client: bytes = b"", server: bytes = b"") -> Recording:
        """Return the handshake with, after it, records that `client` and `server` sealed."""
        up, down = self.write_handshake()
        return self.recording(up + client, down + server)

    def recording(self, up: bytes, down: bytes) -> Recording:
        directions = [Recorded((Piece(data, START),) if data else (), Ending.CLOSED) for data in (up, down)]
        return Recording(client=directions[0], server=directions[1], keys=self.keys)

    def write_handshake(self) -> tuple[bytes, bytes]:
        up, down = self._writer("CLIENT_HANDSHAKE_TRAFFIC_SECRET"), self._writer("SERVER_HANDSHAKE_TRAFFIC_SECRET")
        transcript, hello, answer = Transcript("sha256"), self._hello(), self._answer()
        from_client, from_server = record(22, hello, 0x0301), record(22, answer) + record(20, b"\1")
        for each in (hello, answer):
            transcript.add(each)
        flight = [message(8, extensions(self.encrypted))]
        transcript.add(flight[0])
        if 41 not in self.chosen:
            flight += self._certified(transcript)
        flight.append(message(20, finished_13(SUITE, down.secret, transcript.digest())))
        transcript.add(flight[-1])
        from_server += down.seal(22, b"".join(flight))
        from_client += record(20, b"\1") + self._early(transcript)
        finished = message(20, finished_13(SUITE, up.secret, transcript.digest()))
        return from_client + up.seal(22, finished, padding=7), from_server

    def _early(self, transcript: Transcript) -> bytes:
        if not self.early:
            return b""
        writer = self._writer("CLIENT_EARLY_TRAFFIC_SECRET")
        sealed = writer.seal(23, self.early)
        if 42 not in self.encrypted:
            return sealed
        transcript.add(message(5, b""))
        return sealed + writer.seal(22, message(5, b""))

    def _hello(self) -> bytes:
        fields = number(0x0303, 2) + self.random + vector(self.session_id, 1) + self.offered_suites
        return message(1, fields + vector(b"\0", 1) + extensions(self.offered))

    def _answer(self) -> bytes:
        fields = number(0x0303, 2) + self.server_random + vector(self.repeated_id, 1) + number(self.suite, 2)
        return message(2, fields + b"\0" + extensions(self.chosen))

    def _certified(self, transcript: Transcript) -> list[bytes]:
        body = vector(b"", 1) + vector(vector(self.certificate, 3) + vector(b"", 2), 3)
        certificate = message(11, body)
        if self.compression:
            algorithm, compress = self.compression
            size = len(body) if self.claimed_size is None else self.claimed_size
            certificate = message(25, number(algorithm, 2) + number(size, 3) + vector(compress(body), 3))
        transcript.add(certificate)
        signed = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + transcript.digest()
        verify = message(15, number(self.scheme, 2) + vector(self._signature(signed), 2))
        transcript.add(verify)
        return [certificate, verify]

    def _signature(self, data: bytes) -> bytes:
        if self.sign:
            return self.sign(data)
        return self.key.sign(data, ec.ECDSA(hashes.SHA256())) if self.key else b"nothing"
