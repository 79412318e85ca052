"""Real TLS peers (the `ssl` module, without sockets), and their conversations as recorded directions."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evidence_kit.models import Outcome
from evidence_kit.wire.streams import Direction, Ending, Piece, Side
from evidence_kit.wire.tls.connection import TlsConnection, open_tls
from evidence_kit.wire.tls.keylog import KeyLog
from evidence_kit.wire.tls.sessions import Sessions

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
NAME = "shop.example"
NO_ENCRYPT_THEN_MAC = 0x0008_0000
"""OpenSSL's option, which the module does not name."""

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey

KEYS: dict[str, Callable[[], Key]] = {
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A direction held in memory."""

    data: tuple[Piece, ...]
    ending: Ending = Ending.CLOSED
    ended_by: Side | None = Side.CLIENT
    ended: datetime | None = None

    def pieces(self) -> Iterator[Piece]:
        yield from self.data

    @property
    def raw(self) -> bytes:
        return b"".join(piece.data for piece in self.data)

    def with_raw(self, raw: bytes) -> "Recorded":
        return replace(self, data=(Piece(raw, START),) if raw else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One connection, and the key log that goes with it."""

    client: Recorded
    server: Recorded
    keys: bytes

    def open(self, sessions: Sessions | None = None) -> TlsConnection:
        return open_tls(self.client, self.server, KeyLog(self.keys), Sessions() if sessions is None else sessions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A server's key and certificate, in files."""

    certificate: Path
    key: Path
    der: bytes


def make_identity(folder: Path, kind: str) -> Identity:
    key = KEYS[kind]()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName("localhost")]), critical=False)
        .sign(key, None if kind.startswith("ed") else hashes.SHA256())
    )
    paths = folder / f"{kind}.pem", folder / f"{kind}.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Identity(certificate=paths[0], key=paths[1], der=certificate.public_bytes(Encoding.DER))


class Peers:
    """A client and a server of the `ssl` module; conversations of the same pair may resume each other."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        self._log = folder / "keys.txt"
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client.load_verify_locations(identity.certificate)
        self.client.keylog_filename = str(self._log)
        self.client.set_alpn_protocols(["h2", "http/1.1"])
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(identity.certificate, identity.key)
        self.server.set_alpn_protocols(["http/1.1"])

    def use_12(self, ciphers: str = "ECDHE+AESGCM") -> None:
        for context in (self.client, self.server):
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(f"{ciphers}:@SECLEVEL=0")

    @property
    def keys(self) -> bytes:
        return self._log.read_bytes() if self._log.exists() else b""

    def converse(
        self, *, asked: bytes = b"a question", answer: bytes = b"an answer", session: ssl.SSLSession | None = None
    ) -> tuple[Recording, ssl.SSLSession | None]:
        """Let the client ask, the server answer, and both say goodbye."""
        wire = Wire(self.client, self.server, session)
        wire.shake_hands()
        wire.say(wire.client, asked)
        wire.say(wire.server, answer)
        wire.say_goodbye()
        return Recording(client=wire.recorded(Side.CLIENT), server=wire.recorded(Side.SERVER), keys=self.keys), (
            wire.client.session
        )


class Wire:
    """Two TLS objects and the two directions between them."""

    def __init__(self, client: ssl.SSLContext, server: ssl.SSLContext, session: ssl.SSLSession | None = None) -> None:
        self._up, self._down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._to_server, self._to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(self._to_client, self._up, server_hostname=NAME, session=session)
        self.server = server.wrap_bio(self._to_server, self._down, server_side=True)
        self._pieces: dict[Side, list[Piece]] = {Side.CLIENT: [], Side.SERVER: []}
        self._time = START

    def shake_hands(self) -> None:
        open_ends = [self.client, self.server]
        while open_ends:
            for end in list(open_ends):
                if self._attempt(end.do_handshake):
                    open_ends.remove(end)
        # The server's tickets come after the handshake.
        self.read(self.client)

    def say(self, end: ssl.SSLObject, data: bytes) -> None:
        other = self.server if end is self.client else self.client
        for start in range(0, len(data), 1 << 20):
            end.write(data[start : start + (1 << 20)])
            self.pump()
            self.read(other)

    def read(self, end: ssl.SSLObject) -> bytes:
        found = b""
        try:
            while chunk := end.read(1 << 16):
                found += chunk
        except ssl.SSLWantReadError:
            pass
        self.pump()
        return found

    def say_goodbye(self, *ends: ssl.SSLObject) -> None:
        for end in ends or (self.client, self.server, self.client):
            self._attempt(end.unwrap)

    def recorded(self, side: Side) -> Recorded:
        return Recorded(tuple(self._pieces[side]))

    def pump(self) -> None:
        for source, target, side in (
            (self._up, self._to_server, Side.CLIENT),
            (self._down, self._to_client, Side.SERVER),
        ):
            if data := source.read():
                self._time += timedelta(milliseconds=10)
                self._pieces[side].append(Piece(data, self._time))
                target.write(data)

    def _attempt(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except ssl.SSLWantReadError:
            return False
        finally:
            self.pump()
        return True


def text(direction: Direction) -> bytes:
    """Return all of a direction's bytes."""
    return b"".join(piece.data for piece in direction.pieces())


def outcomes(connection: TlsConnection) -> dict[str, Outcome]:
    """Return the findings by id."""
    return {str(finding.id): finding.outcome for finding in connection.findings}


ALL_PASSED = dict.fromkeys(
    ("tls.keys", "tls.handshake", "tls.finished", "tls.records", "tls.server-proof"), Outcome.PASSED
)
